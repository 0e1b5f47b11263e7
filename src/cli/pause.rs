//! Standing still by hand: a lead, a sequence, a sender, a channel, or everything.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{text, time};
use super::paper::say;
use crate::store::Access;

const AFTER: &str = "\
Events still count while something is paused, and act when it is resumed. For a lead and a sequence what is left of a wait stays left;
for a sender, a channel and everything nothing leaves, and nothing expires for it.
`resume sender NAME` also starts a sender again that stopped itself because its server refuses us.

Examples:
  overture pause everything
  overture pause sequence trial-nurture
  overture pause list
  overture resume sender growth";

/// Keeps a lead, a sequence, a sender, a channel or everything still
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Pause {
    #[command(subcommand)]
    what: Paused,
}

/// Lets go on what was paused, or a sender that stopped itself
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Resume {
    #[command(subcommand)]
    what: Scope,
}

#[derive(Subcommand)]
enum Paused {
    #[command(flatten)]
    Scope(Scope),
    /// Lists what is paused as a whole, and what stopped itself; `overture why` says it of a lead
    List,
}

#[derive(Subcommand)]
enum Scope {
    /// What one lead is in now, not what it enters later: address or id
    Lead { lead: String },
    /// Everybody in a sequence
    Sequence { name: String },
    /// All mail of a sender
    Sender { name: String },
    /// All calls of a channel
    Channel { name: String },
    /// All that leaves, for anybody
    Everything,
}

impl Scope {
    fn text(&self) -> String {
        match self {
            Self::Lead { lead } => format!("lead:{lead}"),
            Self::Sequence { name } => format!("sequence:{name}"),
            Self::Sender { name } => format!("sender:{name}"),
            Self::Channel { name } => format!("channel:{name}"),
            Self::Everything => "all".to_owned(),
        }
    }

    fn said(&self) -> String {
        match self {
            Self::Lead { lead } => lead.clone(),
            Self::Sequence { name } => format!("sequence {name}"),
            Self::Sender { name } => format!("sender {name}"),
            Self::Channel { name } => format!("channel {name}"),
            Self::Everything => "everything".to_owned(),
        }
    }
}

impl Pause {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let Paused::Scope(scope) = self.what else { return list(desk).await };
        let client = Client::open(desk, Access::Write).await?;
        let told = client.post("/v1/pauses", &json!({ "scope": scope.text() })).await?.ok()?;
        if desk.paper.json {
            return desk.paper.value(&told);
        }
        say(&format!("{} is paused", scope.said()));
        Ok(())
    }
}

impl Resume {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::Write).await?;
        let told = client.delete(&format!("/v1/pauses/{}", escaped(&self.what.text()))).await?.ok()?;
        if desk.paper.json {
            return desk.paper.value(&told);
        }
        say(&format!("{} goes on", self.what.said()));
        Ok(())
    }
}

async fn list(desk: &mut Desk) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let all = client.get("/v1/pauses").await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let paper = &mut desk.paper;
    let by_hand =
        all["pauses"].as_array().into_iter().flatten().map(|one| {
            vec![text(&one["scope"]), format!("by {} since {}", text(&one["by"]), time(&one["since"], paper))]
        });
    let stopped = all["stopped"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| vec![text(&one["scope"]), format!("stopped itself: {}", text(&one["why"]))]);
    let rows: Vec<Vec<String>> = by_hand.chain(stopped).collect();
    if rows.is_empty() {
        return paper.line("nothing is paused");
    }
    paper.table(&["what", "why"], &rows)
}
