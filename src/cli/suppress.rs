//! Who must not be contacted, whatever any sequence says.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{text, time};
use super::paper::{Paper, say};
use crate::store::Access;

const AFTER: &str = "\
A target is an address or a whole domain. What runs for it ends in the same moment; it need not be a lead.

Examples:
  overture suppress add zoe@example.com
  overture suppress add example.org --reason complaint
  overture suppress list --json
  overture suppress remove zoe@example.com";

/// Keeps addresses and domains from being contacted
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Suppress {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Suppresses addresses or domains
    Add {
        #[arg(required = true)]
        targets: Vec<String>,
        /// unsubscribed, `hard_bounce`, complaint or manual
        #[arg(long, default_value = "manual")]
        reason: String,
    },
    /// Lists them by name
    List {
        /// How many at most; 0 for all
        #[arg(long, default_value_t = 0)]
        limit: usize,
    },
    /// Lets an address or domain be contacted again
    Remove { target: String },
}

impl Suppress {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::Add { targets, reason } => {
                let client = Client::open(desk, Access::Write).await?;
                for target in targets {
                    let done =
                        client.post("/v1/suppressions", &json!({ "target": target, "reason": reason })).await?.ok()?;
                    say(&format!("{} is not contacted any more", text(&done["target"])));
                }
                Ok(())
            }
            What::List { limit } => {
                let client = Client::open(desk, Access::ReadOnly).await?;
                let shown = |one: &Value, paper: &Paper| {
                    vec![text(&one["target"]), text(&one["reason"]), time(&one["at"], paper), text(&one["source"])]
                };
                let header = ["target", "reason", "since", "by"];
                desk.paper.pages(&client, ("/v1/suppressions", limit, "nobody is suppressed"), &header, shown).await
            }
            What::Remove { target } => {
                let client = Client::open(desk, Access::Write).await?;
                client.delete(&format!("/v1/suppressions/{}", escaped(&target))).await?.ok()?;
                say(&format!("{target} may be contacted again"));
                Ok(())
            }
        }
    }
}
