//! A decision in the making: the lead as it is by now, and what was written so far.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::facts::View;
use super::fold::{ATTENTION, apply, is_of};
use super::input::{Ask, Case, Effect, EnrollmentRow, Input};
use super::limits;
use super::{tasks, trials};
use crate::domain::condition::{Condition, Tested};
use crate::domain::enrollment::{Enrollment, Exit, Phase};
use crate::domain::event::{Actor, Event, What};
use crate::domain::id::{EnrollmentId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;
use crate::domain::touch::State;

pub struct Work<'a> {
    pub case: &'a Case,
    pub input: &'a Input,
    pub playbook: &'a Playbook,
    pub now: Instant,
    /// When the input happened; what claims to come from the future happens now.
    pub occurred_at: Instant,
    pub lead: Lead,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    /// What was heard and counts now: it may score, enroll, stop and answer.
    pub fresh: Vec<Fresh>,
    /// The sequence whose schedule ticked, until it is looked at.
    pub tick: Option<&'a str>,
    /// Whether attributes changed.
    pub changed: bool,
    /// Set when a handoff must be routed and the loads are not known.
    pub needs_loads: bool,
    /// Set when a sequence has limits and it is not known how many are in it.
    pub needs_intakes: bool,
    /// Touches that are in the store and are asked for anew, each with its time if that stays.
    pub renewed: BTreeMap<TouchId, Option<Instant>>,
}

/// One thing heard in this decision.
#[derive(Clone, Debug)]
pub struct Fresh {
    pub seq: u64,
    pub name: String,
    pub data: Map<String, Value>,
    pub occurred_at: Instant,
    pub actor: Actor,
    /// Too old to trigger anything; it still scores by its time.
    pub stale: bool,
}

impl<'a> Work<'a> {
    pub fn new(case: &'a Case, input: &'a Input, playbook: &'a Playbook, now: Instant) -> Self {
        Self {
            case,
            input,
            playbook,
            now,
            occurred_at: input.occurred_at.min(now),
            lead: case.lead.clone(),
            events: Vec::new(),
            effects: Vec::new(),
            fresh: Vec::new(),
            tick: if let Ask::Tick { sequence, .. } = &input.ask { Some(sequence) } else { None },
            changed: false,
            needs_loads: false,
            needs_intakes: false,
            renewed: BTreeMap::new(),
        }
    }

    /// Writes a fact from outside, at the time it happened. Gives its number.
    pub fn observe(&mut self, what: What) -> u64 {
        self.observe_by(self.input.actor, what)
    }

    /// The same, where somebody else caused it than who told us.
    pub fn observe_by(&mut self, actor: Actor, what: What) -> u64 {
        self.write(what, self.input.source.clone(), actor, self.occurred_at)
    }

    /// Writes a consequence, now. Gives its number.
    pub fn conclude(&mut self, what: What) -> u64 {
        self.conclude_at(what, self.now)
    }

    /// Writes a consequence that counts from an earlier instant.
    pub fn conclude_at(&mut self, what: What, at: Instant) -> u64 {
        self.write(what, "engine".to_owned(), Actor::System, at)
    }

    fn write(&mut self, what: What, source: String, actor: Actor, occurred_at: Instant) -> u64 {
        let seq = self.lead.seq + 1;
        let event = Event { lead: self.lead.id.clone(), seq, occurred_at, recorded_at: self.now, source, actor, what };
        let before = self.lead.trials.clone();
        apply(&mut self.lead, &event);
        // What a lead brings that is taken in was counted when it happened.
        if !matches!(event.what, What::Merged { .. }) {
            self.effects.extend(trials::tallies(&before, &self.lead.trials).map(Effect::Tally));
        }
        self.events.push(event);
        seq
    }

    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Whether a person did something that we heard of just now, and did it since the stage last changed.
    pub fn human_now(&self) -> bool {
        let since = self.lead.stage_since;
        self.fresh.iter().any(|fresh| fresh.actor == Actor::Human && !fresh.stale && fresh.occurred_at >= since)
    }

    /// Answers a condition about the lead as it is by now; a fault counts as false and is written down once, until it is mended.
    pub fn holds(&mut self, rule: &str, condition: &Condition, about: About<'_>) -> bool {
        let mut view = View::new(&self.lead, self.playbook, self.now);
        if let Some(enrollment) = about.enrollment {
            view = view.within(enrollment);
        }
        if let Some(event) = about.event {
            view = view.about(event);
        }
        if about.since_stage {
            view = view.since_stage();
        }
        let Tested { value, fault } = condition.test(&view, self.now);
        self.attend(rule, fault);
        value
    }

    /// Writes down that a rule could not be answered, or that it is again.
    pub fn attend(&mut self, rule: &str, fault: Option<String>) {
        let noted = &self.lead.attention;
        match fault {
            Some(fault) if noted.len() < ATTENTION && !noted.contains(&format!("{rule}: {fault}")) => {
                self.conclude(What::Faulted { rule: rule.to_owned(), fault });
            }
            None if noted.iter().any(|entry| is_of(entry, rule)) => {
                self.conclude(What::Mended { rule: rule.to_owned() });
            }
            Some(_) | None => {}
        }
    }

    pub fn enrollment(&self, id: &EnrollmentId) -> Option<&Enrollment> {
        self.lead.enrollments.iter().find(|enrollment| &enrollment.id == id)
    }

    /// Ends an enrollment: what it still has on the way is cancelled in the same breath.
    pub fn exit(&mut self, id: &EnrollmentId, exit: &Exit) {
        let Some(enrollment) = self.enrollment(id).cloned() else { return };
        if let Some(touch) = pending(&enrollment) {
            self.call_off(touch, exit.as_str());
        }
        if !matches!(exit, Exit::Finished(_)) {
            tasks::call_off_of(self, id, exit.as_str());
        }
        self.conclude(What::Exited { enrollment: id.clone(), exit: exit.clone() });
        limits::count(self, &enrollment.sequence, (-1, 0));
        self.put(EnrollmentRow {
            state: exit.state(),
            exit: Some(exit.as_str().to_owned()),
            detail: exit.detail().map(str::to_owned),
            ended_at: Some(self.now),
            ..row(&enrollment, &self.lead)
        });
    }

    /// Cancels a touch; one that this very decision asked for is not asked for at all.
    pub fn call_off(&mut self, touch: TouchId, reason: &str) {
        let asked = self.effects.len();
        self.effects.retain(|effect| !matches!(effect, Effect::Queue(new) if new.id == touch));
        if self.effects.len() == asked || self.renewed.contains_key(&touch) {
            self.effect(Effect::Cancel { touch, reason: reason.to_owned() });
        }
    }

    /// Writes down where an enrollment stands now.
    pub fn note(&mut self, id: &EnrollmentId) {
        if let Some(enrollment) = self.enrollment(id) {
            self.put(row(enrollment, &self.lead));
        }
    }

    /// Of one enrollment only the last row counts.
    fn put(&mut self, row: EnrollmentRow) {
        self.effects.retain(|effect| !matches!(effect, Effect::Enrollment(old) if old.id == row.id));
        self.effect(Effect::Enrollment(row));
    }
}

/// What a condition is about, beside the lead.
#[derive(Clone, Copy, Default)]
pub struct About<'a> {
    pub enrollment: Option<&'a Enrollment>,
    pub event: Option<&'a Map<String, Value>>,
    /// Whether silence is measured from the present stage at the earliest.
    pub since_stage: bool,
}

/// The touch an enrollment stands at, unless it came to its own end.
fn pending(enrollment: &Enrollment) -> Option<TouchId> {
    let touch = match &enrollment.phase {
        Phase::Sending { touch } => touch,
        Phase::Held { hold } => hold.touch.as_ref()?,
        Phase::Ready | Phase::Waiting { .. } | Phase::Tasked { .. } => return None,
    };
    let facts = enrollment.steps.values().find(|facts| facts.touch.as_ref() == Some(touch));
    let open = facts
        .and_then(|facts| facts.outcome.as_deref())
        .is_none_or(|outcome| [State::Held, State::Deferred].iter().any(|state| state.as_str() == outcome));
    open.then(|| touch.clone())
}

fn row(enrollment: &Enrollment, lead: &Lead) -> EnrollmentRow {
    let state = match (&enrollment.paused, &enrollment.phase) {
        (Some(_), _) => "paused",
        (None, Phase::Held { .. }) => "held",
        (None, _) => "active",
    };
    EnrollmentRow {
        id: enrollment.id.clone(),
        lead: lead.id.clone(),
        sequence: enrollment.sequence.clone(),
        version: enrollment.version.clone(),
        state,
        exit: None,
        detail: None,
        step: enrollment.at.clone(),
        entered_at: enrollment.entered_at,
        ended_at: None,
    }
}
