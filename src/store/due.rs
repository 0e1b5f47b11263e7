//! The queue of leads that time alone may change, clustered by the instant: one row a lead, and one more where opens and clicks wait for
//! their verdict.

use std::sync::atomic::Ordering::Relaxed;

use super::error::StoreError;
use super::open::{Store, Sweep};
use super::sql::Statement;
use super::tx::Tx;
use crate::domain::id::LeadId;
use crate::domain::time::{Instant, Millis};

/// A transaction that began so long ago may still put a wake behind the floor unseen.
const SLACK: Millis = Millis(10_000);
/// How long a wake behind the floor may lie there.
const SWEEP_EVERY: Millis = Millis::MINUTE;

impl Sweep {
    /// Where a claim begins to read: at the floor, and once a minute at the very beginning.
    fn begin(&self, now: Instant) -> Instant {
        let due_again = Instant(self.swept_at.load(Relaxed)) + SWEEP_EVERY;
        if now < due_again && now >= due_again - SWEEP_EVERY {
            return Instant(self.floor.load(Relaxed));
        }
        self.swept_at.store(now.0, Relaxed);
        Instant(i64::MIN)
    }

    /// All before `horizon` was claimed.
    fn reached(&self, horizon: Instant) {
        self.floor.store((horizon - SLACK).0, Relaxed);
    }

    /// A wake was put at `due`.
    pub(super) fn reach_back_to(&self, due: Instant) {
        self.floor.fetch_min(due.0, Relaxed);
    }
}

impl Tx {
    /// Takes leads whose time is up, earliest first, at most `limit`. Their wakes are gone; saving a lead puts its next one. On a
    /// shared database the leads are locked, and those that another holds are left for later.
    pub async fn claim_wakes(&mut self, limit: usize, now: Instant) -> Result<Vec<LeadId>, StoreError> {
        static ALONE: Statement = Statement::new(
            "WITH ready AS MATERIALIZED (
                 SELECT due, lead_id
                 FROM wake
                 WHERE due <= $1
                 ORDER BY due, lead_id
                 LIMIT $2
             )
             DELETE FROM wake
             WHERE (due, lead_id) IN (SELECT due, lead_id FROM ready)
             RETURNING due, lead_id",
        );
        // The lead is locked before its wake, as everyone does who saves it: the other way round two would wait for each other.
        // The lower bound steps over entries of the index that are dead but that an old snapshot keeps from being removed.
        static SHARED: Statement = Statement::new(
            "WITH ready AS MATERIALIZED (
                 SELECT w.due, w.lead_id
                 FROM wake AS w
                 JOIN lead AS l ON l.id = w.lead_id
                 WHERE w.due <= $1 AND w.due >= $3
                 ORDER BY w.due, w.lead_id
                 LIMIT $2
                 {for update of l skip locked}
             )
             DELETE FROM wake
             WHERE (due, lead_id) IN (SELECT due, lead_id FROM ready)
             RETURNING due, lead_id",
        );
        const ATTEMPTED: &str = "claim leads whose time is up";
        let found = if self.is_shared() {
            let from = self.shared.sweep.begin(now);
            self.fetch(ATTEMPTED, &SHARED, vec![now.into(), limit.into(), from.into()]).await?
        } else {
            self.fetch(ATTEMPTED, &ALONE, vec![now.into(), limit.into()]).await?
        };
        let mut claimed = Vec::with_capacity(found.len());
        for row in &found {
            claimed.push((row.instant(0)?, LeadId(row.text(1)?)));
        }
        claimed.sort();
        match claimed.first() {
            Some((first, _)) if claimed.len() == limit => self.shared.sweep.reached(*first),
            _ => self.shared.sweep.reached(now),
        }
        Ok(claimed.into_iter().map(|(_, lead)| lead).collect())
    }
}

impl Store {
    /// The first instant at which a lead's time is up.
    pub async fn next_wake(&self) -> Result<Option<Instant>, StoreError> {
        static NEXT: Statement = Statement::new(
            "SELECT due
             FROM wake
             WHERE due >= $1
             ORDER BY due
             LIMIT 1",
        );
        let from = if self.is_shared() { self.shared.sweep.floor.load(Relaxed) } else { i64::MIN };
        let rows = self.db.fetch("look for the next wake", &NEXT, vec![from.into()]).await?;
        rows.first().map(|row| row.instant(0)).transpose()
    }
}
