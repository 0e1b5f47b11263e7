//! Outgoing acts: what became of each, and what a person may do about one that is stuck.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::Value;

use super::guard::Caller;
use super::leads::{find, tell};
use super::shape;
use crate::domain::decide::Ask;
use crate::domain::id::TouchId;
use crate::domain::touch::State as TouchState;
use crate::engine::Target;
use crate::store::reports::{Origin, TouchRow, Touches};
use crate::web::App;
use crate::web::extract::{Json, Query, lead_key, nearest, page_size};
use crate::web::problem::{Problem, said};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    state: Option<String>,
    lead: Option<String>,
    sequence: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/touches`, the newest first. A second filter thins a page out; `next` goes on all the same.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let size = page_size(which.limit)?;
    let state = which.state.as_deref().map(known_state).transpose()?;
    let touches = match (&which.lead, state, &which.sequence) {
        (Some(lead), _, _) => Touches::OfLead(find(&app, lead_key(lead)?).await?.id),
        (None, Some(state), _) => Touches::InState(state),
        (None, None, Some(sequence)) => Touches::OfSequence(sequence.clone()),
        (None, None, None) => Touches::All,
    };
    let mut page = app.engine.store.reports().touches(&touches, which.cursor.as_deref(), size).await?;
    page.rows.retain(|row| {
        state.is_none_or(|state| row.state == state) && which.sequence.as_ref().is_none_or(|name| &row.sequence == name)
    });
    let origins = origins(&app, &page.rows).await?;
    Ok(Answered(shape::page("touches", &page, |row| shape::touch(row, &origins))))
}

fn known_state(text: &str) -> Result<TouchState, Problem> {
    TouchState::parse(text).ok_or_else(|| {
        let near = nearest(text, TouchState::ALL.iter().map(|state| state.as_str()));
        Problem::invalid(format!("`{text}` is no state of a touch{near}"))
    })
}

/// `GET /v1/touches/{touch}`.
pub async fn one(State(app): State<App>, Path(touch): Path<String>) -> Result<Answered<Value>, Problem> {
    let row = row(&app, &touch).await?;
    let origins = origins(&app, std::slice::from_ref(&row)).await?;
    Ok(Answered(shape::touch(&row, &origins)))
}

/// Where the versions of some touches came from.
async fn origins(app: &App, rows: &[TouchRow]) -> Result<BTreeMap<String, Origin>, Problem> {
    let versions = rows.iter().map(|row| row.version.as_str()).filter(|version| !version.is_empty()).collect();
    Ok(app.engine.store.origins(&versions).await?)
}

async fn row(app: &App, text: &str) -> Result<TouchRow, Problem> {
    let missing = || Problem::missing("there is no such touch");
    let id = TouchId::parse(text).ok_or_else(missing)?;
    app.engine.store.touches(&[id]).await?.pop().ok_or_else(missing)
}

/// `POST /v1/touches/{touch}/resend`: once more under the same Message-ID, only where nobody knows whether it arrived.
pub async fn resend(State(app): State<App>, Path(touch): Path<String>) -> Result<Answered<Value>, Problem> {
    let row = row(&app, &touch).await?;
    if app.engine.resend(&row.id).await? {
        return Ok(Answered(said("queued")));
    }
    if row.state == TouchState::Unknown {
        return Err(Problem::conflict("its recipient is suppressed: nothing is sent there, not by hand either"));
    }
    let state = row.state.as_str();
    Err(Problem::conflict(format!("only a touch of unknown outcome is sent again by hand; this one is {state}")))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Goes on with the next step instead of trying again.
    #[serde(default)]
    skip: bool,
}

/// `POST /v1/touches/{touch}/release`.
pub async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(touch): Path<String>,
    Json(release): Json<Release>,
) -> Result<Answered<Value>, Problem> {
    let id = row(&app, &touch).await?.id;
    let ask = Ask::Release { touch: id.clone(), skip: release.skip };
    tell(&app, app.engine.by_hand(Target::Touch(id), ask, caller.source)).await
}
