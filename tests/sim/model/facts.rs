//! Each change has one event, a lead is the fold of its events, and each rung of a clock fires once and not before its time.

use super::super::notes::Notes;
use super::Model;
use overture::domain::decide::fold;
use overture::domain::event::{Event, Guests, What};
use overture::domain::handoff::Handoff;
use overture::domain::id::TouchId;
use overture::domain::lead::Lead;
use overture::domain::touch::Outcome;
use std::collections::BTreeMap;

pub fn check(model: &Model, who: usize, notes: &mut Notes) {
    let (Some(lead), Some(history)) = (model.leads.get(&who), model.histories.get(&who)) else { return };
    let numbers: Vec<u64> = history.iter().map(|event| event.seq).collect();
    if numbers != (1..=lead.seq).collect::<Vec<_>>() {
        notes.break_rule(
            "I6 events are numbered without a gap",
            format!("person {who}: {numbers:?}, the last {}", lead.seq),
        );
    }
    let folded = fold(history).map(|folded| Lead { wake_at: lead.wake_at, ..folded });
    if folded.as_ref() != Some(lead) {
        notes.break_rule("a lead is the fold of its events", format!("person {who}: {lead:?}\nfolded: {folded:?}"));
    }
    told_once(who, history, notes);
    once_each(who, history, notes);
    rungs(who, history, notes);
}

/// The number a fact carries, as the driver gave it.
fn number(event: &Event) -> Option<usize> {
    let number = match &event.what {
        What::Heard { data, .. } => data.get("n")?.as_u64()?,
        What::Hit { url, .. } => url.as_ref()?.rsplit_once("?n=")?.1.parse().ok()?,
        _ => return None,
    };
    usize::try_from(number).ok()
}

fn told_once(who: usize, history: &[Event], notes: &mut Notes) {
    let mut heard: BTreeMap<usize, usize> = BTreeMap::new();
    for number in history.iter().filter_map(number) {
        *heard.entry(number).or_default() += 1;
    }
    for (number, count) in heard.iter().filter(|(_, count)| **count > 1) {
        notes.break_rule("I6 a fact is heard once", format!("person {who}: fact {number} {count} times"));
    }
    let is_missing = |(number, fact): &(usize, &super::super::notes::Fact)| {
        use overture::domain::decide::Ask;
        let leaves_a_trace = matches!(fact.unit.input.ask, Ask::Hear { .. } | Ask::Hit { .. });
        fact.who == who && fact.answered.is_some() && !fact.unknown && leaves_a_trace && !heard.contains_key(number)
    };
    let missing: Vec<usize> = notes.facts.iter().enumerate().filter(is_missing).map(|(number, _)| number).collect();
    for number in missing {
        notes.break_rule("P1 what was answered is kept", format!("person {who}: fact {number}"));
    }
}

/// What may happen once to one thing.
fn once_each(who: usize, history: &[Event], notes: &mut Notes) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // One that a person asked for again while it was under way may arrive after it was known to have arrived.
    let again = |touch: &TouchId| notes.resent.contains_key(touch);
    let guests = Guests::of(history);
    for event in history {
        let key = match &event.what {
            What::Queued { touch, .. } => format!("{touch} was queued"),
            What::Touched { touch, outcome: Outcome::Accepted { .. }, .. } if !again(touch) => {
                format!("{touch} was accepted")
            }
            What::Touched { touch, outcome: Outcome::Refused { .. }, .. } => format!("{touch} was refused"),
            // Those of a lead that was taken in have numbers of their own.
            What::Settled { hit, .. } => format!("hit {hit} of {:?} was settled", guests.address_of(event.seq)),
            What::Enrolled { enrollment, .. } => format!("{enrollment} was begun"),
            What::Exited { enrollment, .. } => format!("{enrollment} was ended"),
            What::HandoffOpened { handoff } => format!("{} was opened", handoff.id),
            _ => continue,
        };
        *seen.entry(key).or_default() += 1;
    }
    for (what, count) in seen.into_iter().filter(|(_, count)| *count > 1) {
        notes.break_rule("I6 each change has one event", format!("person {who}: {what} {count} times"));
    }
}

fn rungs(who: usize, history: &[Event], notes: &mut Notes) {
    let guests = Guests::of(history);
    let mut open: Option<(&Handoff, Vec<usize>)> = None;
    for event in history.iter().filter(|event| guests.address_of(event.seq).is_none()) {
        match &event.what {
            What::HandoffOpened { handoff } => open = Some((handoff, Vec::new())),
            What::HandoffClosed { .. } => open = None,
            // Of two the first stands for both.
            What::Merged { from, .. } => {
                let own = open.as_ref().map(|(handoff, _)| handoff.opened_at);
                if let Some(theirs) =
                    from.handoff.as_ref().filter(|theirs| own.is_none_or(|own| theirs.opened_at < own))
                {
                    let fired = theirs.clock.iter().flat_map(|clock| clock.rungs.iter().enumerate());
                    open = Some((theirs, fired.filter(|(_, rung)| rung.fired).map(|(number, _)| number).collect()));
                }
            }
            What::Rung { number, .. } => {
                let Some((handoff, fired)) = &mut open else {
                    notes.break_rule("I8 a rung belongs to a handoff", format!("person {who}: rung {number}"));
                    continue;
                };
                let due = handoff.clock.as_ref().and_then(|clock| clock.rungs.get(*number)).map(|rung| rung.at);
                if fired.contains(number) {
                    notes.break_rule("I8 each rung fires once", format!("person {who}: {} rung {number}", handoff.id));
                }
                if due.is_none_or(|due| event.recorded_at < due) {
                    notes.break_rule(
                        "I8 no rung before its time",
                        format!("person {who}: {} rung {number}", handoff.id),
                    );
                }
                fired.push(*number);
            }
            _ => {}
        }
    }
}
