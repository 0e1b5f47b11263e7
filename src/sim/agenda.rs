//! What people mean to do, in the order of its time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::domain::time::Instant;

/// Something a person, a machine or a rep does, over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// The site tells of a new lead that started a trial.
    StartTrial { person: usize },
    /// An SDR imports a list and puts everyone on it in a sequence.
    Import { people: Vec<usize>, sequence: String },
    /// The site, the mailbox or the product tells of an event.
    Tell { person: usize, name: String, data: Map<String, Value> },
    /// A tracked address is asked for.
    Get { person: usize, url: String, agent: &'static str },
    /// One click in the mail program's own button (RFC 8058).
    Unsubscribe { person: usize, url: String },
    /// A rep presses a button of an alert.
    Press { url: String, reason: Option<&'static str>, then: Option<After> },
    /// The CRM tells of a new stage.
    Stage { person: usize, to: &'static str, reason: &'static str },
}

/// What follows once a rep was in touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub person: usize,
}

impl Deed {
    /// Who it is about, where it ends with that person's interest.
    const fn person(&self) -> Option<usize> {
        match self {
            Self::StartTrial { person }
            | Self::Tell { person, .. }
            | Self::Get { person, .. }
            | Self::Unsubscribe { person, .. }
            | Self::Stage { person, .. } => Some(*person),
            Self::Import { .. } | Self::Press { .. } => None,
        }
    }
}

/// Deeds by time; those of one instant in the order in which they were meant.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    deeds: BTreeMap<(Instant, u64), Deed>,
    number: u64,
    /// Who had the last word: nothing more is done in their name.
    done: BTreeSet<usize>,
}

impl Agenda {
    pub fn add(&mut self, at: Instant, deed: Deed) {
        if deed.person().is_none_or(|person| !self.done.contains(&person)) {
            self.number += 1;
            self.deeds.insert((at, self.number), deed);
        }
    }

    /// The first instant at which something is to be done.
    pub fn next(&self) -> Option<Instant> {
        self.deeds.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next deed that is due.
    pub fn due(&mut self, now: Instant) -> Option<(Instant, Deed)> {
        let entry = self.deeds.first_entry().filter(|entry| entry.key().0 <= now)?;
        let at = entry.key().0;
        Some((at, entry.remove()))
    }

    /// Somebody said the last word: all else they meant to do falls away.
    pub fn end(&mut self, person: usize) {
        self.done.insert(person);
        self.deeds.retain(|_, deed| deed.person() != Some(person));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_come_in_the_order_of_their_time_and_end_with_the_last_word() {
        let mut agenda = Agenda::default();
        let stage = |person| Deed::Stage { person, to: "customer", reason: "signed" };
        agenda.add(Instant(30), stage(1));
        agenda.add(Instant(10), stage(2));
        agenda.add(Instant(10), stage(3));
        agenda.end(3);
        agenda.add(Instant(5), stage(3));
        assert_eq!(agenda.next(), Some(Instant(10)));
        assert_eq!(agenda.due(Instant(20)), Some((Instant(10), stage(2))));
        assert_eq!(agenda.due(Instant(20)), None);
        assert_eq!(agenda.due(Instant(30)), Some((Instant(30), stage(1))));
    }
}
