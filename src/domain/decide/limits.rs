//! Limits: beyond them an enrollment is pending, and let in when there is room, who came first before the others.

use serde_json::{Map, Value};

use super::enroll::{self, Wish};
use super::exits::suppression;
use super::input::{Effect, Reply};
use super::work::{About, Work};
use crate::domain::calendar::{local, zone_named};
use crate::domain::event::{Actor, What};
use crate::domain::lead::Pending;
use crate::domain::sequence::{Intake, Kind, Sequence, Trigger};
use crate::domain::time::{Instant, Millis};

/// Who has waited for room so long waits no more.
pub const LONGEST: Millis = Millis::DAY.times(7);

/// Counts whoever enters a sequence that has limits, or leaves it: by how many more are in it, and came today.
pub fn count(work: &mut Work<'_>, name: &str, (active, entered): (i64, i64)) {
    if work.playbook.sequences.get(name).is_none_or(|sequence| sequence.limits.is_none()) {
        return;
    }
    let zone = zone_named(&work.playbook.settings.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let day = local::day_number(&zone, work.now);
    work.effect(Effect::Intake { sequence: name.to_owned(), active, entered, day });
}

/// Makes an enrollment pending where there is no room for it; nobody passes those who wait already.
pub fn put_off(work: &mut Work<'_>, sequence: &Sequence, wish: &Wish<'_>) -> Option<Reply> {
    if sequence.limits.is_none() {
        return None;
    }
    let intake = intake(work, sequence)?;
    if sequence.limits.room(intake) > 0 && !intake.waiting {
        return None;
    }
    let name = sequence.name.clone();
    let event =
        What::Pending { sequence: name.clone(), by: wish.by.to_owned(), again: wish.again, data: wish.data.cloned() };
    work.conclude(event);
    let (lead, since) = (work.lead.id.clone(), Some(work.now));
    work.effect(Effect::Pending { sequence: name.clone(), lead, since });
    Some(Reply::Pending(format!("`{name}` is full by its limits; the lead enters when there is room")))
}

/// How many are in a sequence by now; `None` where that must be asked for first.
fn intake(work: &mut Work<'_>, sequence: &Sequence) -> Option<Intake> {
    let Some(known) = &work.case.intakes else {
        work.needs_intakes = true;
        return None;
    };
    let mut intake = known.get(&sequence.name).copied().unwrap_or_default();
    for effect in &work.effects {
        if let Effect::Intake { sequence: name, active, entered, .. } = effect
            && *name == sequence.name
        {
            intake.active = shifted(intake.active, *active);
            intake.entered_today = shifted(intake.entered_today, *entered);
        }
    }
    Some(intake)
}

/// A count with more or less in it.
pub fn shifted(count: u32, by: i64) -> u32 {
    u32::try_from((i64::from(count) + by).max(0)).unwrap_or(u32::MAX)
}

/// Lets a lead in that waits, if it is still wanted and there is room.
pub fn admit(work: &mut Work<'_>, name: &str) -> Reply {
    let Some(Pending { by, again, data, .. }) = work.lead.pending.get(name).cloned() else {
        struck(work, name);
        return Reply::Done;
    };
    let Some(sequence) = work.playbook.sequences.get(name).cloned() else {
        drop_one(work, name, "there is no such sequence any more");
        return Reply::Done;
    };
    let Some(intake) = intake(work, &sequence) else { return Reply::Done };
    if sequence.limits.room(intake) == 0 {
        return Reply::Done;
    }
    if let Some(reason) = enroll::obstacle(work, &sequence, again) {
        drop_one(work, name, &reason);
    } else if wanted(work, &sequence, &by, data.as_ref()) {
        struck(work, name);
        return enroll::enter(work, &sequence, &by);
    } else {
        drop_one(work, name, "what enrolled it does not hold any more");
    }
    Reply::Done
}

/// Asks the rule again that wanted the lead in: by hand there is none.
fn wanted(work: &mut Work<'_>, sequence: &Sequence, by: &str, data: Option<&Map<String, Value>>) -> bool {
    let (name, about) = (&sequence.name, About { event: data, ..About::default() });
    let mut asked = sequence.enroll.iter();
    match by.split_once(':') {
        Some(("event", heard)) => asked.any(|trigger| match trigger {
            Trigger::Event { on, when } => {
                on == heard && when.as_ref().is_none_or(|when| work.holds(&format!("{name} enroll.when"), when, about))
            }
            Trigger::Every { .. } => false,
        }),
        Some(("tick", _)) => asked.any(|trigger| match trigger {
            Trigger::Every { segment, .. } => work.holds(&format!("{name} enroll.segment"), segment, About::default()),
            Trigger::Event { .. } => false,
        }),
        _ => true,
    }
}

/// Drops what waits too long, what would have ended meanwhile had it begun, and all of a lead that must not be contacted.
pub fn drop_pending(work: &mut Work<'_>) {
    if work.lead.pending.is_empty() {
        return;
    }
    let suppressed = suppression(work).map(|exit| format!("the lead is {}", exit.as_str()));
    for (name, pending) in work.lead.pending.clone() {
        if let Some(reason) = &suppressed {
            drop_one(work, &name, reason);
        } else if work.now >= pending.since + LONGEST {
            drop_one(work, &name, "there was no room for 7 days");
        } else if let Some(heard) = heard_since(work, &name, pending.since) {
            drop_one(work, &name, &format!("`{heard}` was heard while it waited"));
        }
    }
}

/// What was heard since then that ends whoever is in a sequence.
fn heard_since(work: &Work<'_>, name: &str, since: Instant) -> Option<String> {
    let sequence = work.playbook.sequences.get(name)?;
    let replied = (sequence.kind != Kind::Transactional).then_some("replied");
    let names = sequence.goal.as_deref().into_iter().chain(replied).chain(sequence.stop.on.iter().map(String::as_str));
    let told = |name: &str| work.lead.heard.get(name).and_then(|heard| heard.recent.last()) > Some(&since);
    let fresh =
        |name: &str| work.fresh.iter().any(|fresh| fresh.name == name && fresh.actor != Actor::Machine && !fresh.stale);
    names.into_iter().find(|name| told(name) || fresh(name)).map(str::to_owned)
}

/// Lets an enrollment wait no more.
pub fn drop_one(work: &mut Work<'_>, name: &str, reason: &str) {
    work.conclude(What::Dropped { sequence: name.to_owned(), reason: reason.to_owned() });
    struck(work, name);
}

fn struck(work: &mut Work<'_>, name: &str) {
    let lead = work.lead.id.clone();
    work.effect(Effect::Pending { sequence: name.to_owned(), lead, since: None });
}
