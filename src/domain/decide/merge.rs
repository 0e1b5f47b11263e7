//! Two leads that are found to be one person: one takes the other in, with all that was heard of it and all that it is in.
//!
//! From then on the person is treated as if there had been one lead from the start. Nothing is sent twice: of two enrollments in one
//! sequence the further one stays, and one that `again` would not have let in ends. What one of the two was told ends what the other is
//! in, if it would have ended it then: nobody is written to after a reply.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::advance::{self, calendars_of, sequence_of};
use super::input::{Effect, Reply, Taken};
use super::join::{joined, renumbered};
use super::observe::suppress;
use super::work::Work;
use super::{handoff, restage, touches};
use crate::domain::address::EmailAddress;
use crate::domain::enrollment::{Enrollment, Exit, Phase};
use crate::domain::event::What;
use crate::domain::id::EnrollmentId;
use crate::domain::lead::{Heard, Lead};
use crate::domain::sequence::{Again, Kind, Sequence};
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;

/// Why an enrollment ends, a handoff closes and a stage moves.
const MERGED: &str = "merged";

/// The lead that is taken in, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    pub lead: Lead,
    /// A suppression of its address that stands in the store.
    pub suppressed: Option<Reason>,
    /// The step of a mail to it that has left its queue and not come back.
    pub on_its_way: Option<String>,
}

impl Other {
    fn suppression(&self) -> Option<Reason> {
        self.lead.suppressed.or(self.suppressed)
    }
}

/// Takes another lead in. That it was done already is no error.
pub fn absorb(work: &mut Work<'_>, other: &Other) -> Reply {
    if other.lead.id == work.lead.id {
        return Reply::Done;
    }
    if let Some(reason) = obstacle(work, other) {
        return Reply::Refused(reason);
    }
    let ends = ends(work, &other.lead);
    let mut calendars = advance::calendars(work);
    calendars.extend(calendars_of(&other.lead, work.playbook));
    let comes_further = further(&other.lead, &work.lead) > further(&work.lead, &other.lead);
    let opened = [&work.lead.handoff, &other.lead.handoff].map(Clone::clone);

    let after = work.lead.seq + 1;
    let from = renumbered(&other.lead, after);
    let ledger = joined(&work.lead.ledger, &from.ledger, &work.playbook.scoring, work.now);
    work.observe(What::Merged { from: Box::new(from), ledger });
    work.changed = true;
    let (lead, address) = (other.lead.id.clone(), other.lead.address.clone());
    let (by, to) = (work.lead.id.clone(), work.lead.address.clone());
    work.effect(Effect::Absorb(Taken { lead, address, by, to, after }));

    for (enrollment, exit) in ends {
        work.exit(&enrollment, &exit);
    }
    wait(work, &other.lead);
    if let [Some(own), Some(others)] = opened {
        handoff::keep_first(work, [own, others], MERGED);
    }
    if comes_further {
        restage::to_stage(work, other.lead.stage, MERGED);
    }
    if let Some(reason) = other.suppression().filter(|reason| is_of_person(*reason))
        && work.lead.suppressed.is_none()
    {
        suppress(work, reason);
    }
    touches::retry_held(work);
    advance::rezone_all(work, &calendars);
    Reply::Done
}

/// What is in the way.
fn obstacle(work: &Work<'_>, other: &Other) -> Option<String> {
    let own = work.lead.suppressed.or(work.case.suppressed);
    let (here, there) = (&work.lead.address, &other.lead.address);
    let erased = |address: &EmailAddress| format!("{address} was erased");
    match (own, other.suppression()) {
        (Some(Reason::Erased), _) => return Some(erased(here)),
        (_, Some(Reason::Erased)) => return Some(erased(there)),
        (Some(Reason::HardBounce), theirs) if theirs != Some(Reason::HardBounce) => {
            return Some(format!("mail to {here} bounces, and mail to {there} does not: merge it into {there}"));
        }
        _ => {}
    }
    let step = other.on_its_way.as_ref()?;
    Some(format!("`{step}` is on its way to {there}: merge them once it has come back, within minutes"))
}

/// Whether a suppression is about the person, and not about a mailbox that is gone.
const fn is_of_person(reason: Reason) -> bool {
    match reason {
        Reason::Unsubscribed | Reason::Complaint | Reason::Manual => true,
        Reason::HardBounce | Reason::Erased => false,
    }
}

/// How far a lead has come beside another: who was sent back to marketing is there until a person is heard of again, here or there; what
/// somebody said outweighs what rules say, and having bought outweighs all.
fn further(lead: &Lead, beside: &Lead) -> u8 {
    match lead.stage {
        Stage::Recycled if beside.last_human_at > Some(lead.stage_since) => 0,
        Stage::Lead | Stage::Iql | Stage::Mql | Stage::Pql | Stage::Sql => 1 + lead.stage.rung().unwrap_or(0),
        Stage::Recycled => 8,
        Stage::Disqualified => 9,
        Stage::Opportunity | Stage::Customer => 10 + lead.stage.rung().unwrap_or(0),
    }
}

/// Who waited for room waits on, since then; once where both did.
fn wait(work: &mut Work<'_>, other: &Lead) {
    for (sequence, pending) in &other.pending {
        work.effect(Effect::Pending { sequence: sequence.clone(), lead: other.id.clone(), since: None });
        if !work.case.lead.pending.contains_key(sequence) {
            let (lead, since) = (work.lead.id.clone(), Some(pending.since));
            work.effect(Effect::Pending { sequence: sequence.clone(), lead, since });
        }
    }
}

/// The enrollments of both that would have ended, or not begun, had they been one lead.
fn ends(work: &Work<'_>, other: &Lead) -> BTreeMap<EnrollmentId, Exit> {
    let mut ends = BTreeMap::new();
    for (lead, beside) in [(&work.lead, other), (other, &work.lead)] {
        for running in &lead.enrollments {
            let Some(sequence) = sequence_of(work, running) else { continue };
            let missed = missed(&sequence, running, &beside.heard);
            if let Some(exit) = missed.or_else(|| was_there(work, running, beside).then_some(Exit::Merged)) {
                ends.insert(running.id.clone(), exit);
            }
        }
    }
    give_way(work, other, &mut ends, |own, theirs| {
        (own.sequence == theirs.sequence).then(|| is_behind(work, own, theirs))
    });
    give_way(work, other, &mut ends, |own, theirs| {
        let meet = !groups(work, own).is_disjoint(&groups(work, theirs));
        meet.then(|| own.entered_at > theirs.entered_at)
    });
    ends
}

/// Ends one of each two that cannot both go on: where they meet it is said whether one's own gives way.
fn give_way(
    work: &Work<'_>,
    other: &Lead,
    ends: &mut BTreeMap<EnrollmentId, Exit>,
    meet: impl Fn(&Enrollment, &Enrollment) -> Option<bool>,
) {
    for own in &work.lead.enrollments {
        for theirs in &other.enrollments {
            if ends.contains_key(&own.id) || ends.contains_key(&theirs.id) {
                continue;
            }
            if let Some(gives_way) = meet(own, theirs) {
                let out = if gives_way { own } else { theirs };
                ends.insert(out.id.clone(), Exit::Merged);
            }
        }
    }
}

/// What the other was told since that ends the enrollment, or counts as its goal.
fn missed(sequence: &Sequence, running: &Enrollment, heard: &BTreeMap<String, Heard>) -> Option<Exit> {
    let since = |name: &str| heard.get(name).and_then(|heard| heard.recent.last()) >= Some(&running.entered_at);
    if let Some(goal) = sequence.goal.as_ref().filter(|goal| since(goal)) {
        return Some(Exit::Goal(goal.clone()));
    }
    if sequence.kind != Kind::Transactional && since("replied") {
        return Some(Exit::Replied);
    }
    let stop = sequence.stop.on.iter().find(|name| since(name))?;
    Some(Exit::Stopped(stop.clone()))
}

/// Whether the other's earlier enrollment in the sequence would have kept this one out.
fn was_there(work: &Work<'_>, running: &Enrollment, other: &Lead) -> bool {
    if other.enrollments.iter().any(|theirs| theirs.sequence == running.sequence) {
        return false;
    }
    let Some(sequence) = work.playbook.sequences.get(&running.sequence) else { return false };
    let Some(past) = other.past.get(&running.sequence).filter(|past| past.counted > 0) else { return false };
    match (sequence.again, past.last_ended_at) {
        (Again::Never, _) => true,
        (Again::After(wait), Some(ended)) => ended + wait > running.entered_at,
        (Again::Always, Some(ended)) => ended > running.entered_at,
        (Again::After(_) | Again::Always, None) => false,
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

/// Whether the other has come further: by the place in the file, then by how much happened. Its touch at that place is known to be here
/// still; one's own may be on its way.
fn is_behind(work: &Work<'_>, own: &Enrollment, theirs: &Enrollment) -> bool {
    let index = |running: &Enrollment, at: &str| sequence_of(work, running)?.step(at).map(|(index, _)| index);
    let place = |running: &Enrollment| running.at.as_deref().map_or(usize::MAX, |at| index(running, at).unwrap_or(0));
    match place(own).cmp(&place(theirs)) {
        Ordering::Less => true,
        Ordering::Equal => !matches!(own.phase, Phase::Sending { .. }) && own.steps.len() < theirs.steps.len(),
        Ordering::Greater => false,
    }
}
