//! config/team.yaml, compiled: who answers, on which calendar, by which rule and under which clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::condition::Condition;
pub use super::sla::Allowed;
use super::sla::RungAt;

#[derive(Clone, Debug, Default)]
pub struct Staff {
    pub calendars: BTreeMap<String, Calendar>,
    pub reps: BTreeMap<String, Rep>,
    pub teams: BTreeMap<String, Team>,
    /// Ordered; the first that applies names the team.
    pub routing: Vec<(Option<Condition>, String)>,
    /// Channels that get the signed webhook of a handoff.
    pub alert: Vec<String>,
    /// Ordered; the first that applies when a handoff opens.
    pub slas: Vec<Promise>,
}

#[derive(Clone, Debug)]
pub struct Rep {
    pub name: String,
    pub email: String,
    pub calendar: String,
    /// First and last day of each absence.
    pub away: Vec<(Date, Date)>,
    pub max_open: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct Team {
    pub title: String,
    pub calendar: String,
    pub members: Vec<String>,
    /// Gets what nobody else can.
    pub fallback: String,
    /// A channel that hears of breaches.
    pub manager: Option<String>,
}

/// One SLA: a response within a time on a working calendar, with its ladder of consequences.
#[derive(Clone, Debug)]
pub struct Promise {
    pub name: String,
    pub applies: Condition,
    pub respond_within: Allowed,
    /// Event names that are a proper follow-up.
    pub counts: BTreeSet<String>,
    pub after_hours: Option<AfterHours>,
    pub ladder: Vec<Rung>,
}

/// A mail to the lead that says when a person will answer.
#[derive(Clone, Debug)]
pub struct AfterHours {
    pub template: std::sync::Arc<super::template::Template>,
    pub from: String,
}

#[derive(Clone, Debug)]
pub struct Rung {
    pub at: RungAt,
    pub act: RungAct,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungAct {
    /// The assignee is told again.
    RemindAssignee,
    /// The team's manager is told.
    AlertManager,
    /// The lead goes back to marketing: stage recycled, and into this sequence if one is named.
    ReturnTo(Option<String>),
}

/// How much a rep carries now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Handoffs ever assigned, less those given back.
    pub assigned: i64,
    /// Handoffs open now.
    pub open: i64,
}
