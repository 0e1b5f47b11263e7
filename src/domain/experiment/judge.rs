//! Whether one of the variants has won.

use super::sprt::always_valid_p;
use crate::domain::sequence::{Experiment, Winner};

/// What was counted of one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    pub variant: String,
    pub mails: u64,
    pub hits: u64,
}

/// What can be said of an experiment by now. Not enough data is the normal answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// No winner is asked for.
    NotAsked,
    /// A variant has not been sent as often as it must be before anything is said.
    TooFew { variant: String, mails: u64, at_least: u32 },
    /// So few succeed, or fail, that no test can be made yet.
    TooRare,
    /// One is ahead, and it may be chance.
    Open { ahead: String, p: f64, needed: f64 },
    /// One is better than each of the others.
    Won { variant: String, p: f64 },
}

impl Arm {
    /// The share of its mails that succeeded; 0 of none.
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 mails")]
    pub fn rate(&self) -> f64 {
        if self.mails == 0 { 0.0 } else { self.hits as f64 / self.mails as f64 }
    }
}

impl Experiment {
    /// What can be said of its variants, each counted as these say; one that nobody counted has no mails.
    pub fn judge(&self, counted: &[Arm]) -> Verdict {
        let Some(winner) = &self.winner else { return Verdict::NotAsked };
        let arms = self.arms(counted);
        let at_least = u64::from(winner.at_least);
        if let Some(few) = arms.iter().filter(|arm| arm.mails < at_least).min_by_key(|arm| arm.mails) {
            return Verdict::TooFew { variant: few.variant.clone(), mails: few.mails, at_least: winner.at_least };
        }
        best_of(&arms, winner)
    }

    /// The variants in their order, with what was counted of each.
    pub fn arms(&self, counted: &[Arm]) -> Vec<Arm> {
        let of = |name: &str| counted.iter().find(|arm| arm.variant == name);
        let arm = |name: &str| of(name).cloned().unwrap_or(Arm { variant: name.to_owned(), mails: 0, hits: 0 });
        self.variants.iter().map(|variant| arm(&variant.name)).collect()
    }
}

/// The best must be better than every other, and of k variants each comparison gets 1/(k − 1) of the error that is allowed
/// (Bonferroni): so the whole is wrong no more often than it may be, however many are tried.
fn best_of(arms: &[Arm], winner: &Winner) -> Verdict {
    let Some(best) = arms.iter().max_by(|a, b| a.rate().total_cmp(&b.rate())) else { return Verdict::TooRare };
    let mut worst = 0.0_f64;
    let others = arms.iter().filter(|arm| arm.variant != best.variant);
    for other in others.clone() {
        let Some(p) = always_valid_p((best.mails, best.hits), (other.mails, other.hits)) else {
            return Verdict::TooRare;
        };
        worst = worst.max(p);
    }
    let comparisons = u32::try_from(others.count()).unwrap_or(u32::MAX);
    let p = (worst * f64::from(comparisons)).min(1.0);
    let needed = 1.0 - winner.confidence;
    if comparisons > 0 && p <= needed {
        Verdict::Won { variant: best.variant.clone(), p }
    } else {
        Verdict::Open { ahead: best.variant.clone(), p, needed }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAsked => f.write_str("no winner is asked for"),
            Self::TooFew { variant, mails, at_least } => {
                write!(f, "not enough data: `{variant}` has {mails} of {at_least} mails")
            }
            Self::TooRare => f.write_str("not enough data: too few successes, or failures, to compare"),
            Self::Open { ahead, p, needed } => {
                write!(f, "not enough data: `{ahead}` is ahead, which may be chance (p = {p:.3}, needed {needed:.3})")
            }
            Self::Won { variant, p } => write!(f, "`{variant}` has won (p = {p:.4})"),
        }
    }
}
