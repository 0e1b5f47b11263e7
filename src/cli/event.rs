//! Telling a fact about a lead by hand.

use clap::Args;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::desk::Desk;
use super::failure::Failure;
use super::fields::text;
use super::leads::pairs;
use super::paper::say;
use crate::compile::heard;
use crate::config;
use crate::domain::playbook::Playbook;
use crate::domain::spelling::nearest;
use crate::store::Access;

const AFTER: &str = "\
The event counts at once: it scores, starts and ends sequences, and answers conditions. It is durable when the command ends.
Times are local to the workspace, or RFC 3339; more than 5 minutes ahead is refused, older than 30 days scores and triggers nothing.
Values of --data are read as JSON where they are some: `500` and `true` are no texts, `\"500\"` is one.

Examples:
  overture event zoe@example.com trial_started --create
  overture event zoe@example.com page_viewed --data path=/pricing --at '2026-01-05 09:00'
  overture event zoe@example.com order_placed --data amount=500";

/// Tells an event of a lead
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Event {
    /// Address or id
    lead: String,
    /// Its name, as the files use it: replied, `demo_requested`, `page_viewed`, …
    name: String,
    /// What the event brings, as `event.KEY` in conditions
    #[arg(long, value_name = "KEY=VALUE")]
    data: Vec<String>,
    /// When it happened; now if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Makes the lead if it is not known
    #[arg(long)]
    create: bool,
    /// A name for this very event: told twice under it, it counts once
    #[arg(long)]
    key: Option<String>,
}

impl Event {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::Write).await?;
        let who = if self.lead.contains('@') { "email" } else { "id" };
        let mut event = json!({
            "lead": { who: self.lead },
            "name": self.name,
            "data": data(&self.data)?,
            "create": self.create,
        });
        if self.at.is_some() {
            event["occurred_at"] = desk.instant(self.at.as_deref())?.to_string().into();
        }
        if let Some(key) = self.key {
            event["key"] = key.into();
        }
        let answer = client.post("/v1/events", &event).await?;
        if answer.status == 404 {
            let unknown = Failure::no(format!("there is no lead {}", self.lead));
            return Err(unknown.hint("--create makes it, from an address"));
        }
        let told = answer.ok()?;
        if desk.paper.json {
            return desk.paper.value(&told);
        }
        say(&format!("{} of {}: {}", self.name, self.lead, text(&told["status"])));
        if let Some(playbook) = config::check(&desk.workspace, &desk.environment)?.playbook {
            unheard(&self.name, &playbook);
        }
        Ok(())
    }
}

/// The data of an event, as JSON would carry it.
fn data(given: &[String]) -> Result<Map<String, Value>, Failure> {
    let read = |(key, value): (String, Value)| {
        let plain = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        (key, plain.filter(|plain: &Value| !plain.is_object()).unwrap_or(value))
    };
    Ok(pairs(given)?.into_iter().map(read).collect())
}

/// Says so where nothing in the files asks for an event of this name.
fn unheard(name: &str, playbook: &Playbook) {
    let known = heard(playbook);
    if known.contains(name) {
        return;
    }
    let near =
        nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    say(&format!("  no sequence and no rule asks for `{name}`{near}"));
}
