//! One fact about a lead, append-only: a lead is the fold of its events.

mod guests;
mod mark;

use std::collections::BTreeSet;

pub use guests::Guests;
pub use mark::Mark;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::enrollment::{Exit, Hold, Onward, Phase};
use super::experiment::Chosen;
use super::handoff::{Handoff, Met};
use super::id::{EnrollmentId, LeadId, TaskId, TouchId};
use super::lead::Lead;
use super::score::Line;
use super::stage::Stage;
use super::suppression::Reason;
use super::task::TaskFact;
use super::time::{Instant, Millis};
use super::touch::Outcome;

/// What a list says of each lead on it.
pub const IMPORTED: &str = "imported";

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    Human,
    Machine,
    System,
}

impl Actor {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine => "machine",
            Self::System => "system",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Human, Self::Machine, Self::System].into_iter().find(|actor| actor.as_str() == text)
    }
}

/// One fact, numbered within its lead from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub lead: LeadId,
    pub seq: u64,
    /// When it happened.
    pub occurred_at: Instant,
    /// When it was written down.
    pub recorded_at: Instant,
    /// Where it came from: `api`, `tracking`, `mailbox`, `import`, `cli`, `engine`, …
    pub source: String,
    pub actor: Actor,
    pub what: What,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The lead came to be.
    Created {
        address: String,
        account: Option<String>,
    },
    /// A list brought the lead, with these values of attributes. What follows from it is decided when the lead is first looked at.
    Imported {
        address: String,
        account: Option<String>,
        set: Map<String, Value>,
    },
    /// Attributes took these values; null takes one away.
    Changed {
        set: Map<String, Value>,
    },
    /// Something outside happened: `page_viewed`, `demo_requested`, `replied`, or any name of the user's own.
    Heard {
        name: String,
        #[serde(default)]
        data: Map<String, Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        touch: Option<TouchId>,
    },
    /// A tracked open or click came in and waits for its verdict.
    Hit {
        name: String,
        touch: TouchId,
        step: String,
        enrollment: Option<EnrollmentId>,
        #[serde(default)]
        url: Option<String>,
        verdict: Actor,
        reason: String,
    },
    /// The verdict on hit number `hit` is final.
    Settled {
        hit: u64,
        verdict: Actor,
    },
    /// Another lead is the same person, and is no lead of its own any more. Its events follow under the next numbers, and its own
    /// numbers here are those. The ledger is that of both.
    Merged {
        from: Box<Lead>,
        ledger: Vec<Line>,
        /// The open handoff that stands for both.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handoff: Option<Box<Handoff>>,
        /// Each enrollment that goes on for one that ends, with that one: what was done there is not done again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        instead: Vec<(EnrollmentId, EnrollmentId)>,
    },
    /// A ledger line was written.
    Scored {
        line: Line,
    },
    /// The fit ledger reads so now.
    Fitted {
        lines: Vec<Line>,
        model: String,
        /// Another scoring file alone, with nothing new about the lead.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reread: bool,
    },
    /// All events of the lead were gone through again by another scoring file, and the ledger reads so now.
    Rescored {
        lines: Vec<Line>,
        model: String,
    },
    /// The stage moved, and why.
    Staged {
        from: Stage,
        to: Stage,
        cause: String,
    },
    Enrolled {
        enrollment: EnrollmentId,
        sequence: String,
        version: String,
        by: String,
        at: Option<String>,
    },
    /// An enrollment was asked for and refused.
    NotEnrolled {
        sequence: String,
        reason: String,
    },
    /// An enrollment was asked for and waits for room under the sequence's limits.
    Pending {
        sequence: String,
        by: String,
        #[serde(default)]
        again: bool,
        /// What the event that asked for it said, where its rule is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Map<String, Value>>,
    },
    /// It waits no more, and did not enter.
    Dropped {
        sequence: String,
        reason: String,
    },
    /// An enrollment stands at this step now.
    Moved {
        enrollment: EnrollmentId,
        at: Option<String>,
        phase: Phase,
        anchor: Instant,
        because: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// A step without a touch was carried out, and is not again wherever an edit moves it.
    Did {
        enrollment: EnrollmentId,
        step: String,
    },
    /// An applied edit moved an enrollment to another version of its sequence.
    Adopted {
        enrollment: EnrollmentId,
        from: String,
        to: String,
        /// The step it stood at, where that is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<String>,
        at: Option<String>,
        phase: Phase,
        /// What is left of a wait that is paused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<Millis>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        onward: Option<Onward>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// What the edit means for it; nothing if it stays as it is.
        marks: BTreeSet<Mark>,
    },
    /// A branch was decided, once.
    Branched {
        enrollment: EnrollmentId,
        step: String,
        arm: String,
    },
    /// A touch was put in the queue, to leave at `ready_at` or later.
    Queued {
        enrollment: Option<EnrollmentId>,
        step: String,
        touch: TouchId,
        ready_at: Instant,
        /// A mail that a cap on their frequency counts.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        counts: bool,
        /// Which variant of the mail it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen: Option<Box<Chosen>>,
    },
    /// A touch came to its end, or is held or put off.
    Touched {
        touch: TouchId,
        enrollment: Option<EnrollmentId>,
        step: String,
        outcome: Outcome,
    },
    /// Something happened to a task of a step.
    Task {
        task: TaskId,
        enrollment: EnrollmentId,
        step: String,
        fact: TaskFact,
    },
    Paused {
        enrollment: EnrollmentId,
        because: String,
        until: Option<Instant>,
    },
    Resumed {
        enrollment: EnrollmentId,
    },
    /// Another person of the lead's account replied, and the sequence heeds that.
    ColleagueReplied {
        enrollment: EnrollmentId,
        lead: LeadId,
        at: Instant,
        heard_at: Instant,
    },
    Held {
        enrollment: EnrollmentId,
        hold: Hold,
    },
    Exited {
        enrollment: EnrollmentId,
        exit: Exit,
    },
    /// Its mails of a pool leave from this sender from now on; the one before is not in the pool any more.
    SenderDrawn {
        pool: String,
        sender: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// A goal was reached after the enrollment had ended: it counts for statistics.
    Won {
        sequence: String,
        goal: String,
    },
    Suppressed {
        reason: Reason,
        by: String,
    },
    Unsuppressed {
        by: String,
    },
    /// The lead unsubscribed from one topic.
    OptedOut {
        topic: String,
    },
    HandoffOpened {
        handoff: Box<Handoff>,
    },
    /// An open handoff gained a reason.
    HandoffJoined {
        reason: String,
    },
    Claimed {
        by: String,
    },
    /// The clock was stopped in time, or late.
    Answered {
        by: String,
        met: Met,
    },
    SlaBreached {
        due_at: Instant,
    },
    /// A rung of the ladder fired.
    Rung {
        number: usize,
        act: String,
        late: bool,
    },
    HandoffClosed {
        because: String,
    },
    /// A rule could not be answered and counted as false: a person should look.
    Faulted {
        rule: String,
        fault: String,
    },
    /// A rule that had faulted answers again.
    Mended {
        rule: String,
    },
}

impl What {
    /// Whether it gives an attribute a value, or takes it away.
    pub fn sets(&self, attribute: &str) -> bool {
        match self {
            Self::Changed { set } | Self::Imported { set, .. } => set.contains_key(attribute),
            Self::Merged { from, .. } => from.attributes.contains_key(attribute),
            _ => false,
        }
    }

    /// The enrollment it is about.
    pub const fn enrollment(&self) -> Option<&EnrollmentId> {
        match self {
            Self::Hit { enrollment, .. } | Self::Queued { enrollment, .. } | Self::Touched { enrollment, .. } => {
                enrollment.as_ref()
            }
            Self::Enrolled { enrollment, .. }
            | Self::Moved { enrollment, .. }
            | Self::Did { enrollment, .. }
            | Self::Adopted { enrollment, .. }
            | Self::Branched { enrollment, .. }
            | Self::Task { enrollment, .. }
            | Self::Paused { enrollment, .. }
            | Self::Resumed { enrollment }
            | Self::ColleagueReplied { enrollment, .. }
            | Self::Held { enrollment, .. }
            | Self::Exited { enrollment, .. } => Some(enrollment),
            _ => None,
        }
    }

    /// The name people know the fact by: an outside event's own name, else the name of the change.
    pub fn name(&self) -> &str {
        match self {
            Self::Created { .. } => "created",
            Self::Imported { .. } => IMPORTED,
            Self::Changed { .. } => "changed",
            Self::Heard { name, .. } | Self::Hit { name, .. } => name,
            Self::Settled { .. } => "settled",
            Self::Merged { .. } => "merged",
            Self::Scored { .. } => "scored",
            Self::Fitted { .. } => "fitted",
            Self::Rescored { .. } => "rescored",
            Self::Staged { .. } => "staged",
            Self::Enrolled { .. } => "enrolled",
            Self::NotEnrolled { .. } => "not_enrolled",
            Self::Pending { .. } => "enrollment_pending",
            Self::Dropped { .. } => "enrollment_dropped",
            Self::Moved { .. } => "moved",
            Self::Did { .. } => "did",
            Self::Adopted { .. } => "adopted",
            Self::Branched { .. } => "branched",
            Self::Queued { .. } => "queued",
            Self::Touched { outcome, .. } => outcome.event_name(),
            Self::Task { fact, .. } => fact.name(),
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::ColleagueReplied { .. } => "colleague_replied",
            Self::Held { .. } => "held",
            Self::Exited { .. } => "exited",
            Self::SenderDrawn { .. } => "sender_drawn",
            Self::Won { .. } => "won",
            Self::Suppressed { .. } => "suppressed",
            Self::Unsuppressed { .. } => "unsuppressed",
            Self::OptedOut { .. } => "opted_out",
            Self::HandoffOpened { .. } => "handoff_opened",
            Self::HandoffJoined { .. } => "handoff_joined",
            Self::Claimed { .. } => "claimed",
            Self::Answered { .. } => "answered",
            Self::SlaBreached { .. } => "sla_breached",
            Self::Rung { .. } => "rung",
            Self::HandoffClosed { .. } => "handoff_closed",
            Self::Faulted { .. } => "faulted",
            Self::Mended { .. } => "mended",
        }
    }
}
