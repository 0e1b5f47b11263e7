//! People write conditions in sequences, scoring and routing; this is the subset of CEL they write them in.
//!
//! It is our own rather than a library because absence must mean "no" and never an error, because every mistake
//! is shown under the very characters that made it, and because the engine must know, before it asks, what a
//! condition needs and at which later instant its answer can turn by the mere passing of time.
//!
//! ```text
//! text --lexer--> tokens --parser--> Expr --check(scope)--> Node + Needs + turns --eval(facts, now)--> Tested
//! ```

mod ast;
mod calls;
mod check;
mod deeds;
mod eval;
mod facts;
mod fault;
mod glob;
mod lexer;
mod node;
mod operate;
mod parser;
mod pattern;
mod quoted;
mod value;
mod words;
mod worlds;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use facts::{Asked, Facts, Needs};
pub use fault::Fault;
pub use glob::Glob;
pub use value::{Type, Value};
#[cfg(test)]
pub use words::{FUNCTIONS, NAMES};
pub use worlds::{Answers, Worlds};

use crate::domain::time::Instant;
use node::{Node, Turn};

/// The steps that a condition may ask about, by id.
pub type Deeds = BTreeMap<String, Deed>;

/// What a step does, as far as conditions ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Mail,
    /// With the words it can be done with; none means that any will do.
    Task(Vec<String>),
    Other,
    /// Anything may be asked about it: what it does is told elsewhere to be unknown, or was applied under other rules.
    Any,
}

/// What a condition may speak of where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The declared attributes of a lead.
    pub lead: &'a BTreeMap<String, Type>,
    /// The declared attributes of an account.
    pub account: &'a BTreeMap<String, Type>,
    /// The steps of this file by id; `None` lets any id pass, an empty map lets none.
    pub steps: Option<&'a Deeds>,
    /// Whether there is an event at hand, so that `event.KEY` means something.
    pub event: bool,
}

/// A checked condition, cheap to clone; two are equal if their texts are.
#[derive(Clone)]
pub struct Condition(Arc<Compiled>);

struct Compiled {
    text: String,
    root: Node,
    needs: Needs,
    turns: Vec<Turn>,
}

/// The answer of a condition; a fault that decided it makes it false and says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub value: bool,
    pub fault: Option<String>,
}

impl Condition {
    /// Reads and type-checks a condition; errors are all faults found, in the order of the text.
    pub fn compile(text: &str, scope: &Scope<'_>) -> Result<Self, Vec<Fault>> {
        let expr = parser::parse(text).map_err(|fault| vec![fault])?;
        let checked = check::check(&expr, scope)?;
        Ok(Self(Arc::new(Compiled {
            text: text.to_owned(),
            root: checked.root,
            needs: checked.needs,
            turns: checked.turns,
        })))
    }

    /// Answers the condition about these facts at `now`; never panics, whatever the facts hold.
    pub fn test(&self, facts: &dyn Facts, now: Instant) -> Tested {
        match eval::truth(&self.0.root, &self.0.text, facts, now) {
            Ok(value) => Tested { value, fault: None },
            Err(fault) => Tested { value: false, fault: Some(fault) },
        }
    }

    /// The earliest instant after `now` at which a time function in it can change its answer with no new fact.
    pub fn turns_at(&self, facts: &dyn Facts, now: Instant) -> Option<Instant> {
        self.0.turns.iter().filter_map(|turn| turn.next(facts, now)).min()
    }

    /// What must be known of a lead before this can be answered.
    pub fn needs(&self) -> &Needs {
        &self.0.needs
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text()).finish()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
