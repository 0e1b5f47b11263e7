//! lead.
