//! What a person is asked to do for a lead, from the asking to its end.
//!
//! ```text
//! open ◀─▶ paused
//!   └────────┴──▶ done · skipped · overdue · called_off
//! ```
//! Whoever does it decides when; the lead carries what is open, so that what ends an enrollment calls its tasks off in the same breath.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, Pause, Wait, resume_at};
use super::id::{EnrollmentId, TaskId};
use super::sequence::{Overdue, TaskKind};
use super::time::Instant;

/// The states of a task's row.
pub const STATES: [&str; 6] = ["open", "paused", "done", "skipped", "overdue", "called_off"];

/// A task that nobody has ended yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenTask {
    pub id: TaskId,
    pub enrollment: EnrollmentId,
    pub sequence: String,
    pub version: String,
    pub step: String,
    pub kind: TaskKind,
    /// Who is to do it; anybody where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The words it can be done with; none means that any will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<String>,
    pub asked_at: Instant,
    /// Not in the inbox before: its window opens then, or it was put off until then.
    pub shown_at: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// When `overdue` is done, if it has not ended by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_until: Option<Instant>,
    pub overdue: Overdue,
    /// Whether `overdue` was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskFact {
    /// It was asked for; `waits` says whether the enrollment stands still for it.
    Asked {
        open: Box<OpenTask>,
        waits: bool,
    },
    Done {
        outcome: String,
        by: String,
    },
    Skipped {
        by: String,
    },
    /// The sequence has waited as long as it may.
    Overdue {
        then: Overdue,
    },
    CalledOff {
        because: String,
    },
    Snoozed {
        until: Instant,
        by: String,
    },
    Assigned {
        to: String,
        by: String,
    },
}

impl TaskFact {
    /// The name of the fact among a lead's events.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "task_asked",
            Self::Done { .. } => "task_done",
            Self::Skipped { .. } => "task_skipped",
            Self::Overdue { .. } => "task_overdue",
            Self::CalledOff { .. } => "task_called_off",
            Self::Snoozed { .. } => "task_snoozed",
            Self::Assigned { .. } => "task_assigned",
        }
    }

    /// What the step is remembered by, where this ends the task.
    pub fn outcome(&self) -> Option<&str> {
        match self {
            Self::Done { outcome, .. } => Some(outcome),
            Self::Skipped { .. } => Some("skipped"),
            Self::Overdue { then: Overdue::Skip } => Some("overdue"),
            Self::CalledOff { .. } => Some("called_off"),
            Self::Asked { .. } | Self::Overdue { .. } | Self::Snoozed { .. } | Self::Assigned { .. } => None,
        }
    }
}

/// What a person does with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskAct {
    Done { outcome: Option<String> },
    Skip,
    Snooze(Snooze),
    Assign { to: String },
}

/// How long a task is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snooze {
    Until(Instant),
    /// Counted on the calendar of its sequence.
    For(Pause),
}

impl TaskKind {
    /// The event that doing it is: what an SLA's `counts` may name.
    pub const fn follow_up(self) -> Option<&'static str> {
        match self {
            Self::Call => Some("rep_called"),
            Self::Email => Some("rep_emailed"),
            Self::LinkedIn => Some("rep_messaged"),
            Self::Research | Self::Other => None,
        }
    }
}

/// When a task that is shown at an instant is due: hours and minutes are working time, dates keep the clock time and end in opening
/// hours. `None` when the calendar never gets there.
pub fn due(shown_at: Instant, wait: &Pause, calendar: &Calendar) -> Option<Instant> {
    match wait.wait {
        Wait::Elapsed(length) => calendar.add_working(shown_at, length),
        Wait::Days(_) | Wait::BusinessDays(_) | Wait::Until { .. } => {
            let plain = Pause { spread: super::time::Millis::ZERO, ..*wait };
            calendar.next_open(resume_at(shown_at, &plain, calendar, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{Hours, Weekdays, local};
    use jiff::tz::TimeZone;

    #[test]
    fn a_task_is_due_in_the_working_time_of_its_sequence() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let hours = [Hours::parse("09:00-17:00").unwrap()];
        let holidays = ["2026-05-01".parse().unwrap()].into();
        let calendar = Calendar::new(zone.clone(), Weekdays::parse("mon-fri").unwrap(), &hours, holidays);
        let at = |text: &str| local::first(&zone, text.parse().unwrap());
        for (shown, length, expected) in [
            ("2026-04-28T10:00", "4h", "2026-04-28T14:00"),
            ("2026-04-30T15:00", "4h", "2026-05-04T11:00"),
            ("2026-04-30T15:00", "1bd", "2026-05-04T15:00"),
            ("2026-04-30T15:00", "1d", "2026-05-04T09:00"),
            ("2026-04-28T10:00", "until 19:00", "2026-04-29T09:00"),
        ] {
            let found = due(at(shown), &Pause::parse(length).unwrap(), &calendar);
            assert_eq!(found, Some(at(expected)), "{length} from {shown}");
        }
        let never = Calendar::new(zone, Weekdays::ALL, &[], std::collections::BTreeSet::new());
        assert_eq!(due(Instant(0), &Pause::parse("1h").unwrap(), &never), None);
    }
}
