//! A request sent twice under one Idempotency-Key is done once and answered twice.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::guard::Caller;
use crate::domain::id::encode_hex;
use crate::engine::Given;
use crate::web::App;
use crate::web::problem::Problem;

const LONGEST: usize = 255;

/// A request's own key, within whoever sent it.
#[derive(Clone, Debug)]
pub struct Key {
    key: String,
    body_hash: String,
}

impl Key {
    /// Reads the key of a request to `path`; most have none.
    pub fn read(headers: &HeaderMap, caller: &Caller, path: &str, body: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text.is_empty() || text.len() > LONGEST {
            return Err(Problem::invalid(format!("`Idempotency-Key` must have 1 to {LONGEST} plain characters")));
        }
        let body_hash = encode_hex(&Sha256::digest(body));
        Ok(Some(Self { key: format!("{} {path} {text}", caller.id), body_hash }))
    }

    /// The key of the `n`-th fact of the request: it counts once even if the answer was lost before it was kept.
    pub fn of_fact(&self, n: usize) -> (String, String) {
        ("idempotency".to_owned(), format!("{} {n}", self.key))
    }

    /// The answer given before, if this is a repetition.
    pub async fn before(&self, app: &App) -> Result<Option<Response>, Problem> {
        let Some(given) = app.engine.answer_before(&self.key).await? else { return Ok(None) };
        self.replay(&given).map(Some)
    }

    /// Keeps an answer, and gives the one that stands.
    pub async fn keep(&self, app: &App, answer: &Value) -> Result<Response, Problem> {
        let given = Given { body_hash: self.body_hash.clone(), status: 200, response: answer.to_string() };
        let stands = app.engine.keep_answer(&self.key, given.clone()).await?;
        if stands == given { Ok(axum::Json(answer).into_response()) } else { self.replay(&stands) }
    }

    fn replay(&self, given: &Given) -> Result<Response, Problem> {
        if given.body_hash != self.body_hash {
            let detail = "this `Idempotency-Key` was used with another body; a new request needs a new key";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", detail));
        }
        let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
        let mut response = (status, given.response.clone()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        Ok(response)
    }
}
