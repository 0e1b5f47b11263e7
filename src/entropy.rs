//! The one source of ids and secrets.
