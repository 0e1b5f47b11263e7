//! Gives a lead to sales and keeps the clock that was promised.

use super::dossier::{alert, dossier};
use super::input::{Effect, HandoffRow, Reply};
use super::restage::to_stage;
use super::route::route;
use super::work::{About, Work};
use super::{enroll, ladder};
use crate::domain::calendar::Calendar;
use crate::domain::event::What;
use crate::domain::handoff::{Act, Clock, Handoff, Met, RungDue};
use crate::domain::id::{HandoffId, derived};
use crate::domain::routing::Promise;
use crate::domain::sla::{deadline, rung_at};
use crate::domain::stage::Stage;

/// Makes a lead SQL by a named act, which opens the handoff; an open one is reused and gains the reason.
pub fn qualify(work: &mut Work<'_>, reason: &str) -> Reply {
    if work.lead.handoff.is_some() {
        work.conclude(What::HandoffJoined { reason: reason.to_owned() });
        note(work, None);
    } else if work.lead.stage == Stage::Sql {
        open(work, reason);
    } else {
        to_stage(work, Stage::Sql, &format!("act:{reason}"));
    }
    Reply::Done
}

/// Opens a handoff: routed to a rep, its clock started, its alerts in the outbox.
pub fn open(work: &mut Work<'_>, reason: &str) {
    if work.lead.handoff.is_some() {
        work.conclude(What::HandoffJoined { reason: reason.to_owned() });
        note(work, None);
        return;
    }
    let Some((team, rep)) = route(work) else {
        work.needs_loads |= work.case.loads.is_none();
        return;
    };
    let id = HandoffId(derived(&["handoff", work.lead.id.as_str(), &work.lead.seq.to_string()]));
    let calendar = calendar_of(work, &team, &rep);
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
        clock,
    };
    work.conclude(What::HandoffOpened { handoff: Box::new(handoff.clone()) });
    work.effect(Effect::Load { rep, assigned: 1, open: 1 });
    let dossier = dossier(work, &handoff);
    for channel in work.playbook.staff.alert.clone() {
        alert(work, &handoff, &channel, "handoff", "handoff.opened", dossier.clone());
    }
    note(work, Some(dossier));
    if let Some(promise) = promise {
        ladder::after_hours(work, &handoff, &promise, &calendar);
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

/// The calendar the clock runs on: the assignee's, else the team's.
pub fn calendar_of(work: &Work<'_>, team: &str, rep: &str) -> Calendar {
    let staff = &work.playbook.staff;
    let own = staff.reps.get(rep).and_then(|rep| staff.calendars.get(&rep.calendar));
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

/// Looks at the clock of the open handoff: a breach is said once, then each rung that is due fires once.
pub fn keep_clock(work: &mut Work<'_>) {
    let Some(handoff) = work.lead.handoff.clone().filter(|handoff| handoff.answered.is_none()) else { return };
    let Some(clock) = &handoff.clock else { return };
    if !clock.breached && clock.due_at <= work.now {
        work.conclude(What::SlaBreached { due_at: clock.due_at });
        note(work, None);
    }
    ladder::climb(work);
}

/// An event that is a proper follow-up answers the handoff.
pub fn counts(work: &mut Work<'_>, name: &str) {
    let Some(clock) = work.lead.handoff.as_ref().and_then(|handoff| handoff.clock.as_ref()) else { return };
    let promise = work.playbook.staff.slas.iter().find(|promise| promise.name == clock.sla);
    if promise.is_some_and(|promise| promise.counts.contains(name)) {
        let by = work.input.source.clone();
        answer(work, &by);
    }
}

fn answer(work: &mut Work<'_>, by: &str) {
    let Some(handoff) = work.lead.handoff.clone().filter(|handoff| handoff.answered.is_none()) else { return };
    let at = work.input.occurred_at.max(handoff.opened_at);
    let met = match &handoff.clock {
        None => Met::NoClock,
        Some(clock) if at <= clock.due_at => Met::InTime,
        Some(_) => Met::Late,
    };
    work.conclude(What::Answered { by: by.to_owned(), met });
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
            let data = [("by".to_owned(), by.into())].into_iter().collect();
            work.observe(What::Heard { name: "contacted".to_owned(), data, touch: None });
            answer(work, by);
        }
        Act::NotReady { reason } => to_stage(work, Stage::Recycled, &format!("act:not ready: {reason}")),
        Act::WrongPerson => to_stage(work, Stage::Disqualified, "act:wrong person"),
    }
    Reply::Done
}

/// Closes the open handoff; what was not answered gives the rep credit back.
pub fn close(work: &mut Work<'_>, because: &str) {
    let Some(handoff) = work.lead.handoff.clone() else { return };
    if handoff.answered.is_none() {
        work.effect(Effect::Load { rep: handoff.rep.clone(), assigned: -1, open: -1 });
    }
    work.effect(Effect::Handoff(HandoffRow {
        state: "closed",
        closed_because: Some(because.to_owned()),
        ..row(work, &handoff)
    }));
    work.conclude(What::HandoffClosed { because: because.to_owned() });
}

/// Sends a lead back to marketing: stage recycled, and into the sequence that is named.
pub fn return_to(work: &mut Work<'_>, sequence: Option<&str>) {
    to_stage(work, Stage::Recycled, "sla:return_to");
    if let Some(name) = sequence {
        enroll::enroll(work, name, "sla:return_to", false);
    }
}

/// Writes the handoff's row as it is by now; the dossier once, when it opens.
fn note(work: &mut Work<'_>, dossier: Option<serde_json::Value>) {
    let Some(handoff) = work.lead.handoff.clone() else { return };
    let before = work.effects.iter().rev().find_map(|effect| match effect {
        Effect::Handoff(row) if row.id == handoff.id => row.dossier.clone(),
        _ => None,
    });
    work.effects.retain(|effect| !matches!(effect, Effect::Handoff(row) if row.id == handoff.id));
    let row = HandoffRow { dossier: dossier.or(before), ..row(work, &handoff) };
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
        answered_at: handoff.answered.map(|_| work.now),
        sla,
        closed_because: None,
        dossier: None,
    }
}
