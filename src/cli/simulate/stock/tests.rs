//! Everything that stands in the database changes what comes next.

use super::*;
use crate::config::{Environment, check};
use crate::domain::account::Replied;
use crate::domain::address::EmailAddress;
use crate::domain::calendar::local;
use crate::domain::decide::{Ask, newborn};
use crate::domain::event::Actor;
use crate::domain::experiment::Key;
use crate::domain::touch::Outcome;
use crate::engine::rehearse::{Agenda, Decided, People, Said, Sent};
use crate::sim::simulate::Figures;

const SETTINGS: &str = "company: {name: Acme, postal_address: 1 Main St}\nzone: UTC\npublic_url: http://127.0.0.1:8025\n\
                        senders: {maya: {from: Maya <maya@acme.example>, per_day: 5}}\n";
const TEAM: &str = "calendars: {office: {zone: UTC, days: mon-fri, hours: [09:00-17:00]}}\n\
                    reps:\n  ines: {name: Ines, email: ines@acme.example, calendar: office}\n  \
                    tom: {name: Tom, email: tom@acme.example, calendar: office}\n\
                    teams: {sales: {calendar: office, members: [ines, tom], fallback: ines}}\nrouting: [{team: sales}]\n";
const SEQUENCE: &str = "kind: cadence\nlimits: {new_per_day: 3}\nstop: {colleagues: stop}\n\
                        send: {from: maya, days: mon-fri, hours: 09:00-17:00, zone: UTC}\nsteps:\n  - {id: first, email: hello}\n  \
                        - wait: 1d\n  - id: second\n    email:\n      variants: {dry: hello, warm: warm}\n      \
                        winner: {by: replied, at_least: 20}\n  - {id: ours, handoff: {reason: all of it}}\n";
const TEMPLATE: &str =
    "---\nsubject: Hello\n---\nHi.\n\n{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})\n";
/// A Friday evening, and the afternoon of the Monday after.
const BEFORE: &str = "2026-03-06T20:00:00Z";
const START: &str = "2026-03-09T14:00:00Z";
const PEOPLE: [&str; 4] = ["ann@acme.example", "bob@acme.example", "cy@other.example", "dee@elsewhere.example"];

fn at(text: &str) -> Instant {
    Instant::from_jiff(text.parse().unwrap())
}

fn playbook() -> Playbook {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("config/overture.yaml", SETTINGS),
        ("config/team.yaml", TEAM),
        ("sequences/hello.yaml", SEQUENCE),
        ("templates/hello.md", TEMPLATE),
        ("templates/warm.md", &TEMPLATE.replace("Hi.", "Hi, you.")),
    ] {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let compiled = check(folder.path(), &Environment::new()).unwrap();
    compiled.playbook.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

struct Nobody;

impl People for Nobody {
    fn receive(&mut self, _: &Sent<'_>, _: &mut Agenda) -> Outcome {
        Outcome::accepted("250 taken")
    }

    fn notice(&mut self, _: &Decided<'_>, _: &mut Agenda) {}
}

fn id(who: &str) -> LeadId {
    LeadId(crate::domain::id::derived(&[who]))
}

/// All were enrolled when the window was closed: three wait to get their first mail, and the last waits for room.
fn stock(playbook: &Playbook) -> Stock {
    let mut world = World::new(playbook, at(BEFORE));
    for who in PEOPLE {
        let address = EmailAddress::parse(who).unwrap();
        let account = crate::domain::account::account_of(&address);
        let number = world.add(newborn(id(who), address, account, at(BEFORE)));
        let ask = Ask::Enroll { sequence: "hello".to_owned(), by: "test".to_owned(), again: false };
        world.say(at(BEFORE), number, Said { ask, source: "cli", actor: Actor::System });
    }
    world.run(at(BEFORE) + Millis::MINUTE, &mut Nobody);
    let leads: Vec<Lead> = (0..PEOPLE.len()).filter_map(|number| world.lead(number).cloned()).collect();
    let number = |touch: &NewTouch| leads.iter().position(|lead| lead.id == touch.lead).unwrap();
    let waiting = world.waiting().map(|touch| (number(touch), touch.clone())).collect();
    Stock { leads, waiting, ..Stock::default() }
}

/// Two weeks from there, with something else in the database.
fn played(behaviour: &Behaviour, change: impl FnOnce(&mut Stock)) -> Figures {
    let playbook = playbook();
    let mut stock = stock(&playbook);
    change(&mut stock);
    let terms = Terms { days: 14, seed: 1, start: at(START) };
    let begin = (stock.leads.len(), stock.stopped.clone(), |world: &mut World<'_>| fill(world, stock));
    go_on(&playbook, behaviour, (&terms, &mut |_| {}), begin)
}

fn after(change: impl FnOnce(&mut Stock)) -> Figures {
    played(&Behaviour::default(), change)
}

/// Which mails leave when: `2026-03-09 first 4`.
fn calendar(figures: &Figures) -> Vec<String> {
    let lines = figures.upcoming.as_ref().unwrap().lines();
    lines.map(|line| format!("{} {} {}", figures.date(line.day), line.step, line.mails)).collect()
}

fn handoffs(figures: &Figures) -> [u64; 2] {
    ["ines", "tom"].map(|rep| figures.reps[rep].handoffs)
}

#[test]
fn who_is_in_flight_gets_the_rest_and_who_waits_enters() {
    let figures = after(|_| {});
    assert_eq!(calendar(&figures), ["2026-03-09 first 4", "2026-03-10 second 4"]);
    assert_eq!(handoffs(&figures), [2, 2]);
    assert_eq!(figures.senders["maya"].waiting()[0], 0);
    assert_eq!(figures.senders["maya"].came[0], 4, "what waited before has come on the first day");
}

#[test]
fn what_a_sender_has_sent_today_counts_for_its_limit() {
    let full = |used| {
        after(move |stock| {
            let mut lane = throttle::Lane::new(Millis::ZERO, Millis::ZERO, None);
            (lane.day, lane.used) = (local::day_number(&jiff::tz::TimeZone::UTC, at(START)), used);
            stock.lanes.push(("mail:maya".to_owned(), lane));
        })
    };
    assert_eq!(calendar(&full(4))[..2], ["2026-03-09 first 1", "2026-03-10 first 3"]);
    assert_eq!(full(5).senders["maya"].waiting()[0], 4);
}

#[test]
fn nothing_leaves_by_a_sender_that_is_stopped_and_nobody_enters_a_paused_sequence() {
    let stopped = after(|stock| {
        stock.lanes = lanes(Vec::new(), &playbook().settings, &["sender:maya".to_owned()].into());
        stock.stopped.insert("maya".to_owned());
    });
    assert_eq!((calendar(&stopped).len(), stopped.senders["maya"].waiting()[13]), (0, 4));
    assert_eq!(stopped.senders["maya"].backlog().map(|backlog| (backlog.from, backlog.gone)), Some((0, None)));
    let paused = after(|stock| {
        stock.paused.insert("hello".to_owned());
    });
    assert_eq!(calendar(&paused), ["2026-03-09 first 3", "2026-03-10 second 3"], "who waits does not enter");
}

#[test]
fn everything_is_paused_where_everything_is() {
    let lanes = lanes(Vec::new(), &playbook().settings, &["all".to_owned()].into());
    assert!(lanes.iter().any(|(name, lane)| name == "mail:maya" && lane.ready_at == Instant::NEVER));
}

#[test]
fn a_colleague_who_replied_stops_the_others_of_the_account() {
    let figures = after(|stock| {
        let reply = Replied { lead: id(PEOPLE[0]), at: at(START), heard_at: at(START) };
        stock.replies.insert("acme.example".to_owned(), Replies::first(reply));
    });
    assert_eq!(calendar(&figures), ["2026-03-09 first 3", "2026-03-10 second 3"]);
}

#[test]
fn a_variant_that_has_won_is_what_everybody_gets() {
    let tried = |winner: Option<&str>| {
        let figures = after(|stock| {
            let playbook = playbook();
            let (step, experiment) = playbook.sequences["hello"].experiments().next().unwrap();
            let key = Key { sequence: "hello".to_owned(), step: step.id.clone(), experiment: experiment.id.clone() };
            let (success, began_at, winner) = (None, at(BEFORE), winner.map(str::to_owned));
            stock.experiments =
                vec![ExperimentLine { key, success, began_at, winner, won_at: None, figures: None, arms: Vec::new() }];
        });
        let one = &figures.experiments[0];
        (one.arms.iter().map(|arm| arm.mails).sum::<u64>(), one.winner.clone())
    };
    assert_eq!(tried(None), (4, None));
    assert_eq!(tried(Some("warm")), (0, Some("warm".to_owned())), "nothing is tried any more");
}

#[test]
fn who_must_not_be_contacted_is_not() {
    let figures = after(|stock| {
        stock.suppressed.insert(PEOPLE[3].to_owned(), Reason::Complaint);
    });
    assert_eq!(calendar(&figures), ["2026-03-09 first 3", "2026-03-10 second 3"]);
}

#[test]
fn what_reps_have_already_says_who_is_next() {
    let figures = after(|stock| {
        stock.loads.insert("ines".to_owned(), Load { assigned: 100, open: 0 });
    });
    assert_eq!(handoffs(&figures), [0, 4]);
}

#[test]
fn who_entered_today_counts_for_the_limit_though_they_have_left_again() {
    let figures = after(|stock| {
        let before = Intake { active: 3, entered_today: 3, waiting: true };
        stock.intakes.insert("hello".to_owned(), before);
    });
    assert_eq!(calendar(&figures)[..2], ["2026-03-09 first 3", "2026-03-10 first 1"]);
}

#[test]
fn who_is_away_gets_no_handoff_of_those_in_flight() {
    let mut behaviour = Behaviour::default();
    behaviour.reps.away.push(("ines".to_owned(), "2026-03-01".parse().unwrap(), "2026-04-30".parse().unwrap()));
    assert_eq!(handoffs(&played(&behaviour, |_| {})), [0, 4]);
}
