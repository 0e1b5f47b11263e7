//! Leases on touches under way, and what is left of a touch that somebody had in hand and lost.

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::touch_row::{TouchRow, touch_columns};
use super::touches::touches;
use super::tx::Tx;
use crate::domain::id::TouchId;
use crate::domain::time::{Instant, Millis};

impl Tx {
    /// Touches under way whose lease ran out: whoever had them is gone. They are the caller's until the transaction ends. With
    /// [`Instant::NEVER`] for `now` a single process takes over all that its forerunner left.
    pub async fn expired_leases(&mut self, limit: usize, now: Instant) -> Result<Vec<TouchRow>, StoreError> {
        static EXPIRED: Statement = Statement::new(concat!(
            "SELECT ",
            touch_columns!(),
            " FROM touch
             WHERE token IS NOT NULL AND lease_until < {clock $1}
             ORDER BY id
             LIMIT $2
             {skip locked}"
        ));
        touches(&self.fetch("look for leases that ran out", &EXPIRED, vec![now.into(), limit.into()]).await?)
    }

    /// Ends leases on a clock of our own at `latest`, those that would end later: the clock was set back.
    pub async fn bring_leases_near(&mut self, latest: Instant) -> Result<(), StoreError> {
        static NEAR: Statement =
            Statement::new("UPDATE touch SET lease_until = $1 WHERE token IS NOT NULL AND lease_until > $1");
        if self.is_shared() {
            return Ok(());
        }
        self.run("bring leases near", &NEAR, vec![latest.into()]).await.map(drop)
    }

    /// Holds the claims of these tokens for another `lease`. Gives the number of touches held.
    pub async fn renew(&mut self, tokens: &[&str], lease: Millis, now: Instant) -> Result<u64, StoreError> {
        // A row that is locked is being settled or marked right now; waiting for it could be waiting in a circle.
        static RENEW: Statement = Statement::batch(
            &[("holder", Kind::Text)],
            "UPDATE touch
             SET lease_until = {clock $2} + $3
             WHERE id IN (SELECT id FROM touch WHERE token IN (SELECT holder FROM {input} AS i) {skip locked})",
        );
        let input = rows(tokens.iter().map(|token| (token,)));
        self.run("renew leases", &RENEW, vec![input.into(), now.into(), lease.0.into()]).await
    }
}

impl Store {
    /// When the first lease on a touch under way runs out, whoever's it is.
    pub async fn next_lapse(&self) -> Result<Option<Instant>, StoreError> {
        static NEXT: Statement = Statement::new("SELECT MIN(lease_until) FROM touch WHERE token IS NOT NULL");
        let rows = self.db.fetch("look for the next lease to run out", &NEXT, vec![]).await?;
        rows.first().map_or(Ok(None), |row| row.maybe_instant(0))
    }

    /// Places under caps, with lane and day, whose touch a stop took away while somebody had it in hand.
    pub async fn places_left(&self, limit: usize) -> Result<Vec<(TouchId, String, i32)>, StoreError> {
        static LEFT: Statement = Statement::new(
            "SELECT id, lane, reserved_day
             FROM touch
             WHERE reserved_day IS NOT NULL AND token IS NULL
             ORDER BY id
             LIMIT $1",
        );
        let found = self.db.fetch("look for places that were left", &LEFT, vec![limit.into()]).await?;
        let place =
            |row: &Row| Ok((TouchId(row.text(0)?), row.text(1)?, i32::try_from(row.int(2)?).unwrap_or(i32::MIN)));
        found.iter().map(place).collect()
    }
}
