//! The few pages a stranger may see: no script, no cookie, nothing from elsewhere.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::web::App;

const STYLE: &str = ":root{color-scheme:light dark;--line:light-dark(#d8d8de,#3c3c44);--ink:light-dark(#1b1b1f,#ececf1)}\
    body{font:1.0625rem/1.55 system-ui,sans-serif;color:var(--ink);background:light-dark(#fafafa,#17171a);margin:0}\
    main{max-width:32rem;margin:14vh auto 4rem;padding:0 1.25rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}\
    button{font:inherit;padding:.6rem 1.1rem;margin:.35rem .6rem .35rem 0;border-radius:.5rem;border:1px solid var(--line);\
    background:light-dark(#fff,#232328);color:inherit;cursor:pointer}button.first{background:#2747c9;border-color:#2747c9;color:#fff}\
    input{font:inherit;padding:.55rem .7rem;border-radius:.5rem;border:1px solid var(--line);width:100%;box-sizing:border-box;\
    background:light-dark(#fff,#232328);color:inherit;margin:.25rem 0 1rem}dt{opacity:.7;font-size:.9rem}dd{margin:0 0 .8rem}small{opacity:.7}";

/// Allows our own style by its hash, and a form that leads back here.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// A whole page.
pub fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (content) } }
        }
    };
    let mut response = (status, whole).into_response();
    if let Some(policy) = POLICY.as_ref() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

/// `GET /`.
pub async fn front(State(app): State<App>) -> Response {
    let company = app.engine.playbook().settings.company.clone();
    let title = if company.name.is_empty() { "Mail links" } else { company.name.as_str() };
    let content = html! {
        p { "This address serves the links in our mails. There is nothing else to see here." }
        p { "To get no more mail, use the unsubscribe link at the end of any of them." }
        @if let Some(address) = &company.postal_address { p { small { (address) } } }
    };
    page(StatusCode::OK, title, &content)
}

/// `GET /robots.txt`.
pub async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}
