//! Scoring anew: a lead whose ledger follows another scoring file than the one in force is scored by all its events before anything else is
//! decided about it. So an apply that goes through all leads, and whatever comes to one of them meanwhile, find the same.

use std::collections::BTreeMap;

use super::batch::Batch;
use super::edit::MODEL;
use crate::domain::decide::{Ask, Input, Replay};
use crate::domain::event::{Actor, Event};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::score::Line;
use crate::domain::time::Instant;
use crate::store::history::Span;
use crate::store::{StoreError, Tx};

/// Events held in memory at once.
const EVENTS: u64 = 20_000;

/// Whether a lead is to be scored anew. One about which nothing was decided yet has no score that could be old.
pub fn is_behind(lead: &Lead, playbook: &Playbook) -> bool {
    lead.fitted.as_ref().is_some_and(|model| model != &playbook.scoring.version)
}

/// The histories of some leads, gone through in pieces of a bounded size.
pub struct Replays {
    /// The leads not gone through yet, the next one last: how far, and how far it goes.
    left: Vec<Span>,
    replays: BTreeMap<LeadId, Replay>,
}

impl Replays {
    /// Nothing has been read yet.
    pub fn of<'l>(leads: impl IntoIterator<Item = &'l Lead>) -> Self {
        let left: Vec<Span> =
            leads.into_iter().map(|lead| Span { lead: lead.id.clone(), after: 0, until: lead.seq }).collect();
        let replays = left.iter().map(|span| (span.lead.clone(), Replay::default())).collect();
        Self { left, replays }
    }

    /// What is to be read next: one query, whatever the leads. Nothing once all is through.
    pub fn next(&mut self) -> Option<Vec<Span>> {
        let (mut spans, mut room) = (Vec::new(), EVENTS);
        while room > 0
            && let Some(span) = self.left.pop()
        {
            let until = span.until.min(span.after + room);
            room -= until - span.after;
            if until < span.until {
                self.left.push(Span { after: until, ..span.clone() });
            }
            spans.push(Span { until, ..span });
        }
        (!spans.is_empty()).then_some(spans)
    }

    /// Takes in what was read, by lead and number.
    pub fn take(&mut self, events: &[Event], playbook: &Playbook) {
        for events in events.chunk_by(|one, other| one.lead == other.lead) {
            let replay = events.first().and_then(|first| self.replays.get_mut(&first.lead));
            if let Some(replay) = replay {
                replay.take(events, playbook);
            }
        }
    }

    /// The ledger of each lead, where all its events are known.
    pub fn ledgers(self, playbook: &Playbook) -> BTreeMap<LeadId, Option<Vec<Line>>> {
        self.replays.into_iter().map(|(lead, replay)| (lead, replay.ledger(playbook))).collect()
    }
}

/// The input that gives a lead its new ledger.
pub fn input(ledger: Option<Vec<Line>>, now: Instant) -> Input {
    let (ask, source) = (Ask::Rescore { ledger }, "apply".to_owned());
    Input { ask, occurred_at: now, source, actor: Actor::System }
}

impl Batch<'_> {
    /// Scores those leads of the batch anew that another scoring file scored last.
    pub(super) async fn score_anew(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.behind().next().is_none() || !self.learn_model(tx).await? {
            return Ok(());
        }
        let playbook = self.playbook();
        let mut replays = Replays::of(self.behind());
        while let Some(spans) = replays.next() {
            replays.take(&tx.events(&spans).await?, &playbook);
        }
        for (lead, ledger) in replays.ledgers(&playbook) {
            self.decide_one(tx, &lead, &input(ledger, self.now())).await?;
        }
        Ok(())
    }

    /// In a fleet another daemon may have put another scoring file in force. Says whether the one here is in force now.
    async fn learn_model(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        let Some(version) = tx.in_force(MODEL, MODEL).await? else { return Ok(true) };
        if version != self.playbook().scoring.version
            && let Some(stored) = tx.revision(&version).await?
        {
            self.learn(&stored);
        }
        Ok(version == self.playbook().scoring.version)
    }
}
