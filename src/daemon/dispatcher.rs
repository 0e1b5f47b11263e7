//! Starts couriers where there is work; a lane that is slow, full or stopped keeps no other waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::courier::{Courier, courier};
use super::waiting::{pause, until};
use crate::engine::Engine;
use crate::web::ops::Services;

/// Couriers of one channel at most: more than it has calls under way, since each waits for commits most of its time, and those who wait
/// together share one.
const CALLERS: usize = 32;
/// Touches a courier claims at once, at most: few, so that a stop finds little in hand.
const TAKE: usize = 8;
/// Touches all couriers together have in hand where they are many: each comes with its lead, and memory is bounded.
const IN_HAND: usize = 2_048;
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Couriers at work, by lane.
pub type AtWork = Arc<Mutex<BTreeMap<String, usize>>>;

/// What the dispatcher needs to know beside the engine.
pub struct Dispatcher {
    pub engine: Arc<Engine>,
    pub services: Services,
    /// Connections a sender may have, by lane.
    pub connections: BTreeMap<String, usize>,
    /// How often to look although nothing was heard.
    pub look: Option<Duration>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    /// The end of the drain: what is not done by then is left as it stands.
    pub hard_stop: CancellationToken,
}

pub async fn dispatcher(this: Dispatcher) {
    let mut pulse = this.engine.lanes_pulse();
    let at_work = AtWork::default();
    while !this.stop.is_cancelled() {
        pulse.mark_unchanged();
        let now = this.engine.now();
        let round = async {
            let lanes = this.engine.open_lanes(now).await?;
            Ok::<_, crate::store::StoreError>((lanes, this.engine.store.next_ready(now).await?))
        };
        match round.await {
            Ok((lanes, next)) => {
                for lane in &lanes {
                    this.start(lane, &at_work);
                }
                this.services.ran("dispatcher", next, now);
                if !until(&this.engine, next, this.look, &mut pulse, &this.stop).await {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(error = %error.in_full(), "the lanes cannot be read; trying again");
                this.services.failed("dispatcher", &error.in_full().to_string(), now);
                pause(AFTER_TROUBLE, &this.stop).await;
            }
        }
    }
}

impl Dispatcher {
    /// Starts couriers the lane may have and has not: one, or as many as are at work. Each that finds something to carry makes the
    /// dispatcher look again, so a single touch wakes one courier, and a long queue soon all.
    fn start(&self, lane: &str, at_work: &AtWork) {
        let most = if lane.starts_with("hook:") {
            CALLERS
        } else if self.engine.has_gap(lane) {
            // The next mail is claimed when the one before has left; a second connection would claim while a slow commit holds the first.
            1
        } else {
            self.connections.get(lane).copied().unwrap_or(1)
        };
        let take = (IN_HAND / self.connections.values().sum::<usize>().max(1)).clamp(1, TAKE);
        let mut working = at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let now = working.entry(lane.to_owned()).or_default();
        let missing = most.saturating_sub(*now).min((*now).max(1));
        *now += missing;
        drop(working);
        for _ in 0..missing {
            let one = Courier {
                engine: Arc::clone(&self.engine),
                services: self.services.clone(),
                lane: lane.to_owned(),
                take,
                at_work: Arc::clone(at_work),
                stop: self.stop.clone(),
                hard_stop: self.hard_stop.clone(),
            };
            #[expect(clippy::disallowed_methods, reason = "couriers are the daemon's")]
            self.tasks.spawn(courier(one));
        }
    }
}
