//! Gives a lead to sales and keeps the clock that was promised.

use std::collections::BTreeMap;

use serde_json::Map;

use super::dossier::{alert, dossier};
use super::input::{Effect, HandoffRow, Reply};
use super::observe::fresh;
use super::restage::to_stage;
use super::route::{Route, route};
use super::work::{About, Work};
use super::{enroll, ladder};
use crate::domain::calendar::Calendar;
use crate::domain::event::{Actor, What};
use crate::domain::handoff::{Act, Clock, Handoff, Met, RungDue};
use crate::domain::id::{HandoffId, derived_beside};
use crate::domain::lead::Heard;
use crate::domain::routing::Promise;
use crate::domain::sla::{deadline, rung_at};
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

/// How far clocks may differ: a follow-up that seems to have been this long before the handoff is one of it.
const SKEW: Millis = Millis::MINUTE.times(5);

/// Makes a lead SQL by a named act, which opens the handoff; an open one is reused and gains the reason. A lead that is further
/// than SQL already stays there.
pub fn qualify(work: &mut Work<'_>, reason: &str) -> Reply {
    if work.lead.handoff.is_some() || work.lead.stage.rung() >= Stage::Sql.rung() {
        open(work, reason);
    } else {
        to_stage(work, Stage::Sql, &format!("act:{reason}"));
    }
    Reply::Done
}

/// Opens a handoff: routed to a rep, its clock started, its alerts in the outbox.
pub fn open(work: &mut Work<'_>, reason: &str) {
    if work.lead.handoff.is_some() {
        join(work, reason);
        return;
    }
    let Some(Route { team, rep, somebody_free }) = route(work) else {
        work.needs_loads |= work.case.loads.is_none();
        if !work.needs_loads && !work.playbook.staff.teams.is_empty() {
            work.attend("routing", Some("no rule names a team for this lead".to_owned()));
        }
        return;
    };
    let lead = work.lead.id.as_str();
    let id = HandoffId(derived_beside(lead, &["handoff", lead, &work.lead.seq.to_string()]));
    let calendar = calendar_of(work, &team, somebody_free.then_some(rep.as_str()));
    let promise = promise(work);
    let clock = promise.as_ref().map(|promise| start(work, promise, &calendar));
    let handoff = Handoff {
        id,
        opened_at: work.now,
        reasons: vec![reason.to_owned()],
        team,
        rep: rep.clone(),
        claimed_by: None,
        answered: None,
        answered_at: None,
        clock,
    };
    work.conclude(What::HandoffOpened { handoff: Box::new(handoff.clone()) });
    work.effect(Effect::Load { rep, assigned: 1, open: 1 });
    let dossier = dossier(work, &handoff);
    for channel in work.playbook.staff.alert.clone() {
        alert(work, &handoff, &channel, "handoff", "handoff.opened", &dossier);
    }
    note(work, Some(dossier));
    if let Some(promise) = promise {
        ladder::after_hours(work, &handoff, &promise, &calendar);
    }
}

/// A second reason for the same handoff; the same one twice is one.
fn join(work: &mut Work<'_>, reason: &str) {
    let known = work.lead.handoff.as_ref().is_some_and(|open| open.reasons.iter().any(|known| known == reason));
    if !known {
        work.conclude(What::HandoffJoined { reason: reason.to_owned() });
        note(work, None);
    }
}

fn promise(work: &mut Work<'_>) -> Option<Promise> {
    let staff = work.playbook.staff.clone();
    staff
        .slas
        .iter()
        .find(|promise| work.holds(&format!("sla {}", promise.name), &promise.applies, About::default()))
        .cloned()
}

/// The calendar the clock runs on: the assignee's, or the team's if nobody was free.
fn calendar_of(work: &Work<'_>, team: &str, rep: Option<&str>) -> Calendar {
    let staff = &work.playbook.staff;
    let own = rep.and_then(|rep| staff.reps.get(rep)).and_then(|rep| staff.calendars.get(&rep.calendar));
    let teams = || staff.teams.get(team).and_then(|team| staff.calendars.get(&team.calendar));
    own.or_else(teams).cloned().unwrap_or_else(|| Calendar::always(jiff::tz::TimeZone::UTC))
}

fn start(work: &Work<'_>, promise: &Promise, calendar: &Calendar) -> Clock {
    let allowed = promise.respond_within.working(calendar, work.now);
    let rung = |at| RungDue { at: rung_at(calendar, work.now, allowed, at), fired: false };
    Clock {
        sla: promise.name.clone(),
        started_at: work.now,
        due_at: deadline(calendar, work.now, allowed),
        breached: false,
        rungs: promise.ladder.iter().map(|step| rung(step.at)).collect(),
    }
}

/// Says once that nobody answered in time.
pub fn breach(work: &mut Work<'_>, due_at: Instant) {
    work.conclude(What::SlaBreached { due_at });
    note(work, None);
}

/// An event that is a proper follow-up answers the handoff.
pub fn counts(work: &mut Work<'_>, name: &str, by: &str) {
    let Some(clock) = work.lead.handoff.as_ref().and_then(|handoff| handoff.clock.as_ref()) else { return };
    let after = work.lead.handoff.as_ref().is_some_and(|handoff| work.occurred_at + SKEW >= handoff.opened_at);
    let promise = promise_named(work, &clock.sla).filter(|_| after);
    if promise.is_some_and(|promise| promise.counts.contains(name)) {
        answer(work, by, work.occurred_at);
    }
}

fn answer(work: &mut Work<'_>, by: &str, at: Instant) {
    let Some(handoff) = work.lead.handoff.clone().filter(|handoff| handoff.answered.is_none()) else { return };
    let at = at.max(handoff.opened_at);
    let met = match &handoff.clock {
        None => Met::NoClock,
        Some(clock) if at <= clock.due_at => Met::InTime,
        Some(_) => Met::Late,
    };
    work.conclude_at(What::Answered { by: by.to_owned(), met }, at);
    work.effect(Effect::Load { rep: handoff.rep, assigned: 0, open: -1 });
    note(work, None);
}

/// What a salesperson does with a handoff.
pub fn act(work: &mut Work<'_>, id: &HandoffId, act: Act, by: &str) -> Reply {
    if work.lead.handoff.as_ref().is_none_or(|open| &open.id != id) {
        return Reply::Refused("this handoff is closed".to_owned());
    }
    match act {
        Act::Claim => {
            work.conclude(What::Claimed { by: by.to_owned() });
            note(work, None);
        }
        Act::Contacted => {
            let (name, data) = ("contacted", Map::from_iter([("by".to_owned(), by.into())]));
            // It is the rep who acts here, which is no sign of life of the lead.
            let heard = What::Heard { name: name.to_owned(), data: data.clone(), touch: None };
            let seq = work.observe_by(Actor::System, heard);
            fresh(work, seq, Actor::System, name, data);
            answer(work, by, work.occurred_at);
        }
        Act::NotReady { reason } => to_stage(work, Stage::Recycled, &format!("act:not ready: {reason}")),
        Act::WrongPerson => to_stage(work, Stage::Disqualified, "act:wrong person"),
    }
    Reply::Done
}

/// Closes the open handoff; a lead that was returned gives the rep credit back.
pub fn close(work: &mut Work<'_>, because: &str, returned: bool) {
    let Some(handoff) = work.lead.handoff.clone() else { return };
    end(work, &handoff, because, returned);
    work.conclude(What::HandoffClosed { because: because.to_owned() });
}

/// Closes a handoff that another of the same person stands for, which gains its reasons.
pub fn give_way(work: &mut Work<'_>, other: &Handoff, because: &str) {
    end(work, other, because, true);
    for reason in &other.reasons {
        join(work, reason);
    }
    let claimed = work.lead.handoff.as_ref().is_some_and(|open| open.claimed_by.is_some());
    if let Some(by) = other.claimed_by.clone().filter(|_| !claimed) {
        work.conclude(What::Claimed { by });
        note(work, None);
    }
}

/// Closes a handoff of a person who turned out to be past it.
pub fn pass_by(work: &mut Work<'_>, other: &Handoff, because: &str, returned: bool) {
    end(work, other, because, returned);
    work.conclude(What::HandoffClosed { because: because.to_owned() });
}

/// A follow-up that was heard of elsewhere while the clock ran answers the handoff too, when it was.
pub fn answered_elsewhere(work: &mut Work<'_>, heard: &BTreeMap<String, Heard>, other: Option<&Handoff>) {
    let Some(open) = work.lead.handoff.clone() else { return };
    let promise = open.clock.as_ref().and_then(|clock| promise_named(work, &clock.sla));
    let counts = promise.into_iter().flat_map(|promise| promise.counts.iter().filter_map(|name| heard.get(name)));
    let since = |at: &Instant| *at + SKEW >= open.opened_at;
    let followed = counts.flat_map(|heard| heard.recent.iter().copied()).filter(since);
    let first = followed.chain(other.and_then(|other| other.answered_at).filter(since)).min();
    if let Some(at) = first {
        answer(work, "merged", at);
    }
}

fn promise_named<'p>(work: &Work<'p>, name: &str) -> Option<&'p Promise> {
    work.playbook.staff.slas.iter().find(|promise| promise.name == name)
}

/// Ends the row of a handoff, and what its rep carries for it.
fn end(work: &mut Work<'_>, handoff: &Handoff, because: &str, returned: bool) {
    let (assigned, open) = (-i64::from(returned), -i64::from(handoff.answered.is_none()));
    if (assigned, open) != (0, 0) {
        work.effect(Effect::Load { rep: handoff.rep.clone(), assigned, open });
    }
    let row = row(work, handoff);
    // A clock that is stopped without an answer was neither kept nor broken.
    let sla = if row.sla == "running" { "none" } else { row.sla };
    put(work, HandoffRow { state: "closed", sla, closed_because: Some(because.to_owned()), ..row });
}

/// Sends a lead back to marketing: stage recycled, and into the sequence that is named.
pub fn return_to(work: &mut Work<'_>, sequence: Option<&str>) {
    to_stage(work, Stage::Recycled, "sla:return_to");
    if let Some(name) = sequence {
        enroll::enroll(work, name, &enroll::Wish { by: "sla:return_to", again: false, data: None });
    }
}

/// Writes the handoff's row as it is by now; the dossier once, when it opens.
fn note(work: &mut Work<'_>, dossier: Option<serde_json::Value>) {
    let Some(handoff) = work.lead.handoff.clone() else { return };
    put(work, HandoffRow { dossier, ..row(work, &handoff) });
}

/// Of one handoff only the last row counts; the dossier of an earlier one is kept.
fn put(work: &mut Work<'_>, mut row: HandoffRow) {
    work.effects.retain(|effect| match effect {
        Effect::Handoff(old) if old.id == row.id => {
            row.dossier = row.dossier.take().or_else(|| old.dossier.clone());
            false
        }
        _ => true,
    });
    work.effect(Effect::Handoff(row));
}

fn row(work: &Work<'_>, handoff: &Handoff) -> HandoffRow {
    let state = match (&handoff.answered, &handoff.claimed_by) {
        (Some(_), _) => "answered",
        (None, Some(_)) => "claimed",
        (None, None) => "open",
    };
    let sla = match (&handoff.answered, &handoff.clock) {
        (_, None) => "none",
        (Some(Met::InTime), _) => "met",
        (Some(_), _) => "breached",
        (None, Some(clock)) if clock.breached => "breached",
        (None, Some(_)) => "running",
    };
    HandoffRow {
        id: handoff.id.clone(),
        lead: work.lead.id.clone(),
        team: handoff.team.clone(),
        rep: handoff.rep.clone(),
        state,
        reason: handoff.reasons.join("; "),
        opened_at: handoff.opened_at,
        due_at: handoff.clock.as_ref().map(|clock| clock.due_at),
        answered_at: handoff.answered_at,
        sla,
        closed_because: None,
        dossier: None,
    }
}
