//! A mail that came back, handed over by a mail server's pipe: read, matched by its token, and told to the lead it is about.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json as Answered};
use serde_json::{Map, Value, json};

use super::guard::Caller;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::id::TouchId;
use crate::domain::time::{Instant, Millis};
use crate::engine::{Answer, Target, Unit};
use crate::intake::message::{Bounce, Incoming, Kind, read};
use crate::store::reports::LeadKey;
use crate::web::App;
use crate::web::extract::body;
use crate::web::problem::{Problem, done};

/// Octets of a reply's text that are kept.
const KEPT: usize = 4_000;
/// A Date header further back is not believed: an old fact would stop nothing.
const BELIEVED: Millis = Millis::DAY.times(5);

/// A fact a mail tells.
struct Fact {
    name: &'static str,
    actor: Actor,
    data: Map<String, Value>,
    /// Whether it asks for no more mail as well.
    stop: bool,
}

/// `POST /v1/mail`: one message as it was delivered, headers of delivery included.
pub async fn ingest(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Request,
) -> Result<Answered<Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("message/rfc822") {
        let detail = "the body must be one message, and `Content-Type` must say `message/rfc822`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_mail", detail));
    }
    let bytes: Bytes = body(request, &app).await?;
    let incoming = read(&bytes, &app.engine.seal);
    let touch = match (&incoming.kind, &incoming.touch) {
        (Kind::Unmatched { why }, _) => return Ok(unmatched(why)),
        (_, None) => return Ok(unmatched("it names no mail of ours")),
        (_, Some(touch)) => touch.clone(),
    };
    let Some(address) = address_of(&app, &touch).await? else {
        return Ok(unmatched("the mail it answers is not known here"));
    };
    let fact = fact(&incoming.kind, incoming.from.as_deref(), &address);
    let name = fact.name;
    let answers = app.engine.record(units(&incoming, &touch, fact, app.engine.now())).await?;
    app.engine.fail.hit("reply.read");
    tracing::info!(%touch, fact = name, by = caller.source, "a mail came back");
    let answer = answers.first().unwrap_or(&Answer::Unknown);
    done(answer)?;
    let again = matches!(answer, Answer::Duplicate { .. });
    let lead = match answer {
        Answer::Done { lead, .. } | Answer::Duplicate { lead } => Some(lead.to_string()),
        _ => None,
    };
    Ok(Answered(json!({
        "matched": true,
        "event": name,
        "touch": touch.to_string(),
        "lead": lead,
        "status": if again { "duplicate" } else { "recorded" },
    })))
}

fn unmatched(why: &str) -> Answered<Value> {
    Answered(json!({ "matched": false, "why": why }))
}

/// The address a touch went to.
async fn address_of(app: &App, touch: &TouchId) -> Result<Option<String>, Problem> {
    let reports = app.engine.store.reports();
    let lead = reports.lead(&LeadKey::Touch(touch.clone())).await?;
    let went_to = reports.went_to(touch).await?;
    Ok(lead.map(|lead| went_to.unwrap_or_else(|| lead.address.to_string())))
}

fn units(incoming: &Incoming, touch: &TouchId, fact: Fact, now: Instant) -> Vec<Unit> {
    let at = incoming.at.filter(|at| *at <= now && now.since(*at) < BELIEVED).unwrap_or(now);
    let (actor, stop) = (fact.actor, fact.stop);
    let unit = |ask: Ask, part: &str| Unit {
        to: Target::Touch(touch.clone()),
        input: Input { ask, occurred_at: at, source: "mailbox".to_owned(), actor },
        key: Some(("mailbox".to_owned(), format!("{part}{}", incoming.message_id))),
    };
    let heard = Ask::Hear { name: fact.name.to_owned(), data: fact.data, touch: Some(touch.clone()) };
    let mut units = vec![unit(heard, "")];
    if stop {
        units.push(unit(Ask::Unsubscribe { topic: None, touch: Some(touch.clone()) }, "stop "));
    }
    units
}

fn fact(kind: &Kind, from: Option<&str>, address: &str) -> Fact {
    let plain = |name, actor| Fact { name, actor, data: Map::new(), stop: false };
    match kind {
        Kind::Reply { text, stop } => {
            let own = from.is_some_and(|from| from.trim().eq_ignore_ascii_case(address));
            let data = json!({ "text": cut(text), "from_another_address": !own });
            Fact { data: object(data), stop: *stop, ..plain("replied", Actor::Human) }
        }
        Kind::AutoReply { until } => {
            let data = json!({ "until": until.map(|day| day.to_string()) });
            Fact { data: object(data), ..plain("auto_replied", Actor::Machine) }
        }
        Kind::Bounce(bounce) => Fact { data: bounced(bounce, address), ..plain("bounced", Actor::System) },
        Kind::Complaint => plain("complained", Actor::Human),
        Kind::DeliveryNote { what } => {
            Fact { data: object(json!({ "what": what })), ..plain("delivery_note", Actor::Machine) }
        }
        Kind::Unmatched { .. } => plain("unmatched", Actor::Machine),
    }
}

/// A verdict on another address than the lead's is a forwarder's trouble, and no hard bounce of ours.
fn bounced(bounce: &Bounce, address: &str) -> Map<String, Value> {
    let of_lead = bounce.recipient.as_ref().is_none_or(|recipient| recipient.trim().eq_ignore_ascii_case(address));
    object(json!({
        "hard": bounce.hard && of_lead,
        "status": bounce.status,
        "forwarded": !of_lead,
        "diagnostic": cut(&bounce.diagnostic),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=KEPT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}
