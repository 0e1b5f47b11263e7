//! A unit: one lead, one input. It is atomic; many share a commit.

use crate::domain::address::EmailAddress;
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::id::{EnrollmentId, HandoffId, LeadId, TouchId};
use crate::domain::time::Instant;
use crate::store::leads::LeadKey;

/// One input for one lead.
#[derive(Clone, Debug)]
pub struct Unit {
    pub to: Target,
    pub input: Input,
    /// What makes it one: the same source and key twice is one fact.
    pub key: Option<(String, String)>,
}

impl Unit {
    /// The touch it is about, where its lead is known by that.
    pub const fn touch(&self) -> Option<&TouchId> {
        match &self.to {
            Target::Touch(touch) => Some(touch),
            Target::Lead(_) | Target::Address { .. } | Target::Handoff(_) => None,
        }
    }
}

impl Input {
    /// Time's up.
    pub fn wake(now: Instant) -> Self {
        Self { ask: Ask::Wake, occurred_at: now, source: "engine".to_owned(), actor: Actor::System }
    }
}

/// Which lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Lead(LeadId),
    /// By address; `create` brings an unknown lead into being.
    Address {
        address: EmailAddress,
        create: bool,
    },
    Touch(TouchId),
    Handoff(HandoffId),
}

impl Target {
    /// What the store finds it by.
    pub fn key(&self) -> LeadKey {
        match self {
            Self::Lead(id) => LeadKey::Id(id.clone()),
            Self::Address { address, .. } => LeadKey::Address(address.clone()),
            Self::Touch(id) => LeadKey::Touch(id.clone()),
            Self::Handoff(id) => LeadKey::Handoff(id.clone()),
        }
    }
}

/// What came of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done {
        lead: LeadId,
        created: bool,
    },
    Enrolled {
        lead: LeadId,
        enrollment: EnrollmentId,
    },
    /// Asked for and not done, for this reason.
    Refused {
        lead: LeadId,
        reason: String,
    },
    /// Asked for, and pending until there is room.
    Pending {
        lead: LeadId,
        reason: String,
    },
    /// Said before, under the same key.
    Duplicate {
        lead: LeadId,
    },
    /// There is no such lead.
    Unknown,
    /// This unit alone could not be written; the others were.
    Failed {
        reason: String,
    },
}
