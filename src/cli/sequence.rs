//! What runs by a sequence's file now.

use clap::{Args, Subcommand};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::experiments;
use super::failure::Failure;
use super::fields::{counts, text};
use super::versions::{diff, history};
use crate::store::Access;

const AFTER: &str = "\
Examples:
  overture sequence list
  overture sequence show trial-nurture
  overture sequence history trial-nurture
  overture sequence experiments
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
    /// Shows mails in several variants: what was counted of each, and which one has won
    Experiments {
        /// Only those of this sequence
        name: Option<String>,
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
            What::Experiments { name } => experiments::show(desk, &client, name.as_deref()).await,
            What::History { name } => history(desk, &client, &of(&name)).await,
            What::Diff { name, old, new } => diff(desk, &client, (&of(&name), old, new)).await,
        }
    }
}

/// How the API is asked for the versions of one.
fn of(name: &str) -> String {
    format!("sequence={}", escaped(name))
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
