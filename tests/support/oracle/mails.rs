//! I1 to I5: what came, how often, when, and whether it was still wanted.

use super::{Books, Expected, Verdict};
use crate::support::faulty_smtp::Copy;
use overture::domain::calendar::{local, zone_named};
use overture::domain::time::Instant;
use overture::domain::touch::{Channel, Policy, State};
use overture::store::reports::TouchRow;
use std::collections::BTreeMap;

/// Copies of each mail, in the order in which they came.
pub type ByMessage<'c> = BTreeMap<String, Vec<&'c Copy>>;

pub fn by_message(copies: &[Copy]) -> ByMessage<'_> {
    let mut all = ByMessage::new();
    for copy in copies {
        all.entry(copy.mail.message_id()).or_default().push(copy);
    }
    all
}

fn of<'c, 'm>(touch: &TouchRow, all: &'m ByMessage<'c>) -> &'m [&'c Copy] {
    touch.message_id.as_ref().and_then(|id| all.get(id)).map_or(&[], Vec::as_slice)
}

fn taken(copies: &[&Copy]) -> usize {
    copies.iter().filter(|copy| copy.taken).count()
}

/// I1 and I2.
pub fn copies(books: &Books, all: &ByMessage<'_>, expected: &Expected, verdict: &mut Verdict) {
    let known: BTreeMap<&str, &TouchRow> =
        books.touches.iter().filter_map(|touch| Some((touch.message_id.as_deref()?, touch))).collect();
    for (id, copies) in all {
        let Some(touch) = known.get(id.as_str()) else {
            verdict.broken.push(format!("I2: a mail came that no touch knows: {id}"));
            continue;
        };
        let name = || format!("{} to {}", touch.step, books.address(touch));
        let extra = if touch.policy == Policy::AtLeastOnce { expected.crashes } else { 0 };
        if taken(copies) > 1 + extra {
            verdict.doubled.push(format!("I1: {} came {} times", name(), taken(copies)));
        }
        // Turned away after its last byte, and whatever is sent at least once: the next is the same.
        if copies.windows(2).any(|two| two[0].mail != two[1].mail) {
            verdict.broken.push(format!("I1: {} came in several forms", name()));
        }
        let may = [State::Accepted, State::Unknown].contains(&touch.state);
        if taken(copies) > 0 && !may {
            verdict.broken.push(format!("I2: {} came, and is {}", name(), touch.state.as_str()));
        }
    }
    for touch in books.touches.iter().filter(|touch| touch.channel == Channel::Email) {
        if touch.state == State::Accepted && taken(of(touch, all)) == 0 {
            verdict.lost.push(format!("I2: {} to {} is accepted, and never came", touch.step, books.address(touch)));
        }
    }
}

/// I3. A mark's instant is read before its transaction begins: one after the acknowledgement began after the stop's commit.
pub fn stops(books: &Books, expected: &Expected, verdict: &mut Verdict) {
    for stop in &expected.stops {
        let Some(lead) = books.lead(&stop.lead) else { continue };
        let of_lead = books.touches.iter().filter(|touch| touch.lead == lead.id && touch.channel == Channel::Email);
        for touch in of_lead {
            if touch.marked_at.is_some_and(|at| at > stop.acknowledged_at) {
                verdict.broken.push(format!("I3: {} to {} was marked after its stop", touch.step, stop.lead));
            }
            let open = [State::Queued, State::Deferred, State::Claimed, State::Intent].contains(&touch.state);
            if open {
                verdict.broken.push(format!(
                    "I3: {} to {} is {} although the lead was stopped",
                    touch.step,
                    stop.lead,
                    touch.state.as_str()
                ));
            }
        }
    }
}

/// I4: by the database's word, and by the mail server's.
pub fn times(books: &Books, all: &ByMessage<'_>, expected: &Expected, verdict: &mut Verdict) {
    for touch in &books.touches {
        let early = of(touch, all).iter().any(|copy| copy.came_at + expected.slack < touch.first_allowed_at);
        if early || touch.marked_at.is_some_and(|at| at < touch.first_allowed_at) {
            verdict.broken.push(format!("I4: {} to {} came before its time", touch.step, books.address(touch)));
        }
    }
    for wait in &expected.waits {
        let firsts = books.touches.iter().filter(|touch| touch.step == wait.before);
        for first in firsts {
            let after = |touch: &&TouchRow| touch.origin == first.origin && touch.step == wait.after;
            let Some(second) = books.touches.iter().find(after) else { continue };
            let name = || format!("{} to {}", second.step, books.address(second));
            let asked = of(first, all).iter().map(|copy| copy.asked_at).min();
            let came = of(second, all).iter().map(|copy| copy.came_at).min();
            if asked.zip(came).is_some_and(|(asked, came)| came + expected.slack < asked + wait.length) {
                verdict.broken.push(format!("I4: {} came before the wait was over", name()));
            }
            if first.marked_at.is_some_and(|at| second.created_at < at + wait.length) {
                verdict.broken.push(format!("I4: {} was queued before the wait was over", name()));
            }
        }
    }
}

/// I5: a mail leaves after the server asked for it and before its last byte came, so two of them have at least the gap between the one's
/// asking and the other's coming.
pub fn paces(books: &Books, all: &ByMessage<'_>, expected: &Expected, verdict: &mut Verdict) {
    for pace in &expected.paces {
        let mut spans: Vec<(Instant, Instant, &TouchRow)> = Vec::new();
        let mut days: BTreeMap<i32, u32> = BTreeMap::new();
        let zone = zone_named(&pace.zone).expect("the zone of the test is one");
        for touch in books.touches.iter().filter(|touch| touch.lane == pace.lane) {
            for copy in of(touch, all) {
                spans.push((copy.asked_at, copy.came_at, touch));
                if copy.taken {
                    *days.entry(local::day_number(&zone, copy.came_at)).or_default() += 1;
                }
            }
        }
        spans.sort_by_key(|(asked, came, _)| (*asked, *came));
        if let Some(two) = spans.windows(2).find(|two| two[1].1 + expected.slack < two[0].0 + pace.gap) {
            let between = two[1].1.since(two[0].0).0;
            let told = |(asked, came, touch): &(Instant, Instant, &TouchRow)| {
                let at = |at: Option<Instant>| at.map_or("never".to_owned(), |at| at.to_string());
                let (intent, mark, done) = (at(touch.intent_at), at(touch.marked_at), at(touch.done_at));
                let state = touch.state.as_str();
                format!(
                    "{} {state}: asked for at {asked}, came at {came}, intent {intent}, mark {mark}, done {done}",
                    touch.id
                )
            };
            let pair = two.iter().map(told).collect::<Vec<_>>().join("\n    ");
            verdict
                .broken
                .push(format!("I5: two mails of {} lie {between} ms from each other:\n    {pair}", pace.lane));
        }
        for (day, count) in days {
            if pace.cap.is_some_and(|cap| count > cap) {
                verdict.broken.push(format!("I5: {count} mails of {} left in one day", pace.lane));
            }
            let lane = books.lanes.iter().find(|lane| lane.name == pace.lane && lane.day == day);
            if lane.is_some_and(|lane| lane.used < count) {
                verdict.broken.push(format!("I5: {count} mails of {} left and fewer are counted", pace.lane));
            }
        }
    }
}
