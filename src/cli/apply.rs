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
asks again, or stops where it cannot ask. It refuses to release or drop more than --at-most touches together, and to end more enrollments
than that. What was cut off goes on when the daemon starts again, or when this is called again.

Going back is applying an older version; the file, or that there is none any more, is set aside: it takes no part before it changes or its
sequence is named by itself. Another scoring file comes first: every lead is scored anew, then those in flight are moved.

Examples:
  overture apply
  overture apply --yes --at-most 2000
  overture apply --yes --plan 6f1d0c3a9b2e4d57
  overture apply --sequence trial-nurture --version 9c41d2aa
  overture apply --scoring --version 41b7e0d3";

/// Applies changed files to the leads in flight
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Apply {
    /// Only this sequence
    #[arg(long, value_name = "NAME")]
    sequence: Option<String>,
    /// Only the scoring file
    #[arg(long, conflicts_with = "sequence")]
    scoring: bool,
    /// An older version of it, by the beginning of its hash
    #[arg(long, value_name = "HASH")]
    version: Option<String>,
    /// Touches it may release or drop, and enrollments it may end
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
        if self.version.is_some() && self.sequence.is_none() && !self.scoring {
            return Err(plan::nameless_version());
        }
        let client = Client::open(desk, Access::Write).await?;
        let asks = !self.yes && std::io::stdin().is_terminal();
        loop {
            let planned =
                plan::asked(&client, (self.sequence.as_deref(), self.scoring), self.version.as_deref(), false).await?;
            if !desk.paper.json {
                plan::show(&planned, &mut desk.paper)?;
                desk.paper.flush()?;
            }
            if plan::is_empty(&planned) {
                return if desk.paper.json {
                    desk.paper.value(&json!({ "plan": planned, "moved": 0, "scored": 0 }))
                } else {
                    Ok(())
                };
            }
            if !asks && !self.yes {
                return Err(Failure::no("nothing was applied: nobody is there to ask").hint("say `--yes` in a script"));
            }
            if asks && !agreed(&planned, &mut std::io::stdin().lock())? {
                return Err(Failure::no("nothing was applied"));
            }
            let fingerprint = self.plan.clone().unwrap_or_else(|| text(&planned["fingerprint"]));
            let body = json!({
                "sequence": self.sequence, "scoring": self.scoring, "version": self.version, "plan": fingerprint,
                "at_most": self.at_most,
            });
            let answer = client.post("/v1/apply", &body).await?;
            let stale = answer.is("stale_plan");
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

/// Asks the person at the terminal; nothing said is no.
fn agreed(planned: &Value, terminal: &mut impl BufRead) -> Result<bool, Failure> {
    say(&format!("\napply plan {}? [y/N]", text(&planned["fingerprint"])));
    let mut line = String::new();
    terminal.read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn told(desk: &mut Desk, applied: &Value) -> Result<(), Failure> {
    if desk.paper.json {
        return desk.paper.value(applied);
    }
    if !applied["plan"]["scoring"].is_null() {
        let scored = plan::count(&applied["scored"]);
        say(&format!("every lead is scored by the new file ({scored} {} looked at)", plural(scored, "lead")));
    }
    let moved = plan::count(&applied["moved"]);
    say(&format!("applied; {moved} {} in flight looked at and moved where the plan says", plural(moved, "lead")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        let planned = json!({"fingerprint": "6f1d0c3a9b2e4d57"});
        let said = |answer: &str| agreed(&planned, &mut answer.as_bytes()).map_err(|_| ()).expect("it can be read");
        let yes = ["y\n", "Y\n", " yes \n", "y"];
        assert_eq!(yes.map(said), [true; 4]);
        let no = ["n\n", "\n", "", "yeah\n", "no\ny\n", "6f1d0c3a9b2e4d57\n"];
        assert_eq!(no.map(said), [false; 6]);
    }
}
