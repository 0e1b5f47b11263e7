//! enrollment.
