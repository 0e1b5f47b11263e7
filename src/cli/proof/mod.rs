//! A sequence as one lead would go through it, step by step with dates, before anything is sent.
//!
//! Nothing is decided here: waits, windows and conditions are the domain's own, asked about the lead as it is now. What people and
//! servers will do is not known, so every arm of a branch is shown, and time goes on from the arm the lead would take today.

mod asked;
mod brought;
mod variants;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::domain::calendar::{Calendar, resume_at, zone_named};
use crate::domain::decide::{View, lead_zone, portion_of};
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::experiment::Key;
use crate::domain::id::{EnrollmentId, TouchId, derived, dice};
use crate::domain::lead::Lead;
use crate::domain::message::{Message, Thread};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Arm, Assign, Copy, Kind, Portion, Sequence, Step, With, ZoneRule};
use crate::domain::template::Template;
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;
use crate::render::{About, MailContext, Refuse, Renderer, Track};
use crate::seal::Seal;

/// One line of the way through a sequence.
pub struct Leg {
    /// How many branches it lies in.
    pub depth: usize,
    pub step: String,
    pub at: Instant,
    pub what: What,
}

/// What happens there.
pub enum What {
    Mail(Result<Box<Message>, Refuse>),
    Call {
        channel: String,
        values: Result<Map<String, Value>, Refuse>,
    },
    /// Until when.
    Wait(Instant),
    /// Until a condition holds, and no longer than this.
    WaitFor {
        when: String,
        until: Instant,
    },
    /// One way of a branch, as `if clicked("welcome")`; `now` says whether the lead would take it today.
    Way {
        said: String,
        now: bool,
    },
    /// What somebody is asked to do, with what helps to do it, when it is due, and how long it is waited for.
    Task {
        title: Result<String, Refuse>,
        notes: Option<Result<String, Refuse>>,
        due: Option<Instant>,
        until: Option<Instant>,
    },
    Set(String),
    Handoff {
        reason: String,
        when: Option<String>,
    },
    Enroll(String),
    End(String),
}

/// One way from a step that forks.
struct Way {
    said: String,
    then: Option<usize>,
    /// Whether the lead would take it today.
    now: bool,
}

/// One lead, one sequence, and what renders it.
pub struct Proof<'a> {
    playbook: &'a Playbook,
    sequence: Arc<Sequence>,
    lead: Lead,
    renderer: Renderer,
    seal: Seal,
    enrollment: Enrollment,
    /// Mails on the way so far, for the thread.
    sent: Vec<TouchId>,
    first_subject: Option<String>,
    legs: Vec<Leg>,
    /// The variant that is shown alone.
    only: Option<String>,
    /// The variants that have won, where the store was asked.
    winners: BTreeMap<Key, String>,
}

impl<'a> Proof<'a> {
    /// A proof with links that lead nowhere: what they are sealed with is no secret.
    pub fn new(playbook: &'a Playbook, sequence: Arc<Sequence>, lead: Lead, start: Instant) -> Self {
        let enrollment = Enrollment {
            id: EnrollmentId(derived(&["proof", lead.id.as_str(), &sequence.name])),
            sequence: sequence.name.clone(),
            version: sequence.version.clone(),
            entered_at: start,
            by: "preview".to_owned(),
            at: None,
            phase: Phase::Ready,
            anchor: start,
            paused: None,
            steps: Arc::default(),
            zone: None,
            onward: None,
            heeded: None,
        };
        Self {
            playbook,
            sequence,
            lead,
            renderer: Renderer::new(),
            seal: Seal::new(&[0; 32]),
            enrollment,
            sent: Vec::new(),
            first_subject: None,
            legs: Vec::new(),
            only: None,
            winners: BTreeMap::new(),
        }
    }

    /// The whole way.
    pub fn legs(mut self, start: Instant) -> Vec<Leg> {
        let first = (!self.sequence.steps.is_empty()).then_some(0);
        self.walk(first, None, (start, 0));
        self.legs
    }

    /// The mail of one step as it is on the way there, the lead's own of several variants; nothing if no way leads to it.
    pub fn mail_of(self, step: &str, start: Instant) -> Option<Result<Box<Message>, Refuse>> {
        let mut own = true;
        for leg in self.legs(start).into_iter().filter(|leg| leg.step == step) {
            match leg.what {
                What::Way { now, .. } => own = now,
                What::Mail(mail) if own => return Some(mail),
                _ => {}
            }
        }
        None
    }

    /// What a touch lacks to be made for the lead as it is, if it lacks anything.
    pub fn lacks(mut self, touch: &NewTouch, now: Instant) -> Option<String> {
        let sequence = Arc::clone(&self.sequence);
        let (_, step) = sequence.step(&touch.step)?;
        let refused = if matches!(step.act, Act::Email { .. }) {
            self.mail(step, &touch.template, now).err()
        } else if let (What::Call { values: Err(refuse), .. }, _) = self.act(step, &step.act, now) {
            Some(refuse)
        } else {
            None
        };
        refused.map(|refuse| refuse.to_string())
    }

    /// The zone waits and windows are in, an IANA name.
    pub fn zone(&self) -> String {
        self.calendar().zone().iana_name().unwrap_or("UTC").to_owned()
    }

    fn calendar(&self) -> Calendar {
        let (settings, send) = (&self.playbook.settings, &self.sequence.send);
        let lead = || lead_zone(&self.lead, settings, send.fallback_zone.as_deref());
        let zone: TimeZone = match &send.zone {
            ZoneRule::Lead => lead(),
            ZoneRule::Named(name) => zone_named(name).unwrap_or_else(lead),
            ZoneRule::Sender => {
                let sender = send.from.as_ref().and_then(|from| settings.sender_for(from, &self.lead));
                sender.and_then(|sender| zone_named(&sender.zone)).unwrap_or_else(lead)
            }
        };
        send.calendar_for(&self.lead, zone)
    }

    /// Goes from a step to where the ways join again. Gives the instant of arrival there; nothing if all ways end before.
    fn walk(
        &mut self,
        from: Option<usize>,
        until: Option<usize>,
        (mut at, depth): (Instant, usize),
    ) -> Option<Instant> {
        let sequence = Arc::clone(&self.sequence);
        let mut here = from;
        while here != until {
            let Some(step) = here.and_then(|index| sequence.steps.get(index)) else { return Some(at) };
            let ways = self.ways(step, at);
            if !ways.is_empty() {
                let join = join(&sequence, &step.act.ways());
                at = self.fork(step, (ways, join), (at, depth))?;
                here = join;
                continue;
            }
            if let Act::Email { copy: Copy::Tried(experiment) } = &step.act {
                at = self.variants(step, experiment, (at, depth));
                here = step.next;
                continue;
            }
            let (what, then) = self.act(step, &step.act, at);
            // A window may open later than the step was reached.
            let shown =
                if matches!(what, What::Wait(_) | What::WaitFor { .. } | What::Task { .. }) { at } else { then };
            self.legs.push(Leg { depth, step: step.id.clone(), at: shown, what });
            at = then;
            if matches!(step.act, Act::End { .. }) {
                return None;
            }
            here = step.next;
        }
        Some(at)
    }

    /// The ways of a step that forks; nothing for all else.
    fn ways(&self, step: &Step, at: Instant) -> Vec<Way> {
        match &step.act {
            Act::Branch { arms, otherwise } => {
                let view = View::new(&self.lead, self.playbook, at).within(&self.enrollment);
                let taken = arms.iter().position(|arm| arm.when.test(&view, at).value);
                let word = |number: usize| if number == 0 { "if" } else { "else if" };
                let way = |(n, arm): (usize, &Arm)| Way {
                    said: format!("{} {}", word(n), arm.when.text()),
                    then: arm.then,
                    now: taken == Some(n),
                };
                let last = Way { said: "else".to_owned(), then: *otherwise, now: taken.is_none() };
                arms.iter().enumerate().map(way).chain([last]).collect()
            }
            Act::Split(portions) => {
                let taken = portion_of(&self.lead.id, (&self.sequence.name, &step.id), portions);
                let way = |(n, portion): (usize, &Portion)| Way {
                    said: format!("{}, weight {}", portion.name, portion.weight),
                    then: portion.then,
                    now: taken == Some(n),
                };
                portions.iter().enumerate().map(way).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Shows all ways; time goes on from the one taken today, or the first that goes on at all.
    fn fork(
        &mut self,
        step: &Step,
        (ways, join): (Vec<Way>, Option<usize>),
        (at, depth): (Instant, usize),
    ) -> Option<Instant> {
        let (mut on, mut any) = (None, None);
        for Way { said, then, now } in ways {
            let empty = then.is_none() || then == join;
            if said != "else" || !empty || now {
                self.legs.push(Leg { depth, step: step.id.clone(), at, what: What::Way { said, now } });
            }
            let before = (self.sent.clone(), self.first_subject.clone(), self.lead.attributes.clone());
            let arrived = if empty { Some(at) } else { self.walk(then, join, (at, depth + 1)) };
            if now {
                on = arrived;
            } else {
                (self.sent, self.first_subject, self.lead.attributes) = before;
            }
            any = any.or(arrived);
        }
        on.or(any)
    }

    /// What a step does, and when it is done.
    fn act(&mut self, step: &Step, act: &Act, at: Instant) -> (What, Instant) {
        match act {
            Act::Email { copy } => {
                let template = self.template_of(step, copy).unwrap_or_default();
                let at = self.calendar().next_open(at).unwrap_or(Instant::NEVER);
                let mail = self.mail(step, template, at).map(Box::new);
                (What::Mail(mail), at)
            }
            Act::Webhook { channel, with, .. } => {
                let at = self.calendar().next_open(at).unwrap_or(Instant::NEVER);
                let values = with.iter().map(|(key, value)| Ok((key.clone(), self.value(step, value)?))).collect();
                (What::Call { channel: channel.clone(), values }, at)
            }
            Act::Wait(pause) => {
                let seed = dice(&[self.lead.id.as_str(), &self.sequence.name, &step.id]);
                let until = resume_at(at, pause, &self.calendar(), seed);
                (What::Wait(until), until)
            }
            Act::Set(assigns) => {
                let said: Vec<String> = assigns.iter().map(|assign| self.set(assign)).collect();
                (What::Set(said.join(", ")), at)
            }
            Act::Handoff { reason, when } => {
                let when = when.as_ref().map(|when| when.text().to_owned());
                (What::Handoff { reason: reason.clone(), when }, at)
            }
            Act::Enroll { sequence } => (What::Enroll(sequence.clone()), at),
            Act::End { reason } => (What::End(reason.clone()), at),
            Act::WaitFor { when, up_to } => {
                let seed = dice(&[self.lead.id.as_str(), &self.sequence.name, &step.id]);
                let until = resume_at(at, up_to, &self.calendar(), seed);
                (What::WaitFor { when: when.text().to_owned(), until }, until)
            }
            Act::Task(task) => self.task(step, task, at),
            Act::Branch { .. } | Act::Split(_) => (What::Set(String::new()), at),
        }
    }

    /// Changes the lead as the step would, so that later texts have it; tells what changed.
    fn set(&mut self, assign: &Assign) -> String {
        match assign {
            Assign::Attribute { name, value } => {
                self.lead.attributes.insert(name.clone(), value.clone());
                format!("{name} = {value}")
            }
            Assign::Tag { add, tag } => format!("{}{tag}", if *add { '+' } else { '-' }),
            Assign::Points { points, reason } => format!("{points:+} points: {reason}"),
            Assign::Stage { to, reason } => format!("stage {to}: {reason}"),
        }
    }

    fn mail(&mut self, step: &Step, name: &str, date: Instant) -> Result<Message, Refuse> {
        let gone = |what: &str, name: &str| Refuse::Broken(format!("there is no {what} `{name}`"));
        let sequence = Arc::clone(&self.sequence);
        let template = sequence.templates.get(name).ok_or_else(|| gone("template", name))?;
        let from = sequence.send.from.as_deref().unwrap_or_default();
        let sender = self.playbook.settings.sender_for(from, &self.lead).ok_or_else(|| gone("sender", from))?;
        let (account, values) = (self.account(), self.step_values(step, template));
        let zone = self.zone();
        let about = About {
            lead: &self.lead,
            account: &account,
            sender: Some(sender),
            company: &self.playbook.settings.company,
            step: &values,
            handoff: None,
            zone: &zone,
        };
        let touch = TouchId::of(self.enrollment.id.as_str(), &step.id);
        let domain = sender.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let thread = self.first_subject.clone().filter(|_| sequence.send.thread).map(|subject| Thread {
            subject,
            message_ids: self.sent.iter().map(|touch| self.seal.message_id(touch.as_str(), domain)).collect(),
        });
        let mail = MailContext {
            about,
            touch: &touch,
            to: &self.lead.address,
            from: sender,
            sequence: &sequence.name,
            step: &step.id,
            bulk: sequence.kind != Kind::Transactional,
            thread: thread.as_ref(),
            track: Track { opens: false, clicks: false },
            seal: &self.seal,
            public_url: &self.playbook.settings.public_url,
            date,
        };
        let message = self.renderer.mail(template, &mail)?.message;
        self.first_subject.get_or_insert_with(|| message.subject.clone());
        self.sent.push(touch);
        Ok(message)
    }

    fn value(&self, step: &Step, value: &With) -> Result<Value, Refuse> {
        let template = match value {
            With::Text(template) => template,
            With::Template(name) => self.template(name)?,
        };
        self.about((step, template.as_ref()), |about| self.renderer.json(template, about))
    }

    fn template(&self, name: &str) -> Result<&Arc<Template>, Refuse> {
        let gone = || Refuse::Broken(format!("there is no template `{name}`"));
        self.sequence.templates.get(name).ok_or_else(gone)
    }

    /// Fills a text about the lead at a step.
    fn about<T>(&self, (step, text): (&Step, &Template), fill: impl FnOnce(&About<'_>) -> T) -> T {
        let (account, values, zone) = (self.account(), self.step_values(step, text), self.zone());
        let settings = &self.playbook.settings;
        fill(&About {
            lead: &self.lead,
            account: &account,
            sender: self.sequence.send.from.as_ref().and_then(|from| settings.sender_for(from, &self.lead)),
            company: &settings.company,
            step: &values,
            handoff: None,
            zone: &zone,
        })
    }

    fn account(&self) -> Map<String, Value> {
        let attributes = self.lead.attributes.iter();
        attributes
            .filter_map(|(name, value)| Some((name.strip_prefix("account.")?.to_owned(), value.clone())))
            .collect()
    }
}

/// Where the ways of a branch meet again. Their steps lie one way after the other, so that is the first step from the last way on that an
/// earlier one comes to; nothing if none goes on.
fn join(sequence: &Sequence, ways: &[Option<usize>]) -> Option<usize> {
    let starts: Vec<usize> = ways.iter().copied().flatten().collect();
    let last = starts.iter().copied().max()?;
    let ways = starts.iter().filter(|start| **start < last);
    ways.filter_map(|start| reached(sequence, *start).range(last..).next().copied()).min()
}

/// All steps one may come to from one, itself included.
fn reached(sequence: &Sequence, from: usize) -> BTreeSet<usize> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(index) = open.pop() {
        let Some(step) = sequence.steps.get(index).filter(|_| seen.insert(index)) else { continue };
        open.extend(step.next);
        open.extend(step.act.ways().into_iter().flatten());
    }
    seen
}
