//! Putting leads into a sequence by hand, by the sequence's own rules.

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::desk::{Desk, plural};
use super::failure::Failure;
use super::fields::text;
use crate::store::Access;

const AFTER: &str = "\
The rules of the sequence hold: who may not enter is told with the reason, and the others enter all the same. Suppressed leads never
enter. Only `again` may be overridden, with --again.

Examples:
  overture enroll outbound-cadence zoe@example.com tom@example.org
  cut -d, -f1 list.txt | xargs overture enroll outbound-cadence

Exit codes: 0 all entered, 1 somebody did not, 2 could not run.";

/// Puts leads into a sequence
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Enroll {
    /// The sequence: its path under sequences/ without extension
    sequence: String,
    /// Addresses or ids
    #[arg(required = true)]
    leads: Vec<String>,
    /// Lets in who was in the sequence before
    #[arg(long)]
    again: bool,
}

impl Enroll {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::Write).await?;
        let mut out = 0;
        for lead in &self.leads {
            let body = json!({ "lead": lead, "sequence": self.sequence, "again": self.again });
            let answer = client.post("/v1/enrollments", &body).await?;
            let refused = answer.status >= 400;
            if refused && (answer.status >= 500 || self.leads.len() == 1) {
                return answer.ok().map(drop);
            }
            out += usize::from(refused);
            if desk.paper.json {
                let mut told = answer.body;
                told["lead_asked_for"] = Value::from(lead.as_str());
                desk.paper.value(&told)?;
            } else if refused {
                desk.paper.line(format!("{lead}: {}", text(&answer.body["detail"])))?;
            } else if answer.body["status"] == "pending" {
                desk.paper.line(format!("{lead} is pending: {}", text(&answer.body["reason"])))?;
            } else {
                desk.paper.line(format!("{lead} entered {} ({})", self.sequence, text(&answer.body["enrollment"])))?;
            }
        }
        if out == 0 {
            return Ok(());
        }
        Err(Failure::no(format!("{out} of {} {} did not enter", self.leads.len(), plural(self.leads.len(), "lead"))))
    }
}
