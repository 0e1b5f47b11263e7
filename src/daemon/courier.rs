//! Carries the touches of one lane over one connection until there is nothing more to carry.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::dispatcher::AtWork;
use super::waiting::pause;
use crate::engine::{Carried, Claimed, Engine, Line, Ready, Trouble};
use crate::store::StoreError;
use crate::web::ops::Services;

/// Touches claimed at once: few, so that a stop finds little in hand.
const TAKE: usize = 8;
/// How long to wait before an outcome that could not be stored is tried again.
const STORE_AGAIN: Duration = Duration::from_secs(1);

pub struct Courier {
    pub engine: Arc<Engine>,
    pub services: Services,
    pub lane: String,
    pub at_work: AtWork,
    pub stop: CancellationToken,
    pub hard_stop: CancellationToken,
}

/// A touch with what came of it, not stored yet.
type Attempt = Option<(Claimed, Carried)>;

pub async fn courier(this: Courier) {
    let mut line = this.engine.line(&this.lane);
    let (mut last, mut worked) = (None, false);
    loop {
        let stopping = this.stop.is_cancelled();
        let asked = async { if stopping { Ok(Vec::new()) } else { this.engine.claim(&this.lane, TAKE).await } };
        let (claims, _) = tokio::join!(asked, this.settle(last.take()));
        match claims {
            Ok(claims) if claims.is_empty() => break,
            Ok(claims) => {
                worked = true;
                last = Box::pin(this.carry_all(claims, &mut line)).await;
            }
            Err(error) => {
                tracing::error!(error = %error.in_full(), lane = this.lane, "nothing can be claimed; trying again");
                this.services.failed(&this.lane, &error.in_full().to_string(), this.engine.now());
                pause(STORE_AGAIN, &this.stop).await;
            }
        }
    }
    line.close().await;
    this.leave();
    if worked {
        // What it took hid from the dispatcher what waits behind it on the lane.
        this.engine.beat();
    } else {
        // Something may have come in between the last look and the leave.
        this.engine.beat_if_waiting(&this.lane).await;
    }
}

impl Courier {
    fn leave(&self) {
        let mut working = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(couriers) = working.get_mut(&self.lane) {
            *couriers = couriers.saturating_sub(1);
        }
    }

    /// Carries touches in their order and gives the last with its outcome. While one is carried, the outcome of the one before is stored
    /// and the intent of the next: in one commit, where they meet.
    async fn carry_all(&self, claims: Vec<Claimed>, line: &mut Line) -> Attempt {
        let mut waiting = claims.into_iter();
        let mut next = self.make_ready(waiting.next(), None).await;
        let (mut last, mut trouble) = (None, None);
        while let Some((claimed, ready)) = next {
            let before = self.settle(last.take());
            let (carried, following) = tokio::join!(
                self.carry(&claimed, ready, line, before),
                self.make_ready(waiting.next(), trouble.as_deref())
            );
            trouble = trouble.or_else(|| carried.trouble());
            next = match (&trouble, following) {
                // Each would meet the same, some after a minute's wait.
                (Some(why), Some((claimed, _))) => Some((claimed.clone(), Ready::Came(claimed.back(why)))),
                (_, following) => following,
            };
            last = Some((claimed, carried));
        }
        last
    }

    async fn make_ready(&self, claimed: Option<Claimed>, trouble: Option<&str>) -> Option<(Claimed, Ready)> {
        let claimed = claimed?;
        if let Some(why) = trouble {
            let back = claimed.back(why);
            return Some((claimed, Ready::Came(back)));
        }
        let ready = match self.engine.make_ready(&claimed).await {
            Ok(ready) => ready,
            Err(error) => {
                self.say_not_stored(&error);
                Ready::Came(claimed.back(&error.to_string()))
            }
        };
        Some((claimed, ready))
    }

    async fn carry(
        &self,
        claimed: &Claimed,
        ready: Ready,
        line: &mut Line,
        before: impl Future<Output = bool>,
    ) -> Carried {
        if self.stop.is_cancelled() {
            before.await;
            return claimed.back("the daemon stops");
        }
        let carried = self.engine.carry(claimed, ready, line, before).await;
        carried.unwrap_or_else(|error| {
            self.say_not_stored(&error);
            claimed.doubted(&error.to_string(), self.engine.now())
        })
    }

    fn say_not_stored(&self, error: &StoreError) {
        tracing::error!(error = %error.in_full(), lane = self.lane, "an intent or a mark cannot be stored; nothing left");
    }

    /// What came of a touch is kept until it is stored, whatever the store does in the meantime; false only at the end of the drain.
    async fn settle(&self, attempt: Attempt) -> bool {
        let Some((claimed, carried)) = attempt else { return true };
        self.note(&carried);
        while let Err(error) = self.engine.settle(&claimed, &carried).await {
            tracing::error!(error = %error.in_full(), lane = self.lane, touch = %claimed.row.id, "an outcome cannot be stored; nothing new is sent until it is");
            self.services.failed(&self.lane, &error.in_full().to_string(), self.engine.now());
            if !pause(STORE_AGAIN, &self.hard_stop).await {
                return false;
            }
        }
        self.services.ran(&self.lane, None, self.engine.now());
        true
    }

    fn note(&self, carried: &Carried) {
        // A server's words may name the address they refuse; those of a connection that was not made do not.
        if let Carried::Back { trouble: Some(Trouble::Unreachable), why, .. } = carried {
            tracing::warn!(lane = self.lane, why, "a lane reaches nobody; it waits, longer each time");
        }
    }
}
