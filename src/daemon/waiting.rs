//! The one way to wait: until an instant of the domain's clock, until somebody commits something, or until it is time to stop.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::time::Instant;
use crate::engine::Engine;

/// Longest sleep: a clock that was set is noticed at the latest then.
const LONGEST: Duration = Duration::from_mins(10);

/// Sleeps for a real length of time; false if it is time to stop.
#[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
pub async fn pause(length: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(length) => true,
        () = stop.cancelled() => false,
    }
}

/// Sleeps until `at` or the next commit, whichever comes first; false if it is time to stop.
pub async fn until(
    engine: &Engine,
    at: Option<Instant>,
    most: Option<Duration>,
    pulse: &mut watch::Receiver<u64>,
    stop: &CancellationToken,
) -> bool {
    let left = at.map(|at| Duration::from_millis(u64::try_from(at.since(engine.now()).0).unwrap_or(0)));
    let length = left.unwrap_or(LONGEST).min(most.unwrap_or(LONGEST)).min(LONGEST);
    tokio::select! {
        go_on = pause(length, stop) => go_on,
        changed = pulse.changed() => changed.is_ok(),
    }
}
