//! One person: the unit of deciding, of locking and of replay.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::EmailAddress;
use super::enrollment::{Enrollment, Past, Phase};
use super::event::Actor;
use super::experiment::Trial;
use super::handoff::Handoff;
use super::id::{EnrollmentId, LeadId, TaskId, TouchId};
use super::score::Line;
use super::stage::Stage;
use super::suppression::Reason;
use super::task::OpenTask;
use super::time::Instant;

/// Instants of one event kept at most; older ones are only counted.
pub const RECENT: usize = 256;

/// All that is known of a lead, bounded whatever its history: the fold of its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    pub id: LeadId,
    pub address: EmailAddress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub created_at: Instant,
    /// The number of its last event.
    pub seq: u64,
    /// Values of declared attributes; absent is null. `tags` is a list of texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    #[serde(default)]
    pub stage: Stage,
    pub stage_since: Instant,
    /// How often and when each event came.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heard: BTreeMap<String, Heard>,
    /// The last human event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_human_at: Option<Instant>,
    /// Fit lines, then engagement lines that still count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledger: Vec<Line>,
    /// The version of the scoring file the ledger follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<String>,
    /// When another scoring file last scored it anew: what that alone makes of it is no news about the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reread_at: Option<Instant>,
    /// Enrollments that have not ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrollments: Vec<Enrollment>,
    /// What people are to do, in the order it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<OpenTask>,
    /// What is remembered of the others, by sequence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub past: BTreeMap<String, Past>,
    /// What a cap on the frequency of mails counts.
    #[serde(default, skip_serializing_if = "Mails::is_empty")]
    pub mails: Mails,
    /// The mails of experiments it got, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
    /// Enrollments that wait for room, by sequence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, Pending>,
    /// Opens and clicks that wait for their verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<Unsettled>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<Handoff>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Reason>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub opted_out: BTreeSet<String>,
    /// The sender of each pool that its mails leave from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub senders: BTreeMap<String, String>,
    /// Rules that cannot be answered as they stand.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attention: BTreeSet<String>,
    /// The leads that were found to be this person, in the order they were taken in, the last `ALIASES` of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
    /// The first instant at which time alone may change something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Instant>,
}

impl Lead {
    /// A task that is open.
    pub fn task(&self, id: &TaskId) -> Option<&OpenTask> {
        self.tasks.iter().find(|task| &task.id == id)
    }

    /// The labels it was given.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.attributes.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str)
    }

    /// All that wants a person: rules that cannot be answered, and what each held enrollment stands for.
    pub fn wanted(&self) -> Vec<String> {
        let held = self.enrollments.iter().filter_map(|running| match &running.phase {
            Phase::Held { hold } => {
                let step = running.at.as_deref().unwrap_or("end");
                Some(format!("{} {step}: {}", running.sequence, hold.reason))
            }
            Phase::Ready | Phase::Waiting { .. } | Phase::Sending { .. } | Phase::Tasked { .. } => None,
        });
        self.attention.iter().cloned().chain(held).collect()
    }
}

/// A lead that was found to be the same person as another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub lead: LeadId,
    pub address: EmailAddress,
    pub since: Instant,
}

/// As many leads of the same person as one remembers.
pub const ALIASES: usize = 50;

/// How often an event came, ever, and the last instants of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    pub count: u64,
    /// Ascending, the last `RECENT` within the longest window asked for.
    pub recent: Vec<Instant>,
}

/// The mails of sequences that a lead got and is about to get, transactional ones aside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mails {
    /// When each left that may have arrived, ascending, the last `MAILS` of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Instant>,
    /// Those on their way; with an instant where it was called off then, and may have left just before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leaving: BTreeMap<TouchId, Option<Instant>>,
}

/// As many mails as a cap may count at most.
pub const MAILS: usize = 50;

impl Mails {
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.leaving.is_empty()
    }

    /// One left, and may have arrived.
    pub fn left(&mut self, at: Instant) {
        let place = self.sent.partition_point(|earlier| *earlier <= at);
        self.sent.insert(place, at);
        if self.sent.len() > MAILS {
            self.sent.remove(0);
        }
    }

    /// One is on its way; what was called off long ago is forgotten.
    pub fn leaves(&mut self, touch: TouchId) {
        if self.leaving.len() >= MAILS {
            let oldest = self.leaving.iter().filter(|(_, off)| off.is_some()).min_by_key(|(_, off)| **off);
            oldest.map(|(touch, _)| touch.clone()).and_then(|touch| self.leaving.remove(&touch));
        }
        self.leaving.insert(touch, None);
    }

    /// One was called off.
    pub fn called_off(&mut self, touch: &TouchId, at: Instant) {
        if let Some(off) = self.leaving.get_mut(touch) {
            off.get_or_insert(at);
        }
    }
}

/// An enrollment that waits for room under its sequence's limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub since: Instant,
    pub by: String,
    #[serde(default)]
    pub again: bool,
    /// What the event that asked for it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// An open or a click before its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The number of its event.
    pub hit: u64,
    pub name: String,
    pub touch: TouchId,
    pub step: String,
    pub enrollment: Option<EnrollmentId>,
    pub url: Option<String>,
    pub occurred_at: Instant,
    pub settles_at: Instant,
    pub verdict: Actor,
}
