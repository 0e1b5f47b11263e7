//! Leads: brought in, listed, looked at, and explained.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json as Answered};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::guard::Caller;
use super::{attributes, shape};
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::lead::Lead;
use crate::domain::stage::Stage;
use crate::engine::{Answer, Target, Unit};
use crate::store::reports::{LeadKey, Leads, Order};
use crate::web::App;
use crate::web::extract::{Json, Query, address, instant, lead_key, nearest, page_size, target};
use crate::web::problem::{Problem, done, said};

type Answer200 = Result<Answered<Value>, Problem>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upsert {
    email: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    tags: Vec<String>,
}

/// `PUT /v1/leads`: makes a lead or changes it; null takes a value away, tags are added.
pub async fn upsert(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Upsert>,
) -> Answer200 {
    let address = address(&wanted.email)?;
    let playbook = app.engine.playbook();
    let set = attributes::typed(&wanted.attributes, &playbook.settings).map_err(Problem::invalid)?;
    let add_tags = attributes::tags(&wanted.tags).map_err(Problem::invalid)?;
    let now = app.engine.now();
    let ask = Ask::Change { set, add_tags };
    let input = Input { ask, occurred_at: now, source: caller.source.to_owned(), actor: Actor::System };
    let to = Target::Address { address: address.clone(), create: true };
    let answers = app.engine.record(vec![Unit { to, input, key: None }]).await?;
    let answer = answers.into_iter().next().unwrap_or(Answer::Unknown);
    done(&answer)?;
    let lead = find(&app, LeadKey::Address(address)).await?;
    let mut shape = shape::lead(&lead, &playbook, now);
    shape["created"] = matches!(answer, Answer::Done { created: true, .. }).into();
    Ok(Answered(shape))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    cursor: Option<String>,
    limit: Option<usize>,
    stage: Option<String>,
    tag: Option<String>,
    attention: Option<bool>,
    /// `hottest` or `newest`.
    order: Option<String>,
}

/// `GET /v1/leads`.
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Answer200 {
    let size = page_size(which.limit)?;
    let asked = (which.stage.as_deref(), which.tag, which.attention.unwrap_or(false), which.order.as_deref());
    let leads = match asked {
        (None, None, true, None) => Leads::NeedingAttention,
        (Some(stage), None, false, None) => Leads::InStage(known_stage(stage)?),
        (None, Some(tag), false, None) => Leads::Tagged(tag),
        (None, None, false, None | Some("newest")) => Leads::Newest,
        (None, None, false, Some("hottest")) => Leads::Hottest,
        _ => {
            return Err(Problem::invalid(
                "ask by one of `stage`, `tag`, `attention=true`, `order=newest` and `order=hottest`",
            ));
        }
    };
    let page = app.engine.store.reports().leads(&leads, which.cursor.as_deref(), size).await?;
    Ok(Answered(shape::page("leads", &page, shape::lead_line)))
}

fn known_stage(text: &str) -> Result<Stage, Problem> {
    Stage::parse(text).ok_or_else(|| {
        let near = nearest(text, Stage::ALL.iter().map(|stage| stage.as_str()));
        Problem::invalid(format!("`{text}` is no stage{near}"))
    })
}

/// A lead that is there.
pub async fn find(app: &App, key: LeadKey) -> Result<Lead, Problem> {
    app.engine.store.reports().lead(&key).await?.ok_or_else(Problem::unknown_lead)
}

/// `GET /v1/leads/{id or address}`.
pub async fn one(State(app): State<App>, Path(who): Path<String>) -> Answer200 {
    let lead = find(&app, lead_key(&who)?).await?;
    let mut shape = shape::lead(&lead, &app.engine.playbook(), app.engine.now());
    shape["suppressed"] = json!(app.engine.suppression_of(&lead).await?);
    Ok(Answered(shape))
}

/// `GET /v1/leads/{lead}/why`: all that happened and did not, in sentences.
pub async fn why(State(app): State<App>, Path(who): Path<String>) -> Answer200 {
    let lead = find(&app, lead_key(&who)?).await?;
    let why = app.engine.why(&lead).await?;
    let entry = |entry: &crate::engine::Entry| {
        let (at, text) = (entry.at.to_string(), &entry.text);
        let (of, sequence) = (&entry.of, &entry.sequence);
        json!({ "seq": entry.seq, "at": at, "of": of, "sequence": sequence, "event": entry.event, "text": text })
    };
    Ok(Answered(json!({
        "lead": why.lead,
        "email": why.address,
        "stage": why.stage,
        "score": shape::score(why.score),
        "temperature": why.temperature,
        "stands": why.stands,
        "versions": why.versions,
        "history": why.history.iter().map(entry).collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    at: Option<String>,
}

/// `GET /v1/leads/{lead}/score?at=`: the sum, line by line, now or at any past instant.
pub async fn score(State(app): State<App>, Path(who): Path<String>, Query(when): Query<When>) -> Answer200 {
    let at = when.at.as_deref().map(|text| instant(text, "at")).transpose()?;
    let lead = find(&app, lead_key(&who)?).await?;
    let sheet = app.engine.sheet(&lead, at).await?;
    let line = |line: &crate::engine::SheetLine| {
        json!({
            "rule": line.rule,
            "ledger": line.ledger,
            "worth": line.worth,
            "points": line.points,
            "since": line.since.to_string(),
            "ends": line.ends.map(|at| at.to_string()),
            "event": line.event,
            "model": line.model,
        })
    };
    Ok(Answered(json!({
        "lead": sheet.lead,
        "at": sheet.at.to_string(),
        "score": shape::score(sheet.score),
        "temperature": sheet.temperature,
        "lines": sheet.lines.iter().map(line).collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    cursor: Option<u64>,
    limit: Option<usize>,
    /// `oldest` first, or `newest`.
    order: Option<String>,
}

/// `GET /v1/leads/{lead}/events`.
pub async fn events(State(app): State<App>, Path(who): Path<String>, Query(slice): Query<Slice>) -> Answer200 {
    let order = match slice.order.as_deref() {
        None | Some("oldest") => Order::Oldest,
        Some("newest") => Order::Newest,
        Some(_) => return Err(Problem::invalid("`order` is `oldest` or `newest`")),
    };
    let size = page_size(slice.limit)?;
    let lead = find(&app, lead_key(&who)?).await?;
    let mut found = app.engine.store.reports().events(&lead.id, order, slice.cursor, size + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|event| event.seq);
    Ok(Answered(json!({ "events": found.iter().map(shape::event).collect::<Vec<_>>(), "next": next })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staging {
    stage: String,
    reason: String,
}

/// `POST /v1/leads/{lead}/stage`: by a named act.
pub async fn stage(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(who): Path<String>,
    Json(staging): Json<Staging>,
) -> Answer200 {
    let to = known_stage(&staging.stage)?;
    let reason = reason(&staging.reason)?;
    let unit = app.engine.by_hand(target(&who)?, Ask::Stage { to, reason }, caller.source);
    tell(&app, unit).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merging {
    from: String,
}

/// `POST /v1/leads/{lead}/merge`: the lead takes in another one, which is the same person.
pub async fn merge(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(who): Path<String>,
    Json(merging): Json<Merging>,
) -> Answer200 {
    let (lead, other) = (one_of_two(&app, &who).await?, one_of_two(&app, &merging.from).await?);
    let new = other.id != lead.id;
    let ask = Ask::Absorb { other: other.id, found: None };
    let unit = app.engine.by_hand(Target::Lead(lead.id.clone()), ask, caller.source);
    let answers = app.engine.record(vec![unit]).await?;
    done(answers.first().unwrap_or(&Answer::Unknown))?;
    let lead = find(&app, LeadKey::Id(lead.id)).await?;
    let mut shape = shape::lead(&lead, &app.engine.playbook(), app.engine.now());
    shape["merged"] = new.into();
    Ok(Answered(shape))
}

/// A lead that is there; where two are named it is said which is not.
async fn one_of_two(app: &App, who: &str) -> Result<Lead, Problem> {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_lead", format!("there is no lead `{who}`"));
    let key =
        lead_key(who).map_err(|problem| if problem.status() == StatusCode::NOT_FOUND { unknown() } else { problem })?;
    app.engine.store.reports().lead(&key).await?.ok_or_else(unknown)
}

/// A reason that somebody can read.
pub fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > 500 {
        return Err(Problem::invalid("`reason` must say why, in at most 500 octets"));
    }
    Ok(text.to_owned())
}

/// Records one unit; anything but done is a problem.
pub async fn tell(app: &App, unit: Unit) -> Answer200 {
    let answers = app.engine.record(vec![unit]).await?;
    done(answers.first().unwrap_or(&Answer::Unknown))?;
    Ok(Answered(said("done")))
}
