//! A sequence as the daemon runs it: conditions compiled, steps laid out flat, each knowing what follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, Pause};
use super::condition::Condition;
use super::stage::Stage;
use super::template::Template;
use super::time::Millis;

/// One version of one sequence file.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The file's path under sequences/, without its extension.
    pub name: String,
    /// The hash of the file and of every template it uses, in hex.
    pub version: String,
    pub title: String,
    pub kind: Kind,
    pub topic: Option<String>,
    pub owner: Option<String>,
    pub enroll: Vec<Trigger>,
    pub again: Again,
    pub send: Sending,
    pub stop: Stop,
    pub at_sql: AtSql,
    /// An event name that counts as won, and exits.
    pub goal: Option<String>,
    /// How late, in open-window time, a mail may be before it expires instead. 24 h unless the file says otherwise.
    pub max_lateness: Millis,
    pub on_unknown: OnUnknown,
    /// The steps in the order of the file; the first is where an enrollment begins.
    pub steps: Vec<Step>,
    /// The templates the steps use, by name, as they were when this version was stored.
    pub templates: BTreeMap<String, Arc<Template>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Cadence,
    Nurture,
    Transactional,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cadence => "cadence",
            Self::Nurture => "nurture",
            Self::Transactional => "transactional",
        }
    }
}

/// What enrolls a lead by itself.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub on: String,
    pub when: Option<Condition>,
}

/// When a lead that was in the sequence may enter it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    /// This long after the last enrollment ended.
    After(Millis),
    Always,
}

/// From whom, and when.
#[derive(Clone, Debug)]
pub struct Sending {
    /// A sender's name; `None` where no step mails.
    pub from: Option<String>,
    /// Days, hours and holidays; its zone is replaced by the one `zone` finds.
    pub calendar: Calendar,
    pub zone: ZoneRule,
    pub fallback_zone: Option<String>,
    /// Follow-ups go as `Re:` in the thread of the first mail.
    pub thread: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneRule {
    /// The lead's own, found as semantics say.
    Lead,
    Sender,
    Named(String),
}

/// What ends an enrollment at once.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    pub on: BTreeSet<String>,
    pub when: Option<Condition>,
}

/// What becomes of an enrollment when its lead turns SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtSql {
    Exit,
    Pause,
    Ignore,
}

/// What a mail of unknown outcome means for its enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    Proceed,
    Hold,
}

/// What a webhook step that failed for good means for its enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Continue,
    Hold,
    Exit,
}

/// One step, and the index of the one that follows it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The id from the file, or for steps that do not act one made of their place (`#3`, `#3.then.1`).
    pub id: String,
    pub act: Act,
    /// `None` at the end of the sequence.
    pub next: Option<usize>,
    /// The line it begins at in the file, counted from 1.
    pub line: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Act {
    Email {
        template: String,
    },
    Webhook {
        channel: String,
        with: BTreeMap<String, With>,
        on_failure: OnFailure,
    },
    Wait(Pause),
    /// The first arm whose condition holds; each arm and the rest name the step to go on with.
    Branch {
        arms: Vec<Arm>,
        otherwise: Option<usize>,
    },
    Set(Vec<Assign>),
    Handoff {
        reason: String,
        when: Option<Condition>,
    },
    Enroll {
        sequence: String,
    },
    End {
        reason: String,
    },
}

#[derive(Clone, Debug)]
pub struct Arm {
    pub when: Condition,
    pub then: Option<usize>,
}

/// A value under `with:`.
#[derive(Clone, Debug)]
pub enum With {
    /// A text template, written in the file.
    Text(Arc<Template>),
    /// A file of templates/, by name.
    Template(String),
}

/// One change a `set` step makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Assign {
    /// An attribute of the lead gets a value of its declared type; null takes it away.
    Attribute {
        name: String,
        value: serde_json::Value,
    },
    /// `+tag` adds, `-tag` takes away.
    Tag {
        add: bool,
        tag: String,
    },
    Points {
        points: f64,
        reason: String,
    },
    Stage {
        to: Stage,
        reason: String,
    },
}

impl Act {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::Wait(_) => "wait",
            Self::Branch { .. } => "if",
            Self::Set(_) => "set",
            Self::Handoff { .. } => "handoff",
            Self::Enroll { .. } => "enroll",
            Self::End { .. } => "end",
        }
    }
}

impl Sequence {
    pub fn step(&self, id: &str) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }
}
