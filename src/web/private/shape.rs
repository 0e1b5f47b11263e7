//! How things look in JSON: ids with their prefix, instants as RFC 3339.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::decide::View;
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::event::Event;
use crate::domain::handoff::Handoff;
use crate::domain::lead::{Alias, Lead};
use crate::domain::playbook::Playbook;
use crate::domain::score::Score;
use crate::domain::suppression::Suppression;
use crate::domain::time::Instant;
use crate::engine::{ToDo, sentence};
use crate::store::reports::{EnrollmentLine, HandoffLine, LeadLine, Origin, Page, TouchRow};

pub fn at(at: Option<Instant>) -> Value {
    at.map_or(Value::Null, |at| at.to_string().into())
}

/// A page of a list: `{NAME: […], next}`; `next` is null at the end.
pub fn page<T>(name: &str, page: &Page<T>, shape: impl Fn(&T) -> Value) -> Value {
    let rows: Vec<Value> = page.rows.iter().map(shape).collect();
    let mut object = Map::new();
    object.insert(name.to_owned(), rows.into());
    object.insert("next".to_owned(), page.next.clone().into());
    Value::Object(object)
}

pub fn score(score: Score) -> Value {
    json!({ "total": score.total, "fit": score.fit, "engagement": score.engagement })
}

/// A lead with all that is known of it, its score as it is now.
pub fn lead(lead: &Lead, playbook: &Playbook, now: Instant) -> Value {
    let view = View::new(lead, playbook, now);
    json!({
        "id": lead.id.to_string(),
        "email": lead.address,
        "account": lead.account,
        "created_at": lead.created_at.to_string(),
        "stage": lead.stage,
        "stage_since": lead.stage_since.to_string(),
        "score": score(view.scored()),
        "temperature": view.heat(),
        "attributes": lead.attributes,
        "suppressed": lead.suppressed,
        "opted_out": lead.opted_out,
        "attention": lead.wanted(),
        "aliases": lead.aliases.iter().map(alias).collect::<Vec<_>>(),
        "last_human_at": at(lead.last_human_at),
        "enrollments": lead.enrollments.iter().map(running).collect::<Vec<_>>(),
        "handoff": lead.handoff.as_ref().map(open_handoff),
        "next_look_at": at(lead.wake_at),
    })
}

fn alias(alias: &Alias) -> Value {
    json!({ "id": alias.lead.to_string(), "email": alias.address, "merged_at": alias.since.to_string() })
}

fn running(enrollment: &Enrollment) -> Value {
    let (phase, until) = match (&enrollment.paused, &enrollment.phase) {
        (Some(pausing), _) => ("paused", pausing.until),
        (None, Phase::Ready) => ("ready", None),
        (None, Phase::Waiting { until }) => ("waiting", Some(*until)),
        (None, Phase::Sending { .. }) => ("sending", None),
        (None, Phase::Tasked { .. }) => ("tasked", None),
        (None, Phase::Held { .. }) => ("held", None),
    };
    json!({
        "id": enrollment.id.to_string(),
        "sequence": enrollment.sequence,
        "version": enrollment.version,
        "entered_at": enrollment.entered_at.to_string(),
        "by": enrollment.by,
        "step": enrollment.at,
        "phase": phase,
        "until": at(until),
    })
}

fn open_handoff(handoff: &Handoff) -> Value {
    json!({
        "id": handoff.id.to_string(),
        "team": handoff.team,
        "rep": handoff.rep,
        "opened_at": handoff.opened_at.to_string(),
        "reasons": handoff.reasons,
        "claimed_by": handoff.claimed_by,
        "answered": handoff.answered,
        "due_at": at(handoff.clock.as_ref().map(|clock| clock.due_at)),
        "breached": handoff.clock.as_ref().is_some_and(|clock| clock.breached),
    })
}

pub fn lead_line(line: &LeadLine) -> Value {
    json!({
        "id": line.id.to_string(),
        "email": line.address,
        "account": line.account,
        "stage": line.stage,
        "score": json!({ "total": line.score, "fit": line.fit, "engagement": line.engagement }),
        "temperature": line.temperature,
        "suppressed": line.suppressed,
        "attention": line.attention,
        "created_at": line.created_at.to_string(),
        "updated_at": line.updated_at.to_string(),
        "next_look_at": at(line.wake_at),
    })
}

pub fn event(event: &Event) -> Value {
    json!({
        "seq": event.seq,
        "name": event.what.name(),
        "occurred_at": event.occurred_at.to_string(),
        "recorded_at": event.recorded_at.to_string(),
        "source": event.source,
        "actor": event.actor,
        "text": sentence(event),
        "what": event.what,
    })
}

pub fn enrollment(line: &EnrollmentLine) -> Value {
    json!({
        "id": line.id.to_string(),
        "lead": line.lead.to_string(),
        "sequence": line.sequence,
        "version": line.version,
        "state": line.state,
        "exit": line.exit,
        "detail": line.detail,
        "step": line.step,
        "entered_at": line.entered_at.to_string(),
        "ended_at": at(line.ended_at),
    })
}

/// A touch, with the file and the commit its version came from.
pub fn touch(row: &TouchRow, origins: &BTreeMap<String, Origin>) -> Value {
    let origin = origins.get(&row.version);
    json!({
        "id": row.id.to_string(),
        "lead": row.lead.to_string(),
        "enrollment": row.enrollment.as_ref().map(ToString::to_string),
        "sequence": row.sequence,
        "version": row.version,
        "file": origin.map(|origin| &origin.file),
        "commit": origin.and_then(|origin| origin.commit.as_ref()),
        "step": row.step,
        "channel": row.channel,
        "lane": row.lane,
        "policy": row.policy,
        "state": row.state,
        "reason": row.reason,
        "reply": row.reply,
        "attempts": row.attempts,
        "template": row.template,
        "variant": row.variant,
        "message_id": row.message_id,
        "ready_at": row.ready_at.to_string(),
        "created_at": row.created_at.to_string(),
        "marked_at": at(row.marked_at),
        "done_at": at(row.done_at),
    })
}

/// A task; a list leaves the notes out.
pub fn task(told: &ToDo, now: Instant) -> Value {
    let line = &told.line;
    let past = line.late || line.due_at.is_some_and(|due| due < line.ended_at.unwrap_or(now));
    json!({
        "id": line.id.to_string(),
        "lead": line.lead.to_string(),
        "email": told.email,
        "enrollment": line.enrollment.to_string(),
        "sequence": line.sequence,
        "version": line.version,
        "step": line.step,
        "kind": line.kind,
        "title": told.title,
        "missing": told.missing,
        "owner": line.owner,
        "state": line.state,
        "outcomes": told.outcomes,
        "asked_at": line.asked_at.to_string(),
        "shown_at": line.shown_at.to_string(),
        "due_at": at(line.due_at),
        "overdue": past,
        "outcome": line.outcome,
        "ended_by": line.ended_by,
        "ended_at": at(line.ended_at),
    })
}

/// A handoff; a list leaves the dossier out.
pub fn handoff(line: &HandoffLine, whole: bool) -> Value {
    let mut shape = json!({
        "id": line.id.to_string(),
        "lead": line.lead.to_string(),
        "email": line.email,
        "team": line.team,
        "rep": line.rep,
        "state": line.state,
        "sla": line.sla,
        "reason": line.reason,
        "opened_at": line.opened_at.to_string(),
        "due_at": at(line.due_at),
        "answered_at": at(line.answered_at),
        "closed_because": line.closed_because,
    });
    if whole {
        shape["dossier"] = line.dossier.clone().unwrap_or(Value::Null);
    }
    shape
}

pub fn suppression(one: &Suppression) -> Value {
    json!({ "target": one.target, "reason": one.reason, "source": one.source, "at": one.at.to_string() })
}
