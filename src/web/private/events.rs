//! Facts from outside: acknowledged once they are durable, and not before.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::guard::Caller;
use super::once::Key;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::id::LeadId;
use crate::domain::time::{Instant, Millis};
use crate::engine::{Answer, Target, Unit};
use crate::web::App;
use crate::web::extract::{address, body, instant, json};
use crate::web::problem::Problem;

const MOST: usize = 1_000;
/// Facts from further ahead are a wrong clock's.
const AHEAD: Millis = Millis::MINUTE.times(5);

/// Names of facts that only decisions make.
const OURS: [&str; 40] = [
    "answered",
    "branched",
    "changed",
    "claimed",
    "colleague_replied",
    "created",
    "deferred",
    "enrolled",
    "enrollment_dropped",
    "enrollment_pending",
    "exited",
    "expired",
    "faulted",
    "fitted",
    "handoff_closed",
    "handoff_joined",
    "handoff_opened",
    "held",
    "merged",
    "moved",
    "not_enrolled",
    "opted_out",
    "paused",
    "queued",
    "refused",
    "rescored",
    "resumed",
    "rung",
    "scored",
    "sender_drawn",
    "sent",
    "settled",
    "sla_breached",
    "staged",
    "suppressed",
    "touch_held",
    "unknown",
    "unsuppressed",
    "wake",
    "won",
];

/// One fact as it is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    lead: Who,
    name: String,
    #[serde(default)]
    occurred_at: Option<String>,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    actor: Option<Actor>,
    /// Makes the lead if it is not known.
    #[serde(default)]
    create: bool,
    /// The sender's own name for this fact: told twice it counts once.
    #[serde(default)]
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    events: Vec<Value>,
}

/// `POST /v1/events`.
pub async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let bytes: Bytes = body(request, &app).await?;
    let told: Told = json(&headers, &bytes)?;
    let key = Key::read(&headers, &caller, "/v1/events", &bytes)?;
    if let Some(key) = &key
        && let Some(answer) = key.before(&app).await?
    {
        return Ok(answer);
    }
    let unit = told.unit(&caller, key.as_ref().map(|key| key.of_fact(0)), app.engine.now())?;
    let answers = app.engine.record(vec![unit]).await?;
    let answer = answers.first().ok_or_else(Problem::unknown_lead).and_then(said)?;
    match key {
        Some(key) => key.keep(&app, &answer).await,
        None => Ok(Json(answer).into_response()),
    }
}

/// `POST /v1/events/batch`: each event by itself, all in few commits.
pub async fn batch(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let bytes: Bytes = body(request, &app).await?;
    let batch: Batch = json(&headers, &bytes)?;
    if batch.events.len() > MOST {
        return Err(Problem::invalid(format!("a batch has at most {MOST} events, this one {}", batch.events.len())));
    }
    let key = Key::read(&headers, &caller, "/v1/events/batch", &bytes)?;
    if let Some(key) = &key
        && let Some(answer) = key.before(&app).await?
    {
        return Ok(answer);
    }
    let now = app.engine.now();
    let units: Vec<Result<Unit, Problem>> = batch
        .events
        .into_iter()
        .enumerate()
        .map(|(n, event)| {
            let told: Told = serde_json::from_value(event).map_err(|error| Problem::invalid(error.to_string()))?;
            told.unit(&caller, key.as_ref().map(|key| key.of_fact(n)), now)
        })
        .collect();
    let good = units.iter().filter_map(|unit| unit.as_ref().ok().cloned()).collect();
    let mut answers = app.engine.record(good).await?.into_iter();
    let results: Vec<Value> = units
        .into_iter()
        .map(|unit| {
            let answer =
                unit.and_then(|_| answers.next().ok_or_else(Problem::unknown_lead).and_then(|answer| said(&answer)));
            answer.unwrap_or_else(|problem| problem.json())
        })
        .collect();
    let answer = json!({ "results": results });
    match key {
        Some(key) => key.keep(&app, &answer).await,
        None => Ok(Json(answer).into_response()),
    }
}

impl Told {
    fn unit(self, caller: &Caller, key: Option<(String, String)>, now: Instant) -> Result<Unit, Problem> {
        named(&self.name)?;
        let occurred_at = self.occurred_at.as_deref().map_or(Ok(now), |text| instant(text, "occurred_at"))?;
        if occurred_at.since(now) > AHEAD {
            return Err(Problem::invalid(format!("`occurred_at` lies more than 5 minutes ahead of {now}")));
        }
        let own = match self.key {
            Some(key) if key.is_empty() || key.len() > 255 => {
                return Err(Problem::invalid("`key` must have 1 to 255 octets"));
            }
            Some(key) => Some((caller.source.to_owned(), key)),
            None => None,
        };
        let to = match (self.lead.id, self.lead.email) {
            (Some(id), None) => LeadId::parse(&id).map(Target::Lead).ok_or_else(Problem::unknown_lead)?,
            (None, Some(email)) => Target::Address { address: address(&email)?, create: self.create },
            _ => return Err(Problem::invalid("`lead` must have either `id` or `email`")),
        };
        let ask = Ask::Hear { name: self.name, data: self.data, touch: None };
        let input =
            Input { ask, occurred_at, source: caller.source.to_owned(), actor: self.actor.unwrap_or(Actor::Human) };
        Ok(Unit { to, input, key: own.or(key) })
    }
}

fn named(name: &str) -> Result<(), Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
        return Err(Problem::invalid("`name` must have 1 to 100 letters, digits, or any of `_.:-`"));
    }
    if OURS.contains(&name) {
        return Err(Problem::invalid(format!("`{name}` is a fact that only Overture itself makes")));
    }
    Ok(())
}

fn said(answer: &Answer) -> Result<Value, Problem> {
    match answer {
        Answer::Done { lead, created } => {
            Ok(json!({ "status": "recorded", "lead": lead.to_string(), "created": created }))
        }
        Answer::Enrolled { lead, .. } | Answer::Pending { lead, .. } => {
            Ok(json!({ "status": "recorded", "lead": lead.to_string(), "created": false }))
        }
        Answer::Duplicate { lead } => Ok(json!({ "status": "duplicate", "lead": lead.to_string() })),
        Answer::Refused { reason, .. } | Answer::Failed { reason } => Err(Problem::conflict(reason.clone())),
        Answer::Unknown => Err(Problem::unknown_lead()),
    }
}
