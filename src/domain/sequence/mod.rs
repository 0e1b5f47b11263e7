//! A sequence as the daemon runs it: conditions compiled, steps laid out flat, each knowing what follows it.

mod act;
mod entry;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use act::{Act, Arm, Assign, Copy, Experiment, OnFailure, OnUnknown, Portion, Step, Variant, Winner, With};
pub use entry::{Again, InFlight, Intake, Limits, Trigger};
pub use task::{Overdue, Patience, Task, TaskKind};

use super::calendar::{Calendar, holidays_at};
use super::condition::Condition;
use super::lead::Lead;
use super::template::Template;
use super::time::Millis;

/// One version of one sequence file.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The file's path under sequences/, without its extension.
    pub name: String,
    /// The hash of its name, of the file and of every template it uses, in hex.
    pub version: String,
    pub title: String,
    pub kind: Kind,
    pub topic: Option<String>,
    pub owner: Option<String>,
    pub enroll: Vec<Trigger>,
    pub again: Again,
    /// At most one active enrollment a lead within the group of this name.
    pub exclusive: Option<String>,
    /// Who wins an exclusive group's place, a frequency cap, a full sender: the larger. 50 unless the file says otherwise.
    pub priority: i32,
    pub limits: Limits,
    /// What an applied edit does to those who are in it.
    pub in_flight: InFlight,
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

/// From whom, and when.
#[derive(Clone, Debug)]
pub struct Sending {
    /// A sender's or a pool's name; `None` where no step mails.
    pub from: Option<String>,
    /// Days, hours and holidays that are the same for every lead; its zone is replaced by the one `zone` finds.
    pub calendar: Calendar,
    /// Whether the holidays of where the lead lives close it as well.
    pub lead_holidays: bool,
    /// The workspace's own lists of holidays that are in it, by name.
    pub own_holidays: BTreeSet<String>,
    pub zone: ZoneRule,
    pub fallback_zone: Option<String>,
    /// Follow-ups go as `Re:` in the thread of the first mail.
    pub thread: bool,
    /// Whether opens and clicks of its mails are tracked.
    pub track: Tracking,
}

impl Sending {
    /// The calendar that one lead's waits and windows follow, in the zone that was found for it.
    pub fn calendar_for(&self, lead: &Lead, zone: TimeZone) -> Calendar {
        let calendar = self.calendar.in_zone(zone);
        if !self.lead_holidays {
            return calendar;
        }
        let text = |name: &str| lead.attributes.get(name).and_then(serde_json::Value::as_str);
        match text("country").and_then(|country| holidays_at(country, text("region"))) {
            Some(local) => calendar.closed_also(local),
            None => calendar,
        }
    }
}

/// What of a sequence's mails is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracking {
    pub opens: bool,
    pub clicks: bool,
}

impl Default for Tracking {
    fn default() -> Self {
        Self { opens: true, clicks: true }
    }
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
    pub colleagues: Colleagues,
}

/// What a colleague's reply (of the same account) means for the others in the sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colleagues {
    #[default]
    Ignore,
    /// Their next touch is not before the reply and so much.
    Delay(Millis),
    Pause,
    Stop,
}

/// What becomes of an enrollment when its lead turns SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtSql {
    Exit,
    Pause,
    Ignore,
}

impl Sequence {
    /// Its mails in several variants.
    pub fn experiments(&self) -> impl Iterator<Item = (&Step, &Experiment)> {
        self.steps.iter().filter_map(|step| match &step.act {
            Act::Email { copy: Copy::Tried(experiment) } => Some((step, experiment)),
            _ => None,
        })
    }

    pub fn step(&self, id: &str) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }
}
