//! What the world may reach: four kinds of signed links, and nothing that lists, names or guesses.
//!
//! A token is the whole permission. One that is not ours changes nothing and learns nothing: the same pixel, or a plain 404. Looking
//! changes nothing either, but for a pixel and a link, whose GET appends one event.

mod button;
mod form;
mod page;
mod track;
mod unsubscribe;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{App, limits};
use crate::domain::id::TouchId;
use crate::store::reports::TouchRow;

/// The router of the public listener.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(page::front))
        .route("/robots.txt", get(page::robots))
        .route("/o/{file}", get(track::open))
        .route("/c/{token}", get(track::click))
        .route("/u/{token}", get(unsubscribe::show).post(unsubscribe::act))
        .route("/h/{token}", get(button::show).post(button::act))
        .fallback(nothing)
        .with_state(app);
    limits::around(routes)
}

/// A plain 404, which says nothing about why.
pub async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

/// What could not be written down now: whoever came should come again.
fn later() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")], "please try again in a moment\n").into_response()
}

/// The touch a token speaks of.
///
/// # Errors
/// The database did not answer, which the log says; the answer asks to come again.
async fn touch(app: &App, id: &str) -> Result<Option<TouchRow>, Response> {
    let Some(id) = TouchId::parse(id) else { return Ok(None) };
    match app.engine.store.touches(std::slice::from_ref(&id)).await {
        Ok(mut found) => Ok(found.pop()),
        Err(error) => {
            tracing::error!(error = %error.in_full(), "a link could not be served: the database failed");
            Err(later())
        }
    }
}
