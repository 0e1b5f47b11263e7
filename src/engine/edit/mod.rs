//! Edits of what is running: first a plan that says what each would do to whom, then exactly that.
//!
//! ```text
//! files ─▶ Wanted ─▶ plan: page by page the same decision, nothing written ─▶ counts, names, a fingerprint
//!                      └▶ apply: in force for new work · each lead scored anew · each moved in its own unit · in force for all
//! ```
//! An apply that was cut off goes on where it stopped: whoever is in the new version already is not moved again.

mod apply;
mod asked;
mod called;
mod days;
mod look;
mod plan;
mod reader;
mod scores;
mod versions;
mod wanted;

pub use apply::{Applied, ApplyError, Order};
pub use days::{Crowded, Day};
pub use plan::{Change, Named, Plan, ScoringPlan, SequencePlan, SetAside, Shift, StepPlan};
pub use reader::{Mistakes, Read, Reader};
pub use versions::{Subject, Version, VersionError};

/// What a sequence's file is called among versions.
const KIND: &str = "sequence";
/// What the scoring file is called among versions, as its kind and as its name.
pub const MODEL: &str = "scoring";
