//! How far cron schedules have come: one row a schedule of a sequence. A tick is taken by compare-and-set, so that of a fleet one daemon
//! begins it; then its leads are gone through page by page, whoever comes next going on where the last page ended.

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::id::LeadId;
use crate::domain::time::Instant;

/// One schedule of one sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickRow {
    pub sequence: String,
    pub cron: String,
    /// Every tick up to here was carried out, is under way, or is let go.
    pub seen_at: Instant,
    /// The tick under way.
    pub at: Option<Instant>,
}

fn tick(row: &Row) -> Result<TickRow, StoreError> {
    Ok(TickRow { sequence: row.text(0)?, cron: row.text(1)?, seen_at: row.instant(2)?, at: row.maybe_instant(3)? })
}

impl Store {
    /// All schedules that were ever seen, by sequence.
    pub async fn ticks(&self) -> Result<Vec<TickRow>, StoreError> {
        static ALL: Statement = Statement::new("SELECT sequence, cron, seen_at, at FROM tick ORDER BY sequence, cron");
        self.db.fetch("read schedules", &ALL, vec![]).await?.iter().map(tick).collect()
    }
}

impl Tx {
    /// Begins to keep schedules from an instant on; those that are kept stay as they are.
    pub async fn keep_ticks(&mut self, new: &[(&str, &str)], since: Instant) -> Result<(), StoreError> {
        static KEEP: Statement = Statement::batch(
            &[("sequence", Kind::Text), ("cron", Kind::Text)],
            "INSERT INTO tick (sequence, cron, seen_at)
             SELECT sequence, cron, $2
             FROM {input} AS i
             WHERE true
             ON CONFLICT (sequence, cron) DO NOTHING",
        );
        if new.is_empty() {
            return Ok(());
        }
        self.run("keep schedules", &KEEP, vec![rows(new).into(), since.into()]).await.map(drop)
    }

    /// Moves a schedule that nobody moved since it was read, with a tick to be carried out or without; false if somebody did.
    pub async fn take_tick(
        &mut self,
        read: &TickRow,
        seen_at: Instant,
        at: Option<Instant>,
    ) -> Result<bool, StoreError> {
        static TAKE: Statement = Statement::new(
            "UPDATE tick
             SET seen_at = $3, at = $4, after = ''
             WHERE sequence = $1 AND cron = $2 AND seen_at = $5 AND at IS NOT DISTINCT FROM $6",
        );
        let args = vec![
            read.sequence.as_str().into(),
            read.cron.as_str().into(),
            seen_at.into(),
            at.into(),
            read.seen_at.into(),
            read.at.into(),
        ];
        Ok(self.run("take a tick", &TAKE, args).await? > 0)
    }

    /// The next leads of a tick under way, in the order of their ids, and nothing where another has them in hand. Others come after
    /// these as soon as the transaction is committed; with fewer than `limit` the tick is over.
    pub async fn page_of_tick(
        &mut self,
        (sequence, cron): (&str, &str),
        at: Instant,
        limit: usize,
    ) -> Result<Option<Vec<LeadId>>, StoreError> {
        static HOLD: Statement = Statement::new(
            "SELECT after
             FROM tick
             WHERE sequence = $1 AND cron = $2 AND at = $3
             {skip locked}",
        );
        static PAGE: Statement = Statement::new("SELECT id FROM lead WHERE id > $1 ORDER BY id LIMIT $2");
        static MOVE: Statement = Statement::new(
            "UPDATE tick
             SET after = $3
             WHERE sequence = $1 AND cron = $2",
        );
        static END: Statement = Statement::new(
            "UPDATE tick
             SET after = '', at = NULL
             WHERE sequence = $1 AND cron = $2",
        );
        const ATTEMPTED: &str = "go through the leads of a tick";
        let held = self.fetch(ATTEMPTED, &HOLD, vec![sequence.into(), cron.into(), at.into()]).await?;
        let Some(after) = held.first().map(|row| row.text(0)).transpose()? else { return Ok(None) };
        let found = self.fetch(ATTEMPTED, &PAGE, vec![after.into(), limit.into()]).await?;
        let page = found.iter().map(|row| row.text(0).map(LeadId)).collect::<Result<Vec<_>, _>>()?;
        match page.last().filter(|_| page.len() == limit) {
            Some(last) => self.run(ATTEMPTED, &MOVE, vec![sequence.into(), cron.into(), last.as_str().into()]).await?,
            None => self.run(ATTEMPTED, &END, vec![sequence.into(), cron.into()]).await?,
        };
        Ok(Some(page))
    }
}
