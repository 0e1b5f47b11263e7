//! The enrollments of two leads that would have ended, or not begun, had they been one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::advance::sequence_of;
use super::super::work::Work;
use crate::domain::enrollment::{Enrollment, Exit, Phase, StepFacts};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::{Heard, Lead};
use crate::domain::sequence::{Again, Kind, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::domain::touch::State;

/// What ends, each with its reason.
pub fn of_both(work: &Work<'_>, other: &Lead) -> BTreeMap<EnrollmentId, Exit> {
    let mut told: BTreeMap<EnrollmentId, Instant> = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for (lead, beside) in [(&work.lead, other), (other, &work.lead)] {
        for running in &lead.enrollments {
            let Some(sequence) = sequence_of(work, running) else { continue };
            if let Some((exit, at)) = missed(&sequence, running, &beside.heard) {
                ends.insert(running.id.clone(), exit);
                told.insert(running.id.clone(), at);
            } else if was_there(work, running, beside) {
                ends.insert(running.id.clone(), Exit::Merged);
            }
        }
    }
    for (own, theirs) in pairs(&work.lead, other).filter(|(own, theirs)| own.sequence == theirs.sequence) {
        let out = match (told.get(&own.id), told.get(&theirs.id)) {
            (Some(_), Some(_)) => continue,
            // What ended there and then keeps out who entered since, as `again` says.
            (Some(ended), None) if !is_kept_out(work, theirs, *ended) => continue,
            (None, Some(ended)) if !is_kept_out(work, own, *ended) => continue,
            (Some(_), None) => theirs,
            (None, Some(_)) => own,
            (None, None) if is_behind(work, own, theirs) => own,
            (None, None) => theirs,
        };
        ends.insert(out.id.clone(), Exit::Merged);
    }
    for (own, theirs) in pairs(&work.lead, other) {
        let over = ends.contains_key(&own.id) || ends.contains_key(&theirs.id);
        if !over && !groups(work, own).is_disjoint(&groups(work, theirs)) {
            let out = if own.entered_at > theirs.entered_at { own } else { theirs };
            ends.insert(out.id.clone(), Exit::Merged);
        }
    }
    ends
}

/// Those that go on in favour of which others of their sequence end, each with that one.
pub fn instead<'l>(
    own: &'l Lead,
    other: &'l Lead,
    ends: &BTreeMap<EnrollmentId, Exit>,
) -> Vec<(&'l Enrollment, &'l Enrollment)> {
    let same = pairs(own, other).filter(|(own, theirs)| own.sequence == theirs.sequence);
    let one_ends = same.filter_map(|(own, theirs)| match (ends.get(&own.id), ends.get(&theirs.id)) {
        (Some(Exit::Merged), None) => Some((theirs, own)),
        (None, Some(Exit::Merged)) => Some((own, theirs)),
        _ => None,
    });
    one_ends.collect()
}

/// Each enrollment of one with each of the other.
fn pairs<'l>(own: &'l Lead, other: &'l Lead) -> impl Iterator<Item = (&'l Enrollment, &'l Enrollment)> {
    own.enrollments.iter().flat_map(|own| other.enrollments.iter().map(move |theirs| (own, theirs)))
}

/// What the other was told since that ends the enrollment, or counts as its goal, and when it was.
fn missed(sequence: &Sequence, running: &Enrollment, heard: &BTreeMap<String, Heard>) -> Option<(Exit, Instant)> {
    let since = |name: &str| heard.get(name)?.recent.iter().find(|at| **at >= running.entered_at).copied();
    if let Some((goal, at)) = sequence.goal.as_ref().and_then(|goal| Some((goal, since(goal)?))) {
        return Some((Exit::Goal(goal.clone()), at));
    }
    if let Some(at) = since("replied").filter(|_| sequence.kind != Kind::Transactional) {
        return Some((Exit::Replied, at));
    }
    sequence.stop.on.iter().find_map(|name| Some((Exit::Stopped(name.clone()), since(name)?)))
}

/// Whether the other's earlier enrollment in the sequence would have kept this one out. One that bounced before anything ever reached
/// the person is none to them.
fn was_there(work: &Work<'_>, running: &Enrollment, other: &Lead) -> bool {
    let Some(past) = other.past.get(&running.sequence).filter(|past| past.counted > 0) else { return false };
    let is_there = other.enrollments.iter().any(|theirs| theirs.sequence == running.sequence);
    let bounced = other.suppressed == Some(Reason::HardBounce) && !other.heard.contains_key("sent");
    !is_there && !bounced && past.last_ended_at.is_some_and(|ended| is_kept_out(work, running, ended))
}

/// Whether `again` would not have let an enrollment in after one that ended then.
fn is_kept_out(work: &Work<'_>, running: &Enrollment, ended: Instant) -> bool {
    let again = work.playbook.sequences.get(&running.sequence).map(|sequence| sequence.again);
    match again {
        Some(Again::Never) => true,
        Some(Again::After(wait)) => ended + wait > running.entered_at,
        Some(Again::Always) => ended > running.entered_at,
        None => false,
    }
}

/// The exclusive groups an enrollment has the place in, by the version it is in and by the one in force.
fn groups(work: &Work<'_>, running: &Enrollment) -> BTreeSet<String> {
    if running.at.is_none() {
        return BTreeSet::new();
    }
    let begun = work.playbook.version(&running.version);
    let current = work.playbook.sequences.get(&running.sequence);
    begun.into_iter().chain(current).filter_map(|sequence| sequence.exclusive.clone()).collect()
}

/// Whether the other has come further: by the place in the file, then by what may have arrived, then by how much happened. Of a touch
/// at the same place one's own may be on its way; the other's is known to be here still, unless its outcome is not known.
fn is_behind(work: &Work<'_>, own: &Enrollment, theirs: &Enrollment) -> bool {
    let sending = matches!(own.phase, Phase::Sending { .. });
    match places(work, [own, theirs]) {
        [own, theirs] if own < theirs => true,
        [own, theirs] if own > theirs => false,
        _ if may_have_arrived(own) || may_have_arrived(theirs) => !may_have_arrived(own),
        _ => !sending && own.steps.len() < theirs.steps.len(),
    }
}

/// The places of two in one version that has the steps of both; where none has, how many steps each has behind it.
fn places(work: &Work<'_>, two: [&Enrollment; 2]) -> [usize; 2] {
    let place = |sequence: &Sequence, running: &Enrollment| match &running.at {
        Some(at) => sequence.step(at).map(|(index, _)| index),
        None => Some(usize::MAX),
    };
    let [own, theirs] = two;
    let versions = two.into_iter().filter_map(|running| sequence_of(work, running));
    let mut versions = versions.chain(work.playbook.sequences.get(&own.sequence).cloned());
    let found = versions.find_map(|version| Some([place(&version, own)?, place(&version, theirs)?]));
    found.unwrap_or_else(|| two.map(|running| running.steps.values().filter(|facts| facts.done_at.is_some()).count()))
}

/// Whether nobody knows if the touch of the step it stands at arrived.
fn may_have_arrived(running: &Enrollment) -> bool {
    let facts: Option<&StepFacts> = running.at.as_ref().and_then(|at| running.steps.get(at));
    facts.and_then(|facts| facts.outcome.as_deref()) == Some(State::Unknown.as_str())
}
