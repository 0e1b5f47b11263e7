//! Hands touches to the outside world so that nothing is sent twice, whatever crashes when.
//!
//! ```text
//! claim ─▶ compose ─▶ intend ─▶ offer ─▶ mark ─▶ write ─▶ settle
//!             │ held                │ refused            │ unknown
//! ```
//! Nothing has left before the mark; a mark that wins no row means that a stop came first, and the connection is closed unsent.

mod claim;
mod compose;
mod hook;
mod mail;
mod outcome;
mod recover;

pub use claim::Claimed;
pub use mail::Line;
pub use outcome::{Carried, Trouble};

use std::sync::Arc;

use super::Engine;
use crate::domain::time::Instant;
use crate::domain::touch::Channel;
use crate::store::StoreError;

/// Touches taken from one lane at once where nothing else limits them.
const TAKE: usize = 32;

impl Engine {
    /// Carries all that is ready on every open lane, one after the other: the sequential composition that rehearsals use.
    pub async fn deliver_once(&self, now: Instant) -> Result<usize, Arc<StoreError>> {
        let mut carried = 0;
        for lane in self.open_lanes(now).await.map_err(Arc::new)? {
            let mut line = self.line(&lane);
            let mut trouble: Option<String> = None;
            for claimed in self.claim(&lane, TAKE).await? {
                let outcome = match &trouble {
                    None => self.attempt(&claimed, &mut line).await?,
                    Some(why) => claimed.back(why),
                };
                self.settle(&claimed, &outcome).await?;
                trouble = trouble.or_else(|| outcome.trouble());
                carried += 1;
            }
            line.close().await;
        }
        Ok(carried)
    }

    /// Beats if work that may be done now waits on a lane.
    pub async fn beat_if_waiting(&self, lane: &str) {
        let open = self.open_lanes(self.now()).await.unwrap_or_default();
        if open.iter().any(|other| other == lane) {
            self.beat();
        }
    }

    /// Carries one claimed touch as far as it goes: the outcome is known when this returns, and not yet stored.
    ///
    /// # Errors
    /// Intent or mark could not be stored, so nothing has left.
    pub async fn attempt(&self, claimed: &Claimed, line: &mut Line) -> Result<Carried, Arc<StoreError>> {
        match claimed.row.channel {
            Channel::Email => self.carry_mail(claimed, line).await,
            Channel::Webhook => self.carry_hook(claimed).await,
        }
    }
}
