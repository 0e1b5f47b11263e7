//! A year of outreach with made-up people and reps, decided as in production and sent nowhere.
//!
//! The same seed, files and rates give the same figures, to the last digit: a chance is a hash of who and what.
//!
//! | file | what it plays |
//! |---|---|
//! | `crowd` | who comes when, and what they do about a mail |
//! | `desk` `diary` | what reps do about handoffs and tasks, one thing at a time |
//! | `figures` `series` `tried` | what is counted, in room that does not grow with time |

mod crowd;
mod desk;
mod diary;
mod figures;
mod series;
mod tried;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crowd::Crowd;
pub use figures::{
    Backlog, Figures, Line, Mark, RepFigures, SenderFigures, SequenceFigures, StepFigures, TaskFigures, Upcoming, Work,
};
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
use crate::engine::rehearse::{Agenda, World};

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

/// Hears after each day how many are played.
pub type Watch<'a> = &'a mut dyn FnMut(u32);

/// Plays all of it; `leads` come over time as the rates say, and know nothing of the workspace before.
pub fn simulate(
    playbook: &Playbook,
    behaviour: &Behaviour,
    leads: Vec<Lead>,
    (terms, watch): (&Terms, Watch<'_>),
) -> Figures {
    let count = leads.len();
    let begin = |world: &mut World<'_>, crowd: &mut Crowd<'_>, end: Instant| {
        for lead in leads {
            let number = world.add(lead);
            let (at, said) = crowd.arrival(number, world.lead(number), (terms.start, end));
            world.say(at, number, said);
        }
    };
    play(playbook, behaviour, (terms, watch), (count, begin))
}

/// Goes on from where a workspace's leads stand now, with senders that are stopped: nobody answers unless rates say so.
pub fn go_on(
    playbook: &Playbook,
    behaviour: &Behaviour,
    (terms, watch): (&Terms, Watch<'_>),
    (leads, stopped, fill): (usize, BTreeSet<String>, impl FnOnce(&mut World<'_>)),
) -> Figures {
    let begin = |world: &mut World<'_>, crowd: &mut Crowd<'_>, _: Instant| {
        crowd.looks_ahead(&stopped);
        world.stop_senders(stopped);
        fill(world);
        let mut agenda = Agenda::default();
        for number in 0..leads {
            if let Some(lead) = world.lead(number) {
                crowd.knows(number, lead, (terms.start, &mut agenda));
            }
        }
        for touch in world.waiting() {
            crowd.waits(touch);
        }
        world.note(agenda);
    };
    play(playbook, behaviour, (terms, watch), (leads, begin))
}

/// Plays day by day what was begun.
fn play(
    playbook: &Playbook,
    behaviour: &Behaviour,
    (terms, watch): (&Terms, Watch<'_>),
    (leads, begin): (usize, impl FnOnce(&mut World<'_>, &mut Crowd<'_>, Instant)),
) -> Figures {
    let playbook = with_absences(playbook, behaviour);
    let zone = zone_named(&playbook.settings.zone).unwrap_or(TimeZone::UTC);
    let end = ends_at(&zone, terms, terms.days);
    let mut world = World::new(&playbook, terms.start);
    let figures = Figures::new(&playbook, leads, (terms.start, terms.days, zone.clone()));
    let mut crowd = Crowd::new(&playbook, behaviour, Chance::new(terms.seed), figures);
    begin(&mut world, &mut crowd, end);
    for day in 1..=terms.days {
        world.run(ends_at(&zone, terms, day) - Millis(1), &mut crowd);
        watch(day);
    }
    let mut figures = crowd.close(world.decisions(), end);
    figures.experiments = tried(&playbook, &world);
    for (sequence, count) in world.waiting_for_room() {
        if let Some(sequence) = figures.sequences.get_mut(sequence) {
            sequence.waiting = count;
        }
    }
    figures
}

/// When so many days are over.
fn ends_at(zone: &TimeZone, terms: &Terms, days: u32) -> Instant {
    let first = local::day_number(zone, terms.start);
    local::day_start(zone, first.saturating_add(i32::try_from(days).unwrap_or(i32::MAX)), terms.start)
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
