//! What reps do about a handoff: most answer in time, some too late, some send it back, and a few of those answered buy.

use serde_json::Value;

use super::Chance;
use super::agenda::{After, Deed};
use crate::domain::calendar::Calendar;
use crate::domain::routing::Staff;
use crate::domain::time::{Instant, Millis};

/// An alert that a handoff was opened, as a rep reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub email: String,
    handoff: String,
    rep: String,
    due_at: Option<Instant>,
    claim: String,
    contacted: String,
    not_ready: String,
    wrong_person: String,
}

impl Alert {
    /// Reads the payload of a webhook; none if it tells of something else.
    pub fn read(payload: &Value) -> Option<Self> {
        if payload["type"] != "handoff.opened" {
            return None;
        }
        let data = &payload["data"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let action = |name: &str| text(&data["actions"][name]);
        Some(Self {
            email: text(&data["lead"]["email"])?,
            handoff: text(&data["handoff"]["id"])?,
            rep: text(&data["handoff"]["rep"])?,
            due_at: text(&data["handoff"]["respond_by"])
                .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .map(Instant::from_jiff),
            claim: action("claim")?,
            contacted: action("contacted")?,
            not_ready: action("not_ready")?,
            wrong_person: action("wrong_person")?,
        })
    }

    /// What its rep does, at which times; `person` is whom it is about.
    pub fn deeds(&self, person: usize, staff: &Staff, (now, chance): (Instant, &Chance)) -> Vec<(Instant, Deed)> {
        let calendar = staff.reps.get(&self.rep).and_then(|rep| staff.calendars.get(&rep.calendar));
        let Some(calendar) = calendar else { return Vec::new() };
        let press = |url: &String, reason, then| Deed::Press { url: url.clone(), reason, then };
        let at = |least, most, what: &str| chance.between(least, most, &[&self.handoff, what]);
        let seen = open(calendar, now) + at(Millis::SECOND.times(40), Millis::MINUTE.times(3), "sees");
        let claims = (seen, press(&self.claim, None, None));
        match chance.below(100, &[&self.handoff, "what"]) {
            0..=64 => {
                let contacted = open(calendar, seen + at(Millis::MINUTE, Millis::MINUTE.times(5), "calls"));
                vec![claims, (contacted, press(&self.contacted, None, Some(After { person })))]
            }
            65..=84 => {
                let late = self.due_at.unwrap_or(seen) + at(Millis::MINUTE.times(12), Millis::HOUR.times(3), "late");
                vec![(open(calendar, late), press(&self.contacted, None, Some(After { person })))]
            }
            85..=92 => vec![
                claims,
                (seen + Millis::MINUTE.times(4), press(&self.not_ready, Some("no budget before summer"), None)),
            ],
            93..=95 => vec![(seen, press(&self.wrong_person, None, None))],
            // Nobody does anything, until the ladder gives it back.
            _ => Vec::new(),
        }
    }
}

/// What becomes of a lead that sales was in touch with.
pub fn after(person: usize, (now, chance): (Instant, &Chance)) -> Vec<(Instant, Deed)> {
    let name = person.to_string();
    let day = |at: Instant, least: usize, most: usize, what: &str| {
        let days = least + chance.below(most - least + 1, &[&name, what]);
        on_a_weekday(at + Millis::DAY.times(i64::try_from(days).unwrap_or(0)))
    };
    if !chance.falls(58, &[&name, "opportunity"]) {
        return Vec::new();
    }
    let met = day(now, 1, 4, "meets");
    let mut deeds = vec![(met, Deed::Stage { person, to: "opportunity", reason: "first meeting went well" })];
    if chance.falls(55, &[&name, "customer"]) {
        deeds.push((day(met, 3, 9, "signs"), Deed::Stage { person, to: "customer", reason: "contract signed" }));
    }
    deeds
}

/// Two days later where it would be a Saturday or Sunday.
fn on_a_weekday(at: Instant) -> Instant {
    let weekday = at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).weekday().to_monday_zero_offset();
    if weekday < 5 { at } else { at + Millis::DAY.times(2) }
}

fn open(calendar: &Calendar, at: Instant) -> Instant {
    calendar.next_open(at).unwrap_or(at)
}
