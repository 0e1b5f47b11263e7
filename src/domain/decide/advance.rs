//! Moves each enrollment on as far as it goes now.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::align::is_nameless;
use super::enroll::{Wish, calendar_of, enroll, sequence_zone};
use super::input::{Effect, Requeue};
use super::observe::tags_of;
use super::work::{About, Work};
use super::{colleagues, frequency, handoff, pools, restage, tasks, touches, variants, waits, ways};
use crate::domain::calendar::Calendar;
use crate::domain::enrollment::{Enrollment, Exit, Onward, Phase};
use crate::domain::event::What;
use crate::domain::experiment::Chosen;
use crate::domain::id::{EnrollmentId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::score::{Ledger, Line};
use crate::domain::sequence::{Act, Assign, Kind, Sequence, Step};
use crate::domain::time::Instant;
use crate::domain::touch::{Channel, NewTouch, Policy, State, rank};

/// Takes each enrollment one step further if it can go; tells whether any moved.
pub fn advance(work: &mut Work<'_>) -> bool {
    let mut moved = false;
    for id in by_priority(work) {
        // A step taken before may have ended or paused this one.
        let running = work.enrollment(&id).filter(|enrollment| enrollment.paused.is_none());
        let Some(enrollment) = running else { continue };
        match enrollment.phase {
            Phase::Ready => {
                let enrollment = enrollment.clone();
                take(work, &enrollment);
            }
            Phase::Waiting { .. } if is_before_act(work, enrollment) => {
                let enrollment = enrollment.clone();
                let Some(sequence) = sequence_of(work, &enrollment) else { continue };
                if waits_for_leave(work, &enrollment, &sequence) {
                    continue;
                }
                take(work, &enrollment);
            }
            Phase::Waiting { until } if until <= work.now => {
                let enrollment = enrollment.clone();
                go_to_next(work, &enrollment, until);
            }
            Phase::Waiting { .. } => {
                let enrollment = enrollment.clone();
                let Some(sequence) = sequence_of(work, &enrollment) else { continue };
                if !waits::is_over(work, &enrollment, &sequence) {
                    continue;
                }
            }
            Phase::Sending { .. } | Phase::Tasked { .. } | Phase::Held { .. } => continue,
        }
        moved = true;
    }
    moved
}

/// Whether an enrollment that waits does so before its mail or its task, and not at a wait.
fn is_before_act(work: &Work<'_>, enrollment: &Enrollment) -> bool {
    frequency::is_before_mail(work, enrollment) || colleagues::is_before_task(work, enrollment)
}

/// Whether the frequency cap still holds its mail back, or a colleague's reply its task.
fn waits_for_leave(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence) -> bool {
    let waits = if frequency::is_before_mail(work, enrollment) { frequency::waits } else { colleagues::waits };
    waits(work, enrollment, sequence)
}

/// The enrollments, those of the larger priority first: they get the mails that a frequency cap leaves.
fn by_priority(work: &Work<'_>) -> Vec<EnrollmentId> {
    let running = &work.lead.enrollments;
    let mut ids: Vec<_> = running.iter().map(|enrollment| enrollment.id.clone()).collect();
    if ids.len() > 1 {
        let of = |id: &EnrollmentId| work.enrollment(id).and_then(|enrollment| sequence_of(work, enrollment));
        ids.sort_by_cached_key(|id| Reverse(of(id).map(|sequence| sequence.priority)));
    }
    ids
}

pub fn sequence_of(work: &Work<'_>, enrollment: &Enrollment) -> Option<Arc<Sequence>> {
    work.playbook.version(&enrollment.version).cloned()
}

/// Goes to the step that follows; `anchor` is when the present one really happened.
pub fn go_to_next(work: &mut Work<'_>, enrollment: &Enrollment, anchor: Instant) {
    let Some(sequence) = sequence_of(work, enrollment) else { return };
    let next = match &enrollment.onward {
        Some(Onward::End) => {
            work.exit(&enrollment.id, &Exit::Finished("ended by an edit".to_owned()));
            return;
        }
        Some(Onward::To(step)) => sequence.step(step).map(|(index, _)| index),
        None => enrollment.at.as_deref().and_then(|at| sequence.step(at)).and_then(|(_, step)| step.next),
    };
    go(work, enrollment, &sequence, next, anchor);
}

pub(super) fn go(
    work: &mut Work<'_>,
    enrollment: &Enrollment,
    sequence: &Sequence,
    to: Option<usize>,
    anchor: Instant,
) {
    let at = to.and_then(|index| sequence.steps.get(index)).map(|step| step.id.clone());
    let because = enrollment.at.as_deref().map_or_else(|| "begun".to_owned(), |at| format!("after {at}"));
    let enrollment = enrollment.id.clone();
    work.conclude(What::Moved { enrollment: enrollment.clone(), at, phase: Phase::Ready, anchor, because, zone: None });
    work.note(&enrollment);
}

/// Does the step an enrollment stands at.
pub(super) fn take(work: &mut Work<'_>, enrollment: &Enrollment) {
    let Some(sequence) = sequence_of(work, enrollment) else { return };
    let Some(at) = enrollment.at.as_deref() else {
        work.exit(&enrollment.id, &Exit::Finished("end of the sequence".to_owned()));
        return;
    };
    let Some((_, step)) = sequence.step(at) else {
        work.exit(&enrollment.id, &Exit::Failed(format!("its version has no step `{at}`")));
        return;
    };
    if was_done(enrollment, step) {
        go(work, enrollment, &sequence, step.next, enrollment.anchor);
        return;
    }
    if matches!(step.act, Act::Set(_) | Act::Handoff { .. } | Act::Enroll { .. }) && !is_nameless(step) {
        work.conclude(What::Did { enrollment: enrollment.id.clone(), step: step.id.clone() });
    }
    match &step.act {
        Act::Email { copy } => {
            if frequency::waits(work, enrollment, &sequence) {
                return;
            }
            let (template, chosen) = variants::choose(work, enrollment, (&sequence, step), copy);
            let lane = format!("mail:{}", pools::sender_of(work, &sequence));
            let way = Way { channel: Channel::Email, lane, template, chosen };
            queue(work, enrollment, (&sequence, step), way);
        }
        Act::Webhook { channel, .. } => {
            let lane = format!("hook:{channel}");
            let way = Way { channel: Channel::Webhook, lane, template: String::new(), chosen: None };
            queue(work, enrollment, (&sequence, step), way);
        }
        Act::Wait(pause) => waits::wait(work, enrollment, &sequence, pause),
        Act::WaitFor { up_to, .. } => {
            if !waits::is_over(work, enrollment, &sequence) {
                waits::wait(work, enrollment, &sequence, up_to);
            }
        }
        Act::Branch { .. } => ways::branch(work, enrollment, &sequence, step),
        Act::Split(portions) => ways::split(work, enrollment, (&sequence, step), portions),
        Act::Task(task) => {
            if !colleagues::waits(work, enrollment, &sequence) {
                tasks::ask(work, enrollment, (&sequence, step), task);
            }
        }
        Act::Set(assigns) => {
            // A stage that is set may end this very enrollment, so it goes on first.
            go(work, enrollment, &sequence, step.next, enrollment.anchor);
            for assign in assigns {
                set(work, assign);
            }
        }
        Act::Handoff { reason, when } => {
            let rule = format!("{} {}", sequence.name, step.id);
            let about = About { enrollment: Some(enrollment), ..About::default() };
            let wanted = when.as_ref().is_none_or(|when| work.holds(&rule, when, about));
            go(work, enrollment, &sequence, step.next, enrollment.anchor);
            if wanted && restage::is_free(work) {
                handoff::qualify(work, reason);
            }
        }
        Act::Enroll { sequence: other } => {
            go(work, enrollment, &sequence, step.next, enrollment.anchor);
            let by = format!("sequence:{}", sequence.name);
            enroll(work, other, &Wish { by: &by, again: false, data: None });
        }
        Act::End { reason } => work.exit(&enrollment.id, &Exit::Finished(reason.clone())),
    }
}

/// Whether an enrollment did a step before an edit moved it ahead again: what was done is not done twice.
fn was_done(enrollment: &Enrollment, step: &Step) -> bool {
    let Some(facts) = enrollment.steps.get(&step.id) else { return false };
    let is_open = |outcome: &str| [State::Held, State::Deferred].iter().any(|state| state.as_str() == outcome);
    match &step.act {
        Act::Email { .. } | Act::Webhook { .. } | Act::Task(_) => {
            facts.done_at.is_some() || facts.outcome.as_deref().is_some_and(|outcome| !is_open(outcome))
        }
        Act::Set(_) | Act::Handoff { .. } | Act::Enroll { .. } => facts.done_at.is_some(),
        Act::Wait(_) | Act::WaitFor { .. } | Act::Branch { .. } | Act::Split(_) | Act::End { .. } => false,
    }
}

/// How a touch leaves, and with what text.
struct Way {
    channel: Channel,
    lane: String,
    template: String,
    chosen: Option<Chosen>,
}

/// Puts a touch in the queue: at once if its window is open, else for the next allowed instant.
fn queue(work: &mut Work<'_>, enrollment: &Enrollment, (sequence, step): (&Sequence, &Step), way: Way) {
    let calendar = calendar_of(work, sequence);
    let Some(opens_at) = calendar.next_open(work.now) else {
        work.exit(&enrollment.id, &Exit::Failed("its sending window never opens".to_owned()));
        return;
    };
    let touch = TouchId::of(enrollment.id.as_str(), &step.id);
    let ready_at = work.renewed.get(&touch).copied().flatten().unwrap_or(opens_at);
    let Way { channel, lane, template, chosen } = way;
    let counts = channel == Channel::Email && sequence.kind != Kind::Transactional;
    work.effect(Effect::Queue(Box::new(NewTouch {
        id: touch.clone(),
        lead: work.lead.id.clone(),
        origin: enrollment.id.as_str().to_owned(),
        enrollment: Some(enrollment.id.clone()),
        step: step.id.clone(),
        channel,
        lane,
        policy: if channel == Channel::Email { Policy::AtMostOnce } else { Policy::AtLeastOnce },
        sequence: sequence.name.clone(),
        version: sequence.version.clone(),
        template,
        variant: chosen.as_ref().map(|chosen| chosen.variant.clone()),
        payload: None,
        first_allowed_at: ready_at,
        ready_at,
        rank: rank::of(sequence.kind, sequence.priority),
        zone: name_of(calendar.zone()),
    })));
    let id = enrollment.id.clone();
    let (step, chosen) = (step.id.clone(), chosen.map(Box::new));
    work.conclude(What::Queued { enrollment: Some(id.clone()), step, touch, ready_at, counts, chosen });
    work.note(&id);
}

/// The calendars that the lead's enrollments go by now, each in its zone.
pub fn calendars(work: &Work<'_>) -> Vec<Option<Calendar>> {
    calendars_of(&work.lead, work.playbook)
}

/// The calendars that a lead's enrollments go by, each in its zone.
pub fn calendars_of(lead: &Lead, playbook: &Playbook) -> Vec<Option<Calendar>> {
    let of = |running: &Enrollment| {
        let sequence = playbook.version(&running.version)?;
        let (zone, _) = sequence_zone(lead, &playbook.settings, sequence);
        Some(sequence.send.calendar_for(lead, zone))
    };
    lead.enrollments.iter().map(of).collect()
}

/// Counts the waits of a lead again when what its zone or its holidays were read from changed since these were noted, and moves the touches
/// that wait for a window to where the window is now.
pub fn rezone_all(work: &mut Work<'_>, before: &[Option<Calendar>]) {
    let changed: Vec<bool> = calendars(work).iter().zip(before).map(|(now, before)| now != before).collect();
    for (enrollment, changed) in work.lead.enrollments.clone().iter().zip(changed) {
        match &enrollment.phase {
            Phase::Sending { touch } if changed && enrollment.paused.is_none() => {
                let untried = enrollment.steps.values().any(|f| f.touch.as_ref() == Some(touch) && f.outcome.is_none());
                if untried {
                    requeue(work, enrollment, touch);
                }
            }
            _ => waits::rezone(work, enrollment, changed),
        }
    }
}

/// Lets a touch wait for its window as it is now; at once if that never opens, which the claim finds.
pub fn requeue(work: &mut Work<'_>, enrollment: &Enrollment, touch: &TouchId) {
    let Some(sequence) = sequence_of(work, enrollment) else { return };
    let calendar = calendar_of(work, &sequence);
    let ready_at = calendar.next_open(work.now).unwrap_or(work.now);
    let zone = name_of(calendar.zone());
    work.effect(Effect::Requeue(Requeue { touch: touch.clone(), ready_at, zone }));
}

pub(super) fn name_of(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

fn set(work: &mut Work<'_>, assign: &Assign) {
    match assign {
        Assign::Attribute { name, value } => change(work, name, value.clone()),
        Assign::Tag { add, tag } => {
            let mut tags = tags_of(work, None);
            tags.retain(|old| old != tag);
            if *add {
                tags.push(tag.clone());
            }
            change(work, "tags", json!(tags));
        }
        Assign::Points { points, reason } => {
            let line = Line {
                rule: reason.clone(),
                ledger: Ledger::Engagement,
                points: *points,
                at: work.now,
                event: work.lead.seq,
                half_life: None,
                ends: None,
                model: work.playbook.scoring.version.clone(),
                by_step: true,
            };
            work.conclude(What::Scored { line });
        }
        Assign::Stage { to, reason } => {
            if restage::is_free(work) {
                restage::to_stage(work, *to, &format!("step:{reason}"));
            }
        }
    }
}

fn change(work: &mut Work<'_>, name: &str, value: Value) {
    if work.lead.attributes.get(name).unwrap_or(&Value::Null) != &value {
        let before = calendars(work);
        work.conclude(What::Changed { set: [(name.to_owned(), value)].into_iter().collect() });
        work.changed = true;
        touches::retry_held(work);
        rezone_all(work, &before);
    }
}
