//! What is due, in the order of its time; of one instant in the order in which it was asked for.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::domain::decide::Ask;
use crate::domain::event::Actor;
use crate::domain::time::Instant;

/// Something that is said to a lead.
#[derive(Clone, Debug)]
pub struct Said {
    pub ask: Ask,
    pub source: &'static str,
    pub actor: Actor,
}

impl Said {
    /// What a person does, as the API would hear it.
    pub const fn by_person(ask: Ask) -> Self {
        Self { ask, source: "api", actor: Actor::Human }
    }
}

/// What people mean to do later: when, about which lead, and what.
#[derive(Default)]
pub struct Agenda(pub(super) Vec<(Instant, usize, Said)>);

impl Agenda {
    pub fn add(&mut self, at: Instant, number: usize, said: Said) {
        self.0.push((at, number, said));
    }
}

/// What may be due.
pub(super) enum Due {
    Said {
        lead: usize,
        said: Box<Said>,
    },
    Wake {
        lead: usize,
        wake_at: Instant,
    },
    Turn {
        lane: usize,
    },
    /// A schedule ticks, by its number.
    Tick {
        schedule: usize,
    },
    /// There may be room in sequences that somebody waits for.
    Admit,
}

struct Entry {
    at: Instant,
    number: u64,
    due: Due,
}

impl Entry {
    const fn key(&self) -> (Instant, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    number: u64,
}

impl Queue {
    pub fn push(&mut self, at: Instant, due: Due) {
        self.number += 1;
        self.heap.push(Reverse(Entry { at, number: self.number, due }));
    }

    /// Takes the first thing that is due up to an instant.
    pub fn pop(&mut self, until: Instant) -> Option<(Instant, Due)> {
        if self.heap.peek()?.0.at > until {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.due))
    }

    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }
}
