//! touch.
