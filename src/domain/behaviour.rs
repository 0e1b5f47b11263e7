//! How made-up people and reps behave: the rates a simulation is played with.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::time::Millis;

/// A share of a hundred, kept in parts of a hundred thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub u32);

impl Rate {
    pub const WHOLE: Self = Self(100_000);

    /// Reads `12%`, `0.5 %` or `12`: percent, from 0 to 100. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').unwrap_or(text).trim();
        let percent: f64 = number
            .parse()
            .map_err(|_| format!("expected a rate in percent such as `12%` or `0.5%`, found `{text}`"))?;
        match percent {
            percent if percent < 0.0 => Err(format!("a rate cannot be negative: `{text}`")),
            percent if percent > 100.0 => Err(format!("a rate cannot be over 100 %: `{text}`")),
            percent if percent.is_finite() => Ok(Self(thousandths(percent))),
            _ => Err(format!("expected a rate in percent such as `12%`, found `{text}`")),
        }
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100,000")]
fn thousandths(percent: f64) -> u32 {
    (percent * 1_000.0).round() as u32
}

/// From and to, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub least: Millis,
    pub most: Millis,
}

/// How everybody behaves; by default nobody does anything.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    pub arrive: Arrive,
    /// Kinds of people by name; their shares are a hundred together.
    pub people: Vec<(String, Habit)>,
    pub reps: Reps,
}

/// How leads come.
#[derive(Clone, Debug, Default)]
pub struct Arrive {
    /// All come within so long; within the whole time if absent.
    pub over: Option<Millis>,
    /// What brings them, with its share; empty for what the sequences themselves say.
    pub ways: Vec<(Way, Rate)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Event(String),
    Enroll(String),
}

/// What one kind of people does.
#[derive(Clone, Debug)]
pub struct Habit {
    /// Of all people.
    pub share: Rate,
    /// Of these people: the address does not exist.
    pub bounce: Rate,
    /// Of these people: a gateway follows every link before they see the mail.
    pub scanned: Rate,
    /// Of the mails each gets.
    pub open: Rate,
    /// Of the mails; whoever clicks has opened.
    pub click: Rate,
    /// Of the mails, each but one of these four.
    pub reply: Rate,
    pub unsubscribe: Rate,
    pub complain: Rate,
    pub out_of_office: Rate,
    pub opens_after: Span,
    pub clicks_after: Span,
    pub answers_after: Span,
    pub away_for: Span,
    pub deeds: Vec<Then>,
}

/// Something else somebody does about a mail.
#[derive(Clone, Debug)]
pub struct Then {
    pub event: String,
    pub data: Map<String, Value>,
    pub after: After,
    /// Of the mails that were opened, or clicked in.
    pub rate: Rate,
    pub delay: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Open,
    Click,
}

/// What reps do about a handoff, and about tasks; whoever does none of it lets it lie.
#[derive(Clone, Debug, Default)]
pub struct Reps {
    pub in_time: Rate,
    pub late: Rate,
    pub not_ready: Rate,
    pub wrong_person: Rate,
    pub sees_after: Span,
    pub answers_after: Span,
    /// After the deadline, where it is late.
    pub late_by: Span,
    /// Working time that a handoff keeps its rep from others, from the answer on.
    pub takes: Span,
    /// Of those that were answered.
    pub opportunity: Rate,
    /// Of opportunities.
    pub customer: Rate,
    /// Days on which a rep is away, the first and the last; who routes knows it.
    pub away: Vec<(String, Date, Date)>,
    pub tasks: Tasks,
}

/// What reps do about tasks.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    pub done: Rate,
    pub late: Rate,
    pub skipped: Rate,
    /// From when it is shown until somebody would begin, in working time.
    pub sees_after: Span,
    /// After it was due, where it is late.
    pub late_by: Span,
    /// Working time that it keeps its rep from others.
    pub takes: Span,
    /// How often it is done with which word, among the words it has; evenly where none of them is named.
    pub outcomes: Vec<(String, Rate)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_share_of_a_hundred_and_nothing_else() {
        assert_eq!(Rate::parse("12%"), Ok(Rate(12_000)));
        assert_eq!(Rate::parse("0.5 %"), Ok(Rate(500)));
        assert_eq!(Rate::parse("100"), Ok(Rate::WHOLE));
        for (text, said) in [
            ("-1%", "negative"),
            ("101%", "over 100"),
            ("often", "expected a rate"),
            ("NaN", "expected a rate"),
            ("", "expected"),
        ] {
            assert!(Rate::parse(text).unwrap_err().contains(said), "{text}");
        }
    }
}
