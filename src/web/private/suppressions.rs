//! Who must not be contacted.

use axum::extract::{Path, State};
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use super::shape;
use crate::domain::address::EmailAddress;
use crate::domain::suppression::Reason;
use crate::web::App;
use crate::web::extract::{Json, Query, nearest, page_size};
use crate::web::problem::{Problem, said};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/suppressions`.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let size = page_size(which.limit)?;
    let page = app.engine.store.reports().suppressions(which.cursor.as_deref(), size).await?;
    Ok(Answered(shape::page("suppressions", &page, shape::suppression)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// An address or a domain.
    target: String,
    #[serde(default = "by_hand")]
    reason: String,
}

fn by_hand() -> String {
    Reason::Manual.as_str().to_owned()
}

/// Why, as people may say it: what an erasure leaves behind is nobody's to say.
fn reason(text: &str) -> Result<Reason, Problem> {
    let said = || Reason::ALL.into_iter().filter(|reason| *reason != Reason::Erased);
    said().find(|reason| reason.as_str() == text).ok_or_else(|| {
        if Reason::parse(text).is_some() {
            return Problem::invalid("`erased` is what an erasure leaves behind; `manual` suppresses");
        }
        let all: Vec<&str> = said().map(Reason::as_str).collect();
        let near = nearest(text, all.iter().copied());
        Problem::invalid(format!("`{text}` is no reason{near}; there are {}", all.join(", ")))
    })
}

/// `POST /v1/suppressions`: ends what runs for that address in the same commit.
pub async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Answered<Value>, Problem> {
    let reason = reason(&wanted.reason)?;
    let target = target(&wanted.target)?;
    app.engine.suppress(&target, reason, &caller.name).await?;
    Ok(Answered(json!({ "status": "suppressed", "target": target, "reason": reason })))
}

/// `DELETE /v1/suppressions/{target}`; what an erasure left behind stays.
pub async fn lift(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(wanted): Path<String>,
) -> Result<Answered<Value>, Problem> {
    let target = target(&wanted)?;
    match app.engine.store.reports().suppression(&target).await? {
        None => Err(Problem::missing("this is not suppressed")),
        Some(found) if found.reason == Reason::Erased => Err(Problem::conflict("this person was erased and stays so")),
        Some(_) => {
            app.engine.unsuppress(&target, &caller.name).await?;
            Ok(Answered(said("lifted")))
        }
    }
}

/// An address in its normal form, or a domain as A-labels.
fn target(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    // A domain is good if an address at it is.
    let (probe, is_domain) = if text.contains('@') { (text.to_owned(), false) } else { (format!("x@{text}"), true) };
    let address = EmailAddress::parse(&probe)
        .map_err(|reason| Problem::invalid(format!("`target` is neither an address nor a domain: {reason}")))?;
    Ok(if is_domain { address.domain().to_owned() } else { address.to_string() })
}
