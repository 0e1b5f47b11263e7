//! throttle.
