//! Does what a plan says, after somebody agreed to it.

use std::io::{BufRead, IsTerminal};

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::desk::{Desk, plural};
use super::failure::Failure;
use super::fields::text;
use super::paper::say;
use super::plan;
use crate::store::Access;

const AFTER: &str = "\
Shows the plan of this moment and asks; a script says --yes. What is shown is done, and nothing else: if something comes in between, it
asks again, or stops where it cannot ask. It refuses to release or drop more than --at-most touches. What was cut off goes on when the
daemon starts again, or when this is called again.

Going back is applying an older version; the file is set aside until it changes or is applied again.

Examples:
  overture apply
  overture apply --yes --at-most 2000
  overture apply --yes --plan 6f1d0c3a9b2e4d57
  overture apply --sequence trial-nurture --version 9c41d2aa";

/// Applies changed files to the leads in flight
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Apply {
    /// Only this sequence
    #[arg(long, value_name = "NAME")]
    sequence: Option<String>,
    /// An older version of it, by the beginning of its hash
    #[arg(long, value_name = "HASH", requires = "sequence")]
    version: Option<String>,
    /// Touches it may release or drop
    #[arg(long, value_name = "N", default_value_t = 50)]
    at_most: usize,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// Applies this plan, and no other
    #[arg(long, value_name = "FINGERPRINT")]
    plan: Option<String>,
}

impl Apply {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::Write).await?;
        let asks = !self.yes && std::io::stdin().is_terminal();
        loop {
            let planned = plan::asked(&client, self.sequence.as_deref(), self.version.as_deref()).await?;
            if !desk.paper.json {
                plan::show(&planned, &mut desk.paper)?;
                desk.paper.flush()?;
            }
            if plan::is_empty(&planned) {
                return if desk.paper.json {
                    desk.paper.value(&json!({ "plan": planned, "moved": 0 }))
                } else {
                    Ok(())
                };
            }
            if !asks && !self.yes {
                return Err(Failure::no("nothing was applied: nobody is there to ask").hint("say `--yes` in a script"));
            }
            if asks && !agreed(&planned)? {
                return Err(Failure::no("nothing was applied"));
            }
            let fingerprint = self.plan.clone().unwrap_or_else(|| text(&planned["fingerprint"]));
            let body = json!({
                "sequence": self.sequence, "version": self.version, "plan": fingerprint, "at_most": self.at_most,
            });
            let answer = client.post("/v1/apply", &body).await?;
            let stale = answer.body["type"].as_str().is_some_and(|kind| kind.ends_with("stale_plan"));
            if stale && asks && self.plan.is_none() {
                say("something came in since; this is the plan now:");
                continue;
            }
            return told(desk, &answer.ok().map_err(|failure| self.hinted(failure, stale))?);
        }
    }

    fn hinted(&self, failure: Failure, stale: bool) -> Failure {
        if stale {
            failure.hint("`overture plan` shows the plan of now; nothing was applied")
        } else {
            failure.hint(format!("nothing was applied; `--at-most` is {}", self.at_most))
        }
    }
}

/// Asks the person at the terminal.
fn agreed(planned: &Value) -> Result<bool, Failure> {
    say(&format!("\napply plan {}? [y/N]", text(&planned["fingerprint"])));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn told(desk: &mut Desk, applied: &Value) -> Result<(), Failure> {
    if desk.paper.json {
        return desk.paper.value(applied);
    }
    let moved = usize::try_from(applied["moved"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    say(&format!("applied; {moved} {} in flight looked at and moved where the plan says", plural(moved, "lead")));
    Ok(())
}
