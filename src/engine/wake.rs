//! Time's up: leads whose wake is due are decided, a batch a transaction.

use std::sync::Arc;

use super::batch::Batch;
use super::{Engine, Protection};
use crate::domain::time::Instant;
use crate::store::StoreError;

/// Leads woken in one transaction.
pub const WAKES: usize = 500;

impl Engine {
    /// Does one batch of what is due, and says whether there was anything: tells of a colleague's reply, wakes leads, lets in who waits for room, or goes on
    /// with a tick of a schedule.
    pub async fn wake(&self, now: Instant) -> Result<usize, Arc<StoreError>> {
        // First, so that what a reply ends does not go on before.
        let told = self.tell_colleagues(now).await.map_err(Arc::new)?;
        if told > 0 {
            return Ok(told);
        }
        match self.wake_leads(now).await? {
            0 => match self.release(now).await.map_err(Arc::new)? {
                0 => self.tick(now).await.map_err(Arc::new),
                let_in => Ok(let_in),
            },
            woken => Ok(woken),
        }
    }

    async fn wake_leads(&self, now: Instant) -> Result<usize, Arc<StoreError>> {
        let woken = async {
            // Who is alone sees by a look whether anybody is due, and does not take the turn of those who write.
            if !self.store.is_shared() && self.store.next_wake().await?.is_none_or(|due| due > now) {
                return Ok(0);
            }
            let mut tx = self.begin().await?;
            let due = tx.claim_wakes(WAKES, now).await?;
            if self.fail.lacks(Protection::TakenWithDecision) {
                tx.commit().await?;
                tx = self.begin().await?;
            }
            if !due.is_empty() {
                self.fail.hit("wake.claimed");
            }
            let mut batch = Batch::new(self, now);
            batch.wake(&mut tx, &due).await?;
            batch.write(&mut tx).await?;
            tx.commit().await?;
            if !due.is_empty() {
                metrics::counter!("overture_wakes_total").increment(u64::try_from(due.len()).unwrap_or(0));
                self.beat();
            }
            Ok(due.len())
        };
        let woken: Result<usize, StoreError> = woken.await;
        woken.map_err(Arc::new)
    }
}
