//! suppression.
