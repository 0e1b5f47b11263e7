//! What must not be contacted, why, and since when.

use serde::{Deserialize, Serialize};

use super::time::Instant;

/// Why an address or a domain must not be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Unsubscribed,
    HardBounce,
    Complaint,
    Manual,
    Erased,
}

impl Reason {
    pub const ALL: [Self; 5] = [Self::Unsubscribed, Self::HardBounce, Self::Complaint, Self::Manual, Self::Erased];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::HardBounce => "hard_bounce",
            Self::Complaint => "complaint",
            Self::Manual => "manual",
            Self::Erased => "erased",
        }
    }

    /// Whether it stays where the other comes as well: what a person wants outweighs a mailbox that is gone, and what was erased stays so.
    pub fn outweighs(self, other: Self) -> bool {
        let weight = |reason: Self| match reason {
            Self::HardBounce => 0,
            Self::Manual => 1,
            Self::Unsubscribed => 2,
            Self::Complaint => 3,
            Self::Erased => 4,
        };
        weight(self) >= weight(other)
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// One suppression: of an address (`a@b.c`) or of a whole domain (`b.c`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub target: String,
    pub reason: Reason,
    pub at: Instant,
    /// Who or what asked for it.
    pub source: String,
}
