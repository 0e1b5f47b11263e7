//! After a stop that was answered, nothing leaves that it stopped.

use super::super::notes::{Ban, Notes, Standing};
use super::super::world::World;
use super::{Known, Model};

pub fn check(model: &Model, fresh: usize, notes: &mut Notes) {
    let mut broken = Vec::new();
    for known in model.mails.iter().skip(fresh) {
        for standing in &notes.bans {
            if forbids(model, notes, (standing, known)) {
                let (mail, touch) = (&known.mail, &known.touch);
                let row =
                    model.touches.get(touch).map(|row| format!("{} {}", row.sequence, row.step)).unwrap_or_default();
                broken.push(format!("{touch} {row} to {} in step {}, {standing:?}", mail.to, mail.step));
            }
        }
    }
    for what in broken {
        notes.break_rule("I3 nothing after a stop", what);
    }
}

fn forbids(model: &Model, notes: &Notes, (standing, known): (&Standing, &Known)) -> bool {
    let step = known.mail.step;
    if step <= standing.since || standing.until.is_some_and(|until| step >= until) {
        return false;
    }
    let Some(row) = model.touches.get(&known.touch) else { return false };
    let before = model.since.get(&known.touch).is_some_and(|since| *since < standing.asked);
    let to = |who: usize| known.mail.to == World::address(who).as_str();
    // Who asks for a mail by hand asks for it in spite of what ended; of a suppression nobody may.
    let before = before && !notes.resent.contains_key(&known.touch);
    match &standing.ban {
        Ban::Person(who) | Ban::Address(who) => to(*who),
        Ban::Sequences { who, names } => to(*who) && before && names.contains(&row.sequence.as_str()),
        Ban::Sequence(name) => before && row.sequence == *name,
        Ban::Lane(lane) => lane.is_none_or(|lane| lane == row.lane),
    }
}
