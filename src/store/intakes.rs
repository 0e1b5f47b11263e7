//! How many are in a sequence that has limits, and who waits for room: counters kept in the transaction that lets somebody in or out, so
//! that they are right over a fleet and through crashes, and nobody is counted again.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::id::LeadId;
use crate::domain::sequence::Intake;
use crate::domain::time::Instant;

/// A clock that fell by more dates was wrong before: the date begins anew.
const CREDIBLE_DAYS: i64 = 2;

/// A date of the workspace's zone, in days since 1970-01-01, and when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Today {
    pub day: i32,
    pub began_at: Instant,
}

/// How one decision changes a sequence's counters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shift {
    pub(super) active: i64,
    pub(super) entered: i64,
    pub(super) day: i32,
}

static FIRST: Statement = Statement::new(
    "SELECT lead_id
     FROM pending
     WHERE sequence = $1
     ORDER BY sequence, since, lead_id
     LIMIT $2",
);

impl Tx {
    /// What stands in the counters of sequences; others cannot change it until the transaction ends. A sequence that has no counters yet is
    /// counted once.
    pub async fn intakes(&mut self, names: &[&str], today: Today) -> Result<BTreeMap<String, Intake>, StoreError> {
        static READ: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT sequence, active, day, entered,
                CAST(CASE WHEN EXISTS (SELECT 1 FROM pending AS p WHERE p.sequence = intake.sequence) THEN 1 ELSE 0 END AS BIGINT)
             FROM intake
             WHERE sequence IN (SELECT asked FROM {input} AS i)
             ORDER BY sequence
             {for update}",
        );
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.count_intakes(names, today).await?;
        let input = rows(names.iter().map(|name| (name,)));
        let found = self.fetch("read who is in sequences", &READ, vec![input.into()]).await?;
        found.iter().map(|row| Ok((row.text(0)?, intake(row, today)?))).collect()
    }

    /// Counts once who is in sequences that have no counters.
    async fn count_intakes(&mut self, names: &[&str], today: Today) -> Result<(), StoreError> {
        static COUNT: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "INSERT INTO intake (sequence, active, day, entered)
             SELECT i.asked,
                (SELECT COUNT(*) FROM enrollment AS e WHERE e.sequence = i.asked AND e.state IN ('active', 'paused', 'held')),
                $2,
                (SELECT COUNT(*) FROM enrollment AS e WHERE e.sequence = i.asked AND e.entered_at >= $3)
             FROM {input} AS i
             WHERE NOT EXISTS (SELECT 1 FROM intake AS k WHERE k.sequence = i.asked)
             ON CONFLICT (sequence) DO NOTHING",
        );
        let input = rows(names.iter().map(|name| (name,)));
        let args = vec![input.into(), i64::from(today.day).into(), today.began_at.into()];
        self.run("count who is in sequences", &COUNT, args).await.map(drop)
    }

    /// Begins to count for sequences that have limits, while nobody enters or leaves any, and forgets the counters of all others, which are
    /// not kept up.
    pub async fn keep_intakes(&mut self, limited: &[&str], today: Today) -> Result<(), StoreError> {
        static WAIT: Statement = Statement::new("LOCK TABLE enrollment IN SHARE MODE");
        static ALL: Statement = Statement::new("SELECT sequence FROM intake ORDER BY sequence");
        static FORGET: Statement = Statement::new("DELETE FROM intake WHERE sequence = $1");
        let kept = self.fetch("read who is in sequences", &ALL, vec![]).await?;
        let kept = kept.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        for name in kept.iter().filter(|name| !limited.contains(&name.as_str())) {
            self.run("forget who is in a sequence", &FORGET, vec![name.as_str().into()]).await?;
        }
        let new: Vec<&str> = limited.iter().filter(|name| !kept.iter().any(|kept| kept == *name)).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        if self.is_shared() {
            self.run("wait for enrollments", &WAIT, vec![]).await?;
        }
        self.count_intakes(&new, today).await
    }

    pub(super) async fn shift_intakes(&mut self, all: &BTreeMap<&str, Shift>) -> Result<(), StoreError> {
        static SHIFT: Statement = Statement::batch(
            &[("name", Kind::Text), ("active", Kind::Int), ("entered", Kind::Int), ("day", Kind::Int)],
            "UPDATE intake
             SET active = {greatest intake.active + i.active, 0},
                entered = CASE WHEN i.entered = 0 THEN intake.entered
                    WHEN i.day > intake.day OR i.day < intake.day - 2 THEN i.entered
                    ELSE intake.entered + i.entered END,
                day = CASE WHEN i.entered > 0 AND (i.day > intake.day OR i.day < intake.day - 2) THEN i.day ELSE intake.day END
             FROM {input} AS i
             WHERE intake.sequence = i.name",
        );
        if all.is_empty() {
            return Ok(());
        }
        let input = rows(all.iter().map(|(name, shift)| (name, shift.active, shift.entered, shift.day)));
        self.run("count who enters and leaves", &SHIFT, vec![input.into()]).await.map(drop)
    }

    /// Writes who waits for room since when, and who does so no more.
    pub(super) async fn write_pending(
        &mut self,
        all: &BTreeMap<(&str, &LeadId), Option<Instant>>,
    ) -> Result<(), StoreError> {
        static PEND: Statement = Statement::batch(
            &[("sequence", Kind::Text), ("lead_id", Kind::Text), ("since", Kind::Int)],
            "INSERT INTO pending (sequence, lead_id, since)
             SELECT sequence, lead_id, since
             FROM {input} AS i
             WHERE true
             ON CONFLICT (sequence, lead_id) DO UPDATE SET since = excluded.since",
        );
        let waits = all.iter().filter_map(|((sequence, lead), since)| Some((sequence, lead, (*since)?)));
        let waits = rows(waits);
        if !waits.is_empty() {
            self.run("note who waits for room", &PEND, vec![waits.into()]).await?;
        }
        let gone: Vec<_> = all.iter().filter(|(_, since)| since.is_none()).map(|(key, _)| *key).collect();
        self.forget_pending(&gone).await
    }

    /// Strikes off who does not wait for room any more.
    pub async fn forget_pending(&mut self, gone: &[(&str, &LeadId)]) -> Result<(), StoreError> {
        static FORGET: Statement = Statement::batch(
            &[("sequence", Kind::Text), ("lead_id", Kind::Text)],
            "DELETE FROM pending
             WHERE (sequence, lead_id) IN (SELECT sequence, lead_id FROM {input} AS i)",
        );
        if gone.is_empty() {
            return Ok(());
        }
        self.run("note who waits no more", &FORGET, vec![rows(gone).into()]).await.map(drop)
    }

    /// Who waits for room in a sequence, who came first before the others.
    pub async fn pending(&mut self, sequence: &str, limit: usize) -> Result<Vec<LeadId>, StoreError> {
        let found = self.fetch("look who waits for room", &FIRST, vec![sequence.into(), limit.into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }
}

impl Store {
    /// What stands in all counters.
    pub async fn intakes(&self, today: Today) -> Result<BTreeMap<String, Intake>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT sequence, active, day, entered,
                CAST(CASE WHEN EXISTS (SELECT 1 FROM pending AS p WHERE p.sequence = intake.sequence) THEN 1 ELSE 0 END AS BIGINT)
             FROM intake
             ORDER BY sequence",
        );
        let found = self.db.fetch("read who is in sequences", &ALL, vec![]).await?;
        found.iter().map(|row| Ok((row.text(0)?, intake(row, today)?))).collect()
    }

    /// The sequences that somebody waits for, in the order of their names: one look for each of them, however many wait.
    pub async fn waited_for(&self) -> Result<Vec<String>, StoreError> {
        static NAMES: Statement = Statement::new(
            "WITH RECURSIVE waited(sequence) AS (
                 SELECT MIN(sequence) FROM pending
                 UNION ALL
                 SELECT (SELECT MIN(p.sequence) FROM pending AS p WHERE p.sequence > waited.sequence)
                 FROM waited
                 WHERE waited.sequence IS NOT NULL
             )
             SELECT sequence
             FROM waited
             WHERE sequence IS NOT NULL",
        );
        let found = self.db.fetch("look for sequences that somebody waits for", &NAMES, vec![]).await?;
        let mut names = found.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        Ok(names)
    }

    /// Who waits for room in a sequence, who came first before the others.
    pub async fn pending(&self, sequence: &str, limit: usize) -> Result<Vec<LeadId>, StoreError> {
        let found = self.db.fetch("look who waits for room", &FIRST, vec![sequence.into(), limit.into()]).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }

    /// How many wait for room, by sequence.
    pub async fn pending_counts(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement = Statement::new("SELECT sequence, COUNT(*) FROM pending GROUP BY sequence");
        let found = self.db.fetch("count who waits for room", &COUNT, vec![]).await?;
        found.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
    }
}

/// Reads the counters of a sequence from its second column on. When the clock is set back to an earlier date, that one counts on.
fn intake(row: &super::db::Row, today: Today) -> Result<Intake, StoreError> {
    let (day, today) = (row.int(2)?, i64::from(today.day));
    let counts = (today..=today + CREDIBLE_DAYS).contains(&day);
    let number = |count: i64| u32::try_from(count).unwrap_or(0);
    Ok(Intake {
        active: number(row.int(1)?),
        entered_today: if counts { number(row.int(3)?) } else { 0 },
        waiting: row.int(4)? > 0,
    })
}
