//! Who goes through which sequence.

use axum::extract::State;
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use super::leads::{find, tell};
use super::{files, shape};
use crate::domain::decide::Ask;
use crate::engine::Answer;
use crate::store::reports::Page;
use crate::web::App;
use crate::web::extract::{Json, Query, lead_key, page_size, target};
use crate::web::problem::{Problem, done};

const STATES: [&str; 6] = ["active", "paused", "held", "finished", "exited", "failed"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    lead: Option<String>,
    sequence: Option<String>,
    /// One of the states, or `running` for those that have not ended.
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/enrollments`: of a lead, or in a sequence. A state thins a page out; `next` goes on all the same.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let size = page_size(which.limit)?;
    let state = which.state.as_deref();
    if state.is_some_and(|state| state != "running" && !STATES.contains(&state)) {
        return Err(Problem::invalid(format!("`state` is `running` or one of {}", STATES.join(", "))));
    }
    let lives = |state: &str| STATES[..3].contains(&state);
    let reports = app.engine.store.reports();
    let mut page = match (&which.lead, &which.sequence) {
        (Some(lead), sequence) => {
            let lead = find(&app, lead_key(lead)?).await?;
            let mut rows = reports.enrollments_of_lead(&lead.id).await?;
            rows.retain(|row| sequence.as_ref().is_none_or(|name| &row.sequence == name));
            Page { rows, next: None }
        }
        (None, Some(sequence)) => {
            let running = state.is_some_and(|state| state == "running" || lives(state));
            reports.enrollments_of_sequence(sequence, running, which.cursor.as_deref(), size).await?
        }
        (None, None) => return Err(Problem::invalid("ask by `lead` or by `sequence`")),
    };
    page.rows.retain(|row| match state {
        None => true,
        Some("running") => lives(&row.state),
        Some(state) => row.state == state,
    });
    Ok(Answered(shape::page("enrollments", &page, shape::enrollment)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    lead: String,
    sequence: String,
    /// Overrides the sequence's `again`, and nothing else.
    #[serde(default)]
    again: bool,
}

/// `POST /v1/enrollments`: entered now, or pending where the sequence's limits leave no room.
pub async fn enroll(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Answered<Value>, Problem> {
    files::known(&app.engine.playbook(), &wanted.sequence)?;
    let ask = Ask::Enroll { sequence: wanted.sequence.clone(), by: caller.name, again: wanted.again };
    let unit = app.engine.by_hand(target(&wanted.lead)?, ask, caller.source);
    let answer = app.engine.record(vec![unit]).await?.into_iter().next().unwrap_or(Answer::Unknown);
    done(&answer)?;
    if let Answer::Pending { lead, reason } = answer {
        return Ok(Answered(json!({
            "status": "pending",
            "lead": lead.to_string(),
            "sequence": wanted.sequence,
            "reason": reason,
        })));
    }
    let Answer::Enrolled { lead, enrollment } = answer else { return Err(Problem::unknown_lead()) };
    Ok(Answered(json!({
        "status": "enrolled",
        "lead": lead.to_string(),
        "enrollment": enrollment.to_string(),
        "sequence": wanted.sequence,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unwanted {
    lead: String,
    /// All of them, if none is named.
    sequence: Option<String>,
    reason: Option<String>,
}

/// `DELETE /v1/enrollments`.
pub async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(unwanted): Json<Unwanted>,
) -> Result<Answered<Value>, Problem> {
    let reason = unwanted.reason.unwrap_or_else(|| format!("taken out by {}", caller.name));
    let ask = Ask::Remove { sequence: unwanted.sequence, reason };
    tell(&app, app.engine.by_hand(target(&unwanted.lead)?, ask, caller.source)).await
}
