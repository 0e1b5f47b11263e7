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

pub use claim::{Claimed, Claiming};
pub(super) use claim::{Taken, is_paused};
pub(super) use compose::{account_of, step_values};
pub use mail::Line;
pub(super) use mail::opens_at;
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

    /// Makes one claimed touch and carries it as far as it goes: the outcome is known when this returns, and not yet stored.
    ///
    /// # Errors
    /// Intent or mark could not be stored, so nothing has left; see [`Claimed::doubted`].
    pub async fn attempt(&self, claimed: &Claimed, line: &mut Line) -> Result<Carried, Arc<StoreError>> {
        let ready = self.make_ready(claimed).await?;
        self.carry(claimed, ready, line, std::future::ready(true)).await
    }

    /// Makes what a touch is to be and writes its intent: nothing leaves by that, so it may be done while the one before is under way.
    ///
    /// # Errors
    /// The intent could not be stored.
    pub async fn make_ready(&self, claimed: &Claimed) -> Result<Ready, Arc<StoreError>> {
        if let Some(outcome) = &claimed.put_off {
            return Ok(Ready::Came(Carried::PutOff { outcome: outcome.clone(), at: self.now() }));
        }
        match claimed.row.channel {
            Channel::Email => self.ready_mail(claimed).await,
            Channel::Webhook => self.ready_hook(claimed).await,
        }
    }

    /// Carries what was made ready. `before` stores what came of the touch before on this line and says whether it could: until then
    /// nothing of this one leaves.
    ///
    /// # Errors
    /// The mark could not be stored, so nothing has left; see [`Claimed::doubted`].
    pub async fn carry(
        &self,
        claimed: &Claimed,
        ready: Ready,
        line: &mut Line,
        before: impl Future<Output = bool>,
    ) -> Result<Carried, Arc<StoreError>> {
        match ready {
            Ready::Mail(mail) => self.carry_mail(claimed, &mail, line, before).await,
            Ready::Call(body) => {
                let stored = before.await;
                let called = Box::pin(self.carry_hook(claimed, body));
                Ok(if stored { called.await } else { claimed.back(mail::NOT_STORED) })
            }
            Ready::Came(carried) => {
                before.await;
                Ok(carried)
            }
        }
    }
}

/// A touch that may be carried.
#[derive(Debug)]
pub enum Ready {
    Mail(Box<mail::Prepared>),
    Call(Vec<u8>),
    /// It came to something before it was to be carried.
    Came(Carried),
}
