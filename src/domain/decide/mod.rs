//! One function that decides what happens to a lead next.
//!
//! It has no clock, no dice and no I/O, and always does the same things in the same order, so that production, rehearsal,
//! explanation and replay are the same computation:
//!
//! ```text
//! observe ─▶ rescore ─▶ restage ─▶ exit ─▶ enter ─▶ advance ─▶ keep the SLA ─▶ when to wake
//!               ▲                                      │
//!               └────────── as long as a step moved ───┘
//! ```

mod adopt;
mod advance;
mod align;
mod colleagues;
mod dossier;
mod edit;
mod enroll;
mod exits;
mod facts;
mod fold;
mod forecast;
mod frequency;
mod handoff;
mod import;
mod input;
mod join;
mod ladder;
mod ledger;
mod limits;
mod merge;
mod observe;
mod pause;
mod pools;
#[cfg(test)]
mod properties;
mod replay;
mod rescore;
mod restage;
mod route;
mod tasks;
#[cfg(test)]
mod tests;
mod touches;
mod trials;
mod variants;
mod waits;
mod wake;
mod ways;
mod work;

pub use adopt::{adopt, touch_of};
pub use align::{Alignment, StepEdit, is_nameless};
pub use colleagues::{REPLIED, are_heeded, are_to_be_told, put_off};
pub use edit::{Edit, Fate, InHand, Landing, Standing};
pub use enroll::sequence_zone;
pub use facts::{View, lead_zone};
pub use fold::{SETTLING, apply, fold, newborn};
pub use forecast::{Ahead, Send, forecast};
pub use import::{bring, brought};
pub use input::{Ask, Case, Decision, Effect, EnrollmentRow, HandoffRow, Input, Reply, Requeue, Taken, TaskRow};
pub use limits::{LONGEST as PATIENCE, shifted};
pub use merge::Other;
pub use observe::AT_ADDRESS;
pub use replay::Replay;

use super::playbook::Playbook;
use super::time::Instant;
pub use variants::{had, hashed, won};
pub use ways::portion_of;
use work::Work;

/// How often steps may lead to scores, stages and steps again within one decision.
const ROUNDS: usize = 64;

/// Decides what one input means for one lead at one instant.
pub fn decide(case: &Case, input: &Input, playbook: &Playbook, now: Instant) -> Decision {
    let mut work = Work::new(case, input, playbook, now);
    let mut reply = observe::observe(&mut work);
    observe::settle(&mut work);
    colleagues::tell(&mut work);
    pause::resume_due(&mut work);
    tasks::overdue(&mut work);
    go_round(&mut work);
    if ladder::climb(&mut work) {
        go_round(&mut work);
    }
    if work.needs_loads {
        reply = Reply::NeedsLoads;
    }
    if work.needs_intakes {
        reply = Reply::NeedsIntakes;
    }
    work.lead.wake_at = wake::next(&work);
    Decision { lead: work.lead, events: work.events, effects: work.effects, reply }
}

/// Goes round until no step moves; what a later round makes of the lead is looked at like what was heard.
fn go_round(work: &mut Work<'_>) {
    for _ in 0..ROUNDS {
        rescore::rescore(work);
        restage::restage(work);
        exits::exits(work);
        colleagues::heed(work);
        enroll::triggers(work);
        work.fresh.clear();
        if !advance::advance(work) {
            break;
        }
    }
}
