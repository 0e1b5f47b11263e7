//! Instants and lengths as people say them, in the workspace's zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Pages;
use crate::domain::calendar::zone_named;
use crate::domain::time::{Instant, Millis};

/// The zone times are told in.
#[derive(Clone, Debug)]
pub struct Local(TimeZone);

impl Local {
    pub fn of(pages: &Pages) -> Self {
        Self::named(&pages.engine.playbook().settings.zone)
    }

    pub fn named(zone: &str) -> Self {
        Self(zone_named(zone).unwrap_or(TimeZone::UTC))
    }

    fn say(&self, at: Instant, how: &str) -> String {
        at.to_jiff().to_zoned(self.0.clone()).strftime(how).to_string()
    }

    /// `Mon 5 Jan 2026, 09:00 CET`
    pub fn full(&self, at: Instant) -> String {
        self.say(at, "%a %-d %b %Y, %H:%M %Z")
    }

    /// `Mon 5 Jan 09:00`
    pub fn short(&self, at: Instant) -> String {
        self.say(at, "%a %-d %b %H:%M")
    }

    /// `5 Jan`
    pub fn date(&self, at: Instant) -> String {
        self.say(at, "%-d %b")
    }

    /// `Monday, 5 January 2026`
    pub fn day(&self, at: Instant) -> String {
        self.say(at, "%A, %-d %B %Y")
    }

    /// `09:00`
    pub fn clock(&self, at: Instant) -> String {
        self.say(at, "%H:%M")
    }

    /// A text with the instants in it (RFC 3339) told as people say them.
    pub fn tell(&self, text: &str) -> String {
        let words: Vec<String> = text.split(' ').map(|word| self.word(word)).collect();
        words.join(" ")
    }

    fn word(&self, word: &str) -> String {
        let bare = word.trim_end_matches([':', ',', ';', ')', '.']);
        match bare.parse::<Timestamp>() {
            Ok(at) if bare.len() > 15 => format!("{}{}", self.short(Instant::from_jiff(at)), &word[bare.len()..]),
            _ => word.to_owned(),
        }
    }
}

/// A length in its two largest units: `3 d 4 h`, `12 min`, `40 s`.
pub fn length(of: Millis) -> String {
    let seconds = of.0.abs() / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_a_sentence_are_told_in_the_zone_of_the_workspace() {
        let local = Local::named("Europe/Berlin");
        assert_eq!(
            local.tell("waits until 2026-01-05T08:00:00Z, then 4.5.6 goes (2026-07-01T10:30:00.25Z)"),
            "waits until Mon 5 Jan 09:00, then 4.5.6 goes (2026-07-01T10:30:00.25Z)"
        );
    }

    #[test]
    fn a_length_is_told_in_its_two_largest_units() {
        let told = [0, 59_000, 61_000, 3_600_000, 5_400_000, 90_000_000, -172_800_000].map(|n| length(Millis(n)));
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 h", "1 h 30 min", "1 d 1 h", "2 d"]);
    }
}
