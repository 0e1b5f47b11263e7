//! No sender sends more a day than it may, nor sooner than its gap.

use super::super::house::House;
use super::super::notes::Notes;
use super::{Known, Model};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use overture::domain::time::Instant;
use std::collections::BTreeMap;

pub fn check(model: &Model, house: &House, notes: &mut Notes) {
    for (name, sender) in &house.playbook.settings.senders {
        let lane = format!("mail:{name}");
        let zone = TimeZone::get(&sender.zone).expect("a zone of the world");
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        for known in model.mails.iter().filter(|known| on(model, known, &lane)) {
            *days.entry(date(&zone, known.taken_at)).or_default() += 1;
        }
        let cap = sender.per_day.map_or(usize::MAX, |cap| cap as usize);
        for (day, count) in days.iter().filter(|(_, count)| **count > cap) {
            notes.break_rule("I5 no more a day than the cap", format!("{lane}: {count} of {cap} on {day}"));
        }
        if sender.gap.0 == 0 {
            continue;
        }
        let taken: Vec<_> = notes.taken.iter().filter(|taken| taken.lane == lane).cloned().collect();
        for one in taken.iter().filter(|one| one.touches.len() > 1) {
            notes.break_rule("I5 one at a time where there is a gap", format!("{lane}: {one:?}"));
        }
        for two in taken.windows(2).filter(|two| two[0].era == two[1].era && two[1].at.since(two[0].at) < sender.gap) {
            notes.break_rule("I5 no two within the gap", format!("{lane}: {} and {}", two[0].at, two[1].at));
        }
    }
}

fn on(model: &Model, known: &Known, lane: &str) -> bool {
    model.touches.get(&known.touch).is_some_and(|row| row.lane == lane)
}

fn date(zone: &TimeZone, at: Instant) -> Date {
    at.to_jiff().to_zoned(zone.clone()).date()
}
