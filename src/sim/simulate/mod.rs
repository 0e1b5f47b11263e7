//! A year of outreach with made-up people and reps, decided as in production and sent nowhere.
//!
//! The same seed, files and rates give the same figures, to the last digit: a chance is a hash of who and what.
//!
//! | file | what it plays |
//! |---|---|
//! | `crowd` | who comes when, and what they do about a mail |
//! | `desk` | what reps do about a handoff |
//! | `figures` `series` `tried` | what is counted, in room that does not grow with time |

mod crowd;
mod desk;
mod figures;
mod series;
mod tried;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crowd::Crowd;
pub use figures::{Figures, Mark, RepFigures, SenderFigures, SequenceFigures, StepFigures};
pub use series::{Histogram, quantile};
pub use tried::{Tried, tried};

use super::Chance;
use super::people::{Person, people};
use crate::domain::account::account_of;
use crate::domain::address::EmailAddress;
use crate::domain::behaviour::Behaviour;
use crate::domain::calendar::{local, zone_named};
use crate::domain::decide::newborn;
use crate::domain::id::{LeadId, derived};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::time::{Instant, Millis};
use crate::engine::rehearse::World;

/// The rates that are used unless a file says otherwise.
pub const USUAL: &str = include_str!("behaviour.yaml");

/// What a simulation is asked for.
#[derive(Clone, Debug)]
pub struct Terms {
    pub days: u32,
    pub seed: u64,
    pub start: Instant,
}

/// Made-up leads, the same for the same seed.
pub fn made_up(count: usize, seed: u64, start: Instant) -> Vec<Lead> {
    let chance = Chance::new(seed);
    people(count, &chance).into_iter().filter_map(|person| made(person, start)).collect()
}

fn made(person: Person, start: Instant) -> Option<Lead> {
    let address = EmailAddress::parse(&person.email).ok()?;
    let account = account_of(&address);
    let mut lead = newborn(LeadId(derived(&["simulated", address.as_str()])), address, account, start);
    lead.attributes = person.attributes.into_iter().collect();
    Some(lead)
}

/// Plays all of it; `leads` come over time as the rates say, and know nothing of the workspace before.
pub fn simulate(playbook: &Playbook, behaviour: &Behaviour, leads: Vec<Lead>, terms: &Terms) -> Figures {
    let playbook = with_absences(playbook, behaviour);
    let zone = zone_named(&playbook.settings.zone).unwrap_or(TimeZone::UTC);
    let end = end_of(&zone, terms);
    let mut world = World::new(&playbook, terms.start);
    let figures = Figures::new(&playbook, leads.len(), (terms.start, terms.days, zone));
    let mut crowd = Crowd::new(&playbook, behaviour, Chance::new(terms.seed), figures);
    for lead in leads {
        let number = world.add(lead);
        let (at, said) = crowd.arrival(number, world.lead(number), (terms.start, end));
        world.say(at, number, said);
    }
    world.run(end - Millis(1), &mut crowd);
    let mut figures = crowd.close(world.decisions());
    figures.experiments = tried(&playbook, &world);
    figures
}

/// Goes on from where a workspace's leads stand now: nobody answers unless rates say so.
pub fn go_on<'p>(
    playbook: &'p Playbook,
    behaviour: &Behaviour,
    (terms, leads): (&Terms, usize),
    fill: impl FnOnce(&mut World<'p>),
) -> Figures {
    let zone = zone_named(&playbook.settings.zone).unwrap_or(TimeZone::UTC);
    let end = end_of(&zone, terms);
    let mut world = World::new(playbook, terms.start);
    let figures = Figures::new(playbook, leads, (terms.start, terms.days, zone));
    let mut crowd = Crowd::new(playbook, behaviour, Chance::new(terms.seed), figures);
    fill(&mut world);
    for number in 0..leads {
        if let Some(lead) = world.lead(number) {
            crowd.knows(number, lead);
        }
    }
    world.run(end - Millis(1), &mut crowd);
    let mut figures = crowd.close(world.decisions());
    figures.experiments = tried(playbook, &world);
    figures
}

fn end_of(zone: &TimeZone, terms: &Terms) -> Instant {
    let first = local::day_number(zone, terms.start);
    local::day_start(zone, first.saturating_add(i32::try_from(terms.days).unwrap_or(i32::MAX)), terms.start)
}

/// The files with the days off that the rates name.
fn with_absences(playbook: &Playbook, behaviour: &Behaviour) -> Playbook {
    let mut playbook = playbook.clone();
    if !behaviour.reps.away.is_empty() {
        let mut staff = playbook.staff.as_ref().clone();
        for (rep, first, last) in &behaviour.reps.away {
            if let Some(rep) = staff.reps.get_mut(rep) {
                rep.away.push((*first, *last));
            }
        }
        playbook.staff = Arc::new(staff);
    }
    playbook
}
