//! The consequences of a clock that runs: each rung once, in order, also after a restart.

use serde_json::json;

use super::dossier::{alert, dossier};
use super::handoff::{breach, return_to};
use super::input::Effect;
use super::work::Work;
use crate::domain::calendar::Calendar;
use crate::domain::event::What;
use crate::domain::handoff::Handoff;
use crate::domain::id::TouchId;
use crate::domain::routing::{Promise, RungAct};
use crate::domain::time::Millis;
use crate::domain::touch::{Channel, NewTouch, Policy, rank};

/// A rung that fires so long after its time is marked late.
const LATE: Millis = Millis(10_000);

/// The step of the mail that tells a lead when a person will answer: the one mail that belongs to no enrollment.
pub const AFTER_HOURS: &str = "after_hours";

/// Keeps the clock of the open handoff: every rung that is due fires, in the order of their times, and the breach is said in its
/// place among them. Tells whether anything did.
pub fn climb(work: &mut Work<'_>) -> bool {
    let before = work.lead.seq;
    while climb_one(work).is_some() {}
    work.lead.seq > before
}

/// `None` when nothing is due.
fn climb_one(work: &mut Work<'_>) -> Option<()> {
    let handoff = work.lead.handoff.clone().filter(|handoff| handoff.answered.is_none())?;
    let clock = handoff.clock.as_ref()?;
    let promise = work.playbook.staff.slas.iter().find(|promise| promise.name == clock.sla).cloned();
    let ladder = promise.map(|promise| promise.ladder).unwrap_or_default();
    // Of a ladder that was cut since the clock started, the rungs that are left still count.
    let due = clock.rungs.iter().take(ladder.len()).enumerate();
    let due = due.filter(|(_, rung)| !rung.fired && rung.at <= work.now);
    let next = due.min_by_key(|(number, rung)| (rung.at, *number));
    let breached = !clock.breached && clock.due_at <= work.now;
    if breached && next.is_none_or(|(_, rung)| clock.due_at <= rung.at) {
        breach(work, clock.due_at);
        return Some(());
    }
    let (number, rung) = next?;
    let late = work.now.since(rung.at) > LATE;
    let act = ladder.get(number)?.act.clone();
    work.conclude(What::Rung { number, act: word(&act).to_owned(), late });
    fire(work, &handoff, number, &act, late);
    Some(())
}

const fn word(act: &RungAct) -> &'static str {
    match act {
        RungAct::RemindAssignee => "remind",
        RungAct::AlertManager => "alert",
        RungAct::ReturnTo(_) => "return_to",
    }
}

fn fire(work: &mut Work<'_>, handoff: &Handoff, number: usize, act: &RungAct, late: bool) {
    let mut data = dossier(work, handoff);
    data["rung"] = json!({"number": number + 1, "act": word(act), "late": late});
    let step = format!("rung:{number}");
    match act {
        RungAct::RemindAssignee => {
            for channel in work.playbook.staff.alert.clone() {
                alert(work, handoff, &channel, &step, "sla.reminder", &data);
            }
        }
        RungAct::AlertManager => {
            let team = work.playbook.staff.teams.get(&handoff.team);
            let manager = team.and_then(|team| team.manager.clone()).or_else(|| work.playbook.settings.alerts.clone());
            if let Some(channel) = manager {
                alert(work, handoff, &channel, &step, "sla.breached", &data);
            }
        }
        RungAct::ReturnTo(sequence) => {
            for channel in work.playbook.staff.alert.clone() {
                alert(work, handoff, &channel, &step, "sla.returned", &data);
            }
            return_to(work, sequence.as_deref());
        }
    }
}

/// Out of hours a mail tells the lead that it was heard and when a person answers.
pub fn after_hours(work: &mut Work<'_>, handoff: &Handoff, promise: &Promise, calendar: &Calendar) {
    let Some(mail) = promise.after_hours.as_ref().filter(|_| !calendar.is_open(work.now)) else { return };
    if work.lead.suppressed.or(work.case.suppressed).is_some() {
        return;
    }
    let opens = calendar.next_open(work.now);
    let rep = work.playbook.staff.reps.get(&handoff.rep).map_or(handoff.rep.clone(), |rep| rep.name.clone());
    work.effect(Effect::Queue(Box::new(NewTouch {
        id: TouchId::of(handoff.id.as_str(), AFTER_HOURS),
        lead: work.lead.id.clone(),
        origin: handoff.id.as_str().to_owned(),
        enrollment: None,
        step: AFTER_HOURS.to_owned(),
        channel: Channel::Email,
        lane: format!("mail:{}", mail.from),
        // It is the promise itself: better said twice after a crash than never.
        policy: Policy::AtLeastOnce,
        sequence: String::new(),
        version: String::new(),
        template: mail.template.name.clone(),
        variant: None,
        payload: Some(json!({"rep": rep, "answer_by": opens.map(|at| at.0)})),
        first_allowed_at: work.now,
        ready_at: work.now,
        rank: rank::AHEAD,
        zone: calendar.zone().iana_name().unwrap_or("UTC").to_owned(),
    })));
}
