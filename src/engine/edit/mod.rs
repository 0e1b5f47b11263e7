//! Edits of what is running: first a plan that says what each would do to whom, then exactly that.
//!
//! ```text
//! files ─▶ Wanted ─▶ plan: page by page the same decision, nothing written ─▶ counts, names, a fingerprint
//!                      └▶ apply: in force for new work · each lead in its own unit · in force for all
//! ```
//! An apply that was cut off goes on where it stopped: whoever is in the new version already is not moved again.

mod apply;
mod days;
mod look;
mod plan;
mod reader;
mod versions;

pub use apply::{Applied, ApplyError, Order};
pub use days::Day;
pub use plan::{Change, Named, Plan, SequencePlan, StepPlan};
pub use reader::{Read, Reader};
pub use versions::{Version, VersionError};
