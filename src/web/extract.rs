//! Reads what was asked, and says precisely what is wrong with it.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::problem::Problem;
use crate::domain::address::EmailAddress;
use crate::domain::id::LeadId;
use crate::domain::spelling;
use crate::domain::time::Instant;
use crate::engine::Target;
use crate::store::reports::LeadKey;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = body(request, state).await?;
        json(&headers, &bytes).map(Self)
    }
}

/// The bytes of a body within the limit of its route.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than this address takes")
        }
        status => Problem::new(status, "unreadable", "the body broke off"),
    })
}

/// Reads a JSON body.
///
/// # Errors
/// 415 for another content type, 400 for what is no JSON, 422 for JSON that says something else than was asked for.
pub fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" && !kind.ends_with("+json") {
        let detail = "the body must be JSON, and `Content-Type` must say `application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Problem::invalid(error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is no JSON: {error}"))
        }
    })
}

/// The values behind the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(query)| Self(query)).map_err(|rejection| Problem::invalid(rejection.body_text()))
    }
}

/// A lead in a path or a query: its id or its address.
pub fn lead_key(text: &str) -> Result<LeadKey, Problem> {
    if text.contains('@') {
        return address(text).map(LeadKey::Address);
    }
    LeadId::parse(text).map(LeadKey::Id).ok_or_else(Problem::unknown_lead)
}

/// The same as whom a unit goes to; an unknown lead is not made.
pub fn target(text: &str) -> Result<Target, Problem> {
    Ok(match lead_key(text)? {
        LeadKey::Address(address) => Target::Address { address, create: false },
        LeadKey::Id(id) => Target::Lead(id),
        LeadKey::Touch(id) => Target::Touch(id),
        LeadKey::Handoff(id) => Target::Handoff(id),
    })
}

pub fn address(text: &str) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(text).map_err(|reason| Problem::invalid(format!("this is no e-mail address: {reason}")))
}

/// Reads RFC 3339, `2026-01-05T08:55:00Z`.
pub fn instant(text: &str, name: &str) -> Result<Instant, Problem> {
    let read = text.parse::<Timestamp>().map(Instant::from_jiff);
    read.map_err(|_| Problem::invalid(format!("`{name}` must be a point in time such as 2026-01-05T08:55:00Z")))
}

/// Rows a list gives at once.
pub fn page_size(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(100) {
        size @ 1..=500 => Ok(size),
        _ => Err(Problem::invalid("`limit` must be between 1 and 500")),
    }
}

/// The known name nearest to one that is not known, as the end of a sentence; nothing if none is near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    spelling::nearest(name, known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}
