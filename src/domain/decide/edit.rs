//! An edit of a sequence, and where it puts whoever is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::align::Alignment;
use crate::domain::enrollment::{Enrollment, Onward, Phase};
use crate::domain::event::Mark;
use crate::domain::lead::Lead;
use crate::domain::sequence::{InFlight, Sequence};
use crate::domain::time::{Instant, Millis};

/// One edit of one sequence, with every version somebody may still be in.
#[derive(Debug)]
pub struct Edit {
    pub sequence: String,
    /// The version to go to; none if the sequence is gone.
    pub new: Option<Arc<Sequence>>,
    old: BTreeMap<String, (Arc<Sequence>, Alignment)>,
}

impl PartialEq for Edit {
    fn eq(&self, other: &Self) -> bool {
        let version = |edit: &Self| edit.new.as_ref().map(|new| new.version.clone());
        self.sequence == other.sequence && version(self) == version(other)
    }
}

/// What the store knows of a touch an enrollment stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InHand {
    /// Somebody has it in hand, or the other side may have it already: nothing changes it any more.
    pub under_way: bool,
    pub ready_at: Instant,
}

/// An enrollment as an edit meets it.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    pub lead: &'a Lead,
    pub enrollment: &'a Enrollment,
    pub in_hand: Option<InHand>,
}

/// What becomes of the touch an enrollment stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is asked for anew, as the new version has it; at its old time if that stays.
    Renewed {
        at: Option<Instant>,
    },
    CalledOff,
}

/// Where an edit puts an enrollment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    pub at: Option<String>,
    pub phase: Phase,
    /// What is left of a wait that is paused.
    pub left: Option<Millis>,
    pub onward: Option<Onward>,
    pub zone: Option<String>,
    /// The step it stood at, where that is gone.
    pub lost: Option<String>,
    /// What becomes of its touch; nothing where it stays as it is, or there is none.
    pub touch: Option<Fate>,
    pub marks: BTreeSet<Mark>,
    /// Whether it ends now.
    pub ends: bool,
}

impl Edit {
    /// An edit to a version, or to none, from every version of that sequence there is.
    pub fn new<'a>(
        sequence: &str,
        new: Option<Arc<Sequence>>,
        versions: impl IntoIterator<Item = &'a Arc<Sequence>>,
    ) -> Self {
        let is_old =
            |old: &&Arc<Sequence>| old.name == sequence && new.as_ref().is_none_or(|new| new.version != old.version);
        let nothing = |old: &Sequence| Sequence { steps: Vec::new(), ..old.clone() };
        let aligned = |old: &Arc<Sequence>| {
            let alignment =
                new.as_ref().map_or_else(|| Alignment::of(old, &nothing(old)), |new| Alignment::of(old, new));
            (old.version.clone(), (Arc::clone(old), alignment))
        };
        let old = versions.into_iter().filter(is_old).map(aligned).collect();
        Self { sequence: sequence.to_owned(), new, old }
    }

    /// An old version and how its steps became those of the new one; none for the new version itself.
    pub fn from(&self, version: &str) -> Option<&(Arc<Sequence>, Alignment)> {
        self.old.get(version)
    }

    /// What happens to those in flight of an old version.
    pub fn rule(&self, old: &Sequence) -> InFlight {
        self.new.as_ref().map_or(old.in_flight, |new| new.in_flight)
    }
}
