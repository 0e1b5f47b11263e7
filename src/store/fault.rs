//! A write that fails on purpose, once, so that a test can let each write of a story fail in turn.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::error::{DatabaseError, ErrorKind};

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another holds the lock for too long.
    Busy,
    /// The disk is full.
    Full,
    /// The disk does not take it.
    Io,
    /// The connection breaks before anything is done.
    Reset,
    /// The connection breaks after a commit was carried out and before its answer came.
    Unknown,
}

/// The write that is to fail next, if any.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Option<(Fault, u64)>>,
    /// Commits until the one whose answer does not come.
    unanswered: Mutex<Option<u64>>,
}

impl Faults {
    /// Lets the `n`-th write from now on fail, counted from 1: each statement of a transaction, its begin and its commit. In a
    /// release build nothing fails.
    pub fn arm(&self, fault: Fault, n: u64) {
        *self.armed() = Some((fault, n));
    }

    /// Lets the `n`-th commit from now on be carried out and its answer not come, counted from 1; every answer comes where
    /// none is given.
    pub fn lose_answer(&self, n: Option<u64>) {
        *locked(&self.unanswered) = n;
    }

    /// Whether the write that was to fail did not come yet; it will not fail any more.
    pub fn disarm(&self) -> bool {
        self.armed().take().is_some()
    }

    /// Counts a commit; gives how it fails.
    pub(super) fn strike_commit(&self) -> Option<Fault> {
        if !cfg!(debug_assertions) {
            return None;
        }
        let mut unanswered = locked(&self.unanswered);
        let left = unanswered.map(|left| left.saturating_sub(1));
        *unanswered = left.filter(|left| *left > 0);
        self.strike().or_else(|| left.filter(|left| *left == 0).map(|_| Fault::Unknown))
    }

    /// Counts a write that begins; gives how it fails.
    pub(super) fn strike(&self) -> Option<Fault> {
        if !cfg!(debug_assertions) {
            return None;
        }
        let mut armed = self.armed();
        let (fault, left) = armed.as_mut()?;
        *left = left.saturating_sub(1);
        let fault = *fault;
        if *left > 0 {
            return None;
        }
        *armed = None;
        Some(fault)
    }

    fn armed(&self) -> MutexGuard<'_, Option<(Fault, u64)>> {
        locked(&self.armed)
    }
}

fn locked<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fault {
    /// The driver's error, as it would come on the database.
    pub(super) fn error(self, shared: bool) -> sqlx::Error {
        let code = match (self, shared) {
            (Self::Busy, false) => "5",
            (Self::Busy, true) => "55P03",
            (Self::Full, false) => "13",
            (Self::Full, true) => "53100",
            (Self::Io, false) => "778",
            (Self::Io, true) => "58030",
            (Self::Reset | Self::Unknown, _) => {
                return sqlx::Error::Io(io::Error::new(io::ErrorKind::ConnectionReset, "broken on purpose"));
            }
        };
        sqlx::Error::Database(Box::new(OnPurpose(code)))
    }
}

/// What the database would say.
#[derive(Debug)]
struct OnPurpose(&'static str);

impl fmt::Display for OnPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed on purpose with code {}", self.0)
    }
}

impl Error for OnPurpose {}

impl DatabaseError for OnPurpose {
    fn message(&self) -> &'static str {
        "failed on purpose"
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0))
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
