//! What happens to a task is a fact, and a row for the inbox.

use super::super::input::{Effect, TaskRow};
use super::super::work::Work;
use crate::domain::event::{Actor, What};
use crate::domain::id::{EnrollmentId, TaskId};
use crate::domain::task::{OpenTask, TaskFact};

pub(super) fn fact_of(task: &OpenTask, fact: TaskFact) -> What {
    What::Task { task: task.id.clone(), enrollment: task.enrollment.clone(), step: task.step.clone(), fact }
}

/// Writes a fact that follows, and the row as it is by then.
pub(super) fn tell(work: &mut Work<'_>, task: &OpenTask, fact: TaskFact) {
    work.conclude(fact_of(task, fact));
    note(work, &task.id);
}

/// Writes what a person did, who is not the lead.
pub(super) fn observe(work: &mut Work<'_>, task: &OpenTask, fact: TaskFact) {
    work.observe_by(Actor::System, fact_of(task, fact));
}

/// Writes the rows of an enrollment's tasks as they are by now.
pub fn note_of(work: &mut Work<'_>, enrollment: &EnrollmentId) {
    let of_it = |task: &&OpenTask| &task.enrollment == enrollment;
    for id in work.lead.tasks.iter().filter(of_it).map(|task| task.id.clone()).collect::<Vec<_>>() {
        note(work, &id);
    }
}

pub(super) fn note(work: &mut Work<'_>, id: &TaskId) {
    let Some(task) = work.lead.task(id) else { return };
    let paused = work.enrollment(&task.enrollment).is_some_and(|running| running.paused.is_some());
    let row = row(work, task, if paused { "paused" } else { "open" });
    put(work, row);
}

pub(super) fn end_row(
    work: &mut Work<'_>,
    task: &OpenTask,
    (state, outcome, ended_by): (&'static str, Option<String>, Option<String>),
) {
    let row = TaskRow { outcome, ended_by, ended_at: Some(work.now), ..row(work, task, state) };
    put(work, row);
}

/// Of one task only the last row counts.
fn put(work: &mut Work<'_>, row: TaskRow) {
    work.effects.retain(|effect| !matches!(effect, Effect::Task(old) if old.id == row.id));
    work.effect(Effect::Task(Box::new(row)));
}

fn row(work: &Work<'_>, task: &OpenTask, state: &'static str) -> TaskRow {
    TaskRow {
        id: task.id.clone(),
        lead: work.lead.id.clone(),
        enrollment: task.enrollment.clone(),
        sequence: task.sequence.clone(),
        version: task.version.clone(),
        step: task.step.clone(),
        kind: task.kind,
        owner: task.owner.clone(),
        state,
        asked_at: task.asked_at,
        shown_at: task.shown_at,
        due_at: task.due_at,
        late: task.late,
        outcome: None,
        ended_by: None,
        ended_at: None,
    }
}
