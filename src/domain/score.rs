//! The scoring model and its ledger: a score is a sum that anyone can check, line by line, at any past instant.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::stage::Stage;
use super::time::{Instant, Millis};

/// What `temperature` can be, from the lowest scores to the highest.
pub const TEMPERATURES: [&str; 3] = ["cold", "warm", "hot"];

/// config/scoring.yaml, compiled.
#[derive(Clone, Debug)]
pub struct Scoring {
    /// The hash of the file: the model version each ledger line names.
    pub version: String,
    /// Lowest and highest score.
    pub range: (f64, f64),
    pub fit: Vec<FitRule>,
    pub engagement: Vec<EngagementRule>,
    /// Names with the score each begins at, ascending.
    pub bands: Vec<(String, f64)>,
    pub hot_when: Option<Condition>,
    /// Rules upward, in the order of the ladder.
    pub lifecycle: Vec<(Stage, Condition)>,
    /// Numbers that any rule of the workspace compares a score with.
    pub thresholds: Vec<f64>,
    /// When a lead goes back to marketing.
    pub recycled: Option<Condition>,
    /// Whether a lead that becomes SQL by being scored anew, with nothing new about it, is handed to sales at once.
    pub announce_rescored: bool,
}

impl EngagementRule {
    /// What of some points the rule's ceiling leaves at an instant, beside what it gave by then.
    pub fn room(&self, lines: &[Line], at: Instant, points: f64) -> f64 {
        let Some((most, within)) = self.at_most else { return points };
        let given: f64 = lines
            .iter()
            .filter(|line| {
                line.ledger == Ledger::Engagement && line.rule == self.name && line.at > at - within && line.at <= at
            })
            .map(|line| line.points.abs())
            .sum();
        let room = (most.abs() - given).max(0.0).min(points.abs());
        if points < 0.0 { -room } else { room }
    }
}

impl Scoring {
    /// The version where there is no scoring file.
    pub const NONE: &'static str = "none";

    /// A model that gives no points and moves nobody.
    pub fn empty(version: String) -> Self {
        Self {
            version,
            range: (0.0, 100.0),
            fit: Vec::new(),
            engagement: Vec::new(),
            bands: vec![("cold".to_owned(), 0.0), ("warm".to_owned(), 30.0), ("hot".to_owned(), 70.0)],
            hot_when: None,
            lifecycle: Vec::new(),
            recycled: None,
            announce_rescored: false,
            thresholds: Vec::new(),
        }
    }
}

/// Points for who a lead is; of a group only the highest counts.
#[derive(Clone, Debug)]
pub struct FitRule {
    pub name: String,
    pub group: Option<String>,
    pub when: Condition,
    pub points: f64,
}

/// Points for what a lead does.
#[derive(Clone, Debug)]
pub struct EngagementRule {
    pub name: String,
    pub on: String,
    pub when: Option<Condition>,
    pub points: f64,
    /// At most so many points of this rule in any such window.
    pub at_most: Option<(f64, Millis)>,
    /// Counts when the event came so often within the window (the last one included).
    pub times: Option<(u32, Millis)>,
    pub half_life: Option<Millis>,
    pub expires: Option<Millis>,
}

/// One line of a lead's ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub rule: String,
    pub ledger: Ledger,
    pub points: f64,
    /// When it began to count.
    pub at: Instant,
    /// The number of the lead's event it came from.
    pub event: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life: Option<Millis>,
    /// When it stops to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Instant>,
    /// The version of the scoring file that gave it.
    pub model: String,
    /// Whether a step of a sequence gave it, whatever the scoring file says: another file leaves it as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_step: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ledger {
    Fit,
    Engagement,
}

/// Fit, engagement and their clamped sum at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub fit: f64,
    pub engagement: f64,
    pub total: f64,
}

impl Line {
    /// The points the line is worth at `now`: nothing before it began or after it ended, halved each half-life in between.
    pub fn worth(&self, now: Instant) -> f64 {
        if now < self.at || self.ends.is_some_and(|ends| now >= ends) {
            return 0.0;
        }
        match self.half_life {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a lifetime fit a double's 53 bits")]
            Some(half) if half.0 > 0 => self.points * (-(now.since(self.at).0 as f64) / half.0 as f64).exp2(),
            _ => self.points,
        }
    }
}

impl Scoring {
    /// Sums a ledger at an instant and clamps the sum once.
    pub fn score(&self, lines: &[Line], now: Instant) -> Score {
        let sum = |ledger| lines.iter().filter(|line| line.ledger == ledger).map(|line| line.worth(now)).sum::<f64>();
        let (fit, engagement) = (sum(Ledger::Fit), sum(Ledger::Engagement));
        Score { fit, engagement, total: (fit + engagement).clamp(self.range.0, self.range.1) }
    }

    /// The scores at which something may turn when a score falls: where bands begin, and what rules compare scores with.
    pub fn levels(&self) -> impl Iterator<Item = f64> {
        self.bands.iter().map(|(_, from)| *from).chain(self.thresholds.iter().copied())
    }

    /// The band a score lies in.
    pub fn band(&self, score: f64) -> &str {
        self.bands.iter().rev().find(|(_, from)| score >= *from).map_or("cold", |(name, _)| name)
    }
}
