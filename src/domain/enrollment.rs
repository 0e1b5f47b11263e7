//! One lead going once through one sequence version.
//!
//! ```text
//! active ──▶ finished
//!   │ ▲  └──▶ exited(reason) · failed
//!   ▼ │
//! paused
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{EnrollmentId, LeadId, TaskId, TouchId, derived_beside};
use super::time::{Instant, Millis};
use super::touch::Brought;

/// An enrollment that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrollment {
    pub id: EnrollmentId,
    pub sequence: String,
    pub version: String,
    pub entered_at: Instant,
    pub by: String,
    /// The step it stands at; `None` past the last.
    pub at: Option<String>,
    pub phase: Phase,
    /// When this lead's previous step really happened: waits count from here.
    pub anchor: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pausing>,
    /// What happened at each step so far; shared, since a decision copies enrollments far oftener than it writes here.
    #[serde(default)]
    pub steps: Arc<BTreeMap<String, StepFacts>>,
    /// The zone that waits and windows are in, and where it came from.
    #[serde(default)]
    pub zone: Option<String>,
    /// Where it goes on after the touch it has on its way, if an edit took that touch's step away or ends it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onward: Option<Onward>,
    /// Replies of colleagues that were heard up to here have had their effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heeded: Option<Instant>,
}

/// Where an enrollment goes on after the touch in hand, whatever follows its step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Onward {
    To(String),
    End,
}

impl Enrollment {
    /// What happened at each step, to be written.
    pub fn steps_mut(&mut self) -> &mut BTreeMap<String, StepFacts> {
        Arc::make_mut(&mut self.steps)
    }
}

/// What an enrollment does at its step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Goes on at once.
    Ready,
    Waiting {
        until: Instant,
    },
    /// A touch is on its way.
    Sending {
        touch: TouchId,
    },
    /// A person is to do something; it goes on with that, or when its patience ends.
    Tasked {
        task: TaskId,
    },
    /// Stands until somebody mends what is named.
    Held {
        hold: Hold,
    },
}

/// Why an enrollment is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: String,
    pub touch: Option<TouchId>,
}

/// A pause: what is left of a wait stays left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pausing {
    pub because: String,
    pub since: Instant,
    /// What was left of the wait when the pause began.
    pub left: Option<Millis>,
    /// When it ends by itself (an out-of-office).
    pub until: Option<Instant>,
}

/// What happened at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepFacts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch: Option<TouchId>,
    /// The variant of a mail in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// When the step was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Instant>,
    /// The last outcome, in the words of touch states; for a branch the arm taken, for a task what it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What the answer to its call brought.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub brought: Brought,
    /// While the other side wanted it later: from when until when. That alone makes a touch late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<(Instant, Instant)>,
    #[serde(default)]
    pub opened: bool,
    #[serde(default)]
    pub opened_by_machine: bool,
    /// Targets a human clicked, sorted, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clicked: Vec<String>,
    #[serde(default)]
    pub replied: bool,
}

impl StepFacts {
    /// Whether the step's mail, call or task came to its end towards the lead.
    pub const fn reached(&self) -> bool {
        (self.touch.is_some() || self.task.is_some()) && self.done_at.is_some()
    }
}

/// What a step may say of earlier ones as `step.NAME`: what answers to calls brought, and as `outcome` what a task came to. Of a name that
/// several brought it is the last one's.
pub fn brought(steps: &BTreeMap<String, StepFacts>, step: &str) -> Brought {
    let itself = steps.get(step).and_then(|facts| facts.done_at);
    let is_earlier = |at: Instant| itself.is_none_or(|itself| at <= itself);
    let others = steps.iter().filter(|(id, _)| *id != step).map(|(_, facts)| facts);
    let mut done: Vec<&StepFacts> = others.filter(|facts| facts.done_at.is_some_and(is_earlier)).collect();
    done.sort_by_key(|facts| facts.done_at);
    let mut all = Brought::new();
    for facts in done {
        all.extend(facts.brought.clone());
        if let (Some(_), Some(outcome)) = (&facts.task, &facts.outcome) {
            all.insert("outcome".to_owned(), outcome.as_str().into());
        }
    }
    all
}

/// Why an enrollment ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// Came to an `end` step, or past the last step.
    Finished(String),
    Replied,
    Unsubscribed,
    Bounced,
    Complained,
    Suppressed,
    Erased,
    Goal(String),
    /// A `stop` rule: the event's name or the condition's text.
    Stopped(String),
    ReachedSql,
    /// The lead is one person with another, who is or was in the same sequence, or in one that excludes it.
    Merged,
    Removed(String),
    Failed(String),
}

impl Exit {
    /// The word stored and shown.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Replied => "replied",
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::Erased => "erased",
            Self::Goal(_) => "goal",
            Self::Stopped(_) => "stopped",
            Self::ReachedSql => "reached_sql",
            Self::Merged => "merged",
            Self::Removed(_) => "removed",
            Self::Failed(_) => "failed",
        }
    }

    /// What else there is to say.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Finished(text)
            | Self::Goal(text)
            | Self::Stopped(text)
            | Self::Removed(text)
            | Self::Failed(text) => Some(text),
            _ => None,
        }
    }

    /// The state of the enrollment's row.
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            _ => "exited",
        }
    }
}

/// The id of a lead's nth enrollment in a sequence: deciding again gives the same.
pub fn id_of(lead: &LeadId, sequence: &str, nth: u32) -> EnrollmentId {
    EnrollmentId(derived_beside(lead.as_str(), &["enrollment", lead.as_str(), sequence, &nth.to_string()]))
}

/// What is remembered of a lead's ended enrollments in one sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Enrollments begun, the present one included.
    pub begun: u32,
    /// Ended ones that count for `again`.
    pub counted: u32,
    pub last_ended_at: Option<Instant>,
    /// Where a goal may still be counted.
    pub last_exit: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_says_what_those_before_it_brought_and_neither_itself_nor_a_later_one() {
        let step = |at, task: Option<&str>, outcome: &str, url: &str| StepFacts {
            done_at: at,
            task: task.map(|id| TaskId(id.to_owned())),
            outcome: Some(outcome.to_owned()),
            brought: Brought::from([("url".to_owned(), url.into())]),
            ..StepFacts::default()
        };
        let steps = BTreeMap::from([
            ("a".to_owned(), step(Some(Instant(1)), None, "accepted", "one")),
            ("b".to_owned(), step(Some(Instant(2)), Some("1"), "voicemail", "two")),
            ("c".to_owned(), step(Some(Instant(3)), Some("2"), "connected", "three")),
            ("d".to_owned(), step(None, None, "deferred", "four")),
        ]);
        let said = |id: &str| {
            let said = brought(&steps, id);
            let text = |name: &str| said.get(name).and_then(|value| value.as_str()).unwrap_or("-").to_owned();
            format!("{} {}", text("url"), text("outcome"))
        };
        assert_eq!(
            ["a", "b", "c", "d", "next"].map(said),
            ["- -", "one -", "two voicemail", "three connected", "three connected"]
        );
    }
}
