//! Whether the last write went through: a full disk is seen by who asks whether the daemon is ready, not only by who writes next.

use std::sync::{Mutex, PoisonError};

use super::error::StoreError;

/// What stood in the way of the last write that was tried, if anything did.
#[derive(Debug, Default)]
pub struct Health(Mutex<Option<String>>);

impl Health {
    pub(super) fn well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps what happened if it would happen to anybody; a row that its writer may not have says nothing about the store.
    pub(super) fn note(&self, error: &StoreError) {
        if error.hits_everybody() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.in_full().to_string());
        }
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
