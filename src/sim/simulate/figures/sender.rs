//! What a sender carries, day by day, and whether that is all it is given.

use jiff::tz::TimeZone;

use super::add;
use crate::domain::calendar::zone_named;
use crate::domain::playbook::{Playbook, Sender};
use crate::domain::time::Millis;

#[derive(Clone, Debug)]
pub struct SenderFigures {
    /// Mails a day that it may send.
    pub limit: Option<u32>,
    /// Mails that its gap leaves room for in the longest window of a day; none where nothing keeps them apart.
    paced: Option<u64>,
    /// It is paused, by hand or by itself: nothing leaves.
    pub stopped: bool,
    pub(super) zone: TimeZone,
    /// Mails that left, by day.
    pub sent: Vec<u32>,
    /// Mails that might have left from that day on, by day.
    pub came: Vec<u32>,
    /// Mails that left or were called off, by day.
    pub gone: Vec<u32>,
}

/// A time in which more mails waited than a day carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The first day at whose end it was so.
    pub from: usize,
    /// The first day from which on it never was so again; none if it still is on the last.
    pub gone: Option<usize>,
}

impl SenderFigures {
    pub(super) fn new(sender: &Sender, window: Millis, days: usize) -> Self {
        let none = || vec![0; days];
        Self {
            limit: sender.per_day,
            paced: paced(sender.gap, window),
            stopped: false,
            zone: zone_named(&sender.zone).unwrap_or(TimeZone::UTC),
            sent: none(),
            came: none(),
            gone: none(),
        }
    }

    pub(super) fn leaves(&mut self, day: usize) {
        add(&mut self.sent, day);
        add(&mut self.gone, day);
    }

    /// Mails that might have left and had not, at the end of each day.
    pub fn waiting(&self) -> Vec<u64> {
        let mut waiting = 0_u64;
        let days = self.came.iter().zip(&self.gone);
        days.map(|(came, gone)| {
            waiting = (waiting + u64::from(*came)).saturating_sub(u64::from(*gone));
            waiting
        })
        .collect()
    }

    /// Mails that a day carries: what its gap leaves room for, or the busiest day where leads of many zones make its windows longer, and
    /// never more than its limit. None where nothing limits it.
    pub fn carries(&self) -> Option<u64> {
        if self.stopped {
            return Some(0);
        }
        let busiest = self.sent.iter().copied().max().map_or(0, u64::from);
        let paced = self.paced.map(|paced| paced.max(busiest));
        self.limit.map(u64::from).into_iter().chain(paced).min()
    }

    /// The time in which more waited than a day carries.
    pub fn backlog(&self) -> Option<Backlog> {
        let carries = self.carries()?;
        let waiting = self.waiting();
        let over = |waiting: &u64| *waiting > carries;
        let (from, last) = (waiting.iter().position(over)?, waiting.iter().rposition(over)?);
        Some(Backlog { from, gone: (last + 1 < waiting.len()).then_some(last + 1) })
    }

    pub fn total(&self) -> u64 {
        self.sent.iter().copied().map(u64::from).sum()
    }
}

/// The longest window of a day of the sequences that mail by a sender.
pub(super) fn longest_window(sender: &Sender, playbook: &Playbook) -> Millis {
    let uses = |from: &str| playbook.settings.senders_of(from).any(|one| one.name == sender.name);
    let mailing = playbook.sequences.values().filter(|sequence| sequence.send.from.as_deref().is_some_and(uses));
    mailing.map(|sequence| sequence.send.calendar.working_day()).max().unwrap_or(Millis::ZERO)
}

/// How often a gap fits into a window; without a gap nothing keeps mails apart.
fn paced(gap: Millis, window: Millis) -> Option<u64> {
    let gap = u64::try_from(gap.0).ok().filter(|gap| *gap > 0)?;
    Some(u64::try_from(window.0).unwrap_or(0) / gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(limit: Option<u32>, gap: Millis, came: &[u32], sent: &[u32]) -> SenderFigures {
        let sender = Sender { gap, ..Sender::made_up("maya", limit) };
        let mut figures = SenderFigures::new(&sender, Millis::HOUR, came.len());
        (figures.came, figures.gone, figures.sent) = (came.to_vec(), sent.to_vec(), sent.to_vec());
        figures
    }

    #[test]
    fn a_backlog_is_more_than_a_day_carries_from_its_first_day_until_it_is_gone() {
        let backlog = |from, gone| Some(Backlog { from, gone });
        let (none, half) = (Millis::ZERO, Millis::MINUTE.times(30));
        for (limit, gap, came, sent, expected) in [
            // A limit that is passed early and made up for before the end.
            (Some(3), none, [9, 0, 0, 0, 0], [3, 3, 3, 0, 0], backlog(0, Some(1))),
            (Some(3), none, [5, 5, 5, 0, 0], [3, 3, 3, 3, 3], backlog(1, Some(3))),
            // A gap alone: the busiest day is what it carries.
            (None, half, [4, 4, 4, 4, 4], [2, 2, 2, 2, 2], backlog(1, None)),
            // The gap carries less than the limit says.
            (Some(400), half, [4, 4, 4, 4, 4], [2, 2, 2, 2, 2], backlog(1, None)),
            // A day's worth that waits over night is none.
            (Some(3), none, [4, 3, 2, 0, 0], [3, 3, 3, 0, 0], None),
            (None, none, [4, 4, 4, 4, 4], [2, 2, 2, 2, 2], None),
        ] {
            assert_eq!(figures(limit, gap, &came, &sent).backlog(), expected, "{limit:?} {gap:?} {came:?}");
        }
    }

    #[test]
    fn whatever_waits_for_a_stopped_sender_is_a_backlog() {
        let mut stopped = figures(None, Millis::ZERO, &[0, 1], &[0, 0]);
        assert_eq!(stopped.backlog(), None);
        stopped.stopped = true;
        assert_eq!(stopped.backlog(), Some(Backlog { from: 1, gone: None }));
    }
}
