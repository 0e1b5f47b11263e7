//! Where a lead stands, and why nothing goes out where nothing does: its own time, its lane, a pause, a hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::domain::decide::{PATIENCE, REPLIED};
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Act;
use crate::domain::suppression::Reason;
use crate::domain::task::OpenTask;
use crate::domain::time::Instant;
use crate::domain::touch::State;
use crate::store::StoreError;
use crate::store::control::Paused;
use crate::store::lanes::LaneRow;
use crate::store::touch_row::TouchRow;

/// Where touches that have not left stand, by their ids.
type Leaving = BTreeMap<String, String>;

impl Engine {
    pub(super) async fn stands(
        &self,
        lead: &Lead,
        suppressed: Option<Reason>,
        playbook: &Playbook,
    ) -> Result<Vec<String>, Arc<StoreError>> {
        let leaving = self.leaving(lead).await.map_err(Arc::new)?;
        Ok(stands(lead, suppressed, playbook, &leaving))
    }

    async fn leaving(&self, lead: &Lead) -> Result<Leaving, StoreError> {
        let touch = |running: &Enrollment| match &running.phase {
            Phase::Sending { touch } => Some(touch.clone()),
            Phase::Ready | Phase::Waiting { .. } | Phase::Tasked { .. } | Phase::Held { .. } => None,
        };
        let ids: Vec<_> = lead.enrollments.iter().filter_map(touch).collect();
        if ids.is_empty() {
            return Ok(Leaving::new());
        }
        let (rows, lanes, pauses) =
            (self.store.touches(&ids).await?, self.store.lanes().await?, self.store.pauses().await?);
        let now = self.now();
        Ok(rows.iter().map(|row| (row.id.to_string(), standing(row, &lanes, &pauses, now))).collect())
    }
}

/// What a touch waits for, the strongest reason first.
fn standing(row: &TouchRow, lanes: &[LaneRow], pauses: &[Paused], now: Instant) -> String {
    let leaves = match row.state {
        State::Queued | State::Deferred => "is queued",
        State::Claimed | State::Intent => return "is being made ready".to_owned(),
        State::Marked => return "is being handed over".to_owned(),
        state => return format!("is {}", state.as_str()),
    };
    let scope = match row.lane.split_once(':') {
        Some(("mail", name)) => format!("sender:{name}"),
        Some(("hook", name)) => format!("channel:{name}"),
        _ => String::new(),
    };
    let sequence = format!("sequence:{}", row.sequence);
    if let Some(pause) = pauses.iter().find(|pause| ["all", &scope, &sequence].contains(&pause.scope.as_str())) {
        return format!("{leaves}; {} was paused by {}", pause.scope, pause.by);
    }
    let lane = lanes.iter().find(|lane| lane.name == row.lane);
    let why = |lane: &LaneRow| lane.blocked_reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    match lane {
        Some(lane) if lane.paused => format!("{leaves}; {scope} stopped itself{}", why(lane)),
        Some(lane) if lane.ready_at > now.max(row.ready_at) => {
            format!("{leaves}, to leave from {}: before that {scope} sends nothing{}", lane.ready_at, why(lane))
        }
        _ if row.ready_at > now => format!("{leaves}, to leave from {}", row.ready_at),
        _ => format!("{leaves}, and next in turn at {scope}"),
    }
}

fn stands(lead: &Lead, suppressed: Option<Reason>, playbook: &Playbook, leaving: &Leaving) -> Vec<String> {
    let mut lines: Vec<String> = lead.enrollments.iter().map(|running| stand(running, playbook, leaving)).collect();
    lines.extend(lead.pending.iter().map(|(name, pending)| {
        let last = pending.since + PATIENCE;
        format!("{name}: waits for room under its limits since {}, until {last} at the latest", pending.since)
    }));
    if let Some(reason) = suppressed {
        lines.push(format!("must not be contacted: {}", reason.as_str()));
    }
    lines.extend(lead.opted_out.iter().map(|topic| format!("gets nothing about `{topic}`: unsubscribed from it")));
    if let Some(handoff) = &lead.handoff {
        let clock = handoff.clock.as_ref().map_or_else(String::new, |clock| match (handoff.answered, clock.breached) {
            (Some(_), _) => ", answered".to_owned(),
            (None, true) => format!(", breached since {}", clock.due_at),
            (None, false) => format!(", to be answered by {}", clock.due_at),
        });
        lines.push(format!("is with {} of {} since {}{clock}", handoff.rep, handoff.team, handoff.opened_at));
    }
    lines.extend(
        lead.unsettled
            .iter()
            .map(|hit| format!("{} at {} gets its verdict at {}", hit.name, hit.occurred_at, hit.settles_at)),
    );
    lines.extend(lead.tasks.iter().map(to_do));
    lines.extend(lead.attention.iter().map(|fault| format!("needs attention: {fault}")));
    if lines.is_empty() {
        lines.push("is in no sequence and waits for nothing".to_owned());
    }
    lines
}

fn stand(running: &Enrollment, playbook: &Playbook, leaving: &Leaving) -> String {
    let at = running.at.as_deref().unwrap_or("the end");
    let place = format!("{} at `{at}`", running.sequence);
    if let Some(pausing) = &running.paused {
        let until = pausing.until.map_or_else(|| "until it is resumed".to_owned(), |until| format!("until {until}"));
        return format!("{place}: paused {until} ({})", pausing.because);
    }
    match &running.phase {
        Phase::Ready => format!("{place}: goes on at the next wake"),
        Phase::Waiting { until } if acts(running, playbook, |act| matches!(act, Act::Email { .. })) => {
            format!("{place}: waits until {until} at the latest, since the frequency cap is reached")
        }
        Phase::Waiting { until } if acts(running, playbook, |act| matches!(act, Act::Task(_))) => {
            format!("{place}: waits until {until}, since {REPLIED}")
        }
        Phase::Waiting { until } => {
            let zone = running.zone.as_deref().unwrap_or(&playbook.settings.zone);
            format!("{place}: waits until {until} (counted in {zone}, from {})", running.anchor)
        }
        Phase::Sending { touch } => {
            let stands = leaving.get(&touch.to_string()).map_or("is on its way", String::as_str);
            format!("{place}: {touch} {stands}")
        }
        Phase::Tasked { task } => format!("{place}: waits until somebody does {task}"),
        Phase::Held { hold } => format!("{place}: held, {}", hold.reason),
    }
}

fn to_do(task: &OpenTask) -> String {
    let owner = task.owner.as_ref().map_or_else(|| "anybody".to_owned(), Clone::clone);
    let due = task.due_at.map_or_else(String::new, |at| format!(", due {at}"));
    let shown = format!(", in the inbox from {}", task.shown_at);
    let end = match (task.patient_until, task.late) {
        (_, true) => ", and late".to_owned(),
        (Some(until), false) => format!(", and late at {until}"),
        (None, false) => String::new(),
    };
    format!("{} to do: {} `{}` by {owner}{shown}{due}{end}", task.id, task.kind.as_str(), task.step)
}

/// Whether the step at which an enrollment stands is of a kind.
fn acts(running: &Enrollment, playbook: &Playbook, is_it: fn(&Act) -> bool) -> bool {
    let step = playbook.version(&running.version).zip(running.at.as_deref()).and_then(|(one, at)| one.step(at));
    step.is_some_and(|(_, step)| is_it(&step.act))
}
