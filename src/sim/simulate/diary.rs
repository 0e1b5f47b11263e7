//! A rep does one thing at a time: what comes while she is busy waits for the first gap in her working hours that it fits into.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::figures::Work;
use crate::domain::calendar::Calendar;
use crate::domain::time::{Instant, Millis};

/// From when until when a rep does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub begins_at: Instant,
    pub ends_at: Instant,
}

/// What one rep means to do when.
pub struct Diary {
    /// Closed on her days off.
    calendar: Calendar,
    /// Times without a gap between them, by their beginnings.
    full: BTreeMap<Instant, Instant>,
    planned: BTreeMap<String, Slot>,
    /// When something first had to wait for longer than a whole working day.
    behind_at: Option<Instant>,
}

impl Diary {
    pub const fn new(calendar: Calendar) -> Self {
        Self { calendar, full: BTreeMap::new(), planned: BTreeMap::new(), behind_at: None }
    }

    /// So much working time later.
    pub fn after(&self, from: Instant, length: Millis) -> Instant {
        self.calendar.add_working(from, length).unwrap_or(from)
    }

    /// The first gap that something fits into; none when she never works.
    pub fn gap(&self, from: Instant, length: Millis) -> Option<Slot> {
        let mut begins_at = self.calendar.next_open(from)?;
        loop {
            let ends_at = self.calendar.add_working(begins_at, length)?;
            let before = self.full.range(..=begins_at).next_back().map(|(_, end)| *end).filter(|end| *end > begins_at);
            let next = || self.full.range(begins_at..).next().filter(|(start, _)| **start < ends_at);
            let Some(busy_until) = before.or_else(|| next().map(|(_, end)| *end)) else {
                return Some(Slot { begins_at, ends_at });
            };
            begins_at = self.calendar.next_open(busy_until)?;
        }
    }

    /// Plans something that is asked for now and can begin at `from`.
    pub fn plan(&mut self, what: &str, (from, now): (Instant, Instant), length: Millis) -> Option<Slot> {
        self.forget(now);
        let slot = self.gap(from, length)?;
        if self.behind_at.is_none() && self.calendar.working_between(from, slot.begins_at) > self.calendar.working_day()
        {
            self.behind_at = Some(now);
        }
        if slot.begins_at < slot.ends_at {
            self.fill(slot);
        }
        self.planned.insert(what.to_owned(), slot);
        Some(slot)
    }

    /// Something need not be done any more; where it was not begun there is a gap.
    pub fn strike(&mut self, what: &str, now: Instant) {
        let Some(slot) = self.planned.get(what).copied().filter(|slot| slot.begins_at > now) else { return };
        self.planned.remove(what);
        let around = self.full.range(..=slot.begins_at).next_back().map(|(start, end)| (*start, *end));
        let Some((start, end)) = around.filter(|(_, end)| *end >= slot.ends_at) else { return };
        self.full.remove(&start);
        if start < slot.begins_at {
            self.full.insert(start, slot.begins_at);
        }
        if slot.ends_at < end {
            self.full.insert(slot.ends_at, end);
        }
    }

    /// What was done between two instants, and how much time there was for it.
    pub fn work(&self, (start, end): (Instant, Instant), day: impl Fn(Instant) -> Option<usize>) -> Work {
        let busy =
            self.planned.values().map(|slot| self.calendar.working_between(slot.begins_at, slot.ends_at.min(end)));
        Work {
            busy: busy.fold(Millis::ZERO, |sum, length| Millis(sum.0 + length.0)),
            open: self.calendar.working_between(start, end),
            behind_from: self.behind_at.and_then(day),
        }
    }

    /// Joins a time with those that it leaves no gap to.
    fn fill(&mut self, Slot { mut begins_at, mut ends_at }: Slot) {
        let meets = |end: Instant, start: Instant| self.calendar.next_open(end).is_some_and(|open| open >= start);
        let before = self.full.range(..begins_at).next_back().map(|(start, end)| (*start, *end));
        if let Some((start, _)) = before.filter(|(_, end)| meets(*end, begins_at)) {
            begins_at = start;
        }
        let after = self.full.range((Excluded(begins_at), Unbounded)).next().map(|(start, end)| (*start, *end));
        if let Some((start, end)) = after.filter(|(start, _)| meets(ends_at, *start)) {
            ends_at = end;
            self.full.remove(&start);
        }
        self.full.insert(begins_at, ends_at);
    }

    fn forget(&mut self, now: Instant) {
        while self.full.first_key_value().is_some_and(|(_, end)| *end <= now) {
            self.full.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::calendar::{Hours, Weekdays};

    /// Monday, 2026-01-05, so many minutes after nine.
    fn at(minutes: i64) -> Instant {
        Instant(1_767_603_600_000) + Millis::MINUTE.times(minutes)
    }

    fn diary() -> Diary {
        let hours = [Hours::parse("09:00-17:00").unwrap()];
        Diary::new(Calendar::new(TimeZone::UTC, Weekdays::parse("mon-fri").unwrap(), &hours, BTreeSet::new()))
    }

    fn slot(begins: i64, ends: i64) -> Slot {
        Slot { begins_at: at(begins), ends_at: at(ends) }
    }

    #[test]
    fn one_thing_is_done_after_the_other_in_working_hours() {
        let (mut diary, half) = (diary(), Millis::MINUTE.times(30));
        assert_eq!(diary.plan("first", (at(0), at(0)), half), Some(slot(0, 30)));
        assert_eq!(diary.plan("second", (at(10), at(10)), half), Some(slot(30, 60)));
        assert_eq!(diary.plan("at noon", (at(180), at(10)), half), Some(slot(180, 210)));
        assert_eq!(diary.plan("long", (at(11), at(11)), half.times(4)), Some(slot(60, 180)), "it just fits");
        assert_eq!(diary.plan("after all of these", (at(12), at(12)), half), Some(slot(210, 240)));
        let tomorrow = 24 * 60;
        assert_eq!(diary.plan("in the evening", (at(479), at(12)), half), Some(slot(479, tomorrow + 29)));
    }

    #[test]
    fn what_need_not_be_done_makes_room_unless_it_was_begun() {
        let (mut diary, half) = (diary(), Millis::MINUTE.times(30));
        for what in ["a", "b", "c"] {
            diary.plan(what, (at(0), at(0)), half);
        }
        diary.strike("b", at(5));
        assert_eq!(diary.plan("d", (at(6), at(6)), half), Some(slot(30, 60)));
        diary.strike("a", at(10));
        assert_eq!(diary.plan("e", (at(10), at(10)), half), Some(slot(90, 120)), "it was under way");
        let work = diary.work((at(0), at(480)), |_| Some(0));
        assert_eq!((work.busy, work.open, work.behind_from), (half.times(4), half.times(16), None));
    }

    #[test]
    fn what_takes_no_time_is_in_nobodys_way() {
        let (mut diary, half) = (diary(), Millis::MINUTE.times(30));
        assert_eq!(diary.plan("at once", (at(10), at(0)), Millis::ZERO), Some(slot(10, 10)));
        assert_eq!(diary.plan("around it", (at(0), at(0)), half), Some(slot(0, 30)));
        assert_eq!(diary.plan("after it", (at(20), at(0)), Millis::ZERO), Some(slot(30, 30)));
    }

    #[test]
    fn who_has_more_than_a_day_holds_is_behind_from_that_day_on() {
        let (mut diary, hour) = (diary(), Millis::HOUR);
        for number in 0..9 {
            diary.plan(&number.to_string(), (at(0), at(0)), hour);
        }
        assert_eq!(diary.work((at(0), at(480)), |_| Some(0)).behind_from, None, "the last begins a whole day later");
        diary.plan("one more", (at(0), at(1)), hour);
        assert_eq!(diary.work((at(0), at(480)), |_| Some(7)).behind_from, Some(7));
    }
}
