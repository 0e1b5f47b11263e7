//! Mails in several variants, tried against each other: what is counted of them, and when one of them has won.
//!
//! ```text
//! decide: variant by hash ─▶ touch ─▶ it left ─▶ mails + 1 ─┐
//!                                └─▶ success within 30 d ─▶ hits + 1 ─┴─▶ judge ─▶ not enough data | won, for good
//! ```
//! Every lead counts once in an experiment, whatever it does. Whoever changes a text, a weight or the variants themselves begins a new
//! experiment: what was counted of others is never mixed into it.

mod judge;
mod sprt;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::id::{TouchId, derived};
use super::sequence::Variant;
use super::time::{Instant, Millis};

pub use judge::{Arm, Verdict};
pub use sprt::always_valid_p;

/// A success counts for a mail if it happened so soon after it left.
pub const COUNTS_WITHIN: Millis = Millis::DAY.times(30);

/// Mails of experiments that are remembered of one lead, the newest.
pub const TRIALS: usize = 20;

/// One experiment: the variants of one step of a sequence, as long as they stay what they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub sequence: String,
    pub step: String,
    /// What [`identity`] gives.
    pub experiment: String,
}

/// The variant of a mail that a lead got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub variant: String,
    /// What the mail counts in; nothing where a winner was known, or the lead counts there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

/// What a mail of an experiment counts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub key: Key,
    /// The event that is a success, if a winner is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A mail of an experiment, as its lead remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub touch: TouchId,
    pub variant: String,
    pub counts: Counts,
    /// When it left; nothing before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Instant>,
    /// Whether it had its success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hit: bool,
}

/// How one fact about a lead changes the counters of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub variant: String,
    pub counts: Counts,
    pub mails: i64,
    pub hits: i64,
}

/// A hash of what makes an experiment the same one: its variants with their texts and weights, and what counts as success.
pub fn identity<'t>(variants: &[Variant], by: Option<&str>, text_of: impl Fn(&Variant) -> &'t str) -> String {
    let mut parts = vec![by.unwrap_or_default().to_owned()];
    for variant in variants {
        parts.extend([variant.name.clone(), text_of(variant).to_owned(), variant.weight.to_string()]);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    derived(&parts)
}
