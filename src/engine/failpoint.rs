//! Named places where a test kills the process, so that every crash that matters can be made on purpose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Every place that has a name.
pub const NAMES: [&str; 11] = [
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
];

/// The place at which this process ends, and how often it is passed before.
#[derive(Clone, Debug, Default)]
pub struct FailPoints(Arc<Mutex<BTreeMap<String, u32>>>);

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
        Ok(Self(Arc::new(Mutex::new(BTreeMap::from([(name.to_owned(), times)])))))
    }

    /// Ends the process here if it was asked for, as abruptly as a power cut lets software end: no destructor, no flush.
    pub fn hit(&self, name: &str) {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = armed.get_mut(name) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                std::process::abort();
            }
        }
    }
}
