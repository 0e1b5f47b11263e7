//! Plays a test of a sequence on a clock that jumps, and holds what came of it against what was expected.

mod judge;
mod recorder;

pub use judge::{Row, Verdict};
use recorder::{Cast, Recorder};

use crate::domain::account::account_of;
use crate::domain::address::EmailAddress;
use crate::domain::decide::{Ask, newborn};
use crate::domain::id::{LeadId, derived};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::scenario::{Deed, Scenario, When};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::NewTouch;
use crate::engine::rehearse::{Said, World};

/// No test is played longer, unless it says so.
const LONGEST: Millis = Millis::DAY.times(366);

/// What a touch lacks to be made for its lead, if it lacks anything: then it is held.
pub type Lacks<'a> = dyn Fn(&Lead, &NewTouch, Instant) -> Option<String> + 'a;

/// Plays one test.
pub fn play(scenario: &Scenario, playbook: &Playbook, lacks: &Lacks<'_>) -> Verdict {
    let mut world = World::new(playbook, scenario.start);
    let mut lead = born(&scenario.address, scenario.start);
    lead.attributes = scenario.attributes.iter().filter(|(_, value)| !value.is_null()).map(own).collect();
    let colleague = colleague(scenario);
    let number = world.add(lead);
    let cast = Cast { lead: number, colleague: colleague.map(|colleague| world.add(colleague)) };
    let mut recorder = Recorder::new(scenario, cast, lacks);
    if scenario.enters_at_start {
        let ask = Ask::Enroll { sequence: scenario.sequence.clone(), by: "test".to_owned(), again: false };
        world.say(scenario.start, number, Said::by_person(ask));
    } else {
        // Whoever enters by an event is known before it: a trigger asks for attributes.
        world.say(scenario.start, number, Said::by_person(Ask::Wake));
    }
    happen(&mut world, number, scenario, &mut recorder);
    finish(&mut world, number, scenario, &mut recorder);
    judge::judge(scenario, &recorder, (world.lead(number), playbook, world.now()))
}

fn born(address: &EmailAddress, start: Instant) -> Lead {
    let id = LeadId(derived(&["test", address.as_str()]));
    newborn(id, address.clone(), account_of(address), start)
}

/// Somebody else of the lead's account, where the test has them do something.
fn colleague(scenario: &Scenario) -> Option<Lead> {
    scenario.happenings.iter().find(|one| one.deed == Deed::ColleagueReplies)?;
    let account = account_of(&scenario.address)?;
    let names = ["colleague", "another"].map(|name| EmailAddress::parse(&format!("{name}@{account}")).ok());
    let address = names.into_iter().flatten().find(|address| *address != scenario.address)?;
    Some(born(&address, scenario.start))
}

fn own((name, value): (&String, &serde_json::Value)) -> (String, serde_json::Value) {
    (name.clone(), value.clone())
}

/// Lets everything happen whose time is known.
fn happen(world: &mut World<'_>, number: usize, scenario: &Scenario, recorder: &mut Recorder<'_>) {
    let timed = scenario.happenings.iter().filter_map(|one| match one.when {
        When::At(at) => Some((at, one)),
        When::AfterStep { .. } => None,
    });
    let mut timed: Vec<_> = timed.collect();
    timed.sort_by_key(|(at, _)| *at);
    for (at, happening) in timed {
        if scenario.until.is_some_and(|until| at > until) {
            break;
        }
        world.run(at, recorder);
        if let Some(lead) = world.lead(number)
            && let Some((who, said)) = recorder.do_it(happening, lead, at)
        {
            world.say(at, who, said);
        }
    }
}

/// Goes on until the time the test names, else until the lead has left the sequence and all that was done has counted.
fn finish(world: &mut World<'_>, number: usize, scenario: &Scenario, recorder: &mut Recorder<'_>) {
    if let Some(until) = scenario.until {
        return world.run(until, recorder);
    }
    let end = scenario.start + LONGEST;
    loop {
        let now = world.now();
        // What is due at this very instant belongs to it.
        world.run(now, recorder);
        if is_over(world, number, scenario) && now >= recorder.last_deed_at {
            return;
        }
        let Some(next) = world.next().filter(|next| *next <= end) else { return };
        world.run(next, recorder);
    }
}

fn is_over(world: &World<'_>, number: usize, scenario: &Scenario) -> bool {
    let Some(lead) = world.lead(number) else { return true };
    lead.unsettled.is_empty() && !lead.enrollments.iter().any(|running| running.sequence == scenario.sequence)
}

/// The instant before which nothing was heard.
const LONG_AGO: Instant = Instant(i64::MIN);
