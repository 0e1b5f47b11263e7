//! A step that a person does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::calendar::Pause;
use crate::domain::template::Template;

/// What a person is asked to do, and what becomes of the sequence meanwhile.
#[derive(Clone, Debug)]
pub struct Task {
    pub kind: TaskKind,
    /// One line, filled for the lead.
    pub title: Arc<Template>,
    /// A template of templates/ with what helps: a script, a link.
    pub notes: Option<String>,
    /// When it should be done, counted from when it was asked for.
    pub due: Option<Pause>,
    /// The words it can be done with; none means that any will do.
    pub outcomes: Vec<String>,
    pub patience: Patience,
    pub overdue: Overdue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Call,
    #[serde(rename = "linkedin")]
    LinkedIn,
    Email,
    Research,
    Other,
}

impl TaskKind {
    pub const ALL: [Self; 5] = [Self::Call, Self::LinkedIn, Self::Email, Self::Research, Self::Other];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::LinkedIn => "linkedin",
            Self::Email => "email",
            Self::Research => "research",
            Self::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How long a sequence waits for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// `wait: no`: it goes on at once.
    None,
    /// `wait: up_to 3bd`: until then at most, and then `overdue` says what happens.
    UpTo(Pause),
}

/// What happens when a sequence has waited for a task as long as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overdue {
    /// The task is skipped, and the sequence goes on.
    Skip,
    /// The enrollment is held until a person does it or skips it.
    Hold,
    /// The manager of the team is told, and the enrollment is held.
    Escalate,
}
