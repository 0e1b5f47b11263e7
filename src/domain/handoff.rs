//! Giving a sales-qualified lead to sales, with its clock.
//!
//! ```text
//! open ─▶ claimed ─▶ answered (met | late) ─▶ closed
//!   └───────┴──────────▶ closed (not_ready · wrong_person · returned)
//! ```

use serde::{Deserialize, Serialize};

use super::id::HandoffId;
use super::time::Instant;

/// A handoff that is open, as its lead carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    pub id: HandoffId,
    pub opened_at: Instant,
    pub reasons: Vec<String>,
    pub team: String,
    pub rep: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Met>,
    /// When it was answered, which may be before we heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Instant>,
    /// The clock, if an SLA applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// A running clock: what is due when was settled as it started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// The name of the SLA.
    pub sla: String,
    pub started_at: Instant,
    pub due_at: Instant,
    #[serde(default)]
    pub breached: bool,
    /// Each rung of the ladder: when it is due, and whether it fired.
    pub rungs: Vec<RungDue>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RungDue {
    pub at: Instant,
    #[serde(default)]
    pub fired: bool,
}

/// How a clock was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    InTime,
    Late,
    /// No SLA applied.
    NoClock,
}

/// What a salesperson does with a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Mine; the clock goes on.
    Claim,
    /// Meets the SLA.
    Contacted,
    /// Back to marketing.
    NotReady {
        reason: String,
    },
    WrongPerson,
}
