//! Keeps what is ours, takes over what others left, and shows that the daemon lives.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::waiting::pause;
use crate::clock::wall;
use crate::domain::time::{Instant, Millis};
use crate::engine::Engine;
use crate::web::ops::Services;

/// How often a drain says that it lives.
const ALIVE: Duration = Duration::from_secs(10);
/// Keys of events are kept so long.
const KEYS: Millis = Millis::DAY.times(90);
/// Answers under an idempotency key are kept so long.
const ANSWERS: Millis = Millis::DAY;
/// Old keys forgotten in one transaction.
const FORGET: usize = 10_000;
/// How long after a lease ran out one looks; also the shortest wait between two rounds.
const AFTER_LAPSE: Duration = Duration::from_millis(200);
/// A clock that moved so much against the monotonic one was set.
const JUMP: i64 = 2_000;

pub async fn keeper(engine: Arc<Engine>, services: Services, id: String, stop: CancellationToken) {
    let beat = engine.ways.lease / 3;
    let mut looked_at = wall();
    while !stop.is_cancelled() {
        match round(&engine, &id).await {
            Ok(()) => services.ran("keeper", None, engine.now()),
            Err(error) => {
                tracing::error!(error = %error.in_full(), "leases cannot be renewed");
                services.failed("keeper", &error.in_full().to_string(), engine.now());
            }
        }
        feed_watchdog();
        let rest = rest(&engine, beat).await;
        if !pause(rest, &stop).await {
            return;
        }
        let now = wall();
        let drift = now.since(looked_at).0 - i64::try_from(rest.as_millis()).unwrap_or_default();
        if drift.abs() > JUMP {
            tracing::warn!(
                milliseconds = drift,
                "the clock was set, or this machine slept; what is due is looked at again"
            );
            after_jump(&engine, drift).await;
        }
        looked_at = now;
    }
}

async fn after_jump(engine: &Engine, drift: i64) {
    if drift < 0 {
        set_back(engine).await;
    }
    engine.beat();
}

/// What a clock that was set back has put too far ahead is brought near: turns of senders, and ends of leases.
async fn set_back(engine: &Engine) {
    for near in [engine.bring_turns_near().await, engine.bring_leases_near().await] {
        if let Err(error) = near {
            tracing::error!(error = %error.in_full(), "mails may wait for as long as the clock was set back");
        }
    }
}

/// How long to wait for the next round: in a fleet no longer than until a lease runs out, so that what a dead daemon had is taken over
/// right then.
async fn rest(engine: &Engine, beat: Duration) -> Duration {
    if !engine.store.is_shared() {
        return beat;
    }
    let Ok(Some(lapse)) = engine.store.next_lapse().await else { return beat };
    let left = u64::try_from(lapse.since(engine.now()).0).unwrap_or(0);
    (Duration::from_millis(left) + AFTER_LAPSE).clamp(AFTER_LAPSE, beat)
}

async fn round(engine: &Engine, id: &str) -> Result<(), Arc<crate::store::StoreError>> {
    engine.renew().await?;
    let now = engine.now();
    let recovered = engine.recover(now).await?;
    if recovered > 0 {
        tracing::warn!(touches = recovered, "took over what a daemon that is gone had under way");
    }
    engine.recover_places().await?;
    let housekeeping = async {
        let mut tx = engine.store.begin().await?;
        tx.heartbeat(id, now).await?;
        tx.forget_keys(FORGET, now - KEYS).await?;
        tx.forget_answers(FORGET, now - ANSWERS).await?;
        tx.commit().await
    };
    housekeeping.await.map_err(Arc::new)
}

/// Takes over everything under way: right for a single process that has just begun. The clock may have been set back while none ran.
pub async fn recover_all(engine: &Engine) -> Result<usize, Arc<crate::store::StoreError>> {
    engine.bring_turns_near().await?;
    let mut all = 0;
    loop {
        match engine.recover(Instant::NEVER).await? {
            0 => return Ok(all),
            some => all += some,
        }
    }
}

/// Shows that the daemon lives while it drains, when the keeper has ended, and keeps what is under way its own: a server may take longer
/// to answer than a lease lasts, and others would take over.
pub async fn stay_alive(engine: &Engine, stop: &CancellationToken) {
    loop {
        if let Err(error) = engine.renew().await {
            tracing::error!(error = %error.in_full(), "leases cannot be renewed");
        }
        feed_watchdog();
        if !pause(ALIVE.min(engine.ways.lease / 3), stop).await {
            return;
        }
    }
}

/// Tells systemd's watchdog that the daemon lives.
fn feed_watchdog() {
    drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog]));
}
