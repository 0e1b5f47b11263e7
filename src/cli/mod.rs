//! What people type. One file a command; each parses its words, asks, and prints sentences, tables or JSON.
//!
//! ```text
//! files      init check preview send-test            the workspace alone, no database
//! daemon     run demo migrate doctor                 this machine
//! data       all others ─▶ client ─▶ the private API, over the socket of the running daemon, or in process if none runs
//! ```
//! Exit codes are the same everywhere: 0 done, 1 the answer is no, 2 could not run.

mod check;
mod desk;
mod failure;
mod init;
mod paper;
mod shipped;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use desk::Desk;
use failure::Failure;
use paper::Paper;

const AFTER: &str = "\
Begin:
  overture init my-company        copies the example workspace
  cd my-company && overture check explains every mistake in its files
  overture preview trial-nurture  shows every mail with its date
  overture run                    carries it; mails go to a sandbox until you say `send: live`

Exit codes: 0 done, 1 the answer is no (errors found, a request refused), 2 could not run.
Settings: any key of config/overture.yaml may be set by the environment, OVERTURE_DATABASE__URL sets database.url.";

/// Carries a company's outreach: sequences in files, mail and webhooks, scoring, handoffs and their clocks.
#[derive(Parser)]
#[command(name = "overture", version, after_help = AFTER, arg_required_else_help = true, max_term_width = 110)]
struct Line {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Common {
    /// The workspace: the folder with config/, sequences/ and templates/
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "OVERTURE_WORKSPACE",
        default_value = ".",
        hide_env_values = true
    )]
    workspace: PathBuf,
    /// Prints JSON instead of tables and sentences
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
}

/// Runs the command of the command line.
pub fn run() -> ExitCode {
    let line = Line::parse();
    let environment = environment();
    let plain = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let paper = Paper::new(line.common.json, plain);
    let mut desk = Desk { workspace: line.common.workspace, environment, paper };
    let done = dispatch(line.command, &mut desk).and_then(|()| desk.paper.flush());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was printed before it failed is worth reading; if it cannot be, the failure says why.
            let _ = desk.paper.flush();
            if let Some(text) = failure.text() {
                paper::say(&text);
            }
            failure.code()
        }
    }
}

/// The environment; names and values that are not UTF-8 cannot be ours.
#[expect(clippy::disallowed_methods, reason = "only config and cli read the environment, and this is where")]
fn environment() -> crate::config::Environment {
    let text = |os: OsString| os.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

fn dispatch(command: Command, desk: &mut Desk) -> Result<(), Failure> {
    match command {
        Command::Init(init) => init.run(desk),
        Command::Check(check) => check.run(desk),
    }
}
