//! Every kind of edit, applied to somebody in flight: where it puts the lead, and which mails then come when.

use std::sync::Arc;

use super::desk::{Desk, utc};
use super::plot::{book, branch, email, hook, sequence, wait, weekdays};
use crate::domain::decide::forecast;
use crate::domain::event::What;
use crate::domain::sequence::{Act, Copy, InFlight, Kind, OnFailure, Sequence};
use crate::domain::template::{Body, Template};
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;

type Steps = Vec<(&'static str, Act)>;

fn version(number: u32, steps: Steps) -> Sequence {
    Sequence { version: format!("test-{number}"), ..sequence("test", Kind::Cadence, steps) }
}

fn usual() -> Steps {
    vec![("first", email()), ("#2", wait("10d")), ("second", email()), ("#4", wait("2d")), ("third", email())]
}

fn other_copy() -> Act {
    Act::Email { copy: Copy::One("other".to_owned()) }
}

/// Where a lead is when the edit comes: the mail `first` is queued for Monday at nine, or it was sent on that Monday and four days of
/// the ten are over.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Queued,
    Waiting,
}
use Place::{Queued, Waiting};

fn desk_at(place: Place) -> Desk {
    let mut desk = Desk::new(book(vec![version(1, usual())]));
    desk.until(utc("2026-03-08T10:00"));
    desk.enroll("test");
    assert_eq!(desk.touch("test", "first").unwrap().0.ready_at, utc("2026-03-09T09:00"));
    if place == Waiting {
        desk.until(utc("2026-03-09T09:00"));
        desk.accepted("test", "first");
        desk.until(utc("2026-03-13T10:00"));
    }
    desk
}

/// Sends all that comes, and tells each as `step day hour`.
fn rest_of(desk: &mut Desk) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let queued = desk.outbox.values().filter(|(_, stands)| stands == "queued").map(|(touch, _)| touch.clone());
        let mut queued: Vec<NewTouch> = queued.collect();
        queued.sort_by_key(|touch| touch.ready_at);
        let wake = desk.lead.wake_at.unwrap_or(Instant::NEVER);
        match queued.first() {
            Some(touch) if touch.ready_at <= wake => {
                desk.until(touch.ready_at);
                let at = desk.now.to_string();
                sent.push(format!("{} {} {} {}", touch.step, touch.template, touch.version, &at[5..13]));
                desk.accepted("test", &touch.step);
            }
            _ if wake < Instant::NEVER => desk.until(wake),
            _ => return sent,
        }
    }
}

/// Applies an edit, checks that what was foreseen is what comes, and tells both the landing and the mails.
fn played(place: Place, new: Option<Sequence>) -> (String, Vec<String>) {
    let mut desk = desk_at(place);
    let landing = desk.edit("test", new);
    let foreseen: Vec<String> = desk.lead.enrollments.first().map_or_else(Vec::new, |enrollment| {
        let ready_at =
            desk.outbox.values().filter(|(_, stands)| stands == "queued").map(|(touch, _)| touch.ready_at).min();
        let sends = forecast((&desk.lead, enrollment), ready_at, &desk.playbook, desk.now).sends;
        sends.into_iter().map(|send| format!("{} {}", send.step, &send.at.to_string()[5..13])).collect()
    });
    let come = rest_of(&mut desk);
    let told: Vec<String> = come
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            format!("{} {}", words[0], words[3])
        })
        .collect();
    assert_eq!(foreseen, told, "what was foreseen is what comes");
    assert!(desk.lead.enrollments.is_empty());
    (landing, come)
}

fn check(place: Place, steps: Steps, landing: &str, come: &[&str]) {
    assert_eq!(
        played(place, Some(version(2, steps))),
        (landing.to_owned(), come.iter().map(|c| (*c).to_owned()).collect())
    );
}

#[test]
fn without_an_edit_each_mail_comes_at_its_time() {
    let mails = ["second copy test-1 03-19T09", "third copy test-1 03-23T09"];
    assert_eq!(rest_of(&mut desk_at(Waiting)), mails);
}

#[test]
fn new_copy_goes_into_what_has_not_left() {
    let mut steps = usual();
    steps[0].1 = other_copy();
    let mails = ["first other test-2 03-09T09", "second copy test-2 03-19T09", "third copy test-2 03-23T09"];
    check(Queued, steps.clone(), "[new_copy] at first", &mails);
    check(Waiting, steps, "[] at #2", &mails[1..]);
}

#[test]
fn a_template_that_changed_is_new_copy_too() {
    let with = |number: u32, text: &str| {
        let body = Body::Text(text.to_owned());
        let template = Template {
            name: "copy".to_owned(),
            version: text.to_owned(),
            body,
            needs: [].into(),
            attachments: Vec::new(),
        };
        let mut one = version(number, usual());
        one.templates.insert("copy".to_owned(), Arc::new(template));
        one
    };
    let mut desk = Desk::new(book(vec![with(1, "hello")]));
    desk.until(utc("2026-03-08T10:00"));
    desk.enroll("test");
    assert_eq!(desk.edit("test", Some(with(2, "hello"))), "[] at first");
    assert_eq!(desk.edit("test", Some(with(3, "good day"))), "[new_copy] at first");
    assert_eq!(desk.touch("test", "first").unwrap().0.version, "test-3");
}

#[test]
fn a_shorter_wait_keeps_the_time_waited_and_lets_go_at_once_who_waited_enough() {
    let shorter = |to: &str| {
        let mut steps = usual();
        steps[1].1 = wait(to);
        steps
    };
    check(Waiting, shorter("7d"), "[sooner] at #2", &["second copy test-2 03-16T09", "third copy test-2 03-18T09"]);
    check(Waiting, shorter("3d"), "[released] at #2", &["second copy test-2 03-13T10", "third copy test-2 03-16T09"]);
}

#[test]
fn a_longer_wait_counts_from_the_same_moment() {
    let mut steps = usual();
    steps[1].1 = wait("14d");
    check(Waiting, steps, "[later] at #2", &["second copy test-2 03-23T09", "third copy test-2 03-25T09"]);
}

#[test]
fn a_step_that_moved_takes_those_who_stand_there_along() {
    let steps =
        vec![("#1", wait("10d")), ("second", email()), ("first", email()), ("#4", wait("2d")), ("third", email())];
    check(Queued, steps.clone(), "[moved] at first", &["first copy test-2 03-09T09", "third copy test-2 03-11T09"]);
    // What was sent is not sent again, wherever it stands now.
    check(Waiting, steps, "[] at #1", &["second copy test-2 03-19T09", "third copy test-2 03-23T09"]);
}

#[test]
fn who_stands_at_a_step_that_was_renamed_goes_on_with_the_next_old_one() {
    let mut steps = usual();
    steps[0].0 = "hello";
    let next = "[lost_step sooner] at #2";
    let mut desk = desk_at(Queued);
    let landing = desk.edit("test", Some(version(2, steps.clone())));
    assert_eq!((desk.stands("test", "first"), desk.stands("test", "hello")), ("cancelled", "never asked for"));
    assert!(landing.starts_with("[lost_step") && landing.ends_with("at #2"), "{landing} {next}");
    check(Waiting, steps, "[] at #2", &["second copy test-2 03-19T09", "third copy test-2 03-23T09"]);
}

#[test]
fn who_stands_at_a_step_that_was_removed_goes_on_with_the_next_old_one() {
    let without = |gone: &[&str]| usual().into_iter().filter(|(id, _)| !gone.contains(id)).collect::<Steps>();
    check(Waiting, without(&["second"]), "[] at #2", &["third copy test-2 03-23T09"]);
    check(
        Waiting,
        without(&["#2"]),
        "[lost_step released] at second",
        &["second copy test-2 03-13T10", "third copy test-2 03-16T09"],
    );
    check(Waiting, without(&["#2", "second", "#4", "third"]), "[lost_step ends] at the end", &[]);
    check(
        Queued,
        without(&["first", "#2"]),
        "[lost_step released] at second",
        &["second copy test-2 03-09T09", "third copy test-2 03-11T09"],
    );
}

#[test]
fn who_waits_before_a_removed_step_waits_on_in_front_of_what_follows() {
    let mut steps = usual();
    steps.remove(2);
    steps.remove(1);
    // Of two waits the one in front of the third mail is left; whoever stood in the other has waited for four of its two days.
    check(Waiting, steps, "[lost_step released] at #4", &["third copy test-2 03-13T10"]);
}

#[test]
fn a_step_put_in_before_the_place_of_a_lead_is_not_done_for_it_and_one_after_is() {
    let mut before = usual();
    before.insert(0, ("hello", email()));
    check(Waiting, before, "[] at #2", &["second copy test-2 03-19T09", "third copy test-2 03-23T09"]);
    let mut after = usual();
    after.insert(3, ("extra", email()));
    let mails = ["second copy test-2 03-19T09", "extra copy test-2 03-19T09", "third copy test-2 03-23T09"];
    check(Waiting, after, "[] at #2", &mails);
}

#[test]
fn a_branch_that_was_not_decided_yet_is_decided_by_its_new_conditions() {
    let forked = |text: &str| {
        let ways = vec![
            ("first", email()),
            ("#2", wait("10d")),
            ("#3", branch(text, 3, 4)),
            ("second", email()),
            ("third", email()),
        ];
        version(if text.contains("score") { 1 } else { 2 }, ways)
    };
    let mut desk = Desk::new(book(vec![forked("score >= 0")]));
    desk.enroll("test");
    desk.accepted("test", "first");
    desk.after("1d");
    assert_eq!(desk.edit("test", Some(forked("lead.title == 'CEO'"))), "[] at #2");
    assert_eq!(rest_of(&mut desk), ["third copy test-2 03-12T10"]);
}

#[test]
fn another_window_moves_what_waits_for_it() {
    let windows = |hours: &str, days: &str| {
        let mut one = version(2, usual());
        one.send.calendar = weekdays("UTC", &[hours]);
        if days == "all" {
            one.send.calendar = crate::domain::calendar::Calendar::always(jiff::tz::TimeZone::UTC);
        }
        one
    };
    let mut desk = desk_at(Queued);
    assert_eq!(desk.edit("test", Some(windows("13:00-17:00", ""))), "[later] at first");
    assert_eq!(desk.touch("test", "first").unwrap().0.ready_at, utc("2026-03-09T13:00"));
    let mut desk = desk_at(Queued);
    assert_eq!(desk.edit("test", Some(windows("09:00-17:00", "all"))), "[released] at first");
    assert_eq!(rest_of(&mut desk)[0], "first copy test-2 03-08T10");
}

#[test]
fn what_is_on_its_way_stays_as_it_is_and_goes_on_where_the_edit_says() {
    let without_first = || version(2, usual().into_iter().skip(1).collect());
    let mut desk = desk_at(Queued);
    assert_eq!(desk.edit_with("test", Some(without_first()), true), "[lost_step] at first, then To(\"#2\")");
    let (touch, stands) = desk.touch("test", "first").unwrap();
    assert_eq!((touch.version.as_str(), stands), ("test-1", "queued"));
    // A second edit, before it came back, takes that step away too.
    let third = version(3, vec![("second", email()), ("#2", wait("2d")), ("third", email())]);
    assert_eq!(desk.edit_with("test", Some(third), true), "[] at first, then To(\"second\")");
    desk.until(utc("2026-03-09T09:00"));
    desk.accepted("test", "first");
    assert_eq!(rest_of(&mut desk), ["second copy test-3 03-09T09", "third copy test-3 03-11T09"]);
}

#[test]
fn without_a_sequence_whoever_waits_ends_and_a_touch_on_its_way_is_the_last() {
    let mut desk = desk_at(Waiting);
    assert_eq!(desk.edit("test", None), "[lost_step ends] at the end");
    assert_eq!(desk.state("test"), "finished");
    let mut desk = desk_at(Queued);
    desk.edit_with("test", None, true);
    desk.accepted("test", "first");
    assert_eq!((desk.state("test").as_str(), rest_of(&mut desk).len()), ("finished", 0));
}

#[test]
fn who_is_pinned_finishes_the_version_begun_and_who_is_to_finish_ends_after_the_touch_in_hand() {
    let with = |in_flight| Some(Sequence { in_flight, ..version(2, vec![("other", email())]) });
    let mut desk = desk_at(Waiting);
    assert_eq!(desk.edit("test", with(InFlight::Pin)), "");
    assert_eq!(rest_of(&mut desk), ["second copy test-1 03-19T09", "third copy test-1 03-23T09"]);
    let mut desk = desk_at(Waiting);
    assert_eq!(desk.edit("test", with(InFlight::Finish)), "[ends] at #2");
    assert_eq!(desk.state("test"), "finished");
    let mut desk = desk_at(Queued);
    assert_eq!(desk.edit("test", with(InFlight::Finish)), "[ends] at first, then End");
    assert_eq!(rest_of(&mut desk), ["first copy test-1 03-09T09"]);
}

#[test]
fn a_paused_wait_keeps_what_was_waited_and_what_is_held_is_tried_again_with_new_copy() {
    let mut desk = desk_at(Waiting);
    desk.tell(crate::domain::decide::Ask::Pause { sequence: None, because: "by hand".to_owned() });
    let mut steps = usual();
    steps[1].1 = wait("6d");
    assert_eq!(desk.edit("test", Some(version(2, steps))), "[sooner] at #2");
    desk.until(utc("2026-03-20T10:00"));
    desk.tell(crate::domain::decide::Ask::Resume { sequence: None });
    // Four days and an hour were waited.
    assert_eq!(rest_of(&mut desk)[0], "second copy test-2 03-23T09");

    let mut desk = desk_at(Queued);
    desk.until(utc("2026-03-09T09:00"));
    desk.comes_back("test", "first", crate::domain::touch::Outcome::Held { reason: "no name".to_owned() });
    assert_eq!(desk.edit("test", Some(version(2, usual()))), "[] at first");
    assert_eq!(desk.state("test"), "held");
    let mut steps = usual();
    steps[0].1 = other_copy();
    assert_eq!(desk.edit("test", Some(version(3, steps))), "[new_copy released] at first");
    assert_eq!(rest_of(&mut desk)[0], "first other test-3 03-09T09");
}

#[test]
fn a_step_without_a_touch_is_not_carried_out_again_where_it_has_its_own_id() {
    let tag = || Act::Set(vec![crate::domain::sequence::Assign::Points { points: 5.0, reason: "bonus".to_owned() }]);
    let one = version(1, vec![("bonus", tag()), ("#2", wait("10d")), ("second", email())]);
    let mut desk = Desk::new(book(vec![one]));
    desk.enroll("test");
    let moved = version(
        2,
        vec![("#1", wait("10d")), ("second", email()), ("bonus", tag()), ("call", hook(OnFailure::Continue))],
    );
    assert_eq!(desk.edit("test", Some(moved)), "[] at #1");
    rest_of(&mut desk);
    assert_eq!(desk.count(|what| matches!(what, What::Scored { line } if line.rule == "bonus")), 1);
}
