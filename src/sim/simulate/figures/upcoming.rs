//! Which mails leave on which day: the calendar of those who are in flight.

use std::collections::BTreeMap;

/// Mails by day, sequence, step and sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upcoming(BTreeMap<(usize, String, String, String), u64>);

/// Mails of one step that leave on one day by one sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub day: usize,
    pub sequence: &'a str,
    pub step: &'a str,
    pub sender: &'a str,
    pub mails: u64,
}

impl Upcoming {
    pub(super) fn count(&mut self, day: usize, (sequence, step, sender): (&str, &str, &str)) {
        *self.0.entry((day, sequence.to_owned(), step.to_owned(), sender.to_owned())).or_default() += 1;
    }

    /// In the order of the days.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.iter().map(|((day, sequence, step, sender), mails)| Line {
            day: *day,
            sequence,
            step,
            sender,
            mails: *mails,
        })
    }
}
