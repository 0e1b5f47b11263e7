//! Conditions: the documented subset of CEL, typed when loaded, never failing when run.

/// A compiled condition.
#[derive(Clone, Debug)]
pub struct Condition;

/// The type of a value.
#[derive(Clone, Debug)]
pub enum Type {
    Bool,
    Number,
    Text,
    Date,
    List,
    Any,
}
