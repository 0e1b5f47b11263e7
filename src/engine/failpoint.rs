//! Named places where a test kills the process or a rehearsal the engine, so that every crash that matters can be made on purpose.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// Every place that has a name.
pub const NAMES: [&str; 14] = [
    "wake.claimed",
    "claim.committed",
    "intent.committed",
    "data.accepted",
    "mark.committed",
    "body.written",
    "reply.read",
    "outcome.committed",
    "outbox.claimed",
    "outbox.settled",
    "import.batch",
    "migrate.step",
    "apply.begun",
    "apply.batch",
];

/// Who watches an engine that is rehearsed with faults, step by step.
pub trait Watch: fmt::Debug + Send + Sync {
    /// A named place is reached. Unwinding from here ends the engine as a crash would.
    fn reached(&self, place: &str);
    /// A transaction begins when this ends: another engine may come first.
    fn begins(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    /// Whether a protection is left out, to prove that the rehearsal notices.
    fn lacks(&self, protection: Protection) -> bool;
}

/// What keeps a promise, each at one place. A test of the tests leaves one out; no release build can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Whoever's mark wins no row sends nothing.
    Fence,
    /// A wake is taken in the transaction that decides it.
    TakenWithDecision,
    /// A unit that cannot be written is taken out of its batch.
    Alone,
    /// The mark comes before the message.
    MarkFirst,
    /// The cap is read in the transaction that reserves under it.
    CapInside,
}

/// The place at which this process ends, and how often it is passed before; or who watches.
#[derive(Clone, Debug, Default)]
pub struct FailPoints {
    armed: Arc<Mutex<BTreeMap<String, u32>>>,
    watch: Option<Arc<dyn Watch>>,
}

impl FailPoints {
    /// Reads `name` or `name:N`: the process ends when the place is reached the N-th time (1 if none is given).
    ///
    /// # Errors
    /// Names a place that does not exist, and the ones that do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, times) = text.split_once(':').unwrap_or((text, "1"));
        if !NAMES.contains(&name) {
            return Err(format!("there is no fail point `{name}`; there are {}", NAMES.join(", ")));
        }
        let times = times.parse().map_err(|_| format!("`{times}` is not a number of times"))?;
        Ok(Self { armed: Arc::new(Mutex::new(BTreeMap::from([(name.to_owned(), times)]))), watch: None })
    }

    /// Somebody in this process watches, and decides what happens at each place.
    pub fn watched(watch: Arc<dyn Watch>) -> Self {
        Self { armed: Arc::default(), watch: Some(watch) }
    }

    /// Ends the process here if it was asked for, as abruptly as a power cut lets software end: no destructor, no flush.
    pub fn hit(&self, name: &str) {
        if let Some(watch) = &self.watch {
            watch.reached(name);
        }
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = armed.get_mut(name) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                std::process::abort();
            }
        }
    }
    /// Waits until a transaction may begin; at once, unless somebody watches.
    pub(super) async fn begins(&self) {
        if let Some(watch) = &self.watch {
            watch.begins().await;
        }
    }

    /// Whether a protection is left out.
    pub(super) fn lacks(&self, protection: Protection) -> bool {
        cfg!(debug_assertions) && self.watch.as_ref().is_some_and(|watch| watch.lacks(protection))
    }
}
