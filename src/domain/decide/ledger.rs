//! Keeps a lead's ledger short, without changing what it is worth from now on.

use crate::domain::score::{Ledger, Line};
use crate::domain::time::Instant;

/// Lines kept apart; beyond, ended ones go, then the two oldest of one rule are joined.
const LINES: usize = 120;

/// Writes a line.
pub fn write(lines: &mut Vec<Line>, line: &Line, now: Instant) {
    lines.push(line.clone());
    if lines.len() <= LINES {
        return;
    }
    let ended = |line: &Line| line.ends.is_some_and(|ends| ends <= now);
    if let Some(over) = lines.iter().position(ended) {
        lines.remove(over);
        return;
    }
    if let Some((first, second)) = pair(lines) {
        let earlier = lines.remove(first);
        lines[second - 1].absorb(&earlier);
    }
}

/// The first two engagement lines that one line can stand for.
fn pair(lines: &[Line]) -> Option<(usize, usize)> {
    let alike = |one: &Line, other: &Line| {
        other.ledger == Ledger::Engagement
            && one.rule == other.rule
            && one.half_life == other.half_life
            && one.ends.is_some() == other.ends.is_some()
    };
    let engaged = lines.iter().enumerate().filter(|(_, line)| line.ledger == Ledger::Engagement);
    engaged.into_iter().find_map(|(first, line)| {
        let second = first + 1 + lines[first + 1..].iter().position(|other| alike(line, other))?;
        Some((first, second))
    })
}

impl Line {
    /// Takes in another line of the same rule. The sum is worth the same from the later beginning on; of two ends the earlier
    /// counts, so that points which keep coming cannot keep old ones alive.
    fn absorb(&mut self, other: &Self) {
        let at = self.at.max(other.at);
        let worth = |line: &Self| Self { at: line.at.min(at), ends: None, ..line.clone() }.worth(at);
        // Six decimals are exact in JSON, however often they are written and read.
        self.points = ((worth(self) + worth(other)) * 1e6).round() / 1e6;
        self.at = at;
        self.ends = self.ends.min(other.ends);
    }
}
