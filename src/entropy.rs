//! The one source of ids and secrets: from the system, or from a seed so that a rehearsal repeats.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::domain::id::{LeadId, encode};
use crate::domain::time::Instant;

/// Gives random bytes and time-ordered ids.
#[derive(Clone, Debug)]
pub struct Entropy(Arc<Mutex<StdRng>>);

impl Entropy {
    /// Seeded by the operating system.
    pub fn system() -> Self {
        let mut seed = [0; 32];
        #[expect(clippy::disallowed_methods, reason = "this is the one source of randomness")]
        rand::rng().fill_bytes(&mut seed);
        Self(Arc::new(Mutex::new(StdRng::from_seed(seed))))
    }

    /// The same bytes for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A new id: the time in front, so that ids sort as they were made (the layout of `UUIDv7`).
    pub fn id(&self, now: Instant) -> String {
        let random = u128::from_be_bytes(self.bytes());
        let millis = u128::from(u64::try_from(now.0).unwrap_or(0) & 0xffff_ffff_ffff);
        encode((millis << 80) | (0x7 << 76) | (random & ((1 << 76) - 1)))
    }

    pub fn lead(&self, now: Instant) -> LeadId {
        LeadId(self.id(now))
    }
}
