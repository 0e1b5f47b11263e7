//! Rehearses: made-up people, on a clock that steps.
