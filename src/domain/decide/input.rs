//! What a decision is made of, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::edit::{Edit, InHand};
use super::merge::Other;
use crate::domain::account::Replied;
use crate::domain::address::EmailAddress;
use crate::domain::event::{Actor, Event};
use crate::domain::experiment::{Key, Tally};
use crate::domain::handoff::Act;
use crate::domain::id::{EnrollmentId, HandoffId, LeadId, TaskId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::routing::Load;
use crate::domain::score::Line;
use crate::domain::sequence::{Intake, TaskKind};
use crate::domain::suppression::Reason;
use crate::domain::task::TaskAct;
use crate::domain::time::Instant;
use crate::domain::touch::{NewTouch, Outcome};

/// All a decision may look at beside the playbook.
#[derive(Clone, Debug)]
pub struct Case {
    pub lead: Lead,
    /// A suppression of its address or domain that stands in the store.
    pub suppressed: Option<Reason>,
    /// How much each rep carries, once it was asked for.
    pub loads: Option<BTreeMap<String, Load>>,
    /// How many are in each sequence that has limits, once it was asked for.
    pub intakes: Option<BTreeMap<String, Intake>>,
    /// Experiments that have a winner, which whoever has no variant yet gets.
    pub winners: Arc<BTreeMap<Key, String>>,
    /// Sequences that were paused by hand: who enters one starts paused.
    pub paused_sequences: Arc<BTreeSet<String>>,
    /// Senders from which nothing leaves until a person resumes them: who is new gets none of these.
    pub stopped_senders: Arc<BTreeSet<String>>,
    /// The last reply of another person of its account.
    pub colleague: Option<Replied>,
}

/// One thing that comes to a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub ask: Ask,
    /// When it happened; facts of the past keep their time.
    pub occurred_at: Instant,
    pub source: String,
    pub actor: Actor,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Time's up: whatever is due is done.
    Wake,
    /// A schedule of a sequence ticked: the lead enters if it is in the segment.
    Tick {
        sequence: String,
        cron: String,
        at: Instant,
    },
    /// An outside event.
    Hear {
        name: String,
        data: Map<String, Value>,
        touch: Option<TouchId>,
    },
    /// A tracked open or click, with its first verdict.
    Hit {
        name: String,
        touch: TouchId,
        step: String,
        enrollment: Option<EnrollmentId>,
        url: Option<String>,
        verdict: Actor,
        reason: String,
    },
    /// New values of attributes; null takes one away.
    Change {
        set: Map<String, Value>,
        add_tags: Vec<String>,
    },
    /// The same from a list, which is a fact of its own.
    Import {
        set: Map<String, Value>,
        add_tags: Vec<String>,
    },
    Enroll {
        sequence: String,
        by: String,
        again: bool,
    },
    /// There is room in a sequence that the lead waits for.
    Admit {
        sequence: String,
    },
    /// Takes the lead out of one sequence, or of all.
    Remove {
        sequence: Option<String>,
        reason: String,
    },
    Pause {
        sequence: Option<String>,
        because: String,
    },
    Resume {
        sequence: Option<String>,
    },
    /// What came of a touch.
    Touched {
        touch: TouchId,
        enrollment: Option<EnrollmentId>,
        step: String,
        outcome: Outcome,
    },
    /// A held touch is tried again, or its step skipped.
    Release {
        touch: TouchId,
        skip: bool,
    },
    /// From one topic, or from everything.
    Unsubscribe {
        topic: Option<String>,
        touch: Option<TouchId>,
    },
    Suppress {
        reason: Reason,
    },
    Unsuppress,
    /// Another lead is the same person, and is taken in; `found` is what the store knows of it.
    Absorb {
        other: LeadId,
        found: Option<Box<Other>>,
    },
    /// Sales gets the lead, whatever its score.
    HandOff {
        reason: String,
    },
    Act {
        handoff: HandoffId,
        act: Act,
        by: String,
    },
    /// What a person does with a task.
    Task {
        task: TaskId,
        act: TaskAct,
        by: String,
    },
    /// An edit is applied to those who are in its sequence; `in_hand` is what the store knows of the touches they stand at.
    Adopt {
        edit: Arc<Edit>,
        in_hand: BTreeMap<TouchId, InHand>,
    },
    /// Another scoring file is in force: this is the ledger it gives the lead, where all that was heard of the lead is known.
    Rescore {
        ledger: Option<Vec<Line>>,
    },
    /// A stage by a named act.
    Stage {
        to: crate::domain::stage::Stage,
        reason: String,
    },
}

/// What a decision comes to. The lead is the old one with the events folded in.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub lead: Lead,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    pub reply: Reply,
}

/// What the one who asked is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Done,
    Enrolled(EnrollmentId),
    /// Asked for and not done, for this reason; no error.
    Refused(String),
    /// Asked for, and pending until there is room.
    Pending(String),
    /// A handoff must be routed: ask again with the reps' loads.
    NeedsLoads,
    /// A sequence has limits: ask again with how many are in each.
    NeedsIntakes,
}

/// A row that follows from a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Enrollment(EnrollmentRow),
    Queue(Box<NewTouch>),
    /// Whatever state it is in before its mark, it never leaves.
    Cancel {
        touch: TouchId,
        reason: String,
    },
    /// Queued or about to leave, it is put aside until it is requeued; nothing happens to one that is marked or final.
    Hold {
        touch: TouchId,
        reason: String,
    },
    Requeue(Requeue),
    /// A touch of unknown outcome did arrive: unknown becomes accepted, and is not sent once more.
    Confirm {
        touch: TouchId,
    },
    /// A person opened the mail, or clicked in it.
    Seen {
        touch: TouchId,
        clicked: bool,
    },
    /// A mail of an experiment left, or had its success.
    Tally(Tally),
    Handoff(HandoffRow),
    Task(Box<TaskRow>),
    /// A rep's load changed by so much.
    Load {
        rep: String,
        assigned: i64,
        open: i64,
    },
    Suppress {
        target: String,
        reason: Reason,
        source: String,
    },
    Unsuppress {
        target: String,
    },
    /// Somebody entered a sequence that has limits, or left it.
    Intake {
        sequence: String,
        active: i64,
        entered: i64,
        /// The date of the workspace's zone, in days since 1970-01-01.
        day: i32,
    },
    /// A person of an account replied: its other people are colleagues, who are told where that ends or pauses what they are in.
    Replied {
        account: String,
        reply: Replied,
        tell: bool,
    },
    /// Another lead is no more: what is known and remembered of it is this one's.
    Absorb(Taken),
    /// The lead waits for room in a sequence since then; no more where there is no instant.
    Pending {
        sequence: String,
        lead: LeadId,
        since: Option<Instant>,
    },
}

/// A lead that was taken in by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub lead: LeadId,
    pub address: EmailAddress,
    pub by: LeadId,
    /// Where mail to it goes from now on.
    pub to: EmailAddress,
    /// The number of the other's event behind which its own follow.
    pub after: u64,
    /// When it would have been woken for opens and clicks that wait for their verdict.
    pub wakes: Vec<Instant>,
}

/// A touch that is held, put off or still waiting gets its chance at `ready_at`.
#[derive(Clone, Debug, PartialEq)]
pub struct Requeue {
    pub touch: TouchId,
    pub ready_at: Instant,
    /// The zone its window is in by now.
    pub zone: String,
}

/// The row of an enrollment, for lists and for the rule that a lead is once in a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrollmentRow {
    pub id: EnrollmentId,
    pub lead: LeadId,
    pub sequence: String,
    pub version: String,
    /// active, paused, held, finished, exited, failed
    pub state: &'static str,
    pub exit: Option<String>,
    pub detail: Option<String>,
    pub step: Option<String>,
    pub entered_at: Instant,
    pub ended_at: Option<Instant>,
}

/// The row of a handoff, for the board.
#[derive(Clone, Debug, PartialEq)]
pub struct HandoffRow {
    pub id: HandoffId,
    pub lead: LeadId,
    pub team: String,
    pub rep: String,
    /// open, claimed, answered, closed
    pub state: &'static str,
    pub reason: String,
    pub opened_at: Instant,
    pub due_at: Option<Instant>,
    pub answered_at: Option<Instant>,
    /// met, breached, running, none
    pub sla: &'static str,
    pub closed_because: Option<String>,
    /// What the alert said: the dossier.
    pub dossier: Option<Value>,
}

/// The row of a task, for the inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    pub id: TaskId,
    pub lead: LeadId,
    pub enrollment: EnrollmentId,
    pub sequence: String,
    pub version: String,
    pub step: String,
    pub kind: TaskKind,
    pub owner: Option<String>,
    /// `open`, `paused`, `done`, `skipped`, `overdue`, `called_off`
    pub state: &'static str,
    pub asked_at: Instant,
    /// Not in the inbox before.
    pub shown_at: Instant,
    pub due_at: Option<Instant>,
    /// Whether its sequence has waited for it as long as it may.
    pub late: bool,
    pub outcome: Option<String>,
    /// Who ended it, or why it was called off.
    pub ended_by: Option<String>,
    pub ended_at: Option<Instant>,
}
