//! A checked condition: names are resolved, patterns compiled, windows read; only facts are missing.

use std::fmt;

use regex::Regex;

use super::ast::Sum;
use super::facts::Facts;
use super::fault::Span;
use super::glob::Glob;
use super::value::{Type, Value};
use crate::domain::time::{Instant, Millis};

/// One checked expression and its place in the text.
pub(super) struct Node {
    pub op: Op,
    pub span: Span,
}

/// Without its place, so that two that ask the same read the same.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.op.fmt(f)
    }
}

#[derive(Debug)]
pub(super) enum Op {
    Constant(Value),
    Lead(Box<str>, Type),
    Account(Box<str>, Type),
    Event(Box<str>),
    Score,
    Fit,
    Engagement,
    Stage,
    Temperature,
    Today,
    Fact(Fact),
    Not(Box<Node>),
    Minus(Box<Node>),
    All(Vec<Node>),
    Either(Vec<Node>),
    Choice(Box<[Node; 3]>),
    List(Vec<Node>),
    /// Whether the two are equal is to be this.
    Equal(bool, Box<[Node; 2]>),
    Order(Order, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    FreeMail(Box<Node>),
    Calculate(Sum, Box<[Node; 2]>),
    Matches(Box<Node>, Regex),
    Text(TextTest, Box<[Node; 2]>),
    Lower(Box<Node>),
    Upper(Box<Node>),
    Size(Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// A question about what happened.
#[derive(Debug)]
pub(super) enum Fact {
    Opened { step: Box<str>, machines: bool },
    Clicked { step: Box<str>, glob: Option<Glob> },
    Replied { step: Option<Box<str>> },
    Done { step: Box<str> },
    Outcome { step: Box<str> },
    Happened { event: Box<str>, within: Option<Millis> },
    HappenedAny { within: Millis },
    Count { event: Box<str>, within: Option<Millis> },
}

/// A part whose answer turns by the mere passing of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// At midnight, while none of these is null.
    Today(Vec<Attribute>),
    Happened(Box<str>, Millis),
    HappenedAny(Millis),
    Count(Box<str>, Millis),
}

/// A declared attribute, by whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Lead(Box<str>),
    Account(Box<str>),
}

impl Attribute {
    fn of(&self, facts: &dyn Facts) -> Value {
        match self {
            Self::Lead(name) => facts.lead(name),
            Self::Account(name) => facts.account(name),
        }
    }
}

impl Op {
    /// Collects the attributes of which one null makes the whole null; false if it is made of anything else than sums of
    /// attributes, constants and today.
    pub fn terms(&self, into: &mut Vec<Attribute>) -> bool {
        match self {
            Self::Constant(_) | Self::Today => true,
            Self::Lead(name, _) => {
                into.push(Attribute::Lead(name.clone()));
                true
            }
            Self::Account(name, _) => {
                into.push(Attribute::Account(name.clone()));
                true
            }
            Self::Minus(inner) => inner.op.terms(into),
            Self::Calculate(_, sides) => sides.iter().all(|side| side.op.terms(into)),
            _ => false,
        }
    }
}

impl Turn {
    /// The first instant after `now` at which this part gives another answer if nothing is heard until then.
    pub fn next(&self, facts: &dyn Facts, now: Instant) -> Option<Instant> {
        match self {
            Self::Today(beside) => {
                let known = beside.iter().all(|attribute| !attribute.of(facts).is_null());
                known.then(|| facts.midnight_after(now)).filter(|at| *at > now)
            }
            Self::Happened(event, window) => end_of(facts.recent(event).last().copied(), *window, now),
            Self::HappenedAny(window) => end_of(facts.last_any(), *window, now),
            Self::Count(event, window) => {
                let recent = facts.recent(event);
                end_of(recent.get(recent.len() - inside(recent, *window, now)).copied(), *window, now)
            }
        }
    }
}

/// The instant at which something that happened at `at` falls out of the window, if that is still to come.
fn end_of(at: Option<Instant>, window: Millis, now: Instant) -> Option<Instant> {
    at.map(|at| at + window).filter(|end| *end > now)
}

/// How many of these ascending instants lie less than `window` before `now`.
pub(super) fn inside(recent: &[Instant], window: Millis, now: Instant) -> usize {
    recent.len() - recent.partition_point(|at| *at + window <= now)
}
