//! Keys to this very API.

use std::collections::BTreeSet;

use axum::Json as Answered;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{ApiToken, Right};
use crate::web::App;
use crate::web::extract::{Json, nearest};
use crate::web::problem::{Problem, said};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    name: String,
    scopes: Vec<String>,
}

/// `GET /v1/tokens`; no secret is among them, since none is kept.
pub async fn list(State(app): State<App>) -> Result<Answered<Value>, Problem> {
    let tokens: Vec<Value> = app.engine.tokens().await?.iter().map(shape).collect();
    Ok(Answered(json!({ "tokens": tokens })))
}

fn shape(token: &ApiToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes.split(' ').collect::<Vec<_>>(),
        "created_at": token.created_at.to_string(),
        "last_used_at": token.last_used_at.map(|at| at.to_string()),
        "revoked_at": token.revoked_at.map(|at| at.to_string()),
    })
}

/// `POST /v1/tokens`: the secret is in this answer and nowhere else.
pub async fn issue(State(app): State<App>, Json(wanted): Json<Wanted>) -> Result<Answered<Value>, Problem> {
    let name = wanted.name.trim();
    if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
        return Err(Problem::invalid("`name` must say whose key it is, in at most 64 octets"));
    }
    let rights = wanted.scopes.iter().map(|scope| right(scope)).collect::<Result<BTreeSet<Right>, _>>()?;
    if rights.is_empty() {
        return Err(Problem::invalid(format!("`scopes` must name at least one of {}", all())));
    }
    let (token, secret) = app.engine.issue_token(name, &rights).await?;
    let mut shape = shape(&token);
    shape["token"] = secret.into();
    Ok(Answered(shape))
}

fn right(text: &str) -> Result<Right, Problem> {
    Right::parse(text).ok_or_else(|| {
        let near = nearest(text, Right::ALL.iter().map(|right| right.as_str()));
        Problem::invalid(format!("`{text}` is no scope; there are {}{near}", all()))
    })
}

fn all() -> String {
    Right::ALL.map(Right::as_str).join(", ")
}

/// `DELETE /v1/tokens/{id}`.
pub async fn revoke(State(app): State<App>, Path(id): Path<String>) -> Result<Answered<Value>, Problem> {
    if app.engine.revoke_token(&id).await? {
        return Ok(Answered(said("revoked")));
    }
    Err(Problem::missing("there is no such key, or it was revoked before"))
}
