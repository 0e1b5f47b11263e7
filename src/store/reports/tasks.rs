//! The inbox: what people are to do, the one due first first.

use super::super::db::Row;
use super::super::error::StoreError;
use super::super::leads::unreadable;
use super::super::sql::Statement;
use super::{Page, Reports, cursor, place};
use crate::domain::id::{EnrollmentId, LeadId, TaskId};
use crate::domain::sequence::TaskKind;
use crate::domain::time::Instant;

/// One task, ended or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    pub id: TaskId,
    pub lead: LeadId,
    pub enrollment: EnrollmentId,
    pub sequence: String,
    pub version: String,
    pub step: String,
    pub kind: TaskKind,
    pub owner: Option<String>,
    /// `open`, `paused`, `done`, `skipped`, `overdue`, `called_off`
    pub state: String,
    pub asked_at: Instant,
    pub shown_at: Instant,
    pub due_at: Option<Instant>,
    /// Whether its sequence has waited for it as long as it may.
    pub late: bool,
    pub outcome: Option<String>,
    pub ended_by: Option<String>,
    pub ended_at: Option<Instant>,
}

/// Which open tasks: all that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub owner: Option<String>,
    pub kind: Option<TaskKind>,
    pub sequence: Option<String>,
    pub lead: Option<LeadId>,
    /// Due then or earlier.
    pub due_by: Option<Instant>,
    /// Past its due time, or longer open than its sequence waits.
    pub overdue: bool,
    /// Those that are put off, instead of those that are shown.
    pub snoozed: bool,
}

macro_rules! task_list {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT id, lead_id, enrollment_id, sequence, version, step, kind, owner, state, asked_at, shown_at, due_at, late, outcome,
                ended_by, ended_at
             FROM task ",
            $rest
        ))
    };
}

impl Reports<'_> {
    /// A page of the open tasks as they are at an instant, the one due first first.
    pub async fn open_tasks(
        &self,
        filter: &TaskFilter,
        now: Instant,
        (after, limit): (Option<&str>, usize),
    ) -> Result<Page<TaskLine>, StoreError> {
        static OPEN: Statement = task_list!(
            "WHERE state = 'open' AND (due_at, id) > ($1, $2) AND shown_at > $3 AND shown_at <= $4 AND due_at <= $5
                AND (CAST($6 AS BIGINT) = 0 OR due_at <= $7 OR late > 0)
                AND (CAST($8 AS TEXT) IS NULL OR owner = $8)
                AND (CAST($9 AS TEXT) IS NULL OR kind = $9)
                AND (CAST($10 AS TEXT) IS NULL OR sequence = $10)
                AND (CAST($11 AS TEXT) IS NULL OR lead_id = $11)
             ORDER BY due_at, id
             LIMIT $12"
        );
        let (at, id) = place(after, (i64::MIN, ""));
        let (from, to) = if filter.snoozed { (now.0, i64::MAX) } else { (i64::MIN, now.0) };
        let args = vec![
            at.into(),
            id.into(),
            from.into(),
            to.into(),
            filter.due_by.map_or(i64::MAX, |at| at.0).into(),
            i64::from(filter.overdue).into(),
            now.into(),
            filter.owner.as_deref().into(),
            filter.kind.map(TaskKind::as_str).into(),
            filter.sequence.as_deref().into(),
            filter.lead.as_ref().map(LeadId::as_str).into(),
            limit.saturating_add(1).into(),
        ];
        let found = self.store.db.fetch("read the inbox", &OPEN, args).await?;
        let rows = found.iter().map(task).collect::<Result<_, _>>()?;
        Ok(Page::of(rows, limit, |line: &TaskLine| cursor(line.due_at.unwrap_or(Instant::NEVER).0, line.id.as_str())))
    }

    /// A page of the tasks in a state, those asked for last first.
    pub async fn tasks_in(&self, state: &str, after: Option<&str>, limit: usize) -> Result<Page<TaskLine>, StoreError> {
        static ENDED: Statement = task_list!(
            "WHERE state = $1 AND (asked_at, id) < ($2, $3)
             ORDER BY asked_at DESC, id DESC
             LIMIT $4"
        );
        let (at, id) = place(after, (i64::MAX, "~"));
        let args = vec![state.into(), at.into(), id.into(), limit.saturating_add(1).into()];
        let found = self.store.db.fetch("read tasks", &ENDED, args).await?;
        let rows = found.iter().map(task).collect::<Result<_, _>>()?;
        Ok(Page::of(rows, limit, |line: &TaskLine| cursor(line.asked_at.0, line.id.as_str())))
    }

    /// One task.
    pub async fn task(&self, id: &TaskId) -> Result<Option<TaskLine>, StoreError> {
        static ONE: Statement = task_list!("WHERE id = $1");
        let found = self.store.db.fetch("read a task", &ONE, vec![id.as_str().into()]).await?;
        found.first().map(task).transpose()
    }
}

fn task(row: &Row) -> Result<TaskLine, StoreError> {
    let (id, word) = (row.text(0)?, row.text(6)?);
    let kind = TaskKind::parse(&word).ok_or_else(|| unreadable("task", &id, &word))?;
    Ok(TaskLine {
        lead: LeadId(row.text(1)?),
        enrollment: EnrollmentId(row.text(2)?),
        sequence: row.text(3)?,
        version: row.text(4)?,
        step: row.text(5)?,
        kind,
        owner: row.maybe_text(7)?,
        state: row.text(8)?,
        asked_at: row.instant(9)?,
        shown_at: row.instant(10)?,
        due_at: Some(row.instant(11)?).filter(|at| *at < Instant::NEVER),
        late: row.int(12)? > 0,
        outcome: row.maybe_text(13)?,
        ended_by: row.maybe_text(14)?,
        ended_at: row.maybe_instant(15)?,
        id: TaskId(id),
    })
}
