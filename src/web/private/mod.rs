//! What programs with a key, and the owner's own commands, may ask: `/v1`, health and metrics.
//!
//! | file | addresses |
//! |---|---|
//! | `api` | the table of all, and the document made of it |
//! | `events` | `/v1/events`, `/v1/events/batch` |
//! | `leads` `import` | `/v1/leads…` |
//! | `enrollments` `touches` `tasks` `handoffs` | what leads go through |
//! | `suppressions` `pauses` | what must not happen |
//! | `files` `experiments` | `/v1/sequences…`, `/v1/senders`, `/v1/experiments` |
//! | `edits` | `/v1/plan`, `/v1/apply`, `/v1/versions…` |
//! | `mail` `tokens` | `/v1/mail`, `/v1/tokens` |

mod api;
pub mod attributes;
mod edits;
mod enrollments;
mod events;
mod experiments;
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
mod tasks;
mod tokens;
mod touches;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};

pub use api::document;
pub use guard::Guarding;

use super::{App, limits, problem};

/// Octets of a body, where nothing else is said.
const BODY: usize = 256 * 1024;
/// Octets of a thousand rows of a lead list.
const LIST: usize = 4 * 1024 * 1024;
/// Octets of one mail.
const MAIL: usize = 25 * 1024 * 1024;

/// The router of the private listener, or of the owner's own door.
pub fn router(app: App, guarding: Guarding) -> Router {
    let guard = guard::Guard { app: app.clone(), guarding };
    let api::Routes { guarded, patient, open } = api::routes();
    let guarding = from_fn_with_state(guard, guard::guard);
    let patient = patient.route_layer(guarding.clone()).layer(DefaultBodyLimit::max(BODY)).with_state(app.clone());
    let whole = guarded
        .route_layer(guarding)
        .merge(open)
        .fallback(async || axum::http::StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(app);
    limits::around(whole).merge(limits::patiently(patient)).layer(map_response(problem::tidy))
}
