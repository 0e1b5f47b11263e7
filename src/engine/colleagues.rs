//! A reply is told to the colleagues: the people of an account who are in a sequence are gone through once, a page a transaction, and each
//! lead's own decision says what it means. A page that is decided again after a crash changes nothing.

use super::Engine;
use super::batch::Batch;
use crate::domain::decide::are_to_be_told;
use crate::domain::time::Instant;
use crate::store::StoreError;

/// People gone through in one transaction.
const PAGE: usize = 500;

impl Engine {
    /// Tells one page of people that a colleague replied, and says whether there was one.
    pub(super) async fn tell_colleagues(&self, now: Instant) -> Result<usize, StoreError> {
        if !are_to_be_told(&self.playbook()) {
            return Ok(0);
        }
        let Some(untold) = self.store.untold().await? else { return Ok(0) };
        let mut tx = self.begin().await?;
        let page = tx.page_of_account(&untold, PAGE).await?;
        let mut batch = Batch::new(self, now);
        batch.wake(&mut tx, &page).await?;
        batch.write(&mut tx).await?;
        let last = page.last().filter(|_| page.len() == PAGE);
        tx.turn_page(&untold, last).await?;
        tx.commit().await?;
        self.beat();
        Ok(1)
    }

    /// Now, if anybody is to be told.
    pub(super) async fn next_telling(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        if !are_to_be_told(&self.playbook()) {
            return Ok(None);
        }
        Ok(self.store.untold().await?.map(|_| now))
    }
}
