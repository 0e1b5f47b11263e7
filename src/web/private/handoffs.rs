//! Handoffs: opened by hand, looked at with their dossier, and answered.

use axum::extract::{Path, State};
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::Value;

use super::guard::Caller;
use super::leads::{reason, tell};
use super::shape;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::handoff::Act;
use crate::domain::id::HandoffId;
use crate::engine::{Target, Unit};
use crate::store::reports::{HandoffLine, Page};
use crate::web::App;
use crate::web::extract::{Json, Query, page_size, target};
use crate::web::problem::Problem;

const STATES: [&str; 4] = ["open", "claimed", "answered", "closed"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// One of the states, or `waiting` for those nobody answered yet.
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/handoffs`: the newest first; those that wait, the one due first first.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let size = page_size(which.limit)?;
    let reports = app.engine.store.reports();
    let mut page = match which.state.as_deref() {
        Some("waiting" | "open" | "claimed") => Page { rows: reports.open_handoffs(size).await?, next: None },
        None | Some("answered" | "closed") => reports.handoffs(which.cursor.as_deref(), size).await?,
        Some(_) => return Err(Problem::invalid(format!("`state` is `waiting` or one of {}", STATES.join(", ")))),
    };
    page.rows.retain(|row| which.state.as_deref().is_none_or(|state| state == "waiting" || row.state == state));
    Ok(Answered(shape::page("handoffs", &page, |line| shape::handoff(line, false))))
}

/// `GET /v1/handoffs/{handoff}`, with its dossier.
pub async fn one(State(app): State<App>, Path(handoff): Path<String>) -> Result<Answered<Value>, Problem> {
    Ok(Answered(shape::handoff(&line(&app, &handoff).await?, true)))
}

async fn line(app: &App, text: &str) -> Result<HandoffLine, Problem> {
    let missing = || Problem::missing("there is no such handoff");
    let id = HandoffId::parse(text).ok_or_else(missing)?;
    app.engine.store.reports().handoff(&id).await?.ok_or_else(missing)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    lead: String,
    reason: String,
}

/// `POST /v1/handoffs`: gives a lead to sales, whatever its score.
pub async fn open(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Answered<Value>, Problem> {
    let ask = Ask::HandOff { reason: reason(&wanted.reason)? };
    tell(&app, app.engine.by_hand(target(&wanted.lead)?, ask, caller.source)).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doing {
    act: String,
    by: String,
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /v1/handoffs/{handoff}/act`.
pub async fn act(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(handoff): Path<String>,
    Json(doing): Json<Doing>,
) -> Result<Answered<Value>, Problem> {
    let by = doing.by.trim().to_owned();
    if by.is_empty() || by.len() > 64 {
        return Err(Problem::invalid("`by` must name who did it, in at most 64 octets"));
    }
    let act = match doing.act.as_str() {
        "claim" => Act::Claim,
        "contacted" => Act::Contacted,
        "not_ready" => Act::NotReady { reason: reason(doing.reason.as_deref().unwrap_or_default())? },
        "wrong_person" => Act::WrongPerson,
        _ => return Err(Problem::invalid("`act` is `claim`, `contacted`, `not_ready` or `wrong_person`")),
    };
    let id = line(&app, &handoff).await?.id;
    let ask = Ask::Act { handoff: id.clone(), act, by };
    let now = app.engine.now();
    let input = Input { ask, occurred_at: now, source: caller.source.to_owned(), actor: Actor::Human };
    tell(&app, Unit { to: Target::Handoff(id), input, key: None }).await
}
