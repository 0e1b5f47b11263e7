//! An error as a program reads it (RFC 9457): what, why, and what to do; the same shape wherever it arose.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::engine::Answer;
use crate::store::reports::StoreError;

const KIND: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Seconds after which a request that met a broken database may be tried again.
const LATER: HeaderValue = HeaderValue::from_static("5");

/// An error that is told to whoever asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    /// What the type ends in; empty where the status says it all.
    kind: &'static str,
    detail: String,
    more: Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), more: Map::new() }
    }

    /// What was asked for makes no sense (422).
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// What was asked about is not there (404).
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// What was asked for does not go with how things stand (409).
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    pub fn unknown_lead() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_lead",
            "there is no such lead; `overture leads set ADDRESS` or `PUT /v1/leads` makes one, and so does an event with `create: true`",
        )
    }

    /// Adds a member of its own to the problem.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// What is wrong, in a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem as an object; its standard members cannot be overwritten.
    pub fn json(&self) -> Value {
        let mut object = self.more.clone();
        let kind = if self.kind.is_empty() { "about:blank".to_owned() } else { format!("urn:overture:{}", self.kind) };
        object.insert("type".to_owned(), kind.into());
        object.insert("title".to_owned(), self.status.canonical_reason().unwrap_or("Error").into());
        object.insert("status".to_owned(), self.status.as_u16().into());
        object.insert("detail".to_owned(), self.detail.clone().into());
        Value::Object(object)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.json().to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, KIND);
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => drop(response.headers_mut().insert(header::RETRY_AFTER, LATER)),
            StatusCode::UNAUTHORIZED => {
                let how = HeaderValue::from_static("Bearer realm=\"overture\"");
                drop(response.headers_mut().insert(header::WWW_AUTHENTICATE, how));
            }
            _ => {}
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(Arc::new(error))
    }
}

impl From<Arc<StoreError>> for Problem {
    fn from(error: Arc<StoreError>) -> Self {
        tracing::error!(error = %error.in_full(), "a request could not be served: the database failed");
        let (status, kind, detail) = if error.is_disk_full() {
            (StatusCode::SERVICE_UNAVAILABLE, "disk_full", "the database's disk is full; nothing was written")
        } else if error.is_transient() {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "the database does not answer; nothing was written, try again",
            )
        } else {
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "database",
                "the database failed; nothing was written, and the log says why",
            )
        };
        Self::new(status, kind, detail)
    }
}

/// What came of a unit that was to be done, as an error where it was not.
pub fn done(answer: &Answer) -> Result<(), Problem> {
    match answer {
        Answer::Done { .. } | Answer::Enrolled { .. } | Answer::Pending { .. } | Answer::Duplicate { .. } => Ok(()),
        Answer::Refused { reason, .. } => Err(Problem::conflict(reason.clone())),
        Answer::Unknown => Err(Problem::unknown_lead()),
        Answer::Failed { reason } => Err(Problem::conflict(reason.clone())),
    }
}

/// Gives every error the shape of a problem, whoever made it: the router, a limit, or a panic.
pub async fn tidy(response: Response) -> Response {
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE) == Some(&KIND);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::NOT_FOUND => "there is nothing at this address",
        StatusCode::METHOD_NOT_ALLOWED => "this address does not take this method; `Allow` names those it takes",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than this address takes",
        StatusCode::SERVICE_UNAVAILABLE => "this took too long; try again",
        StatusCode::INTERNAL_SERVER_ERROR => "something broke here, and the log says what",
        _ => "the request could not be read",
    };
    let (parts, _) = response.into_parts();
    let mut problem = Problem::new(status, "", detail).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            problem.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    problem.map(Body::new)
}

/// An object with one word in it, for answers that say no more.
pub fn said(word: &str) -> Value {
    json!({ "status": word })
}
