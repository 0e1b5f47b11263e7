//! Wakes leads when their time is up.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::waiting::{pause, until};
use crate::engine::Engine;
use crate::web::ops::Services;

/// How long to wait after the store failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

pub async fn sequencer(engine: Arc<Engine>, services: Services, look: Option<Duration>, stop: CancellationToken) {
    let mut pulse = engine.pulse();
    while !stop.is_cancelled() {
        pulse.mark_unchanged();
        // From here on every commit is told; a wake that comes in before is seen by the look.
        engine.looks_at(None);
        let round = async {
            while engine.wake(engine.now()).await? > 0 {
                if stop.is_cancelled() {
                    return Ok(None);
                }
            }
            engine.next_wake(engine.now()).await.map_err(Arc::new)
        };
        match round.await {
            Ok(next) => {
                engine.looks_at(next);
                services.ran("sequencer", next, engine.now());
                if !until(&engine, next, look, &mut pulse, &stop).await {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(error = %error.in_full(), "leads cannot be woken; trying again");
                services.failed("sequencer", &error.in_full().to_string(), engine.now());
                pause(AFTER_TROUBLE, &stop).await;
            }
        }
    }
}
