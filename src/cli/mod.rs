//! What people type. One file a command; each parses its words, asks, and prints sentences, tables or JSON.
//!
//! ```text
//! files      init check explain schema test preview      the workspace alone, no database
//!            simulate send-test
//! daemon     run demo migrate backup restore doctor  this machine
//! data       all others ─▶ client ─▶ the private API, over the socket of the running daemon, or in process if none runs
//! ```
//! Exit codes are the same everywhere: 0 done, 1 the answer is no, 2 could not run.

mod apply;
mod backup;
mod check;
mod client;
mod completions;
mod demo;
mod desk;
mod doctor;
mod enroll;
mod event;
mod experiments;
mod explain;
mod failure;
mod fields;
mod handoff;
mod help;
mod import;
mod init;
mod junit;
mod leads;
mod list;
mod mail;
mod migrate;
mod openapi;
mod pages;
mod paper;
mod pause;
mod plan;
mod preview;
mod proof;
mod run;
mod schema;
mod score;
mod scoring;
mod send_test;
mod sequence;
mod shipped;
mod simulate;
mod someone;
mod suppress;
mod task;
mod test;
mod token;
mod touches;
mod unknown;
mod versions;
mod why;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::Builder;

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
    Schema(schema::Schema),
    Completions(completions::Completions),
    Explain(explain::Explain),
    Test(test::Test),
    Simulate(simulate::Simulate),
    Preview(preview::Preview),
    SendTest(send_test::SendTest),
    Run(run::Run),
    Demo(demo::Demo),
    Leads(leads::Leads),
    Enroll(enroll::Enroll),
    Event(event::Event),
    Mail(mail::Mail),
    Why(why::Why),
    Score(score::Score),
    Scoring(scoring::Scoring),
    Sequence(sequence::Sequence),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Handoff(handoff::Handoff),
    Task(task::Task),
    Touches(touches::Touches),
    Unknown(unknown::Unknown),
    Suppress(suppress::Suppress),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Migrate(migrate::Migrate),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Doctor(doctor::Doctor),
    Token(token::Token),
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApi),
}

/// Runs the command of the command line.
pub fn run() -> ExitCode {
    let matches = help::flowing(Line::command()).get_matches();
    let line = Line::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
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
                paper::say(&paper::inert(&text));
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
        Command::Explain(explain) => explain.run(desk),
        Command::Test(test) => test.run(desk),
        Command::OpenApi(openapi) => openapi.run(desk),
        Command::Schema(schema) => schema.run(desk),
        Command::Completions(completions) => completions.run(desk),
        other => {
            // TLS has one implementation in this program; without this the first connection would look for it, and fail.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
            let runtime = Builder::new_multi_thread().enable_all().build();
            runtime.map_err(|error| Failure::broken(format!("cannot start: {error}")))?.block_on(ask(other, desk))
        }
    }
}

async fn ask(command: Command, desk: &mut Desk) -> Result<(), Failure> {
    match command {
        Command::Init(init) => init.run(desk),
        Command::Check(check) => check.run(desk),
        Command::Explain(explain) => explain.run(desk),
        Command::Test(test) => test.run(desk),
        Command::Simulate(simulate) => simulate.run(desk).await,
        Command::Preview(preview) => preview.run(desk).await,
        Command::SendTest(test) => test.run(desk).await,
        Command::Run(run) => run.run(desk).await,
        Command::Demo(demo) => demo.run(desk).await,
        Command::Leads(leads) => leads.run(desk).await,
        Command::Enroll(enroll) => enroll.run(desk).await,
        Command::Event(event) => event.run(desk).await,
        Command::Mail(mail) => mail.run(desk).await,
        Command::Why(why) => why.run(desk).await,
        Command::Score(score) => score.run(desk).await,
        Command::Scoring(scoring) => scoring.run(desk).await,
        Command::Sequence(sequence) => sequence.run(desk).await,
        Command::Plan(plan) => plan.run(desk).await,
        Command::Apply(apply) => apply.run(desk).await,
        Command::Handoff(handoff) => handoff.run(desk).await,
        Command::Task(task) => task.run(desk).await,
        Command::Touches(touches) => touches.run(desk).await,
        Command::Unknown(unknown) => unknown.run(desk).await,
        Command::Suppress(suppress) => suppress.run(desk).await,
        Command::Pause(pause) => pause.run(desk).await,
        Command::Resume(resume) => resume.run(desk).await,
        Command::Migrate(migrate) => migrate.run(desk).await,
        Command::Backup(backup) => backup.run(desk).await,
        Command::Restore(restore) => restore.run(desk).await,
        Command::Doctor(doctor) => doctor.run(desk).await,
        Command::Token(token) => token.run(desk).await,
        Command::OpenApi(openapi) => openapi.run(desk),
        Command::Schema(schema) => schema.run(desk),
        Command::Completions(completions) => completions.run(desk),
    }
}
