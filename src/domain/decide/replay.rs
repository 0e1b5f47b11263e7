//! Scores a lead anew: its events are gone through again as if the scoring file in force had been there from the first one on.
//!
//! What was heard counts once more, by the rules of now and with the lead as it was then: its attributes, its stage, what was known of it.
//! Lines of other files are passed over; points that a step of a sequence gave stay what they are. Nothing that follows from a score is
//! decided again: history is never edited. A lead that was taken in is scored by its own events, which follow the one that says so.

use std::sync::Arc;

use serde_json::Map;

use super::fold::{apply, newborn};
use super::input::{Ask, Case, Input};
use super::join::joined;
use super::work::{Fresh, Work};
use super::{observe, rescore, tasks};
use crate::domain::address::EmailAddress;
use crate::domain::event::{Actor, Event, IMPORTED, What};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::score::Line;
use crate::domain::task::TaskFact;
use crate::domain::time::Instant;

/// One lead whose events come by, oldest first and in any number of pieces.
#[derive(Debug, Default)]
pub struct Replay {
    lead: Option<Lead>,
    /// When the events so far were recorded.
    now: Instant,
    /// Whether its fit is to be read once the events of one decision are through.
    changed: bool,
    /// The lead that is being taken in.
    guest: Option<Box<Guest>>,
    /// Whether events of a lead that was taken in are not known any more.
    broken: bool,
}

/// A lead that was taken in, whose events come by.
#[derive(Debug)]
struct Guest {
    /// What says so, and what it says.
    event: Event,
    from: Box<Lead>,
    replay: Replay,
}

impl Guest {
    fn until(&self) -> u64 {
        self.event.seq + self.from.seq
    }

    /// Goes on with events of it, by the numbers they had.
    fn take(&mut self, events: &[Event], playbook: &Playbook) {
        let own =
            |event: &Event| Event { lead: self.from.id.clone(), seq: event.seq - self.event.seq, ..event.clone() };
        self.replay.take(&events.iter().map(own).collect::<Vec<_>>(), playbook);
    }
}

impl Replay {
    /// Goes on with the next events of the lead.
    pub fn take(&mut self, mut events: &[Event], playbook: &Playbook) {
        while let Some(first) = events.first() {
            if let Some(mut guest) = self.guest.take_if(|guest| first.seq <= guest.until()) {
                let (its, others) = events.split_at(events.partition_point(|event| event.seq <= guest.until()));
                guest.take(its, playbook);
                (self.guest, events) = (Some(guest), others);
                continue;
            }
            self.seat(playbook);
            if let What::Merged { from, .. } = &first.what {
                let (event, from) = (first.clone(), from.clone());
                self.guest = Some(Box::new(Guest { event, from, replay: Self::default() }));
                events = &events[1..];
                continue;
            }
            let ahead = events.iter().position(|event| matches!(event.what, What::Merged { .. }));
            let (own, others) = events.split_at(ahead.unwrap_or(events.len()));
            let Some(lead) = self.lead.take().or_else(|| born(first)) else { return };
            self.with(lead, playbook, |work| own.iter().for_each(|event| again(work, event)));
            events = others;
        }
    }

    /// Takes a lead in once all its events are through.
    fn seat(&mut self, playbook: &Playbook) {
        let Some(guest) = self.guest.take() else { return };
        let Guest { event, from, replay } = *guest;
        let Some(lead) = self.lead.take() else { return };
        let Some(ledger) = replay.ledger(playbook) else {
            self.broken = true;
            return;
        };
        let theirs: Vec<Line> = ledger.into_iter().map(|line| Line { event: line.event + event.seq, ..line }).collect();
        self.with(lead, playbook, |work| {
            let ledger = joined(&work.lead.ledger, &theirs, &playbook.scoring, event.recorded_at);
            again(work, &Event { what: What::Merged { from, ledger, handoff: None, instead: Vec::new() }, ..event });
        });
    }

    /// The ledger by now; none where the first events are not known any more.
    pub fn ledger(mut self, playbook: &Playbook) -> Option<Vec<Line>> {
        self.seat(playbook);
        let lead = self.lead.take().filter(|_| !self.broken)?;
        self.with(lead, playbook, rescore::fit);
        self.lead.map(|lead| lead.ledger)
    }

    /// Works on the lead as decisions do; what is written down on the way is of no interest.
    fn with(&mut self, lead: Lead, playbook: &Playbook, go_on: impl FnOnce(&mut Work<'_>)) {
        let input = Input { ask: Ask::Wake, occurred_at: self.now, source: String::new(), actor: Actor::System };
        let case = Case {
            lead,
            suppressed: None,
            loads: None,
            intakes: None,
            winners: Arc::default(),
            paused_sequences: Arc::default(),
            stopped_senders: Arc::default(),
            colleague: None,
        };
        let mut work = Work::new(&case, &input, playbook, self.now);
        work.changed = self.changed;
        go_on(&mut work);
        (self.now, self.changed, self.lead) = (work.now, work.changed, Some(work.lead));
    }
}

/// The lead before its first event.
fn born(first: &Event) -> Option<Lead> {
    let (What::Created { address, account } | What::Imported { address, account, .. }) = &first.what else {
        return None;
    };
    let address = EmailAddress::parse(address).ok()?;
    (first.seq == 1).then(|| newborn(first.lead.clone(), address, account.clone(), first.recorded_at))
}

fn again(work: &mut Work<'_>, event: &Event) {
    if work.changed && event.recorded_at != work.now {
        rescore::fit(work);
    }
    work.now = event.recorded_at;
    let counts = counted(&work.lead, event);
    match &event.what {
        // Here the fit was read then, of all that was known.
        What::Fitted { .. } => return rescore::fit(work),
        What::Rescored { .. } => return,
        What::Scored { line } if !line.by_step => return,
        What::Created { .. } | What::Imported { .. } | What::Changed { .. } | What::Merged { .. } => {
            work.changed = true;
        }
        _ => {}
    }
    apply(&mut work.lead, event);
    if let Some(fresh) = counts {
        rescore::fit(work);
        rescore::score(work, &fresh);
    }
    work.events.clear();
}

/// What an event was when it was heard, if it was something to count.
fn counted(lead: &Lead, event: &Event) -> Option<Fresh> {
    let heard = |name: &str, data: &Map<_, _>, actor| Fresh {
        seq: event.seq,
        name: name.to_owned(),
        data: data.clone(),
        occurred_at: event.occurred_at,
        actor,
        stale: false,
    };
    match &event.what {
        What::Heard { name, data, .. } => Some(heard(name, data, event.actor)),
        What::Imported { .. } => Some(heard(IMPORTED, &Map::new(), Actor::System)),
        What::Settled { hit, verdict } => {
            let hit = lead.unsettled.iter().find(|unsettled| unsettled.hit == *hit)?;
            Some(observe::judged(hit.clone(), *verdict, event.recorded_at))
        }
        What::Task { task, fact: TaskFact::Done { outcome, by }, .. } => {
            Some(heard(tasks::DONE, &tasks::deed(lead.task(task)?, outcome, by), Actor::System))
        }
        _ => None,
    }
}
