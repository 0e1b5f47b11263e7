use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::desk::Desk;
use super::plot::{book, email, sequence, wait};
use crate::domain::decide::Ask;
use crate::domain::event::{Actor, What};
use crate::domain::experiment::Key;
use crate::domain::sequence::{Act, Again, Copy, Experiment, Kind, Sequence, Variant, Winner};
use crate::domain::touch::{Outcome, RefusalClass};

/// Variants `a` and `b` of one mail; `b` gets three of four.
fn tried(id: &str, by: &str, variants: &[(&str, &str, u32)]) -> Act {
    let variant = |(name, template, weight): &(&str, &str, u32)| Variant {
        name: (*name).to_owned(),
        template: (*template).to_owned(),
        weight: *weight,
    };
    let variants = variants.iter().map(variant).collect();
    let winner = Some(Winner { by: by.to_owned(), at_least: 10, confidence: 0.95 });
    Act::Email { copy: Copy::Tried(Experiment { id: id.to_owned(), variants, winner }) }
}

const PAIR: [(&str, &str, u32); 2] = [("a", "t/a", 1), ("b", "t/b", 3)];

fn one_mail(by: &str) -> Sequence {
    sequence("test", Kind::Cadence, vec![("ask", tried("x1", by, &PAIR)), ("pause", wait("30d"))])
}

fn key(step: &str) -> Key {
    Key { sequence: "test".to_owned(), step: step.to_owned(), experiment: "x1".to_owned() }
}

fn asked(sequence: Sequence) -> Desk {
    let mut desk = Desk::new(book(vec![sequence]));
    desk.enroll("test");
    desk
}

fn variant(desk: &Desk) -> (String, String) {
    let (touch, _) = desk.touch("test", "ask").unwrap();
    (touch.variant.clone().unwrap(), touch.template.clone())
}

/// The mails and hits of all variants together.
fn counted(desk: &Desk) -> (i64, i64) {
    desk.tallies.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn hear_about(desk: &mut Desk, name: &str, step: &str, actor: Actor) {
    let touch = desk.touch("test", step).map(|(touch, _)| touch.id.clone());
    desk.tell_as(Ask::Hear { name: name.to_owned(), data: Map::new(), touch }, actor, desk.now);
}

#[test]
fn of_many_leads_each_variant_gets_its_share_and_each_lead_always_the_same() {
    let mut got: BTreeMap<(String, String), usize> = BTreeMap::new();
    for number in 0..800 {
        let of = || {
            let mut desk = Desk::of(&format!("lead{number}@acme.example"), book(vec![one_mail("replied")]));
            desk.enroll("test");
            variant(&desk)
        };
        let first = of();
        assert_eq!(first, of());
        *got.entry(first).or_default() += 1;
    }
    let of = |name: &str| got[&(name.to_owned(), format!("t/{name}"))];
    // Three of four: 600 of 800, with a standard deviation of 12.
    assert!((550..=650).contains(&of("b")) && of("a") + of("b") == 800, "{got:?}");
}

#[test]
fn whoever_has_no_variant_yet_gets_the_winner_and_counts_no_more() {
    for winner in ["a", "b"] {
        let mut desk = Desk::new(book(vec![one_mail("replied")]));
        desk.winners.insert(key("ask"), winner.to_owned());
        desk.enroll("test");
        assert_eq!(variant(&desk), (winner.to_owned(), format!("t/{winner}")));
        desk.accepted("test", "ask");
        hear_about(&mut desk, "replied", "ask", Actor::Human);
        assert_eq!(counted(&desk), (0, 0));
    }
}

#[test]
fn a_touch_keeps_its_variant_when_another_wins_or_the_file_changes() {
    let mut desk = asked(one_mail("replied"));
    let (name, _) = variant(&desk);
    let other = if name == "a" { "b" } else { "a" };
    desk.winners.insert(key("ask"), other.to_owned());
    desk.comes_back("test", "ask", Outcome::Held { reason: "a value is missing".to_owned() });
    let texts = [("a", "t/new-a", 1), ("b", "t/new-b", 1), ("c", "t/new-c", 1_000)];
    let steps = vec![("ask", tried("x2", "replied", &texts)), ("pause", wait("30d"))];
    let mut edited = sequence("test", Kind::Cadence, steps);
    edited.version = "test-2".to_owned();
    assert_eq!(desk.edit("test", Some(edited)), "[new_copy released] at ask");
    assert_eq!(variant(&desk), (name.clone(), format!("t/new-{name}")));
    desk.accepted("test", "ask");
    assert_eq!(counted(&desk), (0, 0), "the dice of the new experiment did not give it this text");
}

#[test]
fn an_edit_elsewhere_leaves_a_mail_in_its_experiment() {
    let mut desk = asked(one_mail("replied"));
    let mut edited = one_mail("replied");
    edited.version = "test-2".to_owned();
    edited.send.from = Some("other".to_owned());
    desk.edit("test", Some(edited));
    assert_eq!(desk.touch("test", "ask").unwrap().0.version, "test-2");
    desk.accepted("test", "ask");
    assert_eq!(counted(&desk), (1, 0));
}

#[test]
fn a_mail_counts_once_it_left_and_its_success_once() {
    let mut desk = asked(one_mail("replied"));
    let (name, _) = variant(&desk);
    assert_eq!(counted(&desk), (0, 0), "it has not left");
    let until = desk.now + super::plot::length("1h");
    desk.comes_back("test", "ask", Outcome::Deferred { reply: "451 later".to_owned(), until });
    assert_eq!(counted(&desk), (0, 0));
    desk.comes_back("test", "ask", Outcome::Unknown { reason: "the line was cut".to_owned() });
    desk.comes_back("test", "ask", Outcome::accepted("250 ok"));
    assert_eq!(desk.tallies, [(name.clone(), (1, 0))].into());
    hear_about(&mut desk, "replied", "ask", Actor::Human);
    hear_about(&mut desk, "replied", "ask", Actor::Human);
    assert_eq!(desk.tallies, [(name, (1, 1))].into());
}

#[test]
fn what_never_left_counts_for_nothing() {
    let mut desk = asked(one_mail("replied"));
    desk.refused("test", "ask", RefusalClass::Other);
    hear_about(&mut desk, "replied", "ask", Actor::Human);
    assert_eq!(counted(&desk), (0, 0));
}

#[test]
fn only_what_a_person_did_is_a_success_and_only_after_its_minute() {
    for (by, verdict, hits) in
        [("opened", Actor::Human, 1), ("opened", Actor::Machine, 0), ("clicked", Actor::Human, 1)]
    {
        let mut desk = asked(one_mail(by));
        desk.accepted("test", "ask");
        desk.hit(by, "test", "ask", verdict);
        assert_eq!(counted(&desk), (1, 0), "it has no verdict yet");
        desk.after("2m");
        assert_eq!(counted(&desk), (1, hits), "{by} by {verdict:?}");
    }
    let mut desk = asked(one_mail("replied"));
    desk.accepted("test", "ask");
    hear_about(&mut desk, "replied", "ask", Actor::Machine);
    hear_about(&mut desk, "auto_replied", "ask", Actor::Human);
    assert_eq!(counted(&desk), (1, 0));
}

#[test]
fn an_open_that_is_told_before_the_acceptance_counts_with_it() {
    let mut desk = asked(one_mail("opened"));
    desk.hit("opened", "test", "ask", Actor::Human);
    desk.after("2m");
    assert_eq!(counted(&desk), (0, 0));
    desk.accepted("test", "ask");
    assert_eq!(counted(&desk), (1, 1));
}

#[test]
fn a_success_that_names_no_mail_counts_for_the_last_one_that_waits_for_it_within_thirty_days() {
    let second = tried("x1", "demo_requested", &[("c", "t/c", 1), ("d", "t/d", 1)]);
    let steps = vec![("ask", tried("x1", "demo_requested", &PAIR)), ("pause", wait("2d")), ("more", second)];
    let mut desk = asked(sequence("test", Kind::Cadence, steps));
    desk.accepted("test", "ask");
    desk.after("2d");
    desk.accepted("test", "more");
    desk.hear("page_viewed");
    assert_eq!(counted(&desk), (2, 0));
    desk.hear_as("demo_requested", json!({}), Actor::Human, desk.now);
    desk.hear("demo_requested");
    let hits = |desk: &Desk, names: [&str; 2]| {
        names.iter().filter_map(|name| desk.tallies.get(*name)).map(|t| t.1).sum::<i64>()
    };
    assert_eq!((hits(&desk, ["a", "b"]), hits(&desk, ["c", "d"])), (0, 1));

    let mut late = asked(one_mail("demo_requested"));
    late.accepted("test", "ask");
    late.after("31d");
    late.hear("demo_requested");
    assert_eq!(counted(&late), (1, 0));
}

#[test]
fn a_reply_that_ends_the_enrollment_counts_and_so_does_what_comes_after_the_end() {
    let mut desk = asked(one_mail("meeting_booked"));
    desk.accepted("test", "ask");
    hear_about(&mut desk, "replied", "ask", Actor::Human);
    assert!(desk.lead.enrollments.is_empty());
    desk.hear("meeting_booked");
    assert_eq!(counted(&desk), (1, 1));
}

#[test]
fn a_lead_counts_once_in_an_experiment_however_often_it_goes_through() {
    let steps = vec![("ask", tried("x1", "replied", &PAIR)), ("end", Act::End { reason: "done".to_owned() })];
    let mut desk = asked(sequence("test", Kind::Nurture, steps).again(Again::Always));
    for _ in 0..3 {
        let touch =
            desk.outbox.values().find(|(_, stands)| stands == "queued").map(|(touch, _)| touch.clone()).unwrap();
        let (id, enrollment, step) = (touch.id.clone(), touch.enrollment.clone(), touch.step);
        desk.outbox.get_mut(&id).unwrap().1 = "accepted".to_owned();
        let outcome = Outcome::accepted("250 ok");
        desk.tell_as(Ask::Touched { touch: id, enrollment, step, outcome }, Actor::System, desk.now);
        desk.enroll("test");
    }
    assert_eq!((desk.count(|what| what.name() == "sent"), counted(&desk)), (3, (1, 0)));
}

#[test]
fn what_a_lead_remembers_of_experiments_stays_small() {
    let name = |number: usize| format!("s{number}");
    let one = |number: usize| {
        let steps = vec![("ask", tried(&name(number), "replied", &PAIR))];
        sequence(&name(number), Kind::Cadence, steps)
    };
    let mut desk = Desk::new(book((0..30).map(one).collect()));
    for number in 0..30 {
        desk.enroll(&name(number));
        desk.accepted(&name(number), "ask");
    }
    assert_eq!(desk.lead.trials.len(), crate::domain::experiment::TRIALS);
    assert_eq!(counted(&desk), (30, 0));
}

#[test]
fn what_was_chosen_is_a_fact_and_a_mail_in_one_text_has_none() {
    let desk = asked(one_mail("replied"));
    let chosen = |desk: &Desk| {
        desk.history.iter().find_map(|event| match &event.what {
            What::Queued { chosen, .. } => chosen.clone(),
            _ => None,
        })
    };
    assert_eq!(chosen(&desk).map(|chosen| chosen.variant), Some(variant(&desk).0));
    let plain = asked(sequence("test", Kind::Cadence, vec![("ask", email())]));
    assert_eq!((chosen(&plain), plain.touch("test", "ask").unwrap().0.variant.clone()), (None, None));
}
