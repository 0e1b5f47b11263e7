//! How many leads stand at each step of each sequence, and what came of the step's touches.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::figures::is_running;
use crate::store::reports::{EnrollmentCount, SeenCount, TouchCount};

/// The counts of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Leads that stand here.
    pub here: i64,
    /// Touches by state.
    pub touches: BTreeMap<String, i64>,
    pub seen: Seen,
}

/// Mails that people opened or clicked in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub opened: i64,
    pub clicked: i64,
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.opened += other.opened;
        self.clicked += other.clicked;
    }
}

impl Step {
    pub fn sent(&self) -> i64 {
        self.of(&["accepted"])
    }

    pub fn of(&self, states: &[&str]) -> i64 {
        states.iter().filter_map(|state| self.touches.get(*state)).sum()
    }
}

/// The counts of all steps, by sequence and step.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<(String, String), Step>);

impl Counts {
    pub fn new(enrollments: &[EnrollmentCount], touches: Vec<TouchCount>, seen: Vec<SeenCount>) -> Self {
        let mut all = Self::default();
        for line in enrollments.iter().filter(|line| is_running(&line.state)) {
            if let Some(step) = &line.step {
                all.at(&line.sequence, step).here += line.count;
            }
        }
        for line in touches {
            *all.at(&line.sequence, &line.step).touches.entry(line.state).or_default() += line.count;
        }
        for line in seen {
            all.at(&line.sequence, &line.step).seen += Seen { opened: line.opened, clicked: line.clicked };
        }
        all
    }

    fn at(&mut self, sequence: &str, step: &str) -> &mut Step {
        self.0.entry((sequence.to_owned(), step.to_owned())).or_default()
    }

    pub fn get(&self, sequence: &str, step: &str) -> Step {
        self.0.get(&(sequence.to_owned(), step.to_owned())).cloned().unwrap_or_default()
    }

    pub fn each(&self) -> impl Iterator<Item = ((&str, &str), &Step)> {
        self.0.iter().map(|((sequence, step), counts)| ((sequence.as_str(), step.as_str()), counts))
    }

    /// Over all sequences.
    pub fn seen(&self) -> Seen {
        let mut all = Seen::default();
        self.0.values().for_each(|step| all += step.seen);
        all
    }
}
