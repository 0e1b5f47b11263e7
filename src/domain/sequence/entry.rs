//! Who enters a sequence, how often, and how many.

use crate::domain::calendar::Cron;
use crate::domain::condition::Condition;
use crate::domain::time::Millis;

/// What enrolls a lead by itself.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// An event, when it is recorded.
    Event { on: String, when: Option<Condition> },
    /// Whoever is in the segment at a tick of the cron expression.
    Every { cron: Cron, segment: Condition, catch_up: Millis },
}

impl Trigger {
    /// The condition it asks of a lead.
    pub const fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Event { when, .. } => when.as_ref(),
            Self::Every { segment, .. } => Some(segment),
        }
    }
}

/// How many may be in a sequence; beyond, enrollments are pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub active: Option<u32>,
    /// On one local date of the workspace's zone.
    pub new_per_day: Option<u32>,
}

/// How many are in a sequence, and how many came on the date at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    pub active: u32,
    pub entered_today: u32,
    /// Whether somebody waits for room.
    pub waiting: bool,
}

impl Limits {
    pub const fn is_none(self) -> bool {
        self.active.is_none() && self.new_per_day.is_none()
    }

    /// How many more they let in.
    pub fn room(self, intake: Intake) -> u32 {
        let left = |limit: Option<u32>, taken: u32| limit.map_or(u32::MAX, |limit| limit.saturating_sub(taken));
        left(self.active, intake.active).min(left(self.new_per_day, intake.entered_today))
    }
}

/// What an applied edit does to those who are in the sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InFlight {
    /// They go on in the new version, found again by step id, with the time already waited.
    #[default]
    Adopt,
    /// They finish the version they began.
    Pin,
    /// They end after the touch in hand.
    Finish,
}

/// When a lead that was in the sequence may enter it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    /// This long after the last enrollment ended.
    After(Millis),
    Always,
}
