//! What programs with a key, and the owner's own commands, may ask: `/v1`, health and metrics.
//!
//! | file | addresses |
//! |---|---|
//! | `events` | `/v1/events`, `/v1/events/batch` |
//! | `leads` `import` | `/v1/leads…` |
//! | `enrollments` `touches` `handoffs` | what leads go through |
//! | `suppressions` `pauses` | what must not happen |
//! | `files` | `/v1/sequences…`, `/v1/senders` |
//! | `mail` `tokens` | `/v1/mail`, `/v1/tokens` |

mod attributes;
mod enrollments;
mod events;
mod files;
mod guard;
mod handoffs;
mod import;
mod leads;
mod mail;
mod once;
mod pauses;
mod shape;
mod suppressions;
mod tokens;
mod touches;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{delete, get, post};

pub use guard::Guarding;

use super::{App, limits, ops, problem};

/// Octets of a body, where nothing else is said.
const BODY: usize = 256 * 1024;
/// Octets of a thousand rows of a lead list.
const LIST: usize = 4 * 1024 * 1024;
/// Octets of one mail.
const MAIL: usize = 25 * 1024 * 1024;

/// The router of the private listener, or of the owner's own door.
pub fn router(app: App, guarding: Guarding) -> Router {
    let guard = guard::Guard { app: app.clone(), guarding };
    let routes = api().route_layer(from_fn_with_state(guard, guard::guard));
    let open = Router::new()
        .route("/healthz", get(ops::health))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics));
    let whole = routes
        .merge(open)
        .fallback(async || axum::http::StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(app);
    limits::around(whole).layer(map_response(problem::tidy))
}

fn api() -> Router<App> {
    Router::new()
        .route("/v1/events", post(events::one))
        .route("/v1/events/batch", post(events::batch))
        .route("/v1/leads", get(leads::list).put(leads::upsert))
        .route("/v1/leads/import", post(import::import).layer(DefaultBodyLimit::max(LIST)))
        .route("/v1/leads/{lead}", get(leads::one))
        .route("/v1/leads/{lead}/why", get(leads::why))
        .route("/v1/leads/{lead}/score", get(leads::score))
        .route("/v1/leads/{lead}/events", get(leads::events))
        .route("/v1/leads/{lead}/stage", post(leads::stage))
        .route("/v1/enrollments", get(enrollments::list).post(enrollments::enroll).delete(enrollments::remove))
        .route("/v1/touches", get(touches::list))
        .route("/v1/touches/{touch}", get(touches::one))
        .route("/v1/touches/{touch}/resend", post(touches::resend))
        .route("/v1/touches/{touch}/release", post(touches::release))
        .route("/v1/suppressions", get(suppressions::list).post(suppressions::add))
        .route("/v1/suppressions/{target}", delete(suppressions::lift))
        .route("/v1/pauses", get(pauses::list).post(pauses::pause))
        .route("/v1/pauses/{scope}", delete(pauses::resume))
        .route("/v1/handoffs", get(handoffs::list).post(handoffs::open))
        .route("/v1/handoffs/{handoff}", get(handoffs::one))
        .route("/v1/handoffs/{handoff}/act", post(handoffs::act))
        .route("/v1/sequences", get(files::sequences))
        .route("/v1/sequences/{*name}", get(files::sequence))
        .route("/v1/senders", get(files::senders))
        .route("/v1/mail", post(mail::ingest).layer(DefaultBodyLimit::max(MAIL)))
        .route("/v1/tokens", get(tokens::list).post(tokens::issue))
        .route("/v1/tokens/{token}", delete(tokens::revoke))
        .route("/v1/services", get(ops::services))
}
