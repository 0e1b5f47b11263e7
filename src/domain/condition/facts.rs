//! A condition sees a lead only through this window, so that the core, a test and a preview can each hold one up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::glob::Glob;
use super::value::Value;
use crate::domain::time::{Instant, Millis};

/// What is known of one lead, its account, its enrollment, and the event at hand; what is not known is null or no.
pub trait Facts {
    /// A declared attribute of the lead; text is read as the declared type.
    fn lead(&self, name: &str) -> Value;
    /// A declared attribute of its account.
    fn account(&self, name: &str) -> Value;
    /// A key of the data of the event at hand.
    fn event(&self, key: &str) -> Value;
    fn score(&self) -> f64;
    fn fit(&self) -> f64;
    fn engagement(&self) -> f64;
    fn stage(&self) -> &str;
    fn temperature(&self) -> &str;
    /// Whether the mail of this step was opened by a person, or, with `machines`, by anything.
    fn opened(&self, step: &str, machines: bool) -> bool;
    /// Whether a person clicked a link in the mail of this step whose URL fits the glob; without one, any link.
    fn clicked(&self, step: &str, glob: Option<&Glob>) -> bool;
    /// Whether a person answered this step; without one, any step of the enrollment.
    fn replied(&self, step: Option<&str>) -> bool;
    fn done(&self, step: &str) -> bool;
    /// The outcome of a task, null before it has one.
    fn outcome(&self, step: &str) -> Value;
    /// How often an event was heard, ever.
    fn count(&self, event: &str) -> u64;
    /// When an event was heard, ascending: at least all within the longest window that [`Needs`] asks for.
    fn recent(&self, event: &str) -> &[Instant];
    /// When anything was last heard of the person.
    fn last_any(&self) -> Option<Instant>;
    /// The local date at an instant, in the lead's zone.
    fn date_of(&self, at: Instant) -> Date;
    /// The first instant of the local day after the one `at` is in.
    fn midnight_after(&self, at: Instant) -> Instant;
}

/// What must be loaded before a condition can be answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    pub events: BTreeMap<String, Asked>,
    /// The longest window of `happened_any`.
    pub any_within: Option<Millis>,
    pub lead: BTreeSet<String>,
    pub account: BTreeSet<String>,
    pub steps: BTreeSet<String>,
    pub event_keys: BTreeSet<String>,
    /// Whether an open by a machine can make a difference.
    pub machine_opens: bool,
    /// Whether it asks what day it is.
    pub today: bool,
    /// Whether it asks for score, fit, engagement, temperature or stage: what another scoring file may change by itself.
    pub standing: bool,
    /// The numbers it compares score, fit or engagement with, ascending: falling past one may turn its answer.
    pub levels: Vec<f64>,
}

/// How one event is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether it, or its number, is asked for without a window.
    pub ever: bool,
    /// The longest window asked.
    pub within: Option<Millis>,
}

impl Asked {
    fn merge(&mut self, other: Self) {
        self.ever |= other.ever;
        self.within = self.within.max(other.within);
    }
}

impl Needs {
    /// Takes in what another condition needs.
    pub fn merge(&mut self, other: &Self) {
        for (event, asked) in &other.events {
            self.events.entry(event.clone()).or_default().merge(*asked);
        }
        self.any_within = self.any_within.max(other.any_within);
        self.lead.extend(other.lead.iter().cloned());
        self.account.extend(other.account.iter().cloned());
        self.steps.extend(other.steps.iter().cloned());
        self.event_keys.extend(other.event_keys.iter().cloned());
        self.machine_opens |= other.machine_opens;
        self.today |= other.today;
        self.standing |= other.standing;
        for level in &other.levels {
            self.level(*level);
        }
    }

    pub(super) fn level(&mut self, level: f64) {
        let place = self.levels.partition_point(|known| *known < level);
        if self.levels.get(place) != Some(&level) {
            self.levels.insert(place, level);
        }
    }

    pub(super) fn ask(&mut self, event: &str, within: Option<Millis>) {
        let asked = Asked { ever: within.is_none(), within };
        self.events.entry(event.to_owned()).or_default().merge(asked);
    }
}
