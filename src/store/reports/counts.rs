//! How many there are of each: the figures of the dashboard and of the doctor.

use std::collections::BTreeMap;

use super::super::db::Row;
use super::super::error::StoreError;
use super::super::sql::Statement;
use super::Reports;
use crate::domain::time::Instant;

/// Enrollments that stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentCount {
    pub sequence: String,
    pub state: String,
    pub step: Option<String>,
    pub count: i64,
}

/// Touches of one step that came to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchCount {
    pub sequence: String,
    pub step: String,
    pub state: String,
    pub count: i64,
}

/// How many mails of one step were seen by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCount {
    pub sequence: String,
    pub step: String,
    pub opened: i64,
    pub clicked: i64,
}

/// Handoffs that stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffCount {
    pub state: String,
    pub sla: String,
    pub count: i64,
}

/// What a table takes on the disk, indexes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    pub table: String,
    pub bytes: i64,
}

impl Reports<'_> {
    pub async fn leads_by_stage(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement = Statement::new("SELECT stage, COUNT(*) FROM lead GROUP BY stage");
        self.count(&COUNT, None).await
    }

    pub async fn touches_by_state(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement = Statement::new("SELECT state, COUNT(*) FROM touch GROUP BY state");
        self.count(&COUNT, None).await
    }

    /// Events by name that were recorded at an instant or later.
    pub async fn events_by_name(&self, since: Instant) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement =
            Statement::new("SELECT name, COUNT(*) FROM event WHERE recorded_at >= $1 GROUP BY name");
        self.count(&COUNT, Some(since)).await
    }

    /// Work that waits, by lane.
    pub async fn waiting_by_lane(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement = Statement::new("SELECT lane, COUNT(*) FROM outbox GROUP BY lane");
        self.count(&COUNT, None).await
    }

    /// When the first of what waits on each lane is ready.
    pub async fn first_by_lane(&self) -> Result<BTreeMap<String, Instant>, StoreError> {
        static FIRST: Statement = Statement::new("SELECT lane, MIN(ready_at) FROM outbox GROUP BY lane");
        let found = self.store.db.fetch("look for the oldest work", &FIRST, vec![]).await?;
        found.iter().map(|row| Ok((row.text(0)?, row.instant(1)?))).collect()
    }

    /// Touches that may or may not have arrived.
    pub async fn unknown_touches(&self) -> Result<i64, StoreError> {
        // A partial index serves this only where the text of the statement says that it may.
        static COUNT: Statement = Statement::new(
            "SELECT COUNT(*) FROM touch
             WHERE state = 'unknown' AND state IN ('held', 'unknown', 'deferred', 'refused', 'expired')",
        );
        let found = self.store.db.fetch("count unknown touches", &COUNT, vec![]).await?;
        found.first().map_or(Ok(0), |row| row.int(0))
    }

    /// Calls that failed after their last try.
    pub async fn failed_calls(&self) -> Result<i64, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT COUNT(*) FROM touch
             WHERE state = 'refused' AND state IN ('held', 'unknown', 'deferred', 'refused', 'expired') AND channel = 'webhook'",
        );
        let found = self.store.db.fetch("count calls that failed", &COUNT, vec![]).await?;
        found.first().map_or(Ok(0), |row| row.int(0))
    }

    async fn count(
        &self,
        statement: &'static Statement,
        since: Option<Instant>,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let args = since.map(Into::into).into_iter().collect();
        let found = self.store.db.fetch("count", statement, args).await?;
        found.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
    }

    /// Enrollments by sequence, state and step, in that order.
    pub async fn enrollment_counts(&self) -> Result<Vec<EnrollmentCount>, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT sequence, state, step, COUNT(*)
             FROM enrollment
             GROUP BY sequence, state, step
             ORDER BY sequence, state, step NULLS LAST",
        );
        let line = |row: &Row| {
            Ok(EnrollmentCount {
                sequence: row.text(0)?,
                state: row.text(1)?,
                step: row.maybe_text(2)?,
                count: row.int(3)?,
            })
        };
        self.store.db.fetch("count enrollments", &COUNT, vec![]).await?.iter().map(line).collect()
    }

    /// Touches by sequence, step and state, in that order; those of alerts have no sequence and are left out.
    pub async fn touch_counts(&self) -> Result<Vec<TouchCount>, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT sequence, step, state, COUNT(*)
             FROM touch
             WHERE sequence <> ''
             GROUP BY sequence, step, state
             ORDER BY sequence, step, state",
        );
        let line = |row: &Row| {
            Ok(TouchCount { sequence: row.text(0)?, step: row.text(1)?, state: row.text(2)?, count: row.int(3)? })
        };
        self.store.db.fetch("count touches", &COUNT, vec![]).await?.iter().map(line).collect()
    }

    /// Mails a person opened or clicked in, by sequence and step; steps without any are left out.
    pub async fn seen_counts(&self) -> Result<Vec<SeenCount>, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT sequence, step, COUNT(CASE WHEN opened > 0 THEN 1 END), COUNT(CASE WHEN clicked > 0 THEN 1 END)
             FROM touch
             WHERE sequence <> '' AND (opened > 0 OR clicked > 0)
             GROUP BY sequence, step
             ORDER BY sequence, step",
        );
        let line = |row: &Row| {
            Ok(SeenCount { sequence: row.text(0)?, step: row.text(1)?, opened: row.int(2)?, clicked: row.int(3)? })
        };
        self.store.db.fetch("count mails that were seen", &COUNT, vec![]).await?.iter().map(line).collect()
    }

    /// Handoffs by state and SLA, in that order.
    pub async fn handoff_counts(&self) -> Result<Vec<HandoffCount>, StoreError> {
        static COUNT: Statement =
            Statement::new("SELECT state, sla, COUNT(*) FROM handoff GROUP BY state, sla ORDER BY state, sla");
        let line = |row: &Row| Ok(HandoffCount { state: row.text(0)?, sla: row.text(1)?, count: row.int(2)? });
        self.store.db.fetch("count handoffs", &COUNT, vec![]).await?.iter().map(line).collect()
    }

    /// What the tables take on the disk, the largest first. Reads every page's header on SQLite.
    pub async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        static OF_FILE: Statement = Statement::new(
            "SELECT m.tbl_name, SUM(s.pgsize) AS bytes
             FROM dbstat AS s
             JOIN sqlite_schema AS m ON m.name = s.name
             WHERE s.aggregate = TRUE
             GROUP BY m.tbl_name
             ORDER BY bytes DESC, m.tbl_name",
        );
        static OF_SERVER: Statement = Statement::new(
            "SELECT CAST(c.relname AS TEXT), pg_total_relation_size(c.oid) AS bytes
             FROM pg_class AS c
             WHERE c.relkind = 'r' AND c.relnamespace = CAST(current_schema() AS regnamespace)
             ORDER BY bytes DESC, c.relname",
        );
        let statement = if self.store.is_shared() { &OF_SERVER } else { &OF_FILE };
        let line = |row: &Row| Ok(Size { table: row.text(0)?, bytes: row.int(1)? });
        self.store.db.fetch("measure the tables", statement, vec![]).await?.iter().map(line).collect()
    }
}
