//! Shows: the public and the private listener.

pub mod dashboard;
