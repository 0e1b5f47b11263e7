use serde_json::json;

use super::desk::{Desk, local, utc};
use super::plot::{book, email, sequence, two_mails, wait, when};
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Effect};
use crate::domain::enrollment::Phase;
use crate::domain::event::What;
use crate::domain::sequence::{Act, Assign, Kind, ZoneRule};
use crate::domain::time::{Instant, Millis};

fn waiting(desk: &Desk) -> Instant {
    match desk.lead.enrollments[0].phase {
        Phase::Waiting { until } => until,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_wait_counts_from_the_time_the_mail_was_accepted() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.now = desk.now + Millis::MINUTE.times(90);
    desk.accepted("cadence", "first");
    assert_eq!(waiting(&desk), utc("2026-03-04T11:30"));
    desk.until(utc("2026-03-04T11:29:59"));
    assert_eq!(desk.stands("cadence", "second"), "never asked for");
    desk.until(utc("2026-03-04T11:30"));
    assert_eq!(desk.touch("cadence", "second").unwrap().0.ready_at, utc("2026-03-04T11:30"));
}

#[test]
fn a_touch_goes_at_the_next_allowed_instant_and_a_holiday_is_none() {
    let steps = vec![("gap", wait("1d")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.now = utc("2026-03-05T17:30");
    desk.enroll("cadence");
    desk.after("72h");
    // Friday the 6th is a holiday: Monday morning it is.
    let (touch, _) = desk.touch("cadence", "mail").unwrap();
    assert_eq!((touch.ready_at, touch.first_allowed_at), (utc("2026-03-09T09:00"), utc("2026-03-09T09:00")));
}

#[test]
fn waits_and_windows_are_in_the_zone_of_the_lead() {
    let steps = vec![("gap", wait("1d")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.set("zone", json!("America/New_York"));
    desk.enroll("cadence");
    desk.after("24h");
    let (touch, _) = desk.touch("cadence", "mail").unwrap();
    assert_eq!(
        (touch.ready_at, touch.zone.as_str()),
        (local("America/New_York", "2026-03-03T09:00"), "America/New_York")
    );
}

#[test]
fn the_zone_that_was_used_and_where_it_came_from_are_recorded() {
    let mut desk =
        Desk::new(book(vec![sequence("cadence", Kind::Cadence, vec![("gap", wait("1d")), ("mail", email())])]));
    desk.set("country", json!("FR"));
    desk.enroll("cadence");
    assert_eq!(desk.lead.enrollments[0].zone.as_deref(), Some("Europe/Paris"));
    let told = desk.history.iter().any(|event| {
        matches!(&event.what, What::Moved { because, .. } if because == "waits, in the zone Europe/Paris of the country")
    });
    assert!(told);
}

#[test]
fn a_change_of_zone_moves_the_wake() {
    let steps = vec![("gap", wait("until Wed 09:00")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.enroll("cadence");
    assert_eq!(desk.lead.wake_at, Some(utc("2026-03-04T09:00")));
    desk.set("country", json!("JP"));
    assert_eq!(desk.lead.wake_at, Some(local("Asia/Tokyo", "2026-03-04T09:00")));
    assert_eq!(desk.lead.enrollments[0].zone.as_deref(), Some("Asia/Tokyo"));
    let before = desk.history.len();
    desk.set("first_name", json!("Ada"));
    assert_eq!(desk.history.len(), before + 1, "a change that moves no zone moves nothing");
}

#[test]
fn a_change_of_zone_moves_a_touch_that_waits_for_its_window() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.now = utc("2026-03-02T18:00");
    desk.enroll("cadence");
    assert_eq!(desk.touch("cadence", "first").unwrap().0.ready_at, utc("2026-03-03T09:00"));
    desk.set("zone", json!("America/New_York"));
    let requeued = |effect: &Effect| if let Effect::Requeue(requeue) = effect { Some(requeue.ready_at) } else { None };
    assert_eq!(desk.last.effects.iter().find_map(requeued), Some(utc("2026-03-02T18:00")), "it is one o'clock there");
    desk.set("zone", json!("Asia/Tokyo"));
    assert_eq!(desk.last.effects.iter().find_map(requeued), Some(local("Asia/Tokyo", "2026-03-03T09:00")));
    desk.set("first_name", json!("Ada"));
    assert_eq!(desk.last.effects.iter().find_map(requeued), None);
}

#[test]
fn a_step_that_sets_the_zone_moves_the_wakes_of_other_sequences() {
    let waits = sequence("waits", Kind::Cadence, vec![("gap", wait("until Wed 09:00")), ("mail", email())]);
    let assign = Assign::Attribute { name: "country".to_owned(), value: json!("JP") };
    let sets = sequence("sets", Kind::Cadence, vec![("set", Act::Set(vec![assign])), ("long", wait("30d"))]);
    let mut desk = Desk::new(book(vec![waits, sets]));
    desk.enroll("waits");
    desk.enroll("sets");
    assert_eq!(desk.lead.wake_at, Some(local("Asia/Tokyo", "2026-03-04T09:00")));
}

#[test]
fn a_zone_change_after_a_pause_releases_nothing_early() {
    let steps = vec![("gap", wait("5d")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.enroll("cadence");
    desk.tell(crate::domain::decide::Ask::Pause { sequence: None, because: "on leave".to_owned() });
    desk.after("240h");
    desk.tell(crate::domain::decide::Ask::Resume { sequence: None });
    assert_eq!(waiting(&desk), desk.now + Millis::DAY.times(5));
    desk.set("zone", json!("Europe/London"));
    assert_eq!(waiting(&desk), desk.now + Millis::DAY.times(5));
}

#[test]
fn after_a_long_outage_one_touch_goes_and_the_next_waits_from_there() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.accepted("cadence", "first");
    desk.now = utc("2026-03-18T12:00");
    desk.tell(crate::domain::decide::Ask::Wake);
    assert_eq!(desk.touch("cadence", "second").unwrap().0.ready_at, utc("2026-03-18T12:00"));
    assert_eq!(desk.outbox.len(), 2);
}

#[test]
fn many_elapsed_waits_and_steps_are_taken_at_once() {
    let names: Vec<String> = (0..40).map(|n| format!("gap-{n}")).collect();
    let mut steps: Vec<(&str, Act)> = names.iter().map(|name| (name.as_str(), wait("1h"))).collect();
    steps.push(("mail", email()));
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.enroll("cadence");
    desk.now = utc("2026-03-11T12:00");
    desk.tell(crate::domain::decide::Ask::Wake);
    desk.after("5s");
    assert_eq!(desk.stands("cadence", "mail"), "queued");
}

#[test]
fn a_sequence_comes_to_its_end() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.accepted("cadence", "first");
    desk.after("48h");
    desk.accepted("cadence", "second");
    assert_eq!((desk.state("cadence").as_str(), desk.lead.wake_at), ("finished", None));
}

fn waits_for(text: &str, up_to: &str) -> Act {
    Act::WaitFor { when: when(text), up_to: Pause::parse(up_to).unwrap() }
}

#[test]
fn a_wait_for_a_condition_ends_the_moment_it_holds_and_later_waits_count_from_there() {
    let steps = vec![("guide", waits_for("happened(\"guide_read\")", "3d")), ("gap", wait("2h")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps)]));
    desk.enroll("nurture");
    assert_eq!(waiting(&desk), utc("2026-03-05T10:00"));
    desk.after("24h");
    desk.hear("guide_read");
    assert_eq!(waiting(&desk), utc("2026-03-03T12:00"));
    let facts = &desk.lead.enrollments[0].steps["guide"];
    assert_eq!((facts.done_at, facts.outcome.as_deref()), (Some(utc("2026-03-03T10:00")), Some("came true")));
}

#[test]
fn a_wait_for_a_condition_that_never_holds_ends_with_its_time() {
    let steps = vec![("guide", waits_for("happened(\"guide_read\")", "3d")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps)]));
    desk.enroll("nurture");
    desk.until(utc("2026-03-05T10:00"));
    assert!(desk.touch("nurture", "mail").is_some());
    assert_eq!(desk.lead.enrollments[0].steps.get("guide"), None);
}

#[test]
fn what_holds_already_is_not_waited_for_and_time_alone_may_make_it_hold() {
    let steps = vec![
        ("heard", waits_for("happened(\"trial\")", "9d")),
        ("quiet", waits_for("!happened(\"trial\", \"2h\")", "9d")),
    ];
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps)]));
    desk.hear("trial");
    desk.enroll("nurture");
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("quiet"));
    assert!(desk.lead.wake_at.is_some_and(|at| at <= utc("2026-03-02T12:00:01")));
    desk.until(utc("2026-03-02T12:00:01"));
    assert!(desk.lead.enrollments.is_empty(), "{:?}", desk.lead.enrollments);
}

#[test]
fn a_pause_keeps_what_came_true_meanwhile_for_when_it_ends() {
    let steps = vec![("guide", waits_for("happened(\"guide_read\")", "30d")), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps)]));
    desk.enroll("nurture");
    desk.tell(Ask::Pause { sequence: None, because: "holiday".to_owned() });
    desk.hear("guide_read");
    assert!(desk.touch("nurture", "mail").is_none());
    desk.tell(Ask::Resume { sequence: None });
    assert!(desk.touch("nurture", "mail").is_some());
}

#[test]
fn the_holidays_of_where_a_lead_lives_close_its_windows_and_count_for_no_business_day() {
    let mut plan = sequence("cadence", Kind::Cadence, vec![("gap", wait("1bd")), ("mail", email())]);
    plan.send.lead_holidays = true;
    plan.send.zone = ZoneRule::Named("Europe/Berlin".to_owned());
    let mut desk = Desk::new(book(vec![plan]));
    desk.now = utc("2026-10-30T10:00");
    desk.set("country", json!("DE"));
    desk.enroll("cadence");
    // All Saints is on a Sunday in 2026 and Reformation Day on a Saturday: neither matters to business days.
    assert_eq!(waiting(&desk), utc("2026-11-02T10:00"));
    desk.set("country", json!("CO"));
    // In Colombia All Saints is kept on the Monday after: the same wait is counted again by the new country's days.
    assert_eq!(waiting(&desk), utc("2026-11-03T10:00"));
    desk.set("country", json!("Atlantis"));
    assert_eq!(waiting(&desk), utc("2026-11-02T10:00"));
}

#[test]
fn a_queued_mail_moves_when_its_lead_turns_out_to_live_where_it_is_a_holiday() {
    let mut plan = sequence("cadence", Kind::Cadence, vec![("mail", email())]);
    plan.send.lead_holidays = true;
    plan.send.zone = ZoneRule::Named("UTC".to_owned());
    let mut desk = Desk::new(book(vec![plan]));
    desk.now = utc("2026-01-06T08:00");
    desk.enroll("cadence");
    assert_eq!(desk.touch("cadence", "mail").unwrap().0.ready_at, utc("2026-01-06T09:00"));
    desk.set("region", json!("BY"));
    desk.set("country", json!("DE"));
    let moved = |effect: &Effect| matches!(effect, Effect::Requeue(to) if to.ready_at == utc("2026-01-07T09:00"));
    assert!(desk.last.effects.iter().any(moved), "{:?}", desk.last.effects);
}
