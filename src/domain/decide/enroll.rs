//! Who enters a sequence, and who is told why not.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::facts::zone_hints;
use super::input::{Ask, Reply};
use super::limits;
use super::work::{About, Fresh, Work};
use crate::domain::calendar::{Calendar, ZoneSource, zone_named};
use crate::domain::enrollment::{Enrollment, id_of};
use crate::domain::event::{Actor, What};
use crate::domain::lead::Lead;
use crate::domain::playbook::Settings;
use crate::domain::sequence::{Again, Kind, Sequence, Trigger, ZoneRule};

/// Enrolls by every trigger that what was just heard sets off.
pub fn triggers(work: &mut Work<'_>) {
    if let Some(name) = work.tick.take() {
        tick(work, name);
    }
    let fresh: Vec<_> =
        work.fresh.iter().filter(|fresh| fresh.actor != Actor::Machine && !fresh.stale).cloned().collect();
    if fresh.is_empty() {
        return;
    }
    for sequence in heeding(work, &fresh) {
        for (fresh, trigger) in fresh.iter().flat_map(|f| sequence.enroll.iter().map(move |t| (f, t))) {
            let Trigger::Event { on, when } = trigger else { continue };
            if on != &fresh.name {
                continue;
            }
            let rule = format!("{} enroll.when", sequence.name);
            let about = About { event: Some(&fresh.data), ..About::default() };
            if when.as_ref().is_none_or(|when| work.holds(&rule, when, about)) {
                let by = format!("event:{}", fresh.name);
                let data = when.as_ref().map(|_| &fresh.data);
                enroll(work, &sequence.name, &Wish { by: &by, again: false, data });
                break;
            }
        }
    }
}

/// Enrolls whoever is in the segment. Who may not enter is told nothing, or each tick would tell most leads so again.
fn tick(work: &mut Work<'_>, name: &str) {
    let Ask::Tick { cron: ticked, at, .. } = &work.input.ask else { return };
    let Some(sequence) = work.playbook.sequences.get(name) else { return };
    if work.lead.pending.contains_key(name) || obstacle(work, sequence, false).is_some() {
        return;
    }
    let rule = format!("{name} enroll.segment");
    for trigger in &sequence.enroll {
        let Trigger::Every { cron, segment, .. } = trigger else { continue };
        if cron.to_string() == *ticked && work.holds(&rule, segment, About::default()) {
            enroll(work, name, &Wish { by: &format!("tick:{at}"), again: false, data: None });
            return;
        }
    }
}

/// The sequences that one of these sets off, the larger priority first: it takes the place in an exclusive group.
fn heeding<'a>(work: &Work<'a>, fresh: &[Fresh]) -> Vec<&'a Arc<Sequence>> {
    let heeds = |trigger: &Trigger| match trigger {
        Trigger::Event { on, .. } => fresh.iter().any(|fresh| &fresh.name == on),
        Trigger::Every { .. } => false,
    };
    let all = work.playbook.sequences.values();
    let mut heeding: Vec<_> = all.filter(|sequence| sequence.enroll.iter().any(heeds)).collect();
    heeding.sort_by_key(|sequence| Reverse(sequence.priority));
    heeding
}

/// Who wants a lead in a sequence, and how.
#[derive(Clone, Copy)]
pub struct Wish<'w> {
    pub by: &'w str,
    /// Overrides the sequence's own rule of that name and nothing else.
    pub again: bool,
    /// What an event said that a rule was asked about.
    pub data: Option<&'w Map<String, Value>>,
}

/// Enrolls, now or when there is room, or says why not.
pub fn enroll(work: &mut Work<'_>, name: &str, wish: &Wish<'_>) -> Reply {
    let Some(sequence) = work.playbook.sequences.get(name).cloned() else {
        return Reply::Refused(format!("there is no sequence `{name}`"));
    };
    let waits = || "the lead waits for room in this sequence already".to_owned();
    let waits = work.lead.pending.contains_key(name).then(waits);
    if let Some(reason) = waits.or_else(|| obstacle(work, &sequence, wish.again)) {
        work.conclude(What::NotEnrolled { sequence: name.to_owned(), reason: reason.clone() });
        return Reply::Refused(reason);
    }
    limits::put_off(work, &sequence, wish).unwrap_or_else(|| enter(work, &sequence, wish.by))
}

/// Enters: nothing is in the way.
pub fn enter(work: &mut Work<'_>, sequence: &Sequence, by: &str) -> Reply {
    let name = sequence.name.as_str();
    let nth = work.lead.past.get(name).map_or(0, |past| past.begun) + 1;
    let id = id_of(&work.lead.id, name, nth);
    work.conclude(What::Enrolled {
        enrollment: id.clone(),
        sequence: name.to_owned(),
        version: sequence.version.clone(),
        by: by.to_owned(),
        at: sequence.steps.first().map(|step| step.id.clone()),
    });
    if work.case.paused_sequences.contains(name) {
        super::pause::pause(work, &id, "the sequence is paused", None);
    }
    work.note(&id);
    limits::count(work, name, (1, 1));
    Reply::Enrolled(id)
}

/// What is in the way of a lead that is to enter.
pub fn obstacle(work: &mut Work<'_>, sequence: &Sequence, again: bool) -> Option<String> {
    if let Some(reason) = work.lead.suppressed.or(work.case.suppressed) {
        return Some(format!("the lead is suppressed ({})", reason.as_str()));
    }
    if let Some(topic) = sequence.topic.as_ref().filter(|topic| work.lead.opted_out.contains(*topic)) {
        return Some(format!("the lead unsubscribed from `{topic}`"));
    }
    let consent = work.lead.attributes.get("consent").is_some_and(|value| !matches!(value.as_bool(), Some(false)));
    if work.playbook.settings.consent_required && sequence.kind == Kind::Nurture && !consent {
        return Some("the lead has not consented, and this workspace requires it".to_owned());
    }
    if work.lead.enrollments.iter().any(|running| running.sequence == sequence.name) {
        return Some("the lead is in this sequence already".to_owned());
    }
    if let Some(reason) = crowded(work, sequence) {
        return Some(reason);
    }
    if let Some(reason) = earlier(work, sequence).filter(|_| !again) {
        return Some(reason);
    }
    let stop = sequence.stop.when.as_ref()?;
    work.holds(&format!("{} stop.when", sequence.name), stop, About::default())
        .then(|| format!("the sequence's stop rule holds already: {}", stop.text()))
}

/// The enrollment that has the place in the sequence's exclusive group. One that came to its end leaves the place to what it enrolls.
fn crowded(work: &Work<'_>, sequence: &Sequence) -> Option<String> {
    let group = sequence.exclusive.as_ref()?;
    let has_it = |running: &&Enrollment| {
        let begun = work.playbook.version(&running.version);
        let current = work.playbook.sequences.get(&running.sequence);
        running.at.is_some() && begun.into_iter().chain(current).any(|one| one.exclusive.as_ref() == Some(group))
    };
    let running = work.lead.enrollments.iter().find(has_it)?;
    Some(format!("the lead is in `{}`, and in one sequence of the group `{group}` at a time", running.sequence))
}

/// What `again` says about the enrollments there were.
fn earlier(work: &Work<'_>, sequence: &Sequence) -> Option<String> {
    let past = work.lead.past.get(&sequence.name).filter(|past| past.counted > 0)?;
    match sequence.again {
        Again::Always => None,
        Again::Never => Some("the lead was in this sequence before, and `again` is never".to_owned()),
        Again::After(wait) => {
            let free = past.last_ended_at? + wait;
            (work.now < free).then(|| format!("the lead was in this sequence before; `again` lets it in from {free}"))
        }
    }
}

/// The calendar an enrollment's waits and windows follow, in the zone its sequence says.
pub fn calendar_of(work: &Work<'_>, sequence: &Sequence) -> Calendar {
    sequence.send.calendar_for(&work.lead, zone_of(work, sequence).0)
}

/// The zone that a sequence's waits and windows are in for the lead as it is by now, and what it was read from.
pub fn zone_of(work: &Work<'_>, sequence: &Sequence) -> (TimeZone, &'static str) {
    sequence_zone(&work.lead, &work.playbook.settings, sequence)
}

/// The zone that a sequence's waits and windows are in for a lead, and what it was read from.
pub fn sequence_zone(lead: &Lead, settings: &Settings, sequence: &Sequence) -> (TimeZone, &'static str) {
    let named = match &sequence.send.zone {
        ZoneRule::Lead => None,
        ZoneRule::Named(name) => zone_named(name).map(|zone| (zone, "sequence")),
        ZoneRule::Sender => {
            let sender = sequence.send.from.as_ref().and_then(|from| settings.sender_for(from, lead));
            sender.and_then(|sender| zone_named(&sender.zone)).map(|zone| (zone, "sender"))
        }
    };
    named.unwrap_or_else(|| {
        let (zone, source) = zone_hints(lead, settings, sequence.send.fallback_zone.as_deref()).resolve();
        (zone, word(source))
    })
}

const fn word(source: ZoneSource) -> &'static str {
    match source {
        ZoneSource::Own => "lead",
        ZoneSource::Country => "country",
        ZoneSource::Account => "account",
        ZoneSource::Fallback => "fallback",
        ZoneSource::Workspace => "workspace",
        ZoneSource::Utc => "world",
    }
}
