//! Looks at everything an operator would look at, and says of each what to do.

mod database;
mod outside;

use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, rows};
use super::desk::{Desk, plural, this_year};
use super::failure::Failure;
use super::fields::{size, text};
use super::paper::{Paper, inert};
use crate::config::{self, Config, Refused};

/// Less room than this on the data's disk is worth a word, and less than this is bad. Bytes.
const LITTLE_ROOM: u64 = 1 << 30;
const NO_ROOM: u64 = 100 << 20;

const AFTER: &str = "\
Changes nothing. Connects to the database and, with `send: live`, to each sender's SMTP server (greeting, TLS and login; no mail).

Exit codes: 0 nothing is bad (warnings are shown), 1 something is, 2 could not run.";

/// Checks workspace, database, disk, senders and the daemon, and says what to do
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Doctor {}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Ok,
    Warn,
    Bad,
}

/// One thing that was looked at.
struct Finding {
    mark: Mark,
    what: String,
    said: String,
    /// What to do about it.
    todo: Option<String>,
}

impl Finding {
    fn ok(what: &str, said: impl Into<String>) -> Self {
        Self { mark: Mark::Ok, what: what.to_owned(), said: said.into(), todo: None }
    }

    fn warn(what: &str, said: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { mark: Mark::Warn, what: what.to_owned(), said: said.into(), todo: Some(todo.into()) }
    }

    fn bad(what: &str, said: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { mark: Mark::Bad, what: what.to_owned(), said: said.into(), todo: Some(todo.into()) }
    }
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Ok => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

impl Doctor {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let data = desk.settle()?;
        let mut found = workspace(desk)?;
        let daemon = Client::of_daemon(&data.join("overture.sock")).await?;
        if let Ok(loaded) = config::load(&desk.workspace, &desk.environment) {
            let config = &loaded.config;
            found.extend(outside::settings(config));
            found.push(room(config));
            found.extend(database::look(config, &desk.paper).await);
            found.extend(outside::senders(config).await?);
        }
        found.extend(match daemon {
            Some(client) => services(&client, &desk.paper).await?,
            None => vec![Finding::warn("daemon", "does not run here", "`overture run` starts it")],
        });
        tell(&found, &mut desk.paper)
    }
}

fn tell(found: &[Finding], paper: &mut Paper) -> Result<(), Failure> {
    let bad = found.iter().filter(|one| one.mark == Mark::Bad).count();
    if paper.json {
        let shape =
            |one: &Finding| json!({ "mark": one.mark.word(), "what": one.what, "said": one.said, "todo": one.todo });
        let all: Vec<Value> = found.iter().map(shape).collect();
        paper.value(&json!({ "bad": bad, "findings": all }))?;
    } else {
        for one in found {
            let word = format!("{:4}", one.mark.word());
            let word = if paper.colour { format!("\u{1b}[{}m{word}\u{1b}[0m", one.mark.colour()) } else { word };
            paper.as_it_is(format!("{word}  {}: {}", inert(&one.what), inert(&one.said)))?;
            if let Some(todo) = &one.todo {
                paper.line(format!("      -> {todo}"))?;
            }
        }
    }
    match bad {
        0 => Ok(()),
        1 => Err(Failure::no("one thing is bad")),
        _ => Err(Failure::no(format!("{bad} things are bad"))),
    }
}

fn workspace(desk: &Desk) -> Result<Vec<Finding>, Failure> {
    let compiled = config::check(&desk.workspace, &desk.environment)?;
    let told = compiled.told_in(this_year());
    let errors = told.iter().filter(|one| one.is_error()).count();
    let warnings = told.len() - errors;
    let place = desk.workspace.display();
    if errors > 0 {
        let said = format!("{place}: {errors} {}", plural(errors, "error"));
        return Ok(vec![Finding::bad("workspace", said, "`overture check` shows them")]);
    }
    let fine = match warnings {
        0 => Finding::ok("workspace", format!("{place}: no errors")),
        _ => Finding::warn(
            "workspace",
            format!("{place}: {warnings} {}", plural(warnings, "warning")),
            "`overture check` shows them",
        ),
    };
    let secrets = match config::load(&desk.workspace, &desk.environment) {
        Ok(_) => Finding::ok("secrets", "all that the files name are there"),
        Err(Refused::Files(missing)) => {
            let said: Vec<&str> = missing.iter().filter(|one| one.is_error()).map(|one| one.message.as_str()).collect();
            Finding::bad("secrets", said.join("; "), "set them where the daemon is started")
        }
        Err(Refused::Folder { path, source }) => {
            Finding::bad("secrets", format!("{}: {source}", path.display()), "the files must be readable")
        }
    };
    Ok(vec![fine, secrets])
}

/// How much room the data's disk has, as `df` counts it.
fn room(config: &Config) -> Finding {
    let folder = config.data.ancestors().find(|folder| folder.exists()).unwrap_or(&config.workspace);
    let told = Command::new("df").arg("-Pk").arg(folder).output().ok();
    let told = told.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let free =
        told.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)).and_then(|free| free.parse::<u64>().ok());
    let what = "disk";
    match free.map(|kilobytes| kilobytes.saturating_mul(1024)) {
        None => Finding::warn(what, "how much is free is not known", "look at it by hand"),
        Some(free) if free < NO_ROOM => {
            Finding::bad(what, format!("{} free", size(free)), "make room: writes fail when it is full")
        }
        Some(free) if free < LITTLE_ROOM => Finding::warn(what, format!("{} free", size(free)), "make room"),
        Some(free) => Finding::ok(what, format!("{} free", size(free))),
    }
}

async fn services(client: &Client, paper: &Paper) -> Result<Vec<Finding>, Failure> {
    let mut found = match client.get("/readyz").await?.ok() {
        Ok(ready) => vec![Finding::ok("daemon", format!("runs, with {} sequences", text(&ready["sequences"])))],
        Err(failure) => {
            let said = failure.text().unwrap_or_default();
            vec![Finding::bad("daemon", format!("runs and is not ready: {said}"), "its log says why")]
        }
    };
    let services = client.get("/v1/services").await?.ok()?;
    for one in rows(&services) {
        let what = format!("service {}", text(&one["name"]));
        let runs = one["runs"].as_u64().and_then(|runs| usize::try_from(runs).ok()).unwrap_or_default();
        let runs = format!("ran {runs} {}", plural(runs, "time"));
        found.push(match one["last_error"]["error"].as_str() {
            None => Finding::ok(&what, runs),
            Some(error) => {
                let at = super::fields::time(&one["last_error"]["at"], paper);
                Finding::warn(&what, format!("{runs}; last error {at}: {error}"), "the log has what came before it")
            }
        });
    }
    Ok(found)
}
