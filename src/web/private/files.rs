//! What the files say, with what runs by them now.

use std::sync::Arc;

use axum::Json as Answered;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::domain::calendar::{local, zone_named};
use crate::domain::playbook::{Playbook, Sender};
use crate::domain::sequence::Sequence;
use crate::domain::time::Instant;
use crate::engine::today;
use crate::store::reports::{LaneRow, Paused};
use crate::web::App;
use crate::web::extract::nearest;
use crate::web::problem::Problem;

/// A sequence of the files, by name.
pub fn known(playbook: &Playbook, name: &str) -> Result<Arc<Sequence>, Problem> {
    playbook.sequences.get(name).cloned().ok_or_else(|| {
        let near = nearest(name, playbook.sequences.keys().map(String::as_str));
        Problem::missing(format!("there is no sequence `{name}`{near}"))
    })
}

fn head(sequence: &Sequence) -> Value {
    json!({
        "name": sequence.name,
        "title": sequence.title,
        "kind": sequence.kind.as_str(),
        "topic": sequence.topic,
        "owner": sequence.owner,
        "version": sequence.version,
        "steps": sequence.steps.len(),
    })
}

/// `GET /v1/sequences`, each with how many stand in it by state.
pub async fn sequences(State(app): State<App>) -> Result<Answered<Value>, Problem> {
    let counts = app.engine.store.reports().enrollment_counts().await?;
    let playbook = app.engine.playbook();
    let shape = |sequence: &Arc<Sequence>| {
        let mut by_state: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
        for row in counts.iter().filter(|row| row.sequence == sequence.name) {
            *by_state.entry(&row.state).or_default() += row.count;
        }
        let mut shape = head(sequence);
        shape["enrollments"] = json!(by_state);
        shape
    };
    Ok(Answered(json!({ "sequences": playbook.sequences.values().map(shape).collect::<Vec<_>>() })))
}

/// `GET /v1/sequences/{name}`, each step with who stands there and what became of its touches.
pub async fn sequence(State(app): State<App>, Path(name): Path<String>) -> Result<Answered<Value>, Problem> {
    let sequence = known(&app.engine.playbook(), &name)?;
    let reports = app.engine.store.reports();
    let standing = reports.enrollment_counts().await?;
    let outcomes = reports.touch_counts().await?;
    let step = |step: &crate::domain::sequence::Step| {
        let here = standing.iter().filter(|row| {
            row.sequence == name
                && row.step.as_ref() == Some(&step.id)
                && matches!(row.state.as_str(), "active" | "paused" | "held")
        });
        let touches: Map<String, Value> = outcomes
            .iter()
            .filter(|row| row.sequence == name && row.step == step.id)
            .map(|row| (row.state.clone(), row.count.into()))
            .collect();
        json!({
            "id": step.id,
            "act": step.act.kind(),
            "line": step.line,
            "next": step.next.and_then(|next| sequence.steps.get(next)).map(|next| next.id.as_str()),
            "here": here.map(|row| row.count).sum::<i64>(),
            "touches": touches,
        })
    };
    let mut shape = head(&sequence);
    shape["limits"] = limits(&app, &sequence).await?;
    shape["steps"] = sequence.steps.iter().map(step).collect();
    Ok(Answered(shape))
}

/// How far the limits of a sequence are used, and how many wait for room; null where it has none.
async fn limits(app: &App, sequence: &Sequence) -> Result<Value, Problem> {
    let limits = sequence.limits;
    if limits.is_none() {
        return Ok(Value::Null);
    }
    let store = &app.engine.store;
    let today = today(&app.engine.playbook(), app.engine.now());
    let intake = store.intakes(today).await?.remove(&sequence.name).unwrap_or_default();
    let pending = store.pending_counts().await?.remove(&sequence.name).unwrap_or(0);
    Ok(json!({
        "active": limits.active,
        "in_it": intake.active,
        "new_per_day": limits.new_per_day,
        "entered_today": intake.entered_today,
        "pending": pending,
    }))
}

/// `GET /v1/senders`: how much each has sent today and may still, and why it stands where it does.
pub async fn senders(State(app): State<App>) -> Result<Answered<Value>, Problem> {
    let (store, now) = (&app.engine.store, app.engine.now());
    let (lanes, pauses, waiting) =
        (store.lanes().await?, store.pauses().await?, store.reports().waiting_by_lane().await?);
    let playbook = app.engine.playbook();
    let shape = |sender: &Sender| {
        let name = format!("mail:{}", sender.name);
        let lane = lanes.iter().find(|lane| lane.name == name);
        let mut shape = standing(sender, lane, &pauses, now);
        shape["waiting"] = waiting.get(&name).copied().unwrap_or(0).into();
        shape
    };
    Ok(Answered(json!({ "senders": playbook.settings.senders.values().map(shape).collect::<Vec<_>>() })))
}

fn standing(sender: &Sender, lane: Option<&LaneRow>, pauses: &[Paused], now: Instant) -> Value {
    let today = zone_named(&sender.zone).map(|zone| local::day_number(&zone, now));
    let used = lane.filter(|lane| Some(lane.day) == today).map_or(0, |lane| lane.used);
    let scope = format!("sender:{}", sender.name);
    let by_hand = pauses.iter().find(|pause| pause.scope == "all" || pause.scope == scope);
    let stopped = lane.filter(|lane| lane.paused);
    let ready_at = lane.map(|lane| lane.ready_at).filter(|at| *at > now);
    let spent = sender.per_day.is_some_and(|cap| used >= cap);
    let why = match (by_hand, stopped, ready_at) {
        (Some(pause), _, _) => Some(format!("{} was paused by {}", pause.scope, pause.by)),
        (None, Some(lane), _) => lane.blocked_reason.clone(),
        (None, None, Some(_)) if spent => Some("today's cap is used".to_owned()),
        (None, None, Some(_)) => {
            lane.and_then(|lane| lane.blocked_reason.clone()).or_else(|| Some("the gap between two mails".to_owned()))
        }
        (None, None, None) => None,
    };
    json!({
        "name": sender.name,
        "address": sender.address,
        "used_today": used,
        "cap": sender.per_day,
        "gap_seconds": sender.gap.0 / 1_000,
        "ready_at": ready_at.map(|at| at.to_string()),
        "paused": by_hand.is_some() || stopped.is_some(),
        "why": why,
    })
}
