//! Sequences of one exclusive group that want the same leads at the same moment.

use super::Files;
use crate::compile::diagnostic::Code;
use crate::domain::condition::{Condition, Worlds};
use crate::domain::sequence::{Act, Again, Limits, Sequence, Step, Trigger};

/// Tells equal priorities, and a sequence that others of its group leave nobody.
pub fn groups(files: Files<'_>) {
    for (name, sequence) in files.sequences {
        let rivals = || {
            let same = |other: &&Sequence| {
                other.exclusive.is_some() && other.exclusive == sequence.exclusive && other.name != *name
            };
            files.sequences.values().filter(same)
        };
        let equal =
            rivals().find(|other| other.name > *name && other.priority == sequence.priority && shared(sequence, other));
        if let Some(other) = equal
            && let Some(place) = files.key(name, "exclusive")
        {
            let message = format!(
                "this and `{}` enroll on the same trigger in one exclusive group, with the same priority",
                other.name
            );
            let hint = "give one of them a larger `priority`, so that it is plain which one a lead enters".to_owned();
            files.report.warn(Code::EqualPriority, place, message, hint);
        }
        let first: Vec<&Sequence> = rivals().filter(|rival| goes_first(rival, sequence)).collect();
        if !sequence.enroll.is_empty()
            && sequence.enroll.iter().all(|trigger| all_taken(trigger, &first))
            && !is_entered(files, name)
            && let Some(place) = files.key(name, "exclusive")
        {
            let message =
                "no lead can ever enter this sequence by itself: others of its exclusive group take every lead first";
            let hint = "raise its `priority`, or narrow the `when` of the others".to_owned();
            files.report.error_with(Code::Starves, place, message, hint);
        }
    }
}

/// Whether one lead may set off both at one moment.
fn shared(one: &Sequence, other: &Sequence) -> bool {
    one.enroll.iter().any(|a| other.enroll.iter().any(|b| same_moment(a, b) && can_both_hold(a, b)))
}

fn same_moment(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (Trigger::Event { on, .. }, Trigger::Event { on: other, .. }) => on == other,
        (Trigger::Every { cron, .. }, Trigger::Every { cron: other, .. }) => cron == other,
        _ => false,
    }
}

fn can_both_hold(a: &Trigger, b: &Trigger) -> bool {
    let conditions = [a, b].into_iter().filter_map(Trigger::condition);
    Worlds::of(conditions).is_none_or(|worlds| worlds.answers().iter().any(|answers| answers.iter().all(|one| *one)))
}

/// Whether a rival takes every lead that its triggers bring, each time, before a sequence does.
fn goes_first(rival: &Sequence, sequence: &Sequence) -> bool {
    let first = rival.priority > sequence.priority && rival.again == Again::Always && rival.limits == Limits::default();
    first && rival.stop.when.is_none()
}

/// Whether rivals take every lead that a trigger would bring, all of them together.
fn all_taken(trigger: &Trigger, rivals: &[&Sequence]) -> bool {
    let beside: Vec<&Trigger> =
        rivals.iter().flat_map(|rival| &rival.enroll).filter(|other| same_moment(other, trigger)).collect();
    let asked: Vec<&Condition> = beside.iter().filter_map(|other| other.condition()).collect();
    if asked.len() < beside.len() {
        return true;
    }
    let Some(worlds) = Worlds::of(asked.iter().copied().chain(trigger.condition())) else { return false };
    let answers = worlds.answers();
    let mut brought = answers.iter().map(|one| one.split_at(asked.len())).filter(|(_, own)| own.iter().all(|one| *one));
    // A trigger that brings nobody has nobody taken away.
    let Some((first, _)) = brought.next() else { return false };
    first.contains(&true) && brought.all(|(rivals, _)| rivals.contains(&true))
}

/// Whether a step of another sequence enrolls into this one.
fn is_entered(files: Files<'_>, name: &str) -> bool {
    let enrolls = |step: &Step| matches!(&step.act, Act::Enroll { sequence } if sequence == name);
    files.sequences.values().any(|sequence| sequence.steps.iter().any(enrolls))
}
