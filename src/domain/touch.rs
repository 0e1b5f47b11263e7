//! One outgoing act: an e-mail or a webhook call of an enrollment's step, or an alert of a handoff.
//!
//! ```text
//! held ◀─▶ queued ─▶ claimed ─▶ intent ─▶ marked ─▶ accepted | refused | deferred | unknown
//!             └────────┴──────────┴─▶ cancelled · expired
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{EnrollmentId, LeadId, TouchId};
use super::time::Instant;

/// Where a touch is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Held,
    Queued,
    Claimed,
    Intent,
    Marked,
    Accepted,
    Refused,
    Deferred,
    Unknown,
    Expired,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 11] = [
        Self::Held,
        Self::Queued,
        Self::Claimed,
        Self::Intent,
        Self::Marked,
        Self::Accepted,
        Self::Refused,
        Self::Deferred,
        Self::Unknown,
        Self::Expired,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Intent => "intent",
            Self::Marked => "marked",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Webhook,
}

impl Channel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// What becomes of a touch that was marked and has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It is unknown, and never sent again by itself.
    AtMostOnce,
    /// The same bytes are sent again.
    AtLeastOnce,
}

impl Policy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtMostOnce => "at_most_once",
            Self::AtLeastOnce => "at_least_once",
        }
    }
}

/// Where a touch stands among those of its lane whose time has come: the smaller rank leaves first, and of equal ones who waits longest.
/// Where all can leave at once it means nothing; where a sender is full, or keeps a gap, it says who goes.
pub mod rank {
    use super::super::sequence::Kind;

    /// The priority of a sequence that names none.
    pub const USUAL_PRIORITY: i32 = 50;
    /// What was promised to a person, and what people are to be told, goes before any sequence's.
    pub const AHEAD: i32 = -200;
    /// What somebody asked for and waits for goes before what nobody did.
    const ASKED_FOR: i32 = -101;

    /// The rank of what a sequence of this kind and priority sends.
    pub const fn of(kind: Kind, priority: i32) -> i32 {
        let usual = USUAL_PRIORITY - priority;
        match kind {
            Kind::Transactional => ASKED_FOR + usual,
            Kind::Cadence | Kind::Nurture => usual,
        }
    }
}

/// A touch as a decision asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTouch {
    pub id: TouchId,
    pub lead: LeadId,
    /// What it belongs to: an enrollment's id, or a handoff's for alerts. (origin, step) is unique.
    pub origin: String,
    pub enrollment: Option<EnrollmentId>,
    /// The step's id; for alerts `handoff`, `rung:0`, `after_hours`.
    pub step: String,
    pub channel: Channel,
    /// The lane it waits in: `mail:SENDER` or `hook:CHANNEL`.
    pub lane: String,
    pub policy: Policy,
    /// Sequence name and version it came from; empty for alerts.
    pub sequence: String,
    pub version: String,
    /// The name of the mail's template, or empty.
    pub template: String,
    /// The variant, where the mail is tried in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What an alert says, or the rendered-later `with:` of a webhook step: a JSON object.
    pub payload: Option<serde_json::Value>,
    /// The first instant its window allowed: lateness counts from here.
    pub first_allowed_at: Instant,
    pub ready_at: Instant,
    /// Who goes first on its lane, see [`rank`].
    pub rank: i32,
    /// The zone its window is in.
    pub zone: String,
}

/// What came of a touch, as the fact its lead hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Accepted {
        reply: String,
        /// What the answer to a call brought, by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        brought: Brought,
    },
    /// A final refusal.
    Refused {
        class: RefusalClass,
        reply: String,
    },
    /// Will be tried again by itself; the enrollment waits.
    Deferred {
        reply: String,
        until: Instant,
    },
    Unknown {
        reason: String,
    },
    Expired,
    /// Stands until mended: a missing value, a refusal about us.
    Held {
        reason: String,
    },
}

/// What a final refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalClass {
    /// The address does not exist: suppressed.
    Hard,
    /// Anything else that is final.
    Other,
}

impl Outcome {
    /// Taken by the other side, which brought nothing with its answer.
    pub fn accepted(reply: impl Into<String>) -> Self {
        Self::Accepted { reply: reply.into(), brought: Brought::new() }
    }

    /// The name the fact has among the lead's events.
    pub const fn event_name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "sent",
            Self::Refused { class: RefusalClass::Hard, .. } => "bounced",
            Self::Refused { class: RefusalClass::Other, .. } => "refused",
            Self::Deferred { .. } => "deferred",
            Self::Unknown { .. } => "unknown",
            Self::Expired => "expired",
            Self::Held { .. } => "touch_held",
        }
    }

    /// The state the touch's row takes.
    pub const fn state(&self) -> State {
        match self {
            Self::Accepted { .. } => State::Accepted,
            Self::Refused { .. } => State::Refused,
            Self::Deferred { .. } => State::Deferred,
            Self::Unknown { .. } => State::Unknown,
            Self::Expired => State::Expired,
            Self::Held { .. } => State::Held,
        }
    }
}

/// Values that the answer to a webhook brought, by name: later steps may say them.
pub type Brought = BTreeMap<String, serde_json::Value>;

/// Texts a webhook's `with:` values made, by key.
pub type Filled = BTreeMap<String, serde_json::Value>;
