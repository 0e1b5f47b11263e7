//! A decision in the making: the lead as it is by now, and what was written so far.

use serde_json::{Map, Value};

use super::facts::View;
use super::fold::apply;
use super::input::{Case, Effect, EnrollmentRow, Input};
use crate::domain::condition::Condition;
use crate::domain::enrollment::{Enrollment, Exit, Phase};
use crate::domain::event::{Actor, Event, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;

pub struct Work<'a> {
    pub case: &'a Case,
    pub input: &'a Input,
    pub playbook: &'a Playbook,
    pub now: Instant,
    pub lead: Lead,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    /// What was heard and counts now: it may score, enroll, stop and answer.
    pub fresh: Vec<Fresh>,
    /// Whether attributes changed.
    pub changed: bool,
    /// Set when a handoff must be routed and the loads are not known.
    pub needs_loads: bool,
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
            lead: case.lead.clone(),
            events: Vec::new(),
            effects: Vec::new(),
            fresh: Vec::new(),
            changed: false,
            needs_loads: false,
        }
    }

    /// Writes a fact from outside, at the time it happened. Gives its number.
    pub fn observe(&mut self, what: What) -> u64 {
        let (source, actor, occurred_at) = (self.input.source.clone(), self.input.actor, self.input.occurred_at);
        self.write(what, source, actor, occurred_at)
    }

    /// Writes a consequence, now. Gives its number.
    pub fn conclude(&mut self, what: What) -> u64 {
        self.write(what, "engine".to_owned(), Actor::System, self.now)
    }

    fn write(&mut self, what: What, source: String, actor: Actor, occurred_at: Instant) -> u64 {
        let seq = self.lead.seq + 1;
        let event = Event { lead: self.lead.id.clone(), seq, occurred_at, recorded_at: self.now, source, actor, what };
        apply(&mut self.lead, &event);
        self.events.push(event);
        seq
    }

    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Whether a person did something just now.
    pub fn human_now(&self) -> bool {
        self.fresh.iter().any(|fresh| fresh.actor == Actor::Human && !fresh.stale)
    }

    /// Answers a condition about the lead as it is by now; a fault counts as false and is written down once.
    pub fn holds(&mut self, rule: &str, condition: &Condition, about: About<'_>) -> bool {
        let mut view = View::new(&self.lead, self.playbook, self.now);
        if let Some(enrollment) = about.enrollment {
            view = view.within(enrollment);
        }
        if let Some(event) = about.event {
            view = view.about(event);
        }
        let tested = condition.test(&view, self.now);
        if let Some(fault) = tested.fault
            && !self.lead.attention.contains(&format!("{rule}: {fault}"))
        {
            self.conclude(What::Faulted { rule: rule.to_owned(), fault });
        }
        tested.value
    }

    pub fn enrollment(&self, id: &EnrollmentId) -> Option<&Enrollment> {
        self.lead.enrollments.iter().find(|enrollment| &enrollment.id == id)
    }

    /// Ends an enrollment: what it still has on the way is cancelled in the same breath.
    pub fn exit(&mut self, id: &EnrollmentId, exit: &Exit) {
        let Some(enrollment) = self.enrollment(id).cloned() else { return };
        let pending = match &enrollment.phase {
            Phase::Sending { touch } => Some(touch.clone()),
            Phase::Held { hold } => hold.touch.clone(),
            Phase::Ready | Phase::Waiting { .. } => None,
        };
        if let Some(touch) = pending {
            self.effect(Effect::Cancel { touch, reason: exit.as_str().to_owned() });
        }
        self.conclude(What::Exited { enrollment: id.clone(), exit: exit.clone() });
        self.effect(Effect::Enrollment(EnrollmentRow {
            state: exit.state(),
            exit: Some(exit.as_str().to_owned()),
            detail: exit.detail().map(str::to_owned),
            ended_at: Some(self.now),
            ..row(&enrollment, &self.lead)
        }));
    }

    /// Writes down where an enrollment stands now.
    pub fn note(&mut self, id: &EnrollmentId) {
        if let Some(enrollment) = self.enrollment(id) {
            let row = row(enrollment, &self.lead);
            self.effects.retain(|effect| !matches!(effect, Effect::Enrollment(old) if old.id == row.id));
            self.effect(Effect::Enrollment(row));
        }
    }
}

/// What a condition is about, beside the lead.
#[derive(Clone, Copy, Default)]
pub struct About<'a> {
    pub enrollment: Option<&'a Enrollment>,
    pub event: Option<&'a Map<String, Value>>,
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
