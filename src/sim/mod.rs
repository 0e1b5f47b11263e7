//! Rehearses: made-up people, reps and servers around the real engine, on a clock that steps.
//!
//! The same seed makes the same people, and a chance is a hash of who and what, so that a rehearsal repeats whatever the order in
//! which things happen to be asked.
//!
//! | file | what it plays |
//! |---|---|
//! | `people` `names` | who there is |
//! | `habits` | what they do about a mail |
//! | `sales` | what reps do about a handoff |
//! | `agenda` | what was meant to be done when |
//! | `catcher` `session` | the mail server of all recipients |
//! | `letter` | a mail as its reader's program sees it |
//! | `receiver` | the endpoints that webhooks are sent to |
//! | `tally` | what came of it all |
//! | `simulate` | a year with rates, and the figures of it |
//! | `scenario` | tests of sequences, on a clock that jumps |

pub mod agenda;
pub mod catcher;
pub mod habits;
pub mod letter;
mod names;
pub mod people;
pub mod receiver;
pub mod sales;
pub mod scenario;
mod session;
pub mod simulate;
pub mod tally;

use crate::domain::behaviour::Rate;
use crate::domain::id::dice;
use crate::domain::time::Millis;

/// Chances that a seed decides: the same question always gets the same answer.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: String,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self { seed: seed.to_string() }
    }

    /// A number from 0 up to, and without, `below`; 0 where there is nothing below.
    pub fn below(&self, below: usize, about: &[&str]) -> usize {
        let bits = self.bits(about);
        usize::try_from(bits % (below.max(1) as u64)).unwrap_or(0)
    }

    /// True in `percent` of all questions.
    pub fn falls(&self, percent: u64, about: &[&str]) -> bool {
        self.bits(about) % 100 < percent
    }

    /// True for so many of all questions.
    pub fn comes(&self, rate: Rate, about: &[&str]) -> bool {
        self.part(about) < rate.0
    }

    /// A number from 0 to 99,999.
    pub fn part(&self, about: &[&str]) -> u32 {
        u32::try_from(self.bits(about) % u64::from(Rate::WHOLE.0)).unwrap_or(0)
    }

    /// A length between two, in whole seconds.
    pub fn between(&self, least: Millis, most: Millis, about: &[&str]) -> Millis {
        let span = u64::try_from((most.0 - least.0) / 1_000).unwrap_or(0) + 1;
        Millis(least.0 + i64::try_from(self.bits(about) % span).unwrap_or(0) * 1_000)
    }

    fn bits(&self, about: &[&str]) -> u64 {
        let mut parts = vec![self.seed.as_str()];
        parts.extend(about);
        dice(&parts)
    }
}
