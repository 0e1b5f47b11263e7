//! Every send has one reason and every non-send has one reason; this prints both.

use std::collections::BTreeSet;

use clap::Args;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{cut, points, text, time};
use crate::store::Access;

const AFTER: &str = "\
First where the lead stands and what it waits for, then all that happened, the oldest first. Times are local to the workspace.

Example:
  overture why zoe@example.com";

/// Explains all that happened to a lead, and what did not
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Why {
    /// Address or id
    lead: String,
    /// Only the last so many facts
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

impl Why {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        let why = client.get(&format!("/v1/leads/{}/why", escaped(&self.lead))).await?.ok()?;
        let paper = &mut desk.paper;
        if paper.json {
            return paper.value(&why);
        }
        let score = points(&why["score"]["total"]);
        paper.heading(&format!(
            "{}  {}, score {score}, {}",
            text(&why["email"]),
            text(&why["stage"]),
            text(&why["temperature"])
        ))?;
        for line in why["stands"].as_array().into_iter().flatten() {
            let line = paper.local(&text(line));
            paper.line(format!("  {line}"))?;
        }
        for one in why["versions"].as_array().into_iter().flatten() {
            let (version, file) = (cut(&one["version"], 8), text(&one["file"]));
            let commit = if one["commit"].is_null() { "no commit".to_owned() } else { cut(&one["commit"], 10) };
            paper.line(format!("  version {version} is {file} of {commit}"))?;
        }
        let history = why["history"].as_array().map_or(&[][..], Vec::as_slice);
        let first = self.last.map_or(0, |last| history.len().saturating_sub(last));
        paper.line(format!("\nWhat happened, in the time of {}:", paper.zone_name()))?;
        // Of somebody who was in one sequence alone nobody asks which.
        let sequences: BTreeSet<&str> = history.iter().filter_map(|entry| entry["sequence"].as_str()).collect();
        for entry in &history[first..] {
            let of = entry["of"].as_str().map_or_else(String::new, |of| format!("({of}) "));
            let sequence = entry["sequence"].as_str().filter(|_| sequences.len() > 1 && entry["event"] != "enrolled");
            let sequence = sequence.map_or_else(String::new, |name| format!("{name}: "));
            let said = format!("{of}{sequence}{}", paper.local(&text(&entry["text"])));
            let at = time(&entry["at"], paper);
            paper.line(format!("  {at}  {said}"))?;
        }
        Ok(())
    }
}
