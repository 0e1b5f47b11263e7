//! Ends what must end, before anything moves on.

use super::limits;
use super::tasks;
use super::work::{About, Fresh, Work};
use crate::domain::enrollment::Exit;
use crate::domain::event::{Actor, What};
use crate::domain::id::EnrollmentId;
use crate::domain::sequence::{Kind, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Millis;

/// A goal so long after the end still counts for statistics.
const LATE_GOAL: Millis = Millis::DAY.times(30);

pub fn exits(work: &mut Work<'_>) {
    late_goals(work);
    limits::drop_pending(work);
    let running = work.lead.enrollments.iter();
    let running: Vec<_> = running.map(|e| (e.id.clone(), work.playbook.version(&e.version).cloned())).collect();
    for (id, sequence) in running {
        let Some(sequence) = sequence else {
            work.exit(&id, &Exit::Failed("its sequence version is not in the store".to_owned()));
            continue;
        };
        if let Some(exit) = reason_to_end(work, &id, &sequence) {
            work.exit(&id, &exit);
        }
    }
    tasks_left(work);
}

/// A task may outlive its enrollment, which came to its end; what would have ended that calls it off.
fn tasks_left(work: &mut Work<'_>) {
    if work.lead.tasks.is_empty() {
        return;
    }
    let reason = suppression(work);
    let answered = |fresh: &Fresh| fresh.actor != Actor::Machine && !fresh.stale && fresh.name == "replied";
    let reason = reason.or_else(|| work.fresh.iter().any(answered).then_some(Exit::Replied));
    if let Some(reason) = reason {
        tasks::call_off_left(work, None, reason.as_str());
    }
}

pub fn suppression(work: &Work<'_>) -> Option<Exit> {
    let standing = work.case.suppressed.filter(|_| !matches!(work.input.ask, super::Ask::Unsuppress));
    work.lead.suppressed.or(standing).map(of)
}

const fn of(reason: Reason) -> Exit {
    match reason {
        Reason::Unsubscribed => Exit::Unsubscribed,
        Reason::HardBounce => Exit::Bounced,
        Reason::Complaint => Exit::Complained,
        Reason::Manual => Exit::Suppressed,
        Reason::Erased => Exit::Erased,
    }
}

/// The goal first: if goal and stop are both true it is a goal. Of transactional sequences only their own `goal` and `stop` end
/// one, beside suppression.
pub fn reason_to_end(work: &mut Work<'_>, id: &EnrollmentId, sequence: &Sequence) -> Option<Exit> {
    if let Some(suppressed) = suppression(work) {
        return Some(suppressed);
    }
    let mut fresh = work.fresh.iter().filter(|fresh| fresh.actor != Actor::Machine && !fresh.stale);
    if let Some(goal) = &sequence.goal
        && fresh.clone().any(|fresh| &fresh.name == goal)
    {
        return Some(Exit::Goal(goal.clone()));
    }
    let outreach = sequence.kind != Kind::Transactional;
    if outreach && fresh.clone().any(|fresh| fresh.name == "replied") {
        return Some(Exit::Replied);
    }
    if sequence.kind == Kind::Nurture
        && sequence.topic.as_ref().is_some_and(|topic| work.lead.opted_out.contains(topic))
    {
        return Some(Exit::Unsubscribed);
    }
    if let Some(stop) = fresh.find(|fresh| sequence.stop.on.contains(&fresh.name)) {
        return Some(Exit::Stopped(stop.name.clone()));
    }
    let when = sequence.stop.when.as_ref()?;
    let enrollment = work.enrollment(id).cloned();
    let about = About { enrollment: enrollment.as_ref(), ..About::default() };
    work.holds(&format!("{} stop.when", sequence.name), when, about).then(|| Exit::Stopped(when.text().to_owned()))
}

fn late_goals(work: &mut Work<'_>) {
    let counts = |fresh: &&Fresh| fresh.actor != Actor::Machine && !fresh.stale;
    let heard: Vec<String> = work.fresh.iter().filter(counts).map(|fresh| fresh.name.clone()).collect();
    if heard.is_empty() {
        return;
    }
    for (name, past) in work.lead.past.clone() {
        let running = work.lead.enrollments.iter().any(|enrollment| enrollment.sequence == name);
        let Some(goal) = work.playbook.sequences.get(&name).and_then(|sequence| sequence.goal.clone()) else {
            continue;
        };
        let counted = matches!(past.last_exit.as_deref(), None | Some("won" | "goal"));
        let recent = past.last_ended_at.is_some_and(|ended| work.now.since(ended) <= LATE_GOAL);
        if !running && !counted && recent && heard.contains(&goal) {
            work.conclude(What::Won { sequence: name, goal });
        }
    }
}
