//! Carries the touches of one lane over one connection until there is nothing more to carry.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::dispatcher::AtWork;
use super::waiting::pause;
use crate::engine::{Carried, Claimed, Engine, Line, Trouble};
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

pub async fn courier(this: Courier) {
    let mut line = this.engine.line(&this.lane);
    while !this.stop.is_cancelled() {
        match this.engine.claim(&this.lane, TAKE).await {
            Ok(claims) if claims.is_empty() => break,
            Ok(claims) => {
                let mut trouble: Option<String> = None;
                for claimed in claims {
                    let carried = match &trouble {
                        // Each would meet the same, some after a minute's wait.
                        Some(why) => claimed.back(why),
                        None => this.carry(&claimed, &mut line).await,
                    };
                    this.settle(&claimed, &carried).await;
                    trouble = trouble.or_else(|| carried.trouble());
                }
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
    // Something may have come in between the last look and the leave.
    this.engine.beat_if_waiting(&this.lane).await;
}

impl Courier {
    fn leave(&self) {
        let mut working = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(couriers) = working.get_mut(&self.lane) {
            *couriers = couriers.saturating_sub(1);
        }
    }

    async fn carry(&self, claimed: &Claimed, line: &mut Line) -> Carried {
        if self.stop.is_cancelled() {
            return claimed.back("the daemon stops");
        }
        match self.engine.attempt(claimed, line).await {
            Ok(carried) => carried,
            Err(error) => {
                tracing::error!(error = %error.in_full(), lane = self.lane, "an intent or a mark cannot be stored; nothing left");
                claimed.back(&error.to_string())
            }
        }
    }

    /// What came of a touch is kept until it is stored, whatever the store does in the meantime.
    async fn settle(&self, claimed: &Claimed, carried: &Carried) {
        self.note(carried);
        while let Err(error) = self.engine.settle(claimed, carried).await {
            tracing::error!(error = %error.in_full(), lane = self.lane, touch = %claimed.row.id, "an outcome cannot be stored; nothing new is sent until it is");
            self.services.failed(&self.lane, &error.in_full().to_string(), self.engine.now());
            if !pause(STORE_AGAIN, &self.hard_stop).await {
                return;
            }
        }
        self.services.ran(&self.lane, None, self.engine.now());
    }

    fn note(&self, carried: &Carried) {
        let (lane, outcome) = (self.lane.clone(), carried.word());
        metrics::counter!("overture_touches_total", "lane" => lane, "outcome" => outcome).increment(1);
        // A server's words may name the address they refuse; those of a connection that was not made do not.
        if let Carried::Back { trouble: Some(Trouble::Unreachable), why, .. } = carried {
            tracing::warn!(lane = self.lane, why, "a lane reaches nobody; it waits, longer each time");
        }
    }
}
