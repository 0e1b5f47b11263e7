//! All a salesperson needs in ten seconds: who, why now, what they did, and until when.

use serde_json::{Map, Value, json};

use super::facts::View;
use super::input::Effect;
use super::work::Work;
use crate::domain::handoff::Handoff;
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::touch::{Channel, NewTouch, Policy, rank};

/// Lines of the ledger an alert shows, the strongest first.
const DRIVERS: usize = 6;

/// The `data` of every webhook about a handoff. Its shape is versioned by `schema`.
pub fn dossier(work: &Work<'_>, handoff: &Handoff) -> Value {
    let view = View::new(&work.lead, work.playbook, work.now);
    let score = view.scored();
    json!({
        "schema": "handoff/1",
        "handoff": {
            "id": handoff.id.to_string(),
            "opened_at": handoff.opened_at.to_string(),
            "reasons": handoff.reasons,
            "team": handoff.team,
            "rep": handoff.rep,
            "sla": handoff.clock.as_ref().map(|clock| &clock.sla),
            "respond_by": handoff.clock.as_ref().map(|clock| clock.due_at.to_string()),
        },
        "lead": person(&work.lead),
        "score": {"total": round(score.total), "fit": round(score.fit), "engagement": round(score.engagement)},
        "temperature": view.heat(),
        "stage": work.lead.stage,
        "why_now": drivers(work),
        "heard": heard(&work.lead),
        "clicked": clicked(&work.lead),
    })
}

pub(super) fn person(lead: &Lead) -> Value {
    let mut fields: Map<String, Value> =
        lead.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    fields.insert("id".to_owned(), lead.id.to_string().into());
    fields.insert("email".to_owned(), lead.address.to_string().into());
    fields.insert("account".to_owned(), json!(lead.account));
    Value::Object(fields)
}

fn drivers(work: &Work<'_>) -> Vec<Value> {
    let mut lines: Vec<_> = work.lead.ledger.iter().map(|line| (line.worth(work.now), line)).collect();
    lines.retain(|(worth, _)| worth.abs() >= 0.05);
    lines.sort_by(|(a, x), (b, y)| b.abs().total_cmp(&a.abs()).then(y.at.cmp(&x.at)));
    let show = |(worth, line): &(f64, &crate::domain::score::Line)| json!({"rule": line.rule, "points": round(*worth), "since": line.at.to_string()});
    lines.iter().take(DRIVERS).map(show).collect()
}

/// What was heard of the lead, newest first.
fn heard(lead: &Lead) -> Vec<Value> {
    let mut all: Vec<_> =
        lead.heard.iter().filter_map(|(name, heard)| Some((heard.recent.last()?, name, heard.count))).collect();
    all.sort_by(|a, b| b.0.cmp(a.0).then(a.1.cmp(b.1)));
    all.into_iter()
        .map(|(last, name, count)| json!({"event": name, "count": count, "last": last.to_string()}))
        .collect()
}

fn clicked(lead: &Lead) -> Vec<&String> {
    lead.enrollments.iter().flat_map(|e| e.steps.values()).flat_map(|facts| &facts.clicked).collect()
}

fn round(points: f64) -> f64 {
    // The sum of nothing is -0.0, which JSON would show.
    (points * 10.0).round() / 10.0 + 0.0
}

/// Puts a signed webhook about a handoff in the outbox, once for each (handoff, step, channel).
pub fn alert(work: &mut Work<'_>, handoff: &Handoff, channel: &str, step: &str, kind: &str, data: &Value) {
    let step = format!("{step}:{channel}");
    work.effect(Effect::Queue(Box::new(NewTouch {
        id: TouchId::of(handoff.id.as_str(), &step),
        lead: work.lead.id.clone(),
        origin: handoff.id.as_str().to_owned(),
        enrollment: None,
        step,
        channel: Channel::Webhook,
        lane: format!("hook:{channel}"),
        policy: Policy::AtLeastOnce,
        sequence: String::new(),
        version: String::new(),
        template: String::new(),
        variant: None,
        payload: Some(json!({"type": kind, "timestamp": work.now.to_string(), "data": data})),
        first_allowed_at: work.now,
        ready_at: work.now,
        rank: rank::AHEAD,
        zone: "UTC".to_owned(),
    })));
}
