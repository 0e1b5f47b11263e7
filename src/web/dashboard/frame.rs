//! The frame around every page, the headers it is sent with, and what is said where a page cannot be made.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::Pages;
use super::when::Local;
use crate::store::reports::StoreError;

/// No script but ours, nothing from anywhere else, and no frame but the one a mail is shown in.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The same for the page that shows a mail, whose frame inherits it: a mail brings styles of its own, and never a picture from outside.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                             img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Which entry of the navigation is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Overview,
    Leads,
    Mails,
}

/// A page that cannot be shown.
pub enum Trouble {
    Missing(&'static str),
    Store(StoreError),
    /// The engine shares its errors among all who waited for one commit.
    Shared(std::sync::Arc<StoreError>),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::sync::Arc<StoreError>> for Trouble {
    fn from(error: std::sync::Arc<StoreError>) -> Self {
        Self::Shared(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::Missing(what) => (StatusCode::NOT_FOUND, "Not here", format!("There is no such {what}.")),
            Self::Store(error) => (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer", error.to_string()),
            Self::Shared(error) => (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer", error.to_string()),
        };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(title))
                body { main { section class="card" { h1 { (title) } p { (text) } p { a href="/" { "Back to the overview" } } } } }
            }
        };
        (status, headers(POLICY), page).into_response()
    }
}

/// A page in its frame. What is inside, and the clock, follow what happens.
pub fn page(pages: &Pages, place: Place, title: &str, inside: &Markup) -> Response {
    (headers(POLICY), framed(pages, place, title, inside)).into_response()
}

/// The same, for a page that holds a mail as it was sent.
pub fn page_with_letter(pages: &Pages, title: &str, inside: &Markup) -> Response {
    (headers(LETTER_POLICY), framed(pages, Place::Mails, title, inside)).into_response()
}

fn framed(pages: &Pages, place: Place, title: &str, inside: &Markup) -> Markup {
    let playbook = pages.engine.playbook();
    let local = Local::of(pages);
    let entry = |to: &str, name: &str, of: Place| html! { a href=(to) aria-current=[(place == of).then_some("page")] { (name) } };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · Overture")))
            body {
                header {
                    a class="brand" href="/" { (mark()) "Overture" }
                    nav {
                        (entry("/", "Overview", Place::Overview))
                        (entry("/leads", "Leads", Place::Leads))
                        @if pages.letters.is_some() { (entry("/mails", "Mails", Place::Mails)) }
                    }
                    div class="clock" id="clock" data-live="" {
                        span class="pulse" title="follows what happens" {}
                        b { (playbook.settings.company.name) }
                        time { (local.full(pages.engine.now())) }
                    }
                }
                main id="main" data-live="" { (inside) }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="icon" href="data:,";
            link rel="stylesheet" href="/pages/style.css";
            script src="/pages/live.js" defer {}
        }
    }
}

/// The sign: a fermata, under which the orchestra waits for its cue.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="24" height="24" fill="none" aria-hidden="true" {
            path d="M3 16a9 9 0 0 1 18 0" stroke="var(--pine)" stroke-width="2.6" stroke-linecap="round" {}
            circle cx="12" cy="15.4" r="2.5" fill="var(--amber)" {}
        }
    }
}

fn headers(policy: &'static str) -> [(HeaderName, &'static str); 5] {
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ]
}

pub async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")],
        include_str!("style.css"),
    )
}

pub async fn script() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")],
        include_str!("live.js"),
    )
}
