//! A touch as it is stored, from the decision that asked for it to its outcome.

use super::db::Row;
use super::error::StoreError;
use super::leads::unreadable;
use crate::domain::id::{EnrollmentId, LeadId, TouchId};
use crate::domain::time::Instant;
use crate::domain::touch::{Channel, Policy, State};

/// The columns of [`TouchRow`], in its order.
macro_rules! touch_columns {
    () => {
        "id, lead_id, origin, enrollment_id, step, channel, lane, policy, sequence, version, template, payload, first_allowed_at, zone, \
         state, reason, token, lease_until, attempts, ready_at, created_at, message_id, date_at, template_version, body_hash, body, \
         links, intent_at, marked_at, done_at, reply, reserved_day, variant, rank"
    };
}
pub(super) use touch_columns;

/// A touch with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TouchRow {
    pub id: TouchId,
    pub lead: LeadId,
    /// The enrollment's or the handoff's id.
    pub origin: String,
    pub enrollment: Option<EnrollmentId>,
    pub step: String,
    pub channel: Channel,
    pub lane: String,
    pub policy: Policy,
    pub sequence: String,
    pub version: String,
    pub template: String,
    pub payload: Option<serde_json::Value>,
    pub first_allowed_at: Instant,
    pub zone: String,
    pub state: State,
    /// Why it is held or cancelled.
    pub reason: Option<String>,
    /// Whose it is while it is under way: a claim's fencing token.
    pub token: Option<String>,
    pub lease_until: Option<Instant>,
    /// Tries that came to an outcome.
    pub attempts: i64,
    pub ready_at: Instant,
    pub created_at: Instant,
    /// The Message-ID, with its brackets, which every attempt has.
    pub message_id: Option<String>,
    /// The Date header, which every attempt has.
    pub date_at: Option<Instant>,
    pub template_version: Option<String>,
    pub body_hash: Option<String>,
    /// The bytes of an attempt that must be repeated as they were.
    pub body: Option<Vec<u8>>,
    /// Targets of tracked links that hold a value of the lead, as JSON.
    pub links: Option<String>,
    pub intent_at: Option<Instant>,
    pub marked_at: Option<Instant>,
    pub done_at: Option<Instant>,
    /// The last answer of the other side.
    pub reply: Option<String>,
    /// The day whose cap it counts against.
    pub reserved_day: Option<i32>,
    /// The variant, where the mail is tried in several.
    pub variant: Option<String>,
    /// Who goes first on its lane, the smaller.
    pub rank: i32,
}

/// Reads a row of the columns of `touch_columns!`.
pub(super) fn touch(row: &Row) -> Result<TouchRow, StoreError> {
    let id = row.text(0)?;
    let odd = |word: &str| unreadable("touch", &id, &format_args!("it says `{word}`"));
    let channel = match row.text(5)?.as_str() {
        "email" => Channel::Email,
        "webhook" => Channel::Webhook,
        other => return Err(odd(other)),
    };
    let policy = match row.text(7)?.as_str() {
        "at_most_once" => Policy::AtMostOnce,
        "at_least_once" => Policy::AtLeastOnce,
        other => return Err(odd(other)),
    };
    let state = row.text(14)?;
    let state = State::parse(&state).ok_or_else(|| odd(&state))?;
    let payload = row.maybe_text(11)?.map(|text| serde_json::from_str(&text)).transpose();
    let payload = payload.map_err(|error| unreadable("payload of touch", &id, &error))?;
    Ok(TouchRow {
        lead: LeadId(row.text(1)?),
        origin: row.text(2)?,
        enrollment: row.maybe_text(3)?.map(EnrollmentId),
        step: row.text(4)?,
        channel,
        lane: row.text(6)?,
        policy,
        sequence: row.text(8)?,
        version: row.text(9)?,
        template: row.text(10)?,
        payload,
        first_allowed_at: row.instant(12)?,
        zone: row.text(13)?,
        state,
        reason: row.maybe_text(15)?,
        token: row.maybe_text(16)?,
        lease_until: row.maybe_instant(17)?,
        attempts: row.int(18)?,
        ready_at: row.instant(19)?,
        created_at: row.instant(20)?,
        message_id: row.maybe_text(21)?,
        date_at: row.maybe_instant(22)?,
        template_version: row.maybe_text(23)?,
        body_hash: row.maybe_text(24)?,
        body: row.maybe_bytes(25)?,
        links: row.maybe_text(26)?,
        intent_at: row.maybe_instant(27)?,
        marked_at: row.maybe_instant(28)?,
        done_at: row.maybe_instant(29)?,
        reply: row.maybe_text(30)?,
        reserved_day: row.maybe_int(31)?.and_then(|day| i32::try_from(day).ok()),
        variant: row.maybe_text(32)?,
        rank: i32::try_from(row.int(33)?).unwrap_or_default(),
        id: TouchId(id),
    })
}
