//! What an edit would do, counted: per sequence, per step, and a few leads by name.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::days::{Crowded, Day};
use crate::domain::event::Mark;
use crate::domain::id::encode_hex;
use crate::store::applied::Applied as Row;

/// Leads that are named of each sequence, unless all are asked for.
pub const NAMED: usize = 20;

/// What applying the files would do to those in flight.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Of the files and the counts: another one means that something came in between.
    pub fingerprint: String,
    /// What another scoring file would make of all leads, which comes first.
    pub scoring: Option<ScoringPlan>,
    /// Sequences that were added, changed or removed since the last apply.
    pub sequences: Vec<SequencePlan>,
    /// Touches that would be asked for at once, and wait now.
    pub released: usize,
    /// Touches ahead, on whatever day, that would never come.
    pub dropped: usize,
    /// Enrollments that would end, now or after the touch in hand.
    pub ended: usize,
    pub days: Vec<Day>,
    /// Senders that could not keep up with the days.
    pub crowded: Vec<Crowded>,
    /// Files that are not in force, because somebody went back to an older version.
    pub set_aside: Vec<SetAside>,
    /// Files of settings that are not what is in force; no enrollment is moved by them.
    pub settings: Vec<&'static str>,
}

/// What is in force instead of a file, since somebody went back to an older version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// `sequence` or `scoring`.
    pub kind: &'static str,
    pub name: String,
    /// The version in force.
    pub version: String,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Changed,
    Removed,
}

/// What another scoring file makes of the leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoringPlan {
    pub change: Change,
    pub from: String,
    pub to: String,
    /// Leads that are scored anew.
    pub leads: usize,
    /// How many of them have another score by it.
    pub scores: usize,
    /// Temperatures that change.
    pub bands: Vec<Shift>,
    /// Stages that change.
    pub stages: Vec<Shift>,
    /// Leads that reach the threshold of sales by this alone, and go there as soon as something is heard or learnt of them.
    pub waiting: usize,
    /// Leads that are handed to sales at once, because the file says so.
    pub announced: usize,
    /// Enrollments that end.
    pub ended: usize,
    pub released: usize,
    pub dropped: usize,
    /// What changed in the file, as a unified diff.
    pub diff: String,
    /// How many have another temperature or stage.
    pub changed: usize,
    /// Some of those, or all if that was asked for.
    pub named: Vec<Named>,
}

/// So many leads go from one temperature or stage to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    pub from: String,
    pub to: String,
    pub leads: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SequencePlan {
    pub name: String,
    pub change: Change,
    pub from: Option<String>,
    pub to: Option<String>,
    /// What the files say of those in flight: adopt, pin or finish.
    pub in_flight: &'static str,
    /// Enrollments of older versions.
    pub leads: usize,
    pub released: usize,
    pub dropped: usize,
    pub ended: usize,
    /// What changed in the file and its templates, as a unified diff.
    pub diff: String,
    /// The steps that were edited, in the order of the file.
    pub edits: Vec<EditedStep>,
    /// Where those in flight stand, by their step now.
    pub steps: Vec<StepPlan>,
    /// For how many something changes.
    pub changed: usize,
    /// Some of those, or all if that was asked for.
    pub named: Vec<Named>,
}

/// One edited step, and how many have it ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditedStep {
    /// Its id, or what it does and where, if it has none.
    pub step: String,
    pub edit: &'static str,
    /// How long it waited, where that changed, and waits now.
    pub was: Option<String>,
    pub now: Option<String>,
    /// Leads who have it ahead as things stand; those who would have had it, where it is gone.
    pub ahead: usize,
}

/// Those who stand at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepPlan {
    pub step: String,
    pub leads: usize,
    /// How many stay as they are.
    pub stay: usize,
    /// How many each change is for.
    pub marks: BTreeMap<&'static str, usize>,
    /// Where those land whose step is gone.
    pub land: BTreeMap<String, usize>,
}

/// One lead by name, and what the edit means for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    pub lead: String,
    pub email: String,
    pub from: String,
    pub to: String,
    pub what: Vec<&'static str>,
}

impl SetAside {
    pub fn of(kind: &'static str, row: &Row) -> Self {
        Self { kind, name: row.name.clone(), version: row.in_force().to_owned() }
    }
}

impl Plan {
    /// Seals a plan with its fingerprint, which is the same however many leads are named. The days are left out, and scores by name: they
    /// move on with the clock.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        let scores = self.scoring.as_mut().map(|scoring| std::mem::take(&mut scoring.named));
        let others: Vec<Vec<Named>> =
            self.sequences.iter_mut().map(|one| one.named.split_off(NAMED.min(one.named.len()))).collect();
        let counted = (&self.sequences, &self.scoring, self.released, self.dropped, self.ended);
        let text = serde_json::to_vec(&counted).unwrap_or_default();
        let mut hex = encode_hex(&Sha256::digest(text));
        hex.truncate(16);
        self.fingerprint = hex;
        for (scoring, named) in self.scoring.iter_mut().zip(scores) {
            scoring.named = named;
        }
        for (sequence, others) in self.sequences.iter_mut().zip(others) {
            sequence.named.extend(others);
        }
        self
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty() && self.scoring.is_none()
    }
}

/// Counts by step as leads come by, in the order of the old steps.
#[derive(Default)]
pub struct Tally {
    steps: BTreeMap<String, StepPlan>,
    pub named: Vec<Named>,
    pub changed: usize,
    pub leads: usize,
    pub released: usize,
    pub dropped: usize,
    pub ended: usize,
}

impl Tally {
    /// Counts one who stands at a step; `landing` is where it goes and what changes, nothing where it is not moved at all.
    pub fn count(&mut self, step: &str, lost_to: Option<&str>, marks: impl Iterator<Item = Mark>) {
        self.leads += 1;
        let plan = self.steps.entry(step.to_owned()).or_default();
        step.clone_into(&mut plan.step);
        plan.leads += 1;
        let mut any = false;
        for mark in marks {
            any = true;
            *plan.marks.entry(mark.as_str()).or_default() += 1;
        }
        if !any {
            plan.stay += 1;
        }
        if let Some(to) = lost_to {
            *plan.land.entry(to.to_owned()).or_default() += 1;
        }
    }

    /// Counts one for whom something changes, and names it if it is among the first so many.
    pub fn name(&mut self, most: usize, named: impl FnOnce() -> Named) {
        self.changed += 1;
        if self.named.len() < most {
            self.named.push(named());
        }
    }

    /// The steps, ordered by the place that is given for each.
    pub fn steps(&mut self, place: impl Fn(&str) -> usize) -> Vec<StepPlan> {
        let mut steps: Vec<StepPlan> = std::mem::take(&mut self.steps).into_values().collect();
        steps.sort_by_key(|step| place(&step.step));
        steps
    }
}
