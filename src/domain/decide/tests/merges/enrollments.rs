//! What the two are in: what goes on, what ends, and that nothing comes twice.

use serde_json::json;

use super::super::desk::{Desk, utc};
use super::super::plot::{book, email, length, sequence, two_mails};
use super::{cadence, two};
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Effect, Reply};
use crate::domain::enrollment::Phase;
use crate::domain::event::{Actor, What};
use crate::domain::sequence::{Act, Again, Intake, Kind, OnUnknown, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::touch::{Outcome, RefusalClass};

#[test]
fn of_two_enrollments_in_one_sequence_the_further_stays_and_no_step_is_asked_for_twice() {
    for own_is_further in [true, false] {
        let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
        let (ahead, behind) = if own_is_further { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        ahead.enroll("outbound");
        ahead.accepted("outbound", "one");
        ahead.after("48h");
        ahead.accepted("outbound", "two");
        behind.now = ahead.now;
        behind.enroll("outbound");
        assert_eq!(ada.absorb(other), Reply::Done);
        assert_eq!((ada.running(), ada.ended()), (vec!["outbound at #2".to_owned()], vec!["merged"]));
        let called_off = ada.last.effects.iter().filter(|effect| matches!(effect, Effect::Cancel { .. })).count();
        assert_eq!(called_off, 1, "the first mail that the other waited with");
        ada.after("48h");
        assert_eq!(ada.count(|what| matches!(what, What::Queued { step, .. } if step == "three")), 1);
        assert_eq!(ada.count(|what| matches!(what, What::Queued { step, .. } if step == "two")), 1);
    }
}

#[test]
fn at_the_same_step_ones_own_enrollment_stays_since_its_mail_may_be_on_its_way() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    let kept = ada.lead.enrollments[0].id.clone();
    ada.absorb(other);
    assert_eq!(ada.lead.enrollments.iter().map(|one| &one.id).collect::<Vec<_>>(), [&kept]);
}

#[test]
fn who_was_in_a_sequence_before_is_in_it_no_more_unless_again_lets_it_in() {
    let running = |again: Again, days: &str| {
        let (mut ada, mut other) = two(|| book(vec![Sequence { again, ..two_mails("nurture", Kind::Nurture) }]));
        other.enroll("nurture");
        other.accepted("nurture", "first");
        other.after("48h");
        other.accepted("nurture", "second");
        ada.now = other.now + length(days);
        ada.enroll("nurture");
        other.now = ada.now;
        ada.absorb(other);
        (ada.running().len(), ada.ended().last().copied().unwrap_or("none").to_owned())
    };
    let merged = (0, "merged".to_owned());
    assert_eq!(running(Again::Never, "9600h"), merged);
    assert_eq!(running(Again::After(length("720h")), "240h"), merged);
    assert_eq!(running(Again::After(length("720h")), "960h").0, 1);
    assert_eq!(running(Again::Always, "1h").0, 1);
}

#[test]
fn what_was_the_others_past_keeps_the_lead_out_from_then_on() {
    let (mut ada, mut other) = two(|| book(vec![two_mails("nurture", Kind::Nurture)]));
    other.enroll("nurture");
    other.tell(Ask::Remove { sequence: None, reason: "moved".to_owned() });
    ada.hear("login");
    ada.absorb(other);
    assert!(matches!(ada.enroll("nurture"), Reply::Refused(reason) if reason.contains("before")));
}

#[test]
fn in_an_exclusive_group_who_entered_first_stays() {
    for own_is_first in [true, false] {
        let one = |name: &str| two_mails(name, Kind::Nurture).exclusive("nurture", 50);
        let (mut ada, mut other) = two(|| book(vec![one("guide"), one("tips"), two_mails("free", Kind::Nurture)]));
        let (first, second) = if own_is_first { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        first.enroll("guide");
        second.now = first.now + length("1h");
        first.now = second.now;
        second.enroll("tips");
        second.enroll("free");
        ada.absorb(other);
        let mut running = ada.running();
        running.sort();
        assert_eq!(
            (running, ada.ended()),
            (vec!["free at first".to_owned(), "guide at first".to_owned()], vec!["merged"])
        );
    }
}

#[test]
fn what_one_of_the_two_answered_ends_what_the_other_is_in_and_what_came_later_goes_on() {
    let (mut ada, mut other) =
        two(|| book(vec![cadence("outbound"), cadence("later"), two_mails("notice", Kind::Transactional)]));
    ada.enroll("outbound");
    ada.enroll("notice");
    other.now = ada.now + length("1h");
    other.hear("replied");
    ada.now = other.now + length("1h");
    ada.enroll("later");
    ada.absorb(other);
    assert_eq!(
        (ada.ended(), ada.running()),
        (vec!["replied"], vec!["notice at first".to_owned(), "later at one".to_owned()])
    );
}

#[test]
fn a_goal_that_the_other_reached_since_is_a_goal_and_a_stop_a_stop() {
    let (mut ada, mut other) = two(|| {
        book(vec![
            two_mails("won", Kind::Nurture).goal("demo_requested"),
            two_mails("stopped", Kind::Nurture).stop_on("meeting_booked"),
        ])
    });
    ada.enroll("won");
    ada.enroll("stopped");
    other.now = ada.now + length("1h");
    other.hear("demo_requested");
    other.hear("meeting_booked");
    ada.now = other.now;
    ada.absorb(other);
    let mut ended = ada.ended();
    ended.sort_unstable();
    assert_eq!(ended, ["goal", "stopped"]);
}

#[test]
fn a_mail_refused_for_good_after_the_merge_ends_what_moved() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.hear("login");
    other.enroll("outbound");
    ada.absorb(other);
    ada.refused("outbound", "one", RefusalClass::Hard);
    assert_eq!((ada.ended(), ada.lead.suppressed), (vec!["bounced"], Some(Reason::HardBounce)));
}

#[test]
fn who_entered_after_the_other_had_answered_would_have_been_kept_out() {
    let merged = |again: Again| {
        let (mut ada, mut other) = two(|| book(vec![cadence("outbound").again(again)]));
        ada.enroll("outbound");
        other.now = ada.now + length("24h");
        other.hear("replied");
        other.now = other.now + length("24h");
        other.enroll("outbound");
        ada.now = other.now;
        ada.absorb(other);
        let mut ended: Vec<String> = ada.ended().into_iter().map(str::to_owned).collect();
        ended.sort();
        (ended, ada.running().len())
    };
    // A round that again lets in is one of its own.
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound").again(Again::Always)]));
    ada.enroll("outbound");
    ada.accepted("outbound", "one");
    other.now = ada.now + length("24h");
    other.hear("replied");
    other.now = other.now + length("24h");
    other.enroll("outbound");
    ada.now = other.now;
    ada.absorb(other);
    assert!(ada.lead.enrollments[0].steps["one"].done_at.is_none());
    let both = (vec!["merged".to_owned(), "replied".to_owned()], 0);
    assert_eq!(merged(Again::Never), both);
    assert_eq!(merged(Again::After(length("720h"))), both);
    assert_eq!(merged(Again::Always), (vec!["replied".to_owned()], 1));
}

#[test]
fn a_mail_that_may_have_arrived_is_not_sent_from_the_other_enrollment() {
    let held = || Sequence { on_unknown: OnUnknown::Hold, ..cadence("outbound") };
    let (mut ada, mut other) = two(|| book(vec![held()]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.comes_back("outbound", "one", Outcome::Unknown { reason: "no answer".to_owned() });
    ada.absorb(other);
    assert!(matches!(&ada.lead.enrollments[0].phase, Phase::Held { .. }), "{:?}", ada.lead.enrollments);
    assert!(ada.last.effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
}

#[test]
fn across_versions_the_further_is_who_has_more_of_the_same_steps_behind_and_none_comes_again() {
    let old = Sequence { version: "outbound-0".to_owned(), ..cadence("outbound") };
    let new = || {
        let wait = |text: &str| Act::Wait(Pause::parse(text).unwrap());
        let steps = vec![
            ("x", email()),
            ("y", email()),
            ("one", email()),
            ("#1", wait("2d")),
            ("two", email()),
            ("#2", wait("2d")),
            ("three", email()),
        ];
        sequence("outbound", Kind::Cadence, steps)
    };
    let files = || {
        let mut files = book(vec![new()]);
        files.versions.insert(old.version.clone(), std::sync::Arc::new(old.clone()));
        files
    };
    let (mut ada, mut other) = two(files);
    other.playbook.sequences.insert("outbound".to_owned(), std::sync::Arc::new(old.clone()));
    other.enroll("outbound");
    other.accepted("outbound", "one");
    other.after("48h");
    other.accepted("outbound", "two");
    ada.now = other.now;
    ada.enroll("outbound");
    ada.accepted("outbound", "x");
    ada.accepted("outbound", "y");
    ada.absorb(other);
    assert_eq!((ada.running(), ada.ended()), (vec!["outbound at #2".to_owned()], vec!["merged"]));
    ada.after("48h");
    let queued = |step: &str| ada.count(|what| matches!(what, What::Queued { step: queued, .. } if queued == step));
    assert_eq!(["two", "three"].map(queued), [1, 1]);
}

#[test]
fn what_goes_on_for_both_waits_as_long_as_what_was_paused() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.tell(Ask::Pause { sequence: None, because: "on leave".to_owned() });
    ada.absorb(other);
    assert_eq!(ada.lead.enrollments[0].paused.as_ref().map(|pausing| pausing.because.as_str()), Some("on leave"));
    assert!(ada.last.effects.iter().any(|effect| matches!(effect, Effect::Hold { .. })));
}

#[test]
fn who_waits_for_room_in_a_sequence_the_other_is_in_waits_no_more() {
    for own_waits in [true, false] {
        let (mut ada, mut other) = two(|| book(vec![cadence("full").again(Again::Always).limits(1, 9)]));
        let (waits, runs) = if own_waits { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        runs.enroll("full");
        waits.intakes.insert("full".to_owned(), Intake { active: 1, entered_today: 1, waiting: false });
        assert!(matches!(waits.enroll("full"), Reply::Pending(_)));
        ada.pending.remove("full");
        ada.absorb(other);
        assert_eq!((ada.lead.pending.len(), ada.running().len()), (0, 1));
    }
}

#[test]
fn a_lead_that_answers_while_it_waits_for_room_waits_no_more() {
    let mut ada = Desk::new(book(vec![cadence("full").limits(0, 9)]));
    assert!(matches!(ada.enroll("full"), Reply::Pending(_)));
    ada.now = ada.now + length("1h");
    // Told late, it happened before it began to wait.
    ada.hear_as("replied", json!({}), Actor::Human, ada.now - length("2h"));
    assert!(ada.lead.pending.is_empty() && ada.names().contains(&"enrollment_dropped"));
}

#[test]
fn a_mailbox_where_nothing_ever_arrived_keeps_nobody_out() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.refused("outbound", "one", RefusalClass::Hard);
    ada.absorb(other);
    assert_eq!((ada.running().len(), ada.lead.suppressed), (1, None));
}

#[test]
fn a_mail_that_moves_waits_for_its_window_where_the_person_lives_whatever_else_ended() {
    let (mut ada, mut other) =
        two(|| book(vec![cadence("outbound"), two_mails("done", Kind::Nurture).goal("demo_requested")]));
    ada.set("zone", json!("Europe/Berlin"));
    ada.enroll("done");
    other.set("zone", json!("America/New_York"));
    other.now = utc("2026-03-02T20:00");
    other.hear("demo_requested");
    other.now = utc("2026-03-02T23:00");
    other.enroll("outbound");
    ada.now = other.now;
    ada.absorb(other);
    assert_eq!(ada.ended(), ["goal"]);
    let moved = ada.last.effects.iter().find_map(|effect| match effect {
        Effect::Requeue(requeue) => Some((requeue.ready_at, requeue.zone.as_str())),
        _ => None,
    });
    assert_eq!(moved, Some((utc("2026-03-03T08:00"), "Europe/Berlin")));
}
