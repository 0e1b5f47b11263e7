//! Pages for people who want to see at a glance what goes on: the overview, a lead, the mails a rehearsal caught.
//!
//! Pages only read. They are whole without any script; one small file looks again when the server says that something changed, and
//! touches only what differs.

mod clocks;
mod door;
mod figures;
mod flow;
mod frame;
mod funnel;
mod latest;
mod lead;
mod leads;
mod live;
mod mails;
mod numbers;
mod overview;
mod plot;

mod senders;
mod steps;
mod timeline;
mod when;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

pub use mails::{Letter, Letters};

use crate::engine::Engine;

/// What the pages read from.
#[derive(Clone)]
pub struct Pages {
    engine: Arc<Engine>,
    /// Mails that a rehearsal caught; none where mails really leave.
    letters: Option<Letters>,
    /// When ticks end, so that an open page holds nobody up.
    stop: CancellationToken,
}

impl Pages {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, letters: None, stop: CancellationToken::new() }
    }

    /// Ends with this; else an open page would keep its listener from ending.
    #[must_use]
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Shows these mails as well.
    #[must_use]
    pub fn with_letters(mut self, letters: Letters) -> Self {
        self.letters = Some(letters);
        self
    }
}

/// The pages, for the private listener.
pub fn router(pages: Pages) -> Router {
    let routes = Router::new()
        .route("/", get(overview::page))
        .route("/leads", get(leads::page))
        .route("/leads/{id}", get(lead::page))
        .route("/live", get(live::ticks))
        .route("/pages/style.css", get(frame::style))
        .route("/pages/live.js", get(frame::script));
    let routes = match pages.letters {
        Some(_) => routes.route("/mails", get(mails::list)).route("/mails/{number}", get(mails::page)),
        None => routes,
    };
    routes.route_layer(from_fn(door::guard)).with_state(pages)
}
