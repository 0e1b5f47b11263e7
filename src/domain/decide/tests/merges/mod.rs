//! Two leads that are found to be one person.

mod enrollments;
mod people;

use super::desk::Desk;
use super::plot::{email, sequence};
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Other, Reply};
use crate::domain::event::{Event, What};
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Kind, Sequence};

/// Ada, and who turns out to be Ada, under the same files.
pub fn two(playbook: impl Fn() -> Playbook) -> (Desk, Desk) {
    (Desk::new(playbook()), Desk::of("ada@old.example", playbook()))
}

impl Desk {
    /// Takes another in, with all that the store keeps of it.
    pub fn absorb(&mut self, mut other: Self) -> Reply {
        let found = Other { lead: other.lead.clone(), suppressed: other.suppressed, on_its_way: None };
        let ask = Ask::Absorb { other: other.lead.id.clone(), found: Some(Box::new(found)) };
        for (sequence, row) in std::mem::take(&mut other.enrollments) {
            self.enrollments.entry(sequence).or_insert(row);
        }
        self.outbox.append(&mut other.outbox);
        let (before, after) = (self.history.len(), self.lead.seq + 1);
        let reply = self.tell(ask);
        // The store puts them behind the one that says so.
        let theirs = other.history.into_iter().map(|event| Event { seq: event.seq + after, ..event });
        let rest = self.history.split_off((before + 1).min(self.history.len()));
        if reply == Reply::Done {
            self.history.extend(theirs);
        }
        self.history.extend(rest);
        reply
    }

    /// Which enrollments run, each as its sequence and its step.
    pub fn running(&self) -> Vec<String> {
        let place = |at: &Option<String>| at.clone().unwrap_or_else(|| "end".to_owned());
        self.lead.enrollments.iter().map(|one| format!("{} at {}", one.sequence, place(&one.at))).collect()
    }

    /// Why enrollments ended, in their order.
    pub fn ended(&self) -> Vec<&str> {
        let exit = |event: &'_ Event| match &event.what {
            What::Exited { exit, .. } => Some(exit.as_str()),
            _ => None,
        };
        self.history.iter().filter_map(exit).collect()
    }
}

pub fn cadence(name: &str) -> Sequence {
    let wait = |text: &str| Act::Wait(Pause::parse(text).unwrap());
    let steps = vec![("one", email()), ("#1", wait("2d")), ("two", email()), ("#2", wait("2d")), ("three", email())];
    sequence(name, Kind::Cadence, steps)
}
