//! What an edit may mean for somebody in flight.

use serde::{Deserialize, Serialize};

/// What an applied edit means for one enrollment, as far as it does not stay as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The touch it waits for gets another text, sender or channel.
    NewCopy,
    /// Its step stands in another place.
    Moved,
    /// Its step is gone.
    LostStep,
    /// It goes on at once, and would have waited.
    Released,
    /// It waits less.
    Sooner,
    /// It waits longer.
    Later,
    /// It ends, at once or after the touch in hand.
    Ends,
}

impl Mark {
    pub const ALL: [Self; 7] =
        [Self::NewCopy, Self::Moved, Self::LostStep, Self::Released, Self::Sooner, Self::Later, Self::Ends];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewCopy => "new_copy",
            Self::Moved => "moved",
            Self::LostStep => "lost_step",
            Self::Released => "released",
            Self::Sooner => "sooner",
            Self::Later => "later",
            Self::Ends => "ends",
        }
    }

    /// In words, of a lead.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NewCopy => "gets new copy",
            Self::Moved => "its step moved",
            Self::LostStep => "its step is gone",
            Self::Released => "goes on at once",
            Self::Sooner => "waits less",
            Self::Later => "waits longer",
            Self::Ends => "ends",
        }
    }
}
