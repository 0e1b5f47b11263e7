//! Writes down what a test comes to while it is played, and does what its file says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::{LONG_AGO, Lacks};
use crate::domain::decide::{Ask, Reply};
use crate::domain::enrollment::Exit;
use crate::domain::event::{Actor, What};
use crate::domain::id::{EnrollmentId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::scenario::{By, Deed, Happening, Scenario, StepName, When};
use crate::domain::task::{OpenTask, TaskFact};
use crate::domain::time::Instant;
use crate::domain::touch::{Outcome, RefusalClass};
use crate::engine::rehearse::{Agenda, Decided, People, Said, Sent};

/// What a server or a receiver says that refuses for good.
const REFUSED: &str = "554 5.7.1 refused in a test";

/// A touch that left.
pub struct Got {
    pub at: Instant,
    pub step: StepName,
    /// Which variant of the mail it was, where there are several.
    pub variant: Option<String>,
}

/// Who takes part, by their numbers in the world.
#[derive(Clone, Copy)]
pub struct Cast {
    pub lead: usize,
    /// Somebody else of the lead's account, if it has one.
    pub colleague: Option<usize>,
}

/// What was seen, in the order of its time.
pub struct Recorder<'s> {
    scenario: &'s Scenario,
    cast: Cast,
    lacks: &'s Lacks<'s>,
    pub touches: Vec<Got>,
    /// Tasks that came into somebody's inbox.
    pub tasks: Vec<Got>,
    /// All else that is worth a line.
    pub notes: Vec<(Instant, String)>,
    /// What could not be done as the file says.
    pub faults: Vec<(Instant, String)>,
    pub enrolled: bool,
    pub exit: Option<Exit>,
    pub handoff: Option<(String, String)>,
    pub last_deed_at: Instant,
    sent: BTreeMap<StepName, (TouchId, Option<EnrollmentId>)>,
    /// Happenings after a touch that have had their turn, by their line.
    done: BTreeSet<usize>,
}

impl<'s> Recorder<'s> {
    pub const fn new(scenario: &'s Scenario, cast: Cast, lacks: &'s Lacks<'s>) -> Self {
        Self {
            scenario,
            cast,
            lacks,
            touches: Vec::new(),
            tasks: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
            enrolled: false,
            exit: None,
            handoff: None,
            last_deed_at: LONG_AGO,
            sent: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    /// What happens, as who hears it; what cannot happen is a fault of the test.
    pub fn do_it(&mut self, happening: &Happening, lead: &Lead, at: Instant) -> Option<(usize, Said)> {
        let home = &self.scenario.sequence;
        self.last_deed_at = self.last_deed_at.max(at);
        match self.said(&happening.deed, lead) {
            Ok(said) => {
                self.notes.push((at, happening.deed.told(home)));
                Some(said)
            }
            Err(why) => {
                self.faults.push((at, format!("{} (line {}): {why}", happening.deed.told(home), happening.line)));
                None
            }
        }
    }

    /// Happenings that waited for a touch which never left.
    pub fn never(&self) -> impl Iterator<Item = String> {
        self.scenario.happenings.iter().filter_map(|one| match &one.when {
            When::AfterStep { step, .. } if !self.done.contains(&one.line) => {
                let home = &self.scenario.sequence;
                Some(format!("{} (line {}): {} never came", one.deed.told(home), one.line, step.told(home)))
            }
            When::AfterStep { .. } | When::At(_) => None,
        })
    }

    fn said(&self, deed: &Deed, lead: &Lead) -> Result<(usize, Said), String> {
        let hear =
            |name: &str, data: Map<String, serde_json::Value>, touch| Ask::Hear { name: name.to_owned(), data, touch };
        let ask = match deed {
            Deed::Event { name, data } => hear(name, data.clone(), None),
            Deed::Open { step, by } => return Ok((self.cast.lead, self.hit("opened", step, (None, *by))?)),
            Deed::Click { step, url, by } => {
                return Ok((self.cast.lead, self.hit("clicked", step, (Some(url.clone()), *by))?));
            }
            Deed::Reply { step } => {
                let touch = step.as_ref().map(|step| self.touch(step)).transpose()?.map(|(touch, _)| touch);
                hear("replied", Map::new(), touch)
            }
            Deed::Bounce { step } => {
                let (touch, _) = self.touch(step)?;
                hear("bounced", Map::from_iter([("hard".to_owned(), json!(true))]), Some(touch))
            }
            Deed::Unsubscribe { topic } => Ask::Unsubscribe { topic: topic.clone(), touch: None },
            Deed::OutOfOffice { until } => {
                let until = until.map(|until| ("until".to_owned(), json!(until.to_string())));
                hear("auto_replied", until.into_iter().collect(), None)
            }
            Deed::Set { values } => Ask::Change { set: values.clone(), add_tags: Vec::new() },
            Deed::Stage { to } => Ask::Stage { to: *to, reason: "said in a test".to_owned() },
            Deed::Enroll { sequence } => {
                Ask::Enroll { sequence: sequence.clone(), by: "test".to_owned(), again: false }
            }
            Deed::Pause => Ask::Pause { sequence: None, because: "paused in a test".to_owned() },
            Deed::Resume => Ask::Resume { sequence: None },
            Deed::Rep { act } => {
                let handoff = lead.handoff.as_ref().ok_or("no handoff is open")?;
                Ask::Act { handoff: handoff.id.clone(), act: act.clone(), by: handoff.rep.clone() }
            }
            Deed::Task { step, act } => {
                let is_it = |open: &&OpenTask| open.sequence == step.sequence && open.step == step.step;
                let none = || format!("no task of {} is open", step.told(&self.scenario.sequence));
                let open = lead.tasks.iter().find(is_it).ok_or_else(none)?;
                let by = open.owner.clone().unwrap_or_else(|| "test".to_owned());
                Ask::Task { task: open.id.clone(), act: act.clone(), by }
            }
            Deed::ColleagueReplies => {
                let nobody = "whoever has an address at a mailbox provider has no colleagues";
                let who = self.cast.colleague.ok_or(nobody)?;
                return Ok((who, Said::by_person(hear("replied", Map::new(), None))));
            }
        };
        Ok((self.cast.lead, Said::by_person(ask)))
    }

    fn touch(&self, step: &StepName) -> Result<(TouchId, Option<EnrollmentId>), String> {
        let not_sent = || format!("{} was not sent before", step.told(&self.scenario.sequence));
        self.sent.get(step).cloned().ok_or_else(not_sent)
    }

    fn hit(&self, name: &str, step: &StepName, (url, by): (Option<String>, By)) -> Result<Said, String> {
        let (touch, enrollment) = self.touch(step)?;
        let (verdict, reason) = match by {
            By::Person => (Actor::Human, "person"),
            By::Machine => (Actor::Machine, "scanner"),
        };
        let (step, name) = (step.step.clone(), name.to_owned());
        let ask = Ask::Hit { name, touch, step, enrollment, url, verdict, reason: reason.to_owned() };
        Ok(Said { ask, source: "tracking", actor: verdict })
    }
}

impl People for Recorder<'_> {
    fn receive(&mut self, sent: &Sent<'_>, agenda: &mut Agenda) -> Outcome {
        // Alerts are no touches of the lead.
        if let Some(enrollment) = sent.touch.enrollment.as_ref().filter(|_| sent.number == self.cast.lead) {
            let step = StepName { sequence: sent.touch.sequence.clone(), step: sent.touch.step.clone() };
            if self.scenario.refused.contains(&step) {
                self.notes.push((sent.now, format!("{} is refused", step.told(&self.scenario.sequence))));
                return Outcome::Refused { class: RefusalClass::Other, reply: REFUSED.to_owned() };
            }
            if let Some(reason) = (self.lacks)(sent.lead, sent.touch, sent.now) {
                return Outcome::Held { reason };
            }
            self.touches.push(Got { at: sent.now, step: step.clone(), variant: sent.touch.variant.clone() });
            self.sent.insert(step.clone(), (sent.touch.id.clone(), Some(enrollment.clone())));
            self.follow(&step, (sent.lead, sent.now), agenda);
        }
        Outcome::accepted("250 2.0.0 rehearsed")
    }

    fn notice(&mut self, decided: &Decided<'_>, agenda: &mut Agenda) {
        if decided.number != self.cast.lead {
            return;
        }
        let home = &self.scenario.sequence;
        // Why somebody does not enter is a fact of its own.
        let is_told = decided.events.iter().any(|event| matches!(event.what, What::NotEnrolled { .. }));
        if let Reply::Refused(why) = decided.reply
            && !is_told
        {
            self.faults.push((decided.now, why.clone()));
        }
        for event in decided.events {
            let note = match &event.what {
                What::Enrolled { sequence, by, .. } => {
                    self.enrolled |= sequence == home;
                    format!("enters {sequence} ({by})")
                }
                What::NotEnrolled { sequence, reason } => format!("does not enter {sequence}: {reason}"),
                What::Exited { enrollment, exit } => {
                    let of_home = decided.lead.enrollments.iter().all(|running| &running.sequence != home);
                    if of_home && self.exit.is_none() && self.is_ours(enrollment, decided.lead) {
                        self.exit = Some(exit.clone());
                    }
                    let more = exit.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
                    format!("leaves: {}{more}", exit.as_str())
                }
                What::Staged { from, to, cause } => format!("{from} → {to} ({cause})"),
                What::HandoffOpened { handoff } => {
                    self.handoff = Some((handoff.team.clone(), handoff.rep.clone()));
                    format!("handed to {} of {}", handoff.rep, handoff.team)
                }
                What::HandoffClosed { because } => format!("handoff closed: {because}"),
                What::SlaBreached { .. } => "the clock of the handoff is breached".to_owned(),
                What::Suppressed { reason, .. } => format!("must not be contacted: {}", reason.as_str()),
                What::Paused { because, .. } => format!("paused: {because}"),
                // One that the same decision calls off comes into nobody's inbox.
                What::Task { fact: TaskFact::Asked { open, .. }, .. } if decided.lead.task(&open.id).is_some() => {
                    let step = StepName { sequence: open.sequence.clone(), step: open.step.clone() };
                    self.tasks.push(Got { at: open.shown_at, step: step.clone(), variant: None });
                    self.follow(&step, (decided.lead, open.shown_at), agenda);
                    continue;
                }
                What::Task { step, fact: TaskFact::Overdue { .. }, .. } => format!("{step} is overdue"),
                What::Task { step, fact: TaskFact::CalledOff { because }, .. } => {
                    format!("{step} is called off: {because}")
                }
                What::Held { hold, .. } => format!("held: {}", hold.reason),
                What::Faulted { rule, fault } => format!("{rule} cannot be answered: {fault}"),
                _ => continue,
            };
            self.notes.push((event.recorded_at, note));
        }
    }
}

impl Recorder<'_> {
    /// Puts on the agenda what the file says happens after a step.
    fn follow(&mut self, step: &StepName, (lead, since): (&Lead, Instant), agenda: &mut Agenda) {
        for happening in &self.scenario.happenings {
            let When::AfterStep { step: after, wait } = &happening.when else { continue };
            if after != step || !self.done.insert(happening.line) {
                continue;
            }
            let at = since + *wait;
            if let Some((who, said)) = self.do_it(happening, lead, at) {
                agenda.add(at, who, said);
            }
        }
    }

    /// Whether an enrollment that has ended was one of the tested sequence: ids say of what they were made.
    fn is_ours(&self, enrollment: &EnrollmentId, lead: &Lead) -> bool {
        let begun = lead.past.get(&self.scenario.sequence).map_or(0, |past| past.begun);
        (1..=begun).any(|nth| {
            let name = &self.scenario.sequence;
            *enrollment == crate::domain::enrollment::id_of(&lead.id, name, nth)
        })
    }
}
