//! Two leads that are found to be one person: one takes the other in, with all that was heard of it and all that it is in.
//!
//! From then on the person is treated as if there had been one lead from the start. Nothing is sent twice: of two enrollments in one
//! sequence the further one stays, and one that `again` would not have let in ends. What one of the two was told ends what the other is
//! in, if it would have ended it then: nobody is written to after a reply.

mod ends;
mod sales;

use std::collections::{BTreeMap, BTreeSet};

use super::advance::{self, calendars_of};
use super::input::{Effect, Reply, Taken};
use super::join::{joined, renumbered};
use super::observe::suppress;
use super::pause::pause;
use super::work::Work;
use super::{limits, touches};
use crate::domain::address::EmailAddress;
use crate::domain::calendar::Calendar;
use crate::domain::enrollment::Pausing;
use crate::domain::event::What;
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::suppression::Reason;

/// Why a handoff closes and a stage moves.
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
    let ends = ends::of_both(work, &other.lead);
    let instead = ends::instead(&work.lead, &other.lead, &ends);
    // What goes on for one that was paused waits as long.
    let pauses: Vec<(EnrollmentId, Pausing)> =
        instead.iter().filter_map(|(stays, ended)| Some((stays.id.clone(), ended.paused.clone()?))).collect();
    let instead = instead.into_iter().map(|(stays, ended)| (stays.id.clone(), ended.id.clone())).collect();
    let sales = sales::of_both(&work.lead, &other.lead);
    let calendars = calendars(work, &other.lead);

    let after = work.lead.seq + 1;
    let from = Box::new(renumbered(&other.lead, after));
    let ledger = joined(&work.lead.ledger, &from.ledger, &work.playbook.scoring, work.now);
    let handoff = sales.kept.clone().map(Box::new);
    work.observe(What::Merged { from, ledger, handoff, instead });
    work.changed = true;
    work.effect(Effect::Absorb(Taken {
        lead: other.lead.id.clone(),
        address: other.lead.address.clone(),
        by: work.lead.id.clone(),
        to: work.lead.address.clone(),
        after,
        wakes: other.lead.unsettled.iter().map(|hit| hit.settles_at).collect(),
    }));

    for (enrollment, exit) in ends {
        work.exit(&enrollment, &exit);
    }
    for (enrollment, Pausing { because, until, .. }) in pauses {
        if work.enrollment(&enrollment).is_some_and(|running| running.paused.is_none()) {
            pause(work, &enrollment, &because, until);
        }
    }
    wait(work, &other.lead);
    sales::carry_out(work, sales);
    if let Some(reason) = other.suppression().filter(|reason| is_of_person(*reason)) {
        suppress(work, reason);
    }
    touches::retry_held(work);
    let before: Vec<_> =
        work.lead.enrollments.iter().map(|running| calendars.get(&running.id).cloned().flatten()).collect();
    advance::rezone_all(work, &before);
    Reply::Done
}

/// The calendars that the enrollments of both go by, each by what was known of its own lead.
fn calendars(work: &Work<'_>, other: &Lead) -> BTreeMap<EnrollmentId, Option<Calendar>> {
    let of = |lead: &Lead| {
        let ids: Vec<EnrollmentId> = lead.enrollments.iter().map(|running| running.id.clone()).collect();
        ids.into_iter().zip(calendars_of(lead, work.playbook)).collect::<Vec<_>>()
    };
    of(&work.lead).into_iter().chain(of(other)).collect()
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

/// Who waited for room waits on, since then; once where both did, and not at all where the other is in.
fn wait(work: &mut Work<'_>, other: &Lead) {
    for (sequence, pending) in &other.pending {
        work.effect(Effect::Pending { sequence: sequence.clone(), lead: other.id.clone(), since: None });
        if !work.case.lead.pending.contains_key(sequence) {
            let (lead, since) = (work.lead.id.clone(), Some(pending.since));
            work.effect(Effect::Pending { sequence: sequence.clone(), lead, since });
        }
    }
    let running: BTreeSet<String> = work.lead.enrollments.iter().map(|running| running.sequence.clone()).collect();
    for sequence in running.iter().filter(|name| work.lead.pending.contains_key(*name)).cloned().collect::<Vec<_>>() {
        limits::drop_one(work, &sequence, "the lead is in this sequence already");
    }
}
