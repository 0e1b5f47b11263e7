//! Takes over what a daemon that is gone had under way: before the mark a retry is safe, after it the step's policy decides.

use std::sync::Arc;

use super::claim::Claimed;
use super::outcome::{fact, once_more, settling};
use crate::domain::time::Instant;
use crate::domain::touch::{Outcome, Policy, State};
use crate::engine::commit::Reservation;
use crate::engine::{Engine, Writes};
use crate::store::StoreError;
use crate::store::leads::LeadKey;
use crate::store::touch_row::TouchRow;

/// Touches taken over in one transaction.
const BATCH: usize = 500;
/// Why nobody knows what came of a touch.
const ENDED: &str = "the daemon ended before the server's answer was stored";

impl Engine {
    /// Takes over one batch of touches whose lease ran out before `lapsed`, and says how many there were. With [`Instant::NEVER`] a
    /// single process takes over all that its forerunner left.
    pub async fn recover(&self, lapsed: Instant) -> Result<usize, Arc<StoreError>> {
        let rows = self.lapsed(lapsed).await.map_err(Arc::new)?;
        let count = rows.len();
        let keys: Vec<LeadKey> = rows.iter().map(|row| LeadKey::Id(row.lead.clone())).collect();
        let leads = self.store.leads(&keys).await.map_err(Arc::new)?;
        let mut writes = Writes::default();
        for (row, lead) in rows.into_iter().zip(leads) {
            let (Some(token), Some(lead)) = (row.token.clone(), lead) else { continue };
            let claimed = Claimed { row, lead, token, round: 0, put_off: None };
            if claimed.row.state == State::Marked {
                writes.news.extend(self.left(&claimed));
            }
            match (claimed.row.state, claimed.row.policy) {
                // It may have left, and to somebody who asked to be left alone since it leaves no second time.
                (State::Marked, policy) if policy == Policy::AtMostOnce || claimed.lead.suppressed.is_some() => {
                    let outcome = Outcome::Unknown { reason: ENDED.to_owned() };
                    let at = claimed.row.marked_at.unwrap_or_else(|| self.now());
                    writes.settles.push((settling(&claimed, &outcome, None), Some(fact(&claimed, &outcome, at))));
                }
                // It may have left, and used its place; it leaves once more unless somebody asked to be left alone since.
                (State::Marked, _) => writes.settles.push(once_more(&claimed, ENDED, self.now())),
                _ => {
                    writes.give_backs.extend(claimed.reservation());
                    writes.put_backs.push(claimed.put_back(self.now()));
                }
            }
        }
        self.write(writes).await?;
        Ok(count)
    }

    /// Gives back the places under caps of touches that a stop took away from somebody who may be gone since. Whoever is not would have
    /// given them back too, and finds it done.
    pub async fn recover_places(&self) -> Result<usize, Arc<StoreError>> {
        let left = self.store.places_left(BATCH).await.map_err(Arc::new)?;
        let count = left.len();
        let give_backs = left.into_iter().map(|(touch, lane, day)| (touch, Reservation { lane, day })).collect();
        self.write(Writes { give_backs, ..Writes::default() }).await?;
        Ok(count)
    }

    async fn lapsed(&self, lapsed: Instant) -> Result<Vec<TouchRow>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.expired_leases(BATCH, lapsed).await?;
        tx.rollback().await?;
        Ok(rows)
    }
}
