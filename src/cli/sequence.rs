//! What runs by a sequence's file now.

use clap::{Args, Subcommand};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{counts, text, time};
use crate::store::Access;

const AFTER: &str = "\
Examples:
  overture sequence list
  overture sequence show trial-nurture
  overture sequence history trial-nurture
  overture sequence diff trial-nurture 9c41d2aa 6f1d0c3a";

/// Lists sequences, shows who stands where in one, and what changed in it
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Sequence {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists all, with how many leads are in each
    List,
    /// Shows the steps of one, who stands there and what became of its touches
    Show {
        /// Its path under sequences/ without extension
        name: String,
    },
    /// Lists its versions: when each came, from which commit, and how many are in it
    History {
        /// Its path under sequences/ without extension
        name: String,
    },
    /// Shows what changed in its file and templates; between the last two versions unless others are named
    Diff {
        /// Its path under sequences/ without extension
        name: String,
        /// The beginning of a version's hash
        old: Option<String>,
        /// The beginning of a later version's hash; the newest if not given
        new: Option<String>,
    },
}

impl Sequence {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        match self.what {
            What::List => list(desk, &client).await,
            What::Show { name } => show(desk, &client, &name).await,
            What::History { name } => history(desk, &client, &name).await,
            What::Diff { name, old, new } => diff(desk, &client, (&name, old, new)).await,
        }
    }
}

async fn list(desk: &mut Desk, client: &Client) -> Result<(), Failure> {
    let all = client.get("/v1/sequences").await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let rows: Vec<Vec<String>> = all["sequences"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let steps = text(&one["steps"]);
            vec![text(&one["name"]), text(&one["kind"]), steps, counts(&one["enrollments"]), text(&one["title"])]
        })
        .collect();
    desk.paper.table(&["sequence", "kind", "steps", "enrollments", "title"], &rows)
}

async fn show(desk: &mut Desk, client: &Client, name: &str) -> Result<(), Failure> {
    let one = client.get(&format!("/v1/sequences/{}", escaped(name))).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&one);
    }
    let version: String = text(&one["version"]).chars().take(12).collect();
    desk.paper.heading(&format!(
        "{}  {} ({}), version {version}",
        text(&one["name"]),
        text(&one["title"]),
        text(&one["kind"])
    ))?;
    if let Some(limits) = one["limits"].as_object() {
        let part = |limit: &str, used: &str| {
            (!limits[limit].is_null())
                .then(|| format!("{} of {} {}", text(&limits[used]), text(&limits[limit]), limit.replace('_', " ")))
        };
        let parts: Vec<String> =
            [part("active", "in_it"), part("new_per_day", "entered_today")].into_iter().flatten().collect();
        desk.paper.line(format!("limits: {}; {} pending", parts.join(", "), text(&limits["pending"])))?;
    }
    let rows: Vec<Vec<String>> = one["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|step| {
            let (line, here) = (text(&step["line"]), text(&step["here"]));
            vec![line, text(&step["id"]), text(&step["act"]), here, counts(&step["touches"])]
        })
        .collect();
    desk.paper.table(&["line", "step", "does", "here now", "touches"], &rows)
}

async fn history(desk: &mut Desk, client: &Client, name: &str) -> Result<(), Failure> {
    let all = client.get(&format!("/v1/versions?sequence={}", escaped(name))).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let paper = &desk.paper;
    let row = |one: &serde_json::Value| {
        let flag = |key: &str, word: &str| one[key].as_bool().unwrap_or_default().then(|| word.to_owned());
        let force: Vec<String> = flag("current", "new").into_iter().chain(flag("applied", "in flight")).collect();
        let commit: String = text(&one["commit"]).chars().take(10).collect();
        vec![
            text(&one["version"]).chars().take(12).collect(),
            time(&one["stored_at"], paper),
            commit,
            text(&one["running"]),
            text(&one["ended"]),
            force.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = all["versions"].as_array().into_iter().flatten().map(row).collect();
    desk.paper.table(&["version", "since", "commit", "in it", "ended", "in force for"], &rows)
}

async fn diff(
    desk: &mut Desk,
    client: &Client,
    (name, old, new): (&str, Option<String>, Option<String>),
) -> Result<(), Failure> {
    let mut path = format!("/v1/versions/diff?sequence={}", escaped(name));
    for (key, value) in [("old", old), ("new", new)] {
        if let Some(value) = value {
            path += &format!("&{key}={}", escaped(&value));
        }
    }
    let told = client.get(&path).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&told);
    }
    let diff = told["diff"].as_str().unwrap_or_default();
    if diff.is_empty() {
        return desk.paper.line("the versions are the same");
    }
    diff.lines().try_for_each(|line| desk.paper.marked(line.chars().next().unwrap_or(' '), line))
}
