//! The one reader of the wall clock: everything that decides is given `now` by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::Instant;

/// Where `now` comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// This machine's clock.
    Wall,
    /// A database's clock, read at `since` and carried on by the monotonic clock: all daemons of a fleet agree on it.
    Carried { base: Instant, since: std::time::Instant },
    /// A clock that is set by hand: rehearsals and the demo.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Carries on a clock that read `base` just now.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
    pub fn carried(base: Instant) -> Self {
        Self::Carried { base, since: std::time::Instant::now() }
    }

    /// A clock that stands at `at` until it is set.
    pub fn manual(at: Instant) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    pub fn now(&self) -> Instant {
        match self {
            Self::Wall => wall(),
            Self::Carried { base, since } => {
                Instant(base.0.saturating_add(i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)))
            }
            Self::Manual(at) => Instant(at.load(Ordering::SeqCst)),
        }
    }

    /// Sets a manual clock forward; other clocks go by themselves.
    pub fn set(&self, to: Instant) {
        if let Self::Manual(at) = self {
            at.fetch_max(to.0, Ordering::SeqCst);
        }
    }

    /// Whether time stands still unless it is set.
    pub const fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }
}

/// The machine's clock, for what is real whatever the domain's clock says: signature times and lock files.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
pub fn wall() -> Instant {
    Instant::from_jiff(jiff::Timestamp::now())
}
