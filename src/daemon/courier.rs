//! Carries the touches of one lane over one connection until there is nothing more to carry.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::dispatcher::AtWork;
use super::waiting::pause;
use crate::engine::{Carried, Claimed, Engine, Line, Ready, Trouble};
use crate::store::StoreError;
use crate::web::ops::Services;

/// How long to wait before an outcome that could not be stored is tried again.
const STORE_AGAIN: Duration = Duration::from_secs(1);

pub struct Courier {
    pub engine: Arc<Engine>,
    pub services: Services,
    pub lane: String,
    /// Touches claimed at once, at most. A courier begins with one and takes twice as many each time: when hundreds begin together, the
    /// first mail does not wait for thousands of claims.
    pub take: usize,
    pub at_work: AtWork,
    pub stop: CancellationToken,
    pub hard_stop: CancellationToken,
}

/// A touch with what came of it, not stored yet.
type Attempt = Option<(Claimed, Carried)>;

/// What a courier has claimed and not made ready yet.
struct Hand {
    waiting: VecDeque<Claimed>,
    /// How many it claims the next time.
    take: usize,
    worked: bool,
}

pub async fn courier(this: Courier) {
    let mut line = this.engine.line(&this.lane);
    let mut hand = Hand { waiting: VecDeque::new(), take: 1, worked: false };
    let mut last = None;
    loop {
        let claimed = if this.engine.has_gap(&this.lane) {
            // The gap counts from what is told with the outcome.
            this.settle(last.take()).await;
            this.claim(&mut hand).await
        } else {
            tokio::join!(this.claim(&mut hand), this.settle(last.take())).0
        };
        match claimed {
            Ok(()) if hand.waiting.is_empty() => break,
            Ok(()) => last = Box::pin(this.carry_all(&mut hand, &mut line)).await,
            Err(error) => {
                tracing::error!(error = %error.in_full(), lane = this.lane, "nothing can be claimed; trying again");
                this.services.failed(&this.lane, &error.in_full().to_string(), this.engine.now());
                pause(STORE_AGAIN, &this.stop).await;
            }
        }
    }
    line.close().await;
    this.leave();
    if hand.worked {
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

    /// Claims more, unless it is time to stop.
    async fn claim(&self, hand: &mut Hand) -> Result<(), Arc<StoreError>> {
        if self.stop.is_cancelled() {
            return Ok(());
        }
        hand.waiting.extend(self.engine.claim(&self.lane, hand.take).await?);
        if !hand.waiting.is_empty() {
            if !hand.worked {
                self.engine.look_at_lanes();
            }
            hand.worked = true;
            hand.take = (hand.take * 2).min(self.take);
        }
        Ok(())
    }

    /// Carries touches in their order, claiming more while the last is carried, until there are none; gives the last with its outcome.
    /// While one is carried, the outcome of the one before is stored and the intent of the next: in one commit, where they meet.
    async fn carry_all(&self, hand: &mut Hand, line: &mut Line) -> Attempt {
        let mut next = self.make_ready(hand.waiting.pop_front(), None).await;
        let (mut last, mut trouble) = (None, None);
        while let Some((claimed, ready)) = next {
            let before = self.settle(last.take());
            // Where the other side was not there before, one is enough to see whether it is now.
            // And with a gap the next is claimed once this one has left: its gap counts from there, however long the server takes.
            let more = trouble.is_none() && claimed.round == 0 && !self.engine.has_gap(&self.lane);
            let (carried, following) =
                tokio::join!(self.carry(&claimed, ready, line, before), self.next(hand, (trouble.as_deref(), more)));
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

    async fn next(&self, hand: &mut Hand, (trouble, more): (Option<&str>, bool)) -> Option<(Claimed, Ready)> {
        if hand.waiting.is_empty() && more {
            // Should this fail, it is met and told once more when there is nothing left to carry.
            drop(self.claim(hand).await);
        }
        self.make_ready(hand.waiting.pop_front(), trouble).await
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
