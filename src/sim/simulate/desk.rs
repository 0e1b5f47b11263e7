//! What reps do about a handoff: most answer in time, some too late, some send it back, and some let it lie.

use super::super::Chance;
use crate::domain::behaviour::{Rate, Reps, Span};
use crate::domain::calendar::Calendar;
use crate::domain::decide::Ask;
use crate::domain::handoff::{Act, Handoff};
use crate::domain::routing::Staff;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

/// Days until an opportunity, and from there to a customer.
const MEETS: (Millis, Millis) = (Millis::DAY, Millis::DAY.times(5));
const SIGNS: (Millis, Millis) = (Millis::DAY.times(7), Millis::DAY.times(45));

/// All that is done about a handoff, each at its time.
pub fn deeds(handoff: &Handoff, reps: &Reps, staff: &Staff, (now, chance): (Instant, &Chance)) -> Vec<(Instant, Ask)> {
    let calendar = staff.reps.get(&handoff.rep).and_then(|rep| staff.calendars.get(&rep.calendar));
    let Some(calendar) = calendar else { return Vec::new() };
    let id = handoff.id.as_str();
    let after = |span: Span, what: &str| chance.between(span.least, span.most, &[id, what]);
    let act = |act: Act| Ask::Act { handoff: handoff.id.clone(), act, by: handoff.rep.clone() };
    let seen = working(calendar, now, after(reps.sees_after, "sees"));
    let answered = working(calendar, seen, after(reps.answers_after, "answers"));
    match choice(chance.part(&[id, "what"]), &[reps.in_time, reps.late, reps.not_ready, reps.wrong_person]) {
        Some(0) => {
            let contacted = (answered, act(Act::Contacted));
            [vec![(seen, act(Act::Claim)), contacted], sold(id, reps, (answered, chance))].concat()
        }
        Some(1) => {
            let due = handoff.clock.as_ref().map_or(answered, |clock| clock.due_at.max(answered));
            let late = working(calendar, due.min(Instant::NEVER), after(reps.late_by, "late"));
            [vec![(late, act(Act::Contacted))], sold(id, reps, (late, chance))].concat()
        }
        Some(2) => vec![(seen, act(Act::Claim)), (answered, act(Act::NotReady { reason: "no budget".to_owned() }))],
        Some(3) => vec![(answered, act(Act::WrongPerson))],
        _ => Vec::new(),
    }
}

/// What becomes of a lead that sales was in touch with.
fn sold(id: &str, reps: &Reps, (at, chance): (Instant, &Chance)) -> Vec<(Instant, Ask)> {
    let stage = |to: Stage, reason: &str| Ask::Stage { to, reason: reason.to_owned() };
    if !chance.comes(reps.opportunity, &[id, "opportunity"]) {
        return Vec::new();
    }
    let met = at + chance.between(MEETS.0, MEETS.1, &[id, "meets"]);
    let mut deeds = vec![(met, stage(Stage::Opportunity, "first meeting went well"))];
    if chance.comes(reps.customer, &[id, "customer"]) {
        let signed = met + chance.between(SIGNS.0, SIGNS.1, &[id, "signs"]);
        deeds.push((signed, stage(Stage::Customer, "contract signed")));
    }
    deeds
}

fn working(calendar: &Calendar, from: Instant, length: Millis) -> Instant {
    calendar.add_working(from, length).unwrap_or(from)
}

/// Which of some rates a throw from 0 to 99,999 falls into.
pub fn choice(thrown: u32, rates: &[Rate]) -> Option<usize> {
    let mut sum = 0;
    rates.iter().position(|rate| {
        sum += rate.0;
        thrown < sum
    })
}
