//! Hears from the other daemons of a fleet that there is work; nothing depends on it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::waiting::pause;
use crate::engine::Engine;
use crate::store::Nudges;
use crate::web::ops::Services;

/// How long to wait before listening again after the database went away.
const AGAIN: Duration = Duration::from_secs(5);

pub async fn ear(engine: Arc<Engine>, services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match engine.store.nudges().await {
            Ok(Some(nudges)) => listen(&engine, nudges, &services, &stop).await,
            Ok(None) => return,
            Err(error) => services.failed("ear", &error.to_string(), engine.now()),
        }
        pause(AGAIN, &stop).await;
    }
}

async fn listen(engine: &Engine, mut nudges: Nudges, services: &Services, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            heard = nudges.heard() => match heard {
                Ok(()) => {
                    services.ran("ear", None, engine.now());
                    engine.beat();
                }
                Err(error) => {
                    services.failed("ear", &error.to_string(), engine.now());
                    return;
                }
            },
        }
    }
}
