//! Edits of what is running: what the files would do, doing it, and the versions there were.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use crate::engine::{ApplyError, Order, Subject, VersionError};
use crate::web::App;
use crate::web::extract::{Json, Query};
use crate::web::problem::Problem;

/// Touches that an apply may release or drop, and enrollments it may end, unless it says otherwise.
const AT_MOST: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    sequence: Option<String>,
    #[serde(default)]
    scoring: bool,
    version: Option<String>,
    /// Names every lead for whom something changes.
    #[serde(default)]
    all: bool,
}

/// `GET /v1/plan`: what applying the files would do; nothing is written.
pub async fn plan(State(app): State<App>, Query(which): Query<Which>) -> Result<Answered<Value>, Problem> {
    let (sequence, scoring) = (which.sequence, which.scoring);
    one_subject(sequence.is_some(), scoring)?;
    let order = Order { sequence, scoring, version: which.version, all: which.all, ..Order::default() };
    let plan = app.engine.plan(&order).await.map_err(refused)?;
    Ok(Answered(json!(plan)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    sequence: Option<String>,
    #[serde(default)]
    scoring: bool,
    version: Option<String>,
    plan: Option<String>,
    at_most: Option<usize>,
}

/// `POST /v1/apply`: exactly what a plan made now says, or nothing.
pub async fn apply(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Answered<Value>, Problem> {
    one_subject(wanted.sequence.is_some(), wanted.scoring)?;
    let order = Order {
        sequence: wanted.sequence,
        scoring: wanted.scoring,
        version: wanted.version,
        fingerprint: wanted.plan,
        at_most: wanted.at_most.unwrap_or(AT_MOST),
        all: false,
        by: caller.name,
    };
    let applied = app.engine.apply(&order).await.map_err(refused)?;
    Ok(Answered(json!(applied)))
}

/// Nobody means one sequence and the scoring file alone.
fn one_subject(sequence: bool, scoring: bool) -> Result<(), Problem> {
    if sequence && scoring {
        return Err(Problem::invalid("name one sequence, or `scoring`, or neither for all that changed"));
    }
    Ok(())
}

fn refused(error: ApplyError) -> Problem {
    let told = error.to_string();
    match error {
        ApplyError::NoFiles => Problem::conflict(told),
        ApplyError::Files(mistakes) => {
            let detail = match mistakes.lines.as_slice() {
                [one] => format!("the files have an error: {one}"),
                [first, ..] => format!("the files have {} errors; the first: {first}", mistakes.lines.len()),
                [] => told,
            };
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "broken_files", detail)
                .with("errors", mistakes.lines)
                .with("report", mistakes.report)
        }
        ApplyError::Unknown(detail) => Problem::missing(detail),
        ApplyError::Stale(plan) => Problem::new(StatusCode::CONFLICT, "stale_plan", told).with("plan", json!(plan)),
        ApplyError::TooMany { plan, most } => {
            Problem::new(StatusCode::CONFLICT, "too_many", told).with("at_most", most).with("plan", json!(plan))
        }
        ApplyError::Store(error) => Problem::from(error),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    sequence: Option<String>,
    #[serde(default)]
    scoring: bool,
}

fn subject(sequence: Option<&str>, scoring: bool) -> Result<Subject<'_>, Problem> {
    match (sequence, scoring) {
        (Some(name), false) => Ok(Subject::Sequence(name)),
        (None, true) => Ok(Subject::Scoring),
        _ => Err(Problem::invalid("name one `sequence`, or say `scoring=true`")),
    }
}

/// `GET /v1/versions`: the versions of a sequence or of the scoring file, the newest first.
pub async fn versions(State(app): State<App>, Query(named): Query<Named>) -> Result<Answered<Value>, Problem> {
    let versions = app.engine.versions_of(subject(named.sequence.as_deref(), named.scoring)?).await.map_err(unknown)?;
    let shape = |one: &crate::engine::Version| {
        let mut shape = json!(one);
        shape["stored_at"] = json!(one.stored_at.to_string());
        shape
    };
    Ok(Answered(json!({ "versions": versions.iter().map(shape).collect::<Vec<_>>() })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    sequence: Option<String>,
    #[serde(default)]
    scoring: bool,
    old: Option<String>,
    new: Option<String>,
}

/// `GET /v1/versions/diff`: what changed between two versions in a sequence's file and templates, or in the scoring file.
pub async fn diff(State(app): State<App>, Query(between): Query<Between>) -> Result<Answered<Value>, Problem> {
    let (old, new) = (between.old.as_deref(), between.new.as_deref());
    let diff =
        app.engine.diff_of(subject(between.sequence.as_deref(), between.scoring)?, old, new).await.map_err(unknown)?;
    Ok(Answered(json!({ "diff": diff })))
}

fn unknown(error: VersionError) -> Problem {
    match error {
        VersionError::Unknown(detail) => Problem::missing(detail),
        VersionError::Store(error) => Problem::from(error),
    }
}
