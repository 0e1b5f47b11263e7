//! Builders of what the store keeps.

use overture::domain::address::EmailAddress;
use overture::domain::decide::{Effect, EnrollmentRow, HandoffRow};
use overture::domain::event::{Actor, Event, What};
use overture::domain::id::{EnrollmentId, HandoffId, LeadId, TouchId, encode};
use overture::domain::lead::Lead;
use overture::domain::score::Score;
use overture::domain::time::Instant;
use overture::domain::touch::{Channel, NewTouch, Policy};
use overture::store::Store;
use overture::store::leads::Saved;
use serde_json::json;

use crate::lead_id;

pub const NOW: Instant = Instant(1_800_000_000_000);

/// Lead `number`, called `personN@example.com`.
pub fn lead(number: u128) -> Lead {
    let address = format!("person{number}@example.com");
    serde_json::from_value(json!({
        "id": lead_id(number), "address": address, "created_at": NOW, "seq": 0, "stage_since": NOW,
        "attributes": {"name": "Zoë \"Z\" \u{0} Ω"},
    }))
    .unwrap()
}

pub fn address(number: u128) -> EmailAddress {
    EmailAddress::parse(&format!("person{number}@example.com")).unwrap()
}

pub fn touch_id(number: u128) -> TouchId {
    TouchId(encode(number))
}

/// A fact of a lead: somebody saw a page.
pub fn seen(lead: &LeadId, seq: u64) -> Event {
    let data = json!({"path": "/pricing"}).as_object().cloned().unwrap();
    Event {
        lead: lead.clone(),
        seq,
        occurred_at: NOW,
        recorded_at: NOW,
        source: "api".to_owned(),
        actor: Actor::Human,
        what: What::Heard { name: "page_viewed".to_owned(), data, touch: None },
    }
}

pub fn saved<'a>(lead: &'a Lead, was_wake_at: Option<Instant>, events: &'a [Event]) -> Saved<'a> {
    let score = Score { fit: 10.0, engagement: 32.5, total: 42.5 };
    Saved { lead, new: false, was_wake_at, score, temperature: "warm", events }
}

/// Saves new leads in a transaction of its own.
pub async fn add(store: &Store, leads: &[Lead]) {
    let mut tx = store.begin().await.unwrap();
    let batch: Vec<_> = leads.iter().map(|lead| saved(lead, None, &[])).collect();
    tx.save(&batch, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// A touch of lead `number` on a lane, ready so long after `NOW`.
pub fn touch(number: u128, lane: &str, after: i64) -> NewTouch {
    NewTouch {
        id: touch_id(number),
        lead: lead_id(number),
        origin: encode(1000 + number),
        enrollment: Some(EnrollmentId(encode(1000 + number))),
        step: "hello".to_owned(),
        channel: Channel::Email,
        lane: lane.to_owned(),
        policy: Policy::AtMostOnce,
        sequence: "welcome".to_owned(),
        version: "v1".to_owned(),
        template: "hello.md".to_owned(),
        variant: None,
        payload: Some(json!({"a": [1, "zwei"]})),
        first_allowed_at: NOW,
        rank: 0,
        ready_at: Instant(NOW.0 + after),
        zone: "Europe/Paris".to_owned(),
    }
}

pub fn queued(touch: NewTouch) -> Effect {
    Effect::Queue(Box::new(touch))
}

/// Applies effects in a transaction of its own.
pub async fn apply(store: &Store, effects: &[Effect]) {
    let mut tx = store.begin().await.unwrap();
    tx.apply(effects, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

pub fn enrollment(number: u128, of: u128, state: &'static str) -> EnrollmentRow {
    EnrollmentRow {
        id: EnrollmentId(encode(number)),
        lead: lead_id(of),
        sequence: "welcome".to_owned(),
        version: "v1".to_owned(),
        state,
        exit: None,
        detail: None,
        step: Some("hello".to_owned()),
        entered_at: NOW,
        ended_at: (state != "active").then_some(NOW),
    }
}

pub fn handoff(number: u128, of: u128, state: &'static str) -> HandoffRow {
    HandoffRow {
        id: HandoffId(encode(number)),
        lead: lead_id(of),
        team: "emea".to_owned(),
        rep: "ana".to_owned(),
        state,
        reason: "asked for a demo".to_owned(),
        opened_at: NOW,
        due_at: Some(Instant(NOW.0 + 3_600_000)),
        answered_at: None,
        sla: "running",
        closed_because: None,
        dossier: Some(json!({"score": 81})),
    }
}

/// Begins, does one thing, and commits.
#[macro_export]
macro_rules! within {
    ($store:expr, |$tx:ident| $body:expr) => {{
        let mut $tx: overture::store::Tx = $store.begin().await.unwrap();
        let out = $body;
        $tx.commit().await.unwrap();
        out
    }};
}
