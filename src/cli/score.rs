//! A score is a sum that anyone can check, line by line, at any past moment.

use clap::Args;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{instant, points, text, time};
use crate::store::Access;

const AFTER: &str = "\
Newest driver first. `worth` is what a line counts at that moment, `gave` what it gave when it began: points decay and expire as the
scoring file says.

Examples:
  overture score zoe@example.com
  overture score zoe@example.com --at '2026-01-05 09:00'";

/// Prints a lead's score as a sum, now or at any past moment
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Score {
    /// Address or id
    lead: String,
    /// The moment; now if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Score {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        let at = match self.at.as_deref() {
            Some(_) => format!("?at={}", escaped(&desk.instant(self.at.as_deref())?.to_string())),
            None => String::new(),
        };
        let sheet = client.get(&format!("/v1/leads/{}/score{at}", escaped(&self.lead))).await?.ok()?;
        let paper = &mut desk.paper;
        if paper.json {
            return paper.value(&sheet);
        }
        let score = &sheet["score"];
        let (total, fit, engagement) = (points(&score["total"]), points(&score["fit"]), points(&score["engagement"]));
        let when = time(&sheet["at"], paper);
        let heat = text(&sheet["temperature"]);
        paper.heading(&format!("{total} = fit {fit} + engagement {engagement}, {heat}, at {when}"))?;
        let rows: Vec<Vec<String>> = sheet["lines"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|line| {
                let worth = line["worth"].as_f64().unwrap_or(0.0);
                let sign = if worth > 0.0 { "+" } else { "" };
                let ends = instant(&line["ends"]).map_or_else(String::new, |at| format!("ends {}", paper.time(at)));
                vec![
                    format!("{sign}{}", points(&line["worth"])),
                    text(&line["rule"]),
                    text(&line["ledger"]),
                    time(&line["since"], paper),
                    points(&line["points"]),
                    ends,
                ]
            })
            .collect();
        if rows.is_empty() {
            return paper.line("no rule counts for this lead");
        }
        paper.table(&["worth", "rule", "ledger", "since", "gave", ""], &rows)
    }
}
