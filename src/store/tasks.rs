//! What people are to do, as rows: the inbox reads them, the leads carry them.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::decide::TaskRow;
use crate::domain::time::Instant;

impl Tx {
    pub(super) async fn write_tasks(&mut self, all: &BTreeMap<&str, &TaskRow>) -> Result<(), StoreError> {
        // A task without a due time stands at the end of the inbox, so that its order is one column.
        static WRITE: Statement = Statement::batch(
            &[
                ("id", Kind::Text),
                ("lead_id", Kind::Text),
                ("enrollment_id", Kind::Text),
                ("sequence", Kind::Text),
                ("version", Kind::Text),
                ("step", Kind::Text),
                ("kind", Kind::Text),
                ("owner", Kind::Text),
                ("state", Kind::Text),
                ("asked_at", Kind::Int),
                ("shown_at", Kind::Int),
                ("due_at", Kind::Int),
                ("late", Kind::Int),
                ("outcome", Kind::Text),
                ("ended_by", Kind::Text),
                ("ended_at", Kind::Int),
            ],
            "INSERT INTO task (id, lead_id, enrollment_id, sequence, version, step, kind, owner, state, asked_at, shown_at, due_at, late,
                outcome, ended_by, ended_at)
             SELECT id, lead_id, enrollment_id, sequence, version, step, kind, owner, state, asked_at, shown_at, due_at, late,
                outcome, ended_by, ended_at
             FROM {input} AS i
             WHERE true
             ON CONFLICT (id) DO UPDATE SET
                version = excluded.version, step = excluded.step, owner = excluded.owner, state = excluded.state,
                shown_at = excluded.shown_at, due_at = excluded.due_at, late = excluded.late, outcome = excluded.outcome,
                ended_by = excluded.ended_by, ended_at = excluded.ended_at, lead_id = excluded.lead_id",
        );
        if all.is_empty() {
            return Ok(());
        }
        let input = rows(all.values().map(|row| {
            (
                &row.id,
                &row.lead,
                &row.enrollment,
                &row.sequence,
                &row.version,
                &row.step,
                row.kind,
                &row.owner,
                row.state,
                row.asked_at,
                row.shown_at,
                row.due_at.unwrap_or(Instant::NEVER),
                i64::from(row.late),
                &row.outcome,
                &row.ended_by,
                row.ended_at,
            )
        }));
        self.run("write tasks", &WRITE, vec![input.into()]).await.map(drop)
    }
}
