//! One lead, its history, its outbox and a clock: tells `decide` what happens and does what it says. Whatever a test is about,
//! each decision here is checked for what must hold of all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use crate::domain::account::Replied;
use crate::domain::address::EmailAddress;
use crate::domain::calendar::{local, zone_named};
use crate::domain::decide::{
    Ask, Case, Decision, Edit, Effect, EnrollmentRow, HandoffRow, InHand, Input, Reply, TaskRow, decide, fold, newborn,
    shifted,
};
use crate::domain::event::{Actor, Event, What};
use crate::domain::experiment::Key;
use crate::domain::id::{LeadId, TouchId, derived};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::routing::Load;
use crate::domain::sequence::{Intake, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::domain::touch::{NewTouch, Outcome, RefusalClass};

/// An instant by its local time in a zone.
pub fn local(zone: &str, text: &str) -> Instant {
    local::first(&zone_named(zone).unwrap(), text.parse::<DateTime>().unwrap())
}

pub fn utc(text: &str) -> Instant {
    local("UTC", text)
}

pub struct Desk {
    pub playbook: Playbook,
    pub lead: Lead,
    pub now: Instant,
    pub history: Vec<Event>,
    pub last: Decision,
    /// Every touch asked for, with where it stands.
    pub outbox: BTreeMap<TouchId, (NewTouch, String)>,
    pub enrollments: BTreeMap<String, EnrollmentRow>,
    /// By step.
    pub tasks: BTreeMap<String, TaskRow>,
    pub handoff: Option<HandoffRow>,
    pub loads: BTreeMap<String, Load>,
    pub intakes: BTreeMap<String, Intake>,
    /// Experiments that have a winner.
    pub winners: BTreeMap<Key, String>,
    /// Mails and hits by variant, of all experiments.
    pub tallies: BTreeMap<String, (i64, i64)>,
    /// The sequences in which the lead waits for room.
    pub pending: BTreeSet<String>,
    pub suppressed: Option<Reason>,
    pub paused_sequences: BTreeSet<String>,
    pub colleague: Option<Replied>,
    pub stopped_senders: BTreeSet<String>,
    /// Looks at every decision once it is done.
    pub watch: fn(&Self),
}

impl Desk {
    /// Ada at a company, on Monday the 2nd of March 2026 at 10:00 in UTC, where she lives.
    pub fn new(playbook: Playbook) -> Self {
        Self::of("ada@acme.example", playbook)
    }

    pub fn of(address: &str, playbook: Playbook) -> Self {
        let now = utc("2026-03-02T10:00");
        let address = EmailAddress::parse(address).unwrap();
        let account = crate::domain::account::account_of(&address);
        let lead = newborn(LeadId(derived(&["lead", address.as_str()])), address, account, now);
        let last = Decision { lead: lead.clone(), events: vec![], effects: vec![], reply: Reply::Done };
        Self {
            playbook,
            lead,
            now,
            history: vec![],
            last,
            outbox: BTreeMap::new(),
            enrollments: BTreeMap::new(),
            tasks: BTreeMap::new(),
            handoff: None,
            loads: BTreeMap::new(),
            intakes: BTreeMap::new(),
            winners: BTreeMap::new(),
            tallies: BTreeMap::new(),
            pending: BTreeSet::new(),
            suppressed: None,
            paused_sequences: BTreeSet::new(),
            colleague: None,
            stopped_senders: BTreeSet::new(),
            watch: |_| {},
        }
    }

    pub fn tell_as(&mut self, ask: Ask, actor: Actor, occurred_at: Instant) -> Reply {
        if self.lead.seq == 0 {
            (self.lead.created_at, self.lead.stage_since) = (self.now, self.now);
        }
        let input = Input { ask, occurred_at, source: "test".to_owned(), actor };
        let mut case = Case {
            lead: self.lead.clone(),
            suppressed: self.suppressed,
            loads: None,
            intakes: None,
            winners: Arc::new(self.winners.clone()),
            paused_sequences: Arc::new(self.paused_sequences.clone()),
            stopped_senders: Arc::new(self.stopped_senders.clone()),
            colleague: self.colleague.clone(),
        };
        let mut decision = decide(&case, &input, &self.playbook, self.now);
        if decision.reply == Reply::NeedsIntakes {
            case.intakes = Some(self.intakes.clone());
            decision = decide(&case, &input, &self.playbook, self.now);
        }
        if decision.reply == Reply::NeedsLoads {
            case.loads = Some(self.loads.clone());
            decision = decide(&case, &input, &self.playbook, self.now);
        }
        assert_eq!(decision, decide(&case, &input, &self.playbook, self.now), "the same input, another decision");
        self.take(decision);
        self.last.reply.clone()
    }

    fn take(&mut self, decision: Decision) {
        self.history.extend(decision.events.iter().cloned());
        self.lead = decision.lead.clone();
        if let Some(folded) = fold(&self.history) {
            let told = Lead { wake_at: None, ..self.lead.clone() };
            assert_eq!(folded, told, "a lead is the fold of its events");
        }
        assert!(self.lead.wake_at.is_none_or(|at| at > self.now), "a wake that is not ahead");
        // An edit asks anew for what has not left, and so does who moves to another sender of a pool.
        let anew = |what: &What| matches!(what, What::Adopted { .. } | What::SenderDrawn { before: Some(_), .. });
        let adopted = decision.events.iter().any(|event| anew(&event.what));
        for effect in &decision.effects {
            if let Effect::Queue(new) = effect
                && let Some((_, stands)) = self.outbox.get(&new.id)
            {
                assert!(adopted && ["queued", "held", "deferred"].contains(&stands.as_str()), "queued twice: {new:?}");
            }
            self.apply(effect);
        }
        self.last = decision;
        (self.watch)(self);
    }

    fn apply(&mut self, effect: &Effect) {
        let mut mark = |touch: &TouchId, state: &str| {
            if let Some((_, stands)) = self.outbox.get_mut(touch) {
                state.clone_into(stands);
            }
        };
        match effect {
            Effect::Queue(new) => {
                self.outbox.insert(new.id.clone(), ((**new).clone(), "queued".to_owned()));
            }
            Effect::Cancel { touch, .. } => mark(touch, "cancelled"),
            Effect::Hold { touch, .. } => mark(touch, "held"),
            Effect::Requeue(requeue) => mark(&requeue.touch, "queued"),
            Effect::Confirm { touch } => mark(touch, "accepted"),
            Effect::Enrollment(row) => {
                self.enrollments.insert(row.sequence.clone(), row.clone());
            }
            Effect::Handoff(row) => {
                let dossier = row.dossier.clone().or_else(|| self.handoff.as_ref()?.dossier.clone());
                self.handoff = Some(HandoffRow { dossier, ..row.clone() });
            }
            Effect::Task(row) => drop(self.tasks.insert(row.step.clone(), row.as_ref().clone())),
            Effect::Load { rep, assigned, open } => {
                let load = self.loads.entry(rep.clone()).or_default();
                (load.assigned, load.open) = (load.assigned + assigned, load.open + open);
            }
            Effect::Seen { .. } | Effect::Replied { .. } | Effect::Absorb(_) => {}
            Effect::Tally(tally) => {
                let (mails, hits) = self.tallies.entry(tally.variant.clone()).or_default();
                (*mails, *hits) = (*mails + tally.mails, *hits + tally.hits);
            }
            Effect::Intake { sequence, active, entered, .. } => {
                let intake = self.intakes.entry(sequence.clone()).or_default();
                intake.active = shifted(intake.active, *active);
                intake.entered_today = shifted(intake.entered_today, *entered);
            }
            Effect::Pending { sequence, since, .. } => {
                let known =
                    if since.is_some() { self.pending.insert(sequence.clone()) } else { self.pending.remove(sequence) };
                assert!(known || since.is_none(), "waits twice for {sequence}");
            }
            Effect::Suppress { reason, .. } => self.suppressed = Some(*reason),
            Effect::Unsuppress { .. } => self.suppressed = None,
        }
    }

    /// Applies another version of a sequence, or its end; tells what that means for the lead, and where it puts it.
    pub fn edit(&mut self, name: &str, new: Option<Sequence>) -> String {
        self.edit_with(name, new, false)
    }

    /// The same while what it waits for may be under way.
    pub fn edit_with(&mut self, name: &str, new: Option<Sequence>, under_way: bool) -> String {
        let new = new.map(Arc::new);
        if let Some(new) = &new {
            self.playbook.versions.insert(new.version.clone(), Arc::clone(new));
            self.playbook.sequences.insert(name.to_owned(), Arc::clone(new));
        } else {
            self.playbook.sequences.remove(name);
        }
        let edit = Arc::new(Edit::new(name, new, self.playbook.versions.values()));
        let known = |(touch, _): &(NewTouch, String)| InHand { under_way, ready_at: touch.ready_at };
        let in_hand = self.outbox.iter().map(|(id, one)| (id.clone(), known(one))).collect();
        let before = self.history.len();
        self.tell_as(Ask::Adopt { edit, in_hand }, Actor::System, self.now);
        let told = self.history[before..].iter().filter_map(|event| match &event.what {
            What::Adopted { marks, at, onward, .. } => {
                let marks: Vec<&str> = marks.iter().map(|mark| mark.as_str()).collect();
                let onward = onward.as_ref().map_or_else(String::new, |onward| format!(", then {onward:?}"));
                Some(format!("[{}] at {}{onward}", marks.join(" "), at.as_deref().unwrap_or("the end")))
            }
            _ => None,
        });
        told.collect::<Vec<_>>().join("; ")
    }

    pub fn tell(&mut self, ask: Ask) -> Reply {
        self.tell_as(ask, Actor::Human, self.now)
    }

    pub fn hear(&mut self, name: &str) {
        self.hear_with(name, json!({}));
    }

    pub fn hear_with(&mut self, name: &str, data: Value) {
        self.hear_as(name, data, Actor::Human, self.now);
    }

    pub fn hear_as(&mut self, name: &str, data: Value, actor: Actor, occurred_at: Instant) {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        self.tell_as(Ask::Hear { name: name.to_owned(), data, touch: None }, actor, occurred_at);
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.tell(Ask::Change { set: Map::from_iter([(name.to_owned(), value)]), add_tags: vec![] });
    }

    pub fn enroll(&mut self, sequence: &str) -> Reply {
        self.tell(Ask::Enroll { sequence: sequence.to_owned(), by: "cli".to_owned(), again: false })
    }

    /// Lets time pass, waking whenever the lead asked for it.
    pub fn until(&mut self, later: Instant) {
        while let Some(wake) = self.lead.wake_at.filter(|wake| *wake <= later) {
            self.now = wake;
            self.tell_as(Ask::Wake, Actor::System, wake);
        }
        self.now = later.max(self.now);
    }

    pub fn after(&mut self, text: &str) {
        self.until(self.now + super::plot::length(text));
    }

    /// The touch of a step of a sequence, and where it stands.
    pub fn touch(&self, sequence: &str, step: &str) -> Option<(&NewTouch, &str)> {
        let found = self.outbox.values().find(|(touch, _)| touch.sequence == sequence && touch.step == step);
        found.map(|(touch, stands)| (touch, stands.as_str()))
    }

    pub fn stands(&self, sequence: &str, step: &str) -> &str {
        self.touch(sequence, step).map_or("never asked for", |(_, stands)| stands)
    }

    pub fn comes_back(&mut self, sequence: &str, step: &str, outcome: Outcome) {
        let (touch, _) = self.touch(sequence, step).expect("the touch was asked for");
        let (id, enrollment, step) = (touch.id.clone(), touch.enrollment.clone(), touch.step.clone());
        if let Some((_, stands)) = self.outbox.get_mut(&id) {
            outcome.state().as_str().clone_into(stands);
        }
        self.tell_as(Ask::Touched { touch: id, enrollment, step, outcome }, Actor::System, self.now);
    }

    pub fn accepted(&mut self, sequence: &str, step: &str) {
        self.comes_back(sequence, step, Outcome::accepted("250 ok"));
    }

    pub fn refused(&mut self, sequence: &str, step: &str, class: RefusalClass) {
        self.comes_back(sequence, step, Outcome::Refused { class, reply: "550 no".to_owned() });
    }

    /// A tracked open or click of a step's mail.
    pub fn hit(&mut self, name: &str, sequence: &str, step: &str, verdict: Actor) {
        let (touch, _) = self.touch(sequence, step).expect("the touch was asked for");
        let (touch, enrollment, step) = (touch.id.clone(), touch.enrollment.clone(), touch.step.clone());
        let url = (name == "clicked").then(|| "https://northwind.example/guide".to_owned());
        let hit = Ask::Hit { name: name.to_owned(), touch, step, enrollment, url, verdict, reason: "told".to_owned() };
        self.tell_as(hit, verdict, self.now);
    }

    /// How the enrollment in a sequence stands or ended.
    pub fn state(&self, sequence: &str) -> String {
        self.enrollments.get(sequence).map_or("none".to_owned(), |row| row.exit.clone().unwrap_or(row.state.to_owned()))
    }

    pub fn score(&self) -> f64 {
        self.playbook.scoring.score(&self.lead.ledger, self.now).total
    }

    /// The names of all events so far.
    pub fn names(&self) -> Vec<&str> {
        self.history.iter().map(|event| event.what.name()).collect()
    }

    pub fn count(&self, is_one: impl Fn(&What) -> bool) -> usize {
        self.history.iter().filter(|event| is_one(&event.what)).count()
    }
}
