//! Opens and clicks: what was asked for is answered once the hit is durable, so that nothing heard is lost in silence.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{later, nothing};
use crate::domain::id::TouchId;
use crate::engine::{Heard, Hit};
use crate::seal::Purpose;
use crate::web::App;

/// One transparent dot.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// `/o/{token}.gif`: the same dot for every token, ours or not.
pub async fn open(State(app): State<App>, Path(file): Path<String>, method: Method, headers: HeaderMap) -> Response {
    let token = file.strip_suffix(".gif").unwrap_or(&file);
    if method == Method::GET
        && let Some(opened) = app.engine.seal.open(Purpose::Open, token)
        && let Some(touch) = TouchId::parse(&opened.touch)
        && heard(&app, Hit { touch, link: None, agent: agent(&headers) }).await == Heard::Failed
    {
        return later();
    }
    ([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response()
}

/// `/c/{token}`: to where the link of that touch leads, and nowhere else.
pub async fn click(State(app): State<App>, Path(token): Path<String>, method: Method, headers: HeaderMap) -> Response {
    let Some(opened) = app.engine.seal.open(Purpose::Click, &token) else { return nothing().await };
    let Some(touch) = TouchId::parse(&opened.touch) else { return nothing().await };
    let heard = if method == Method::GET {
        heard(&app, Hit { touch, link: Some(opened.link), agent: agent(&headers) }).await
    } else {
        looked(&app, &touch, opened.link).await
    };
    let location = match heard {
        Heard::Kept { to } => to.and_then(|to| HeaderValue::try_from(to).ok()),
        Heard::Unknown => None,
        Heard::Failed => return later(),
    };
    match location {
        Some(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        None => nothing().await,
    }
}

/// Writes one hit down.
async fn heard(app: &App, hit: Hit) -> Heard {
    let touch = hit.touch.clone();
    app.engine.hit(hit).await.unwrap_or_else(|error| {
        tracing::error!(error = %error.in_full(), %touch, "a hit could not be written down: the database failed");
        Heard::Failed
    })
}

/// Says where a link leads to who only looks.
async fn looked(app: &App, touch: &TouchId, link: u16) -> Heard {
    match app.engine.destination(touch, link).await {
        Ok(Some(to)) => Heard::Kept { to: Some(to) },
        Ok(None) => Heard::Unknown,
        Err(error) => {
            tracing::error!(error = %error.in_full(), "a link could not be served: the database failed");
            Heard::Failed
        }
    }
}

fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT);
    agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()).unwrap_or_default()
}
