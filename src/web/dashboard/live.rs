//! Tells open pages that something changed, so that they look again; nobody asks while nothing happens.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::Pages;

/// One tick a commit, as server-sent events; commits that come faster than they are told share a tick.
pub async fn ticks(State(pages): State<Pages>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = unfold((pages.engine.pages_pulse(), pages.stop), |(mut pulse, stop)| async move {
        tokio::select! {
            changed = pulse.changed() => changed.ok()?,
            () = stop.cancelled() => return None,
        }
        let beats = *pulse.borrow_and_update();
        Some((Ok(Event::default().data(beats.to_string())), (pulse, stop)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
