//! What is counted of handoffs and tasks, by whoever has them.

use super::{Figures, RepFigures, add};
use crate::domain::event::What;
use crate::domain::handoff::{Handoff, Met};
use crate::domain::id::TaskId;
use crate::domain::sequence::Overdue;
use crate::domain::task::{OpenTask, TaskFact};
use crate::domain::time::Instant;
use crate::engine::rehearse::Decided;

/// A handoff that is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    rep: String,
    opened_at: Instant,
    answered: bool,
}

/// A task that is open.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Whoever is to do it; nobody where there are no reps.
    rep: Option<String>,
    due_at: Option<Instant>,
}

impl Figures {
    /// A handoff that was open before the first day: no news of these days, but somebody has it.
    pub(super) fn has_open(&mut self, number: usize, handoff: &Handoff) {
        if let Some(rep) = self.reps.get_mut(&handoff.rep) {
            rep.holds();
        }
        let answered = handoff.answered.is_some();
        self.open.insert(number, Open { rep: handoff.rep.clone(), opened_at: handoff.opened_at, answered });
    }

    /// Hears what happens to a lead's handoff.
    pub(super) fn hear_of_handoff(&mut self, decided: &Decided<'_>, what: &What, at: Instant) {
        let number = decided.number;
        match what {
            What::HandoffOpened { handoff } => {
                let day = self.day(decided.now);
                if let Some(rep) = self.reps.get_mut(&handoff.rep) {
                    rep.opens(decided.now, day);
                }
                self.open.insert(number, Open { rep: handoff.rep.clone(), opened_at: decided.now, answered: false });
            }
            What::SlaBreached { .. } => {
                if let Some(rep) = self.open.get(&number).and_then(|open| self.reps.get_mut(&open.rep)) {
                    rep.breached += 1;
                }
            }
            What::Answered { met, .. } => self.answered(number, at, *met),
            What::HandoffClosed { .. } => {
                if let Some(open) = self.open.remove(&number)
                    && let Some(rep) = self.reps.get_mut(&open.rep)
                {
                    rep.open = rep.open.saturating_sub(1);
                    if !open.answered {
                        rep.unanswered += 1;
                        rep.run(open.opened_at, decided.now);
                    }
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, number: usize, at: Instant, met: Met) {
        if let Some(open) = self.open.get_mut(&number).filter(|open| !open.answered)
            && let Some(rep) = self.reps.get_mut(&open.rep)
        {
            open.answered = true;
            rep.answers(open.opened_at, at.max(open.opened_at), met);
        }
    }

    /// A task is somebody's from now on; one that was asked for in these days is news of its day.
    pub fn has_task(&mut self, task: &OpenTask, rep: Option<&str>, asked_at: Option<Instant>) {
        let day = asked_at.and_then(|at| self.day(at));
        if asked_at.is_some() {
            self.count_step((&task.sequence, &task.step, "task"), |step| step.sent += 1);
        }
        if let Some(rep) = rep.and_then(|rep| self.reps.get_mut(rep)) {
            rep.tasks.open += 1;
            rep.tasks.asked += u64::from(asked_at.is_some());
            if let Some(day) = day {
                add(&mut rep.tasks.by_day, day);
            }
        }
        self.tasks.insert(task.id.clone(), Task { rep: rep.map(str::to_owned), due_at: task.due_at });
    }

    /// Hears what happens to a task.
    pub(super) fn hear_of_task(&mut self, id: &TaskId, fact: &TaskFact, at: Instant) {
        let Some(task) = self.tasks.get(id) else { return };
        let late = task.due_at.is_some_and(|due_at| at > due_at);
        let Some(of) = task.rep.as_ref().and_then(|rep| self.reps.get_mut(rep)).map(of_tasks) else { return };
        match fact {
            TaskFact::Done { .. } => (of.done, of.late) = (of.done + 1, of.late + u64::from(late)),
            TaskFact::Skipped { .. } => of.skipped += 1,
            TaskFact::Overdue { .. } => of.overdue += 1,
            TaskFact::CalledOff { .. }
            | TaskFact::Asked { .. }
            | TaskFact::Snoozed { .. }
            | TaskFact::Assigned { .. } => {}
        }
        let ends = match fact {
            TaskFact::Overdue { then } => *then == Overdue::Skip,
            _ => fact.outcome().is_some(),
        };
        if ends {
            of.open = of.open.saturating_sub(1);
            self.tasks.remove(id);
        }
    }
}

const fn of_tasks(rep: &mut RepFigures) -> &mut super::TaskFigures {
    &mut rep.tasks
}
