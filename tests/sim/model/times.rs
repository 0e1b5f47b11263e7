//! No step before its time, and none outside of its window.

use super::super::notes::Notes;
use super::super::world::World;
use super::{Known, Model};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use overture::domain::decide::Ask;
use overture::domain::time::{Instant, Millis};
use overture::store::touch_row::TouchRow;

/// How long after which steps a step may come at the earliest.
const WAITS: [(&str, &str, &[&str], Millis); 5] = [
    ("hello", "deep", &["first"], Millis::DAY.times(2)),
    ("hello", "nudge", &["first"], Millis::DAY.times(2)),
    ("hello", "last", &["deep", "nudge"], Millis::HOUR.times(22)),
    ("reach", "two", &["one"], Millis::DAY),
    // Two business days are more than one day, whatever the weekday.
    ("reach", "three", &["two"], Millis::DAY),
];
const ZONES: [(&str, &str); 4] =
    [("DE", "Europe/Berlin"), ("JP", "Asia/Tokyo"), ("GB", "Europe/London"), ("IN", "Asia/Kolkata")];
const OPENS: i8 = 8;
const CLOSES: i8 = 18;

pub fn check(model: &Model, fresh: usize, notes: &mut Notes) {
    for known in model.mails.iter().skip(fresh) {
        let Some(row) = model.touches.get(&known.touch) else { continue };
        if row.sequence == "hello" && !moved_since(known, notes) && !is_open(model, row, known.began_at) {
            let what = format!("{} {} began at {} in {}", row.id, row.step, known.began_at, row.zone);
            notes.break_rule("I4 nothing outside of its window", what);
        }
        let wait = WAITS.iter().find(|(sequence, step, ..)| row.sequence == *sequence && row.step == *step);
        let Some((.., before, wait)) = wait else { continue };
        if let Some(earlier) =
            earlier(model, notes, (row, before)).filter(|earlier| in_hand_at(known) < earlier.mail.at + *wait)
        {
            let what = format!(
                "{} {} began at {}, {} came at {}",
                row.id, row.step, known.began_at, before[0], earlier.mail.at
            );
            notes.break_rule("I4 no step before its time", what);
        }
    }
}

/// When it was its time: a clock that is set back while a mail is in hand takes that from none.
fn in_hand_at(known: &Known) -> Instant {
    known.taken_at.max(known.began_at)
}

/// Whether the recipient moved after the mail was taken from its lane: it leaves as it was meant then.
fn moved_since(known: &Known, notes: &Notes) -> bool {
    notes.facts.iter().any(|fact| {
        let moves = matches!(fact.unit.input.ask, Ask::Change { .. } | Ask::Absorb { .. });
        moves
            && known.mail.to == World::address(fact.who).as_str()
            && fact.answered.is_none_or(|step| step >= known.taken_in)
    })
}

/// The first try of the step before that was not refused.
fn earlier<'m>(model: &'m Model, notes: &Notes, (row, before): (&TouchRow, &[&str])) -> Option<&'m Known> {
    // What a person asked for once more came later than it was counted; and a clock that was set back makes waits look shorter.
    let is_before = |known: &&Known| {
        let other = model.touches.get(&known.touch);
        let counted = known.era == notes.era && !notes.resent.contains_key(&known.touch);
        counted && other.is_some_and(|other| other.origin == row.origin && before.contains(&other.step.as_str()))
    };
    model.mails.iter().filter(is_before).find(|known| known.mail.taken)
}

fn is_open(model: &Model, row: &TouchRow, at: Instant) -> bool {
    let lead = model.leads.values().find(|lead| lead.id == row.lead);
    let country = lead.and_then(|lead| lead.attributes.get("country")).and_then(|country| country.as_str());
    let zone = ZONES.iter().find(|(name, _)| Some(*name) == country).map_or("Europe/Berlin", |(_, zone)| zone);
    let local = at.to_jiff().to_zoned(TimeZone::get(zone).expect("a zone of the world"));
    let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
    !weekend && (OPENS..CLOSES).contains(&local.hour())
}
