//! One function that decides what happens to a lead next.

mod input;

pub use input::{Ask, Case, Decision, Effect, EnrollmentRow, HandoffRow, Input, Reply, Requeue};
