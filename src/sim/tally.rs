//! What came of it all, counted off the store as anybody could count it, and off the catcher what should never have come.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::catcher::Faults;
use crate::domain::event::{Actor, Event, What};
use crate::domain::stage::Stage;
use crate::domain::touch::State;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::reports::Leads;

/// Leads read at once.
const PAGE: usize = 200;

/// The counts of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub leads: i64,
    pub enrollments: i64,
    /// By state.
    pub touches: BTreeMap<String, i64>,
    /// opened, clicked, replied, bounced, unsubscribed, machine, …
    pub events: BTreeMap<&'static str, i64>,
    /// Leads that were ever in a stage.
    pub stages: BTreeMap<&'static str, i64>,
    pub handoffs: i64,
    pub met: i64,
    pub breached: i64,
    pub faults: Faults,
}

impl Tally {
    /// Counts everything there is.
    pub async fn of(engine: &Engine, faults: Faults) -> Result<Self, StoreError> {
        let reports = engine.store.reports();
        let handoffs = reports.handoff_counts().await?;
        let of = |sla: &str| handoffs.iter().filter(|line| line.sla == sla).map(|line| line.count).sum();
        let mut tally = Self {
            enrollments: reports.enrollment_counts().await?.iter().map(|line| line.count).sum(),
            touches: reports.touches_by_state().await?,
            handoffs: handoffs.iter().map(|line| line.count).sum(),
            met: of("met"),
            breached: of("breached"),
            faults,
            ..Self::default()
        };
        let mut after: Option<String> = None;
        loop {
            let page = reports.leads(&Leads::Newest, after.as_deref(), PAGE).await?;
            for lead in &page.rows {
                tally.leads += 1;
                tally.life(&engine.store.history(&lead.id).await?);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(tally),
            }
        }
    }

    /// Counts one lead's events; a stage once, however often it was reached.
    fn life(&mut self, events: &[Event]) {
        let mut stages: Vec<Stage> = Vec::new();
        for event in events {
            if let What::Staged { to, .. } = &event.what
                && !stages.contains(to)
            {
                stages.push(*to);
                *self.stages.entry(to.as_str()).or_default() += 1;
            }
            if let Some(name) = counted(event, events) {
                *self.events.entry(name).or_default() += 1;
            }
        }
    }

    fn touched(&self, state: State) -> i64 {
        self.touches.get(state.as_str()).copied().unwrap_or(0)
    }

    fn heard(&self, name: &str) -> i64 {
        self.events.get(name).copied().unwrap_or(0)
    }

    fn staged(&self, stage: Stage) -> i64 {
        self.stages.get(stage.as_str()).copied().unwrap_or(0)
    }

    /// One object for programs.
    pub fn json(&self) -> Value {
        json!({
            "leads": self.leads,
            "enrollments": self.enrollments,
            "touches": {
                "accepted": self.touched(State::Accepted),
                "refused": self.touched(State::Refused),
                "unknown": self.touched(State::Unknown),
                "held": self.touched(State::Held),
                "expired": self.touched(State::Expired),
                "cancelled": self.touched(State::Cancelled),
                "waiting": self.touched(State::Queued) + self.touched(State::Deferred),
            },
            "events": {
                "opened": self.heard("opened"),
                "clicked": self.heard("clicked"),
                "replied": self.heard("replied"),
                "auto_replied": self.heard("auto_replied"),
                "bounced": self.heard("bounced"),
                "unsubscribed": self.heard("unsubscribed"),
                "machine": self.heard("machine"),
            },
            "stages": {
                "mql": self.staged(Stage::Mql),
                "sql": self.staged(Stage::Sql),
                "opportunity": self.staged(Stage::Opportunity),
                "customer": self.staged(Stage::Customer),
                "recycled": self.staged(Stage::Recycled),
                "disqualified": self.staged(Stage::Disqualified),
            },
            "handoffs": self.handoffs,
            "sla": { "met": self.met, "breached": self.breached },
            "duplicates": self.faults.duplicates,
            "sent_after_stop": self.faults.sent_after_stop,
        })
    }

    /// The same in sentences.
    pub fn lines(&self) -> Vec<String> {
        let heard = |name| self.heard(name);
        vec![
            format!("{} leads went {} times through a sequence.", self.leads, self.enrollments),
            format!(
                "{} mails and calls were accepted, {} refused, {} cancelled in time; {} unknown, {} held, {} expired.",
                self.touched(State::Accepted),
                self.touched(State::Refused),
                self.touched(State::Cancelled),
                self.touched(State::Unknown),
                self.touched(State::Held),
                self.touched(State::Expired),
            ),
            format!(
                "People opened {}, clicked {}, replied {} and unsubscribed {} times; {} mails bounced; machines came {} times and \
                 counted for nothing.",
                heard("opened"),
                heard("clicked"),
                heard("replied"),
                heard("unsubscribed"),
                heard("bounced"),
                heard("machine"),
            ),
            format!(
                "{} became MQL, {} SQL, {} opportunities, {} customers; {} handoffs, {} answered in time, {} not.",
                self.staged(Stage::Mql),
                self.staged(Stage::Sql),
                self.staged(Stage::Opportunity),
                self.staged(Stage::Customer),
                self.handoffs,
                self.met,
                self.breached,
            ),
            format!(
                "The mail server saw {} duplicates, and {} mails after somebody had said stop.",
                self.faults.duplicates, self.faults.sent_after_stop,
            ),
        ]
    }
}

/// Under which name an event counts; opens and clicks by their final verdict.
fn counted(event: &Event, events: &[Event]) -> Option<&'static str> {
    match &event.what {
        What::Settled { verdict: Actor::Machine, .. } => Some("machine"),
        What::Settled { hit, .. } => {
            let hit = events.iter().find(|event| event.seq == *hit)?;
            match hit.what.name() {
                "opened" => Some("opened"),
                "clicked" => Some("clicked"),
                _ => None,
            }
        }
        What::Heard { name, .. } => ["replied", "auto_replied", "unsubscribed", "demo_requested"]
            .into_iter()
            .find(|known| *known == name.as_str()),
        What::Touched { outcome, .. } => (outcome.event_name() == "bounced").then_some("bounced"),
        _ => None,
    }
}
