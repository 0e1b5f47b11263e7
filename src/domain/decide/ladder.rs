//! The consequences of a clock that runs: each rung once, in order, also after a restart.

use serde_json::json;

use super::dossier::{alert, dossier};
use super::handoff::return_to;
use super::input::Effect;
use super::work::Work;
use crate::domain::calendar::Calendar;
use crate::domain::event::What;
use crate::domain::handoff::Handoff;
use crate::domain::id::{TouchId, derived};
use crate::domain::routing::{Promise, RungAct};
use crate::domain::time::Millis;
use crate::domain::touch::{Channel, NewTouch, Policy};

/// A rung that fires so long after its time is marked late.
const LATE: Millis = Millis(10_000);

/// Fires every rung that is due, in the order of their times.
pub fn climb(work: &mut Work<'_>) {
    loop {
        let Some(handoff) = work.lead.handoff.clone().filter(|handoff| handoff.answered.is_none()) else { return };
        let Some(clock) = &handoff.clock else { return };
        let Some(promise) = work.playbook.staff.slas.iter().find(|promise| promise.name == clock.sla).cloned() else {
            return;
        };
        let due = clock.rungs.iter().enumerate().filter(|(_, rung)| !rung.fired && rung.at <= work.now);
        let Some((number, rung)) = due.min_by_key(|(number, rung)| (rung.at, *number)) else { return };
        let late = work.now.since(rung.at) > LATE;
        let Some(act) = promise.ladder.get(number).map(|rung| rung.act.clone()) else { return };
        work.conclude(What::Rung { number, act: word(&act).to_owned(), late });
        fire(work, &handoff, number, &act, late);
    }
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
                alert(work, handoff, &channel, &step, "sla.reminder", data.clone());
            }
        }
        RungAct::AlertManager => {
            let team = work.playbook.staff.teams.get(&handoff.team);
            let manager = team.and_then(|team| team.manager.clone()).or_else(|| work.playbook.settings.alerts.clone());
            if let Some(channel) = manager {
                alert(work, handoff, &channel, &step, "sla.breached", data);
            }
        }
        RungAct::ReturnTo(sequence) => {
            for channel in work.playbook.staff.alert.clone() {
                alert(work, handoff, &channel, &step, "sla.returned", data.clone());
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
        id: TouchId(derived(&["touch", handoff.id.as_str(), "after_hours"])),
        lead: work.lead.id.clone(),
        origin: handoff.id.as_str().to_owned(),
        enrollment: None,
        step: "after_hours".to_owned(),
        channel: Channel::Email,
        lane: format!("mail:{}", mail.from),
        policy: Policy::AtMostOnce,
        sequence: String::new(),
        version: String::new(),
        template: mail.template.name.clone(),
        payload: Some(json!({"rep": rep, "answer_by": opens.map(|at| at.0)})),
        first_allowed_at: work.now,
        ready_at: work.now,
        zone: calendar.zone().iana_name().unwrap_or("UTC").to_owned(),
    })));
}
