//! Outgoing acts: what became of each, and what to do about one that is stuck.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{cut, text, time};
use super::paper::{Paper, say};
use crate::store::Access;

const AFTER: &str = "\
States: queued, claimed, intent, marked (on its way) · accepted, refused, expired, cancelled (over) · deferred (tried again by itself) ·
held (wants a person) · unknown (nobody knows whether it arrived; see `overture unknown`).

Examples:
  overture touches list --state held
  overture touches list --lead zoe@example.com --json
  overture touches release tch_06em… --skip     goes on with the next step";

/// Lists outgoing acts, and lets go one that is held
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Touches {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists touches, the newest first
    List(List),
    /// Tries a held touch again, or skips its step
    Release {
        touch: String,
        /// Goes on with the next step instead
        #[arg(long)]
        skip: bool,
    },
}

#[derive(Args)]
struct List {
    /// Only those in this state
    #[arg(long)]
    state: Option<String>,
    /// Only those of this lead: address or id
    #[arg(long)]
    lead: Option<String>,
    /// Only those of this sequence
    #[arg(long)]
    sequence: Option<String>,
    /// How many at most; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Touches {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::List(list) => {
                let filters = [("state", list.state), ("lead", list.lead), ("sequence", list.sequence)];
                show(desk, &filters, (list.limit, "no such touches")).await
            }
            What::Release { touch, skip } => {
                let client = Client::open(desk, Access::Write).await?;
                let path = format!("/v1/touches/{}/release", escaped(&touch));
                client.post(&path, &json!({ "skip": skip })).await?.ok()?;
                say(&format!("{touch} {}", if skip { "was skipped" } else { "is tried again" }));
                Ok(())
            }
        }
    }
}

/// Lists touches by what they are filtered by; `none` says that there are none.
pub async fn show(
    desk: &mut Desk,
    filters: &[(&str, Option<String>)],
    (limit, none): (usize, &str),
) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let asked: Vec<String> = filters
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", escaped(value))))
        .collect();
    let path = if asked.is_empty() { "/v1/touches".to_owned() } else { format!("/v1/touches?{}", asked.join("&")) };
    let header = ["touch", "lead", "sequence", "version", "commit", "step", "state", "when", "what came back"];
    let shown = |one: &Value, paper: &Paper| {
        let said = if one["reason"].is_null() { &one["reply"] } else { &one["reason"] };
        let at =
            ["done_at", "marked_at", "ready_at"].into_iter().find(|name| !one[*name].is_null()).unwrap_or("ready_at");
        let (id, lead, sequence) = (text(&one["id"]), text(&one["lead"]), text(&one["sequence"]));
        let (version, commit) = (cut(&one["version"], 8), cut(&one["commit"], 10));
        let (step, state) = (text(&one["step"]), text(&one["state"]));
        vec![id, lead, sequence, version, commit, step, state, time(&one[at], paper), text(said)]
    };
    desk.paper.pages(&client, (&path, limit, none), &header, shown).await
}
