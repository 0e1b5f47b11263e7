//! What sales has of two leads that are one person: the stage, and the handoff with its clock.

use std::collections::BTreeMap;

use super::super::work::Work;
use super::super::{handoff, restage};
use super::MERGED;
use crate::domain::event::What;
use crate::domain::handoff::Handoff;
use crate::domain::id::EnrollmentId;
use crate::domain::lead::{Heard, Lead};
use crate::domain::stage::Stage;

/// What becomes of both.
pub struct Sales {
    stage: Stage,
    /// The open handoff that stands for both.
    pub kept: Option<Handoff>,
    given_up: Option<Handoff>,
    /// What was heard of whoever had not the one that is kept.
    heard: BTreeMap<String, Heard>,
    /// Who was not with sales yet, and is by this.
    qualified: Vec<EnrollmentId>,
}

/// The further stage, with the handoff that belongs to it. Where both are with sales the first handoff stands for both.
pub fn of_both(own: &Lead, other: &Lead) -> Sales {
    let (ahead, behind) = if further(other, own) > further(own, other) { (other, own) } else { (own, other) };
    let together = ahead.stage == behind.stage;
    let own_first = |one: &Handoff, two: &Handoff| one.opened_at <= two.opened_at;
    let (kept, given_up) = match (ahead.handoff.clone(), behind.handoff.clone()) {
        (Some(one), Some(two)) if together && !own_first(&one, &two) => (Some(two), Some(one)),
        (Some(one), two) => (Some(one), two),
        (None, two) if together => (two, None),
        (None, two) => (None, two),
    };
    let has_kept = |lead: &Lead| lead.handoff.as_ref().map(|open| &open.id) == kept.as_ref().map(|kept| &kept.id);
    let heard = if has_kept(own) { &other.heard } else { &own.heard }.clone();
    let qualifies = ahead.stage == Stage::Sql && !together;
    let qualified = behind.enrollments.iter().filter(|_| qualifies).map(|running| running.id.clone()).collect();
    Sales { stage: ahead.stage, kept, given_up, heard, qualified }
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

/// Moves the lead, which has taken the other in, to where both are.
pub fn carry_out(work: &mut Work<'_>, sales: Sales) {
    let Sales { stage, kept, given_up, heard, qualified } = sales;
    let from = work.lead.stage;
    if from != stage {
        work.conclude(What::Staged { from, to: stage, cause: MERGED.to_owned() });
    }
    match &given_up {
        Some(given_up) if kept.is_some() => handoff::give_way(work, given_up, MERGED),
        Some(given_up) => {
            let returned = !matches!(stage, Stage::Opportunity | Stage::Customer);
            handoff::pass_by(work, given_up, stage.as_str(), returned);
        }
        None => {}
    }
    handoff::answered_elsewhere(work, &heard, given_up.as_ref());
    if stage == Stage::Sql && from != stage && kept.is_none() {
        handoff::open(work, MERGED);
    }
    restage::at_sql(work, &qualified);
}
