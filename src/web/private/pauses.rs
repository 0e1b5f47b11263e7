//! What stands still because a person said so.

use axum::extract::{Path, State};
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files;
use super::guard::Caller;
use super::leads::tell;
use crate::domain::decide::Ask;
use crate::domain::playbook::Playbook;
use crate::engine::Scope;
use crate::web::App;
use crate::web::extract::{Json, nearest, target};
use crate::web::problem::{Problem, said};

/// `GET /v1/pauses`: those by hand, and the lanes that stopped because the other side refuses us.
pub async fn list(State(app): State<App>) -> Result<Answered<Value>, Problem> {
    let store = &app.engine.store;
    let pauses: Vec<Value> = store
        .pauses()
        .await?
        .into_iter()
        .map(|pause| json!({ "scope": pause.scope, "since": pause.since.to_string(), "by": pause.by }))
        .collect();
    let stopped: Vec<Value> = store
        .lanes()
        .await?
        .into_iter()
        .filter(|lane| lane.paused)
        .map(|lane| json!({ "scope": scope_of(&lane.name), "why": lane.blocked_reason }))
        .collect();
    Ok(Answered(json!({ "pauses": pauses, "stopped": stopped })))
}

fn scope_of(lane: &str) -> String {
    match lane.split_once(':') {
        Some(("mail", name)) => format!("sender:{name}"),
        Some(("hook", name)) => format!("channel:{name}"),
        _ => lane.to_owned(),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    scope: String,
}

/// `POST /v1/pauses`: all, a sequence, a sender, a channel, or one lead.
pub async fn pause(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Answered<Value>, Problem> {
    if let Some(lead) = wanted.scope.strip_prefix("lead:") {
        let ask = Ask::Pause { sequence: None, because: format!("paused by {}", caller.name) };
        return tell(&app, app.engine.by_hand(target(lead)?, ask, caller.source)).await;
    }
    let scope = known(&app.engine.playbook(), &wanted.scope)?;
    let new = app.engine.pause(&scope, &caller.name).await?;
    Ok(Answered(said(if new { "paused" } else { "was paused" })))
}

/// `DELETE /v1/pauses/{scope}`.
pub async fn resume(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(wanted): Path<String>,
) -> Result<Answered<Value>, Problem> {
    if let Some(lead) = wanted.strip_prefix("lead:") {
        let unit = app.engine.by_hand(target(lead)?, Ask::Resume { sequence: None }, caller.source);
        return tell(&app, unit).await;
    }
    // What is no longer in the files may still be paused.
    let scope = Scope::parse(&wanted).ok_or_else(unread)?;
    if app.engine.resume(&scope).await? {
        return Ok(Answered(said("resumed")));
    }
    Err(Problem::missing("this is not paused"))
}

fn unread() -> Problem {
    Problem::invalid("`scope` is `all`, `sequence:NAME`, `sender:NAME`, `channel:NAME` or `lead:ID`")
}

/// A scope that names what is in the files.
fn known(playbook: &Playbook, text: &str) -> Result<Scope, Problem> {
    let scope = Scope::parse(text).ok_or_else(unread)?;
    let missing = |what: &str, name: &str, near: String| Problem::missing(format!("there is no {what} `{name}`{near}"));
    let settings = &playbook.settings;
    match &scope {
        Scope::All => {}
        Scope::Sequence(name) => drop(files::known(playbook, name)?),
        Scope::Sender(name) if !settings.senders.contains_key(name) => {
            return Err(missing("sender", name, nearest(name, settings.senders.keys().map(String::as_str))));
        }
        Scope::Channel(name) if !settings.channels.contains(name) => {
            return Err(missing("channel", name, nearest(name, settings.channels.iter().map(String::as_str))));
        }
        Scope::Sender(_) | Scope::Channel(_) => {}
    }
    Ok(scope)
}
