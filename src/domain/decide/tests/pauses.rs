use serde_json::json;

use super::desk::{Desk, local, utc};
use super::plot::{book, email, sequence, two_mails, wait};
use crate::domain::decide::{Ask, Reply};
use crate::domain::enrollment::Phase;
use crate::domain::sequence::{Kind, Sequence, ZoneRule};
use crate::domain::time::{Instant, Millis};

fn cadence() -> Sequence {
    sequence("cadence", Kind::Cadence, vec![("gap", wait("4d")), ("mail", email())])
}

fn pausing(desk: &Desk) -> Option<Instant> {
    desk.lead.enrollments[0].paused.as_ref().and_then(|pausing| pausing.until)
}

fn pause(desk: &mut Desk) -> Reply {
    desk.tell(Ask::Pause { sequence: None, because: "by hand".to_owned() })
}

fn resume(desk: &mut Desk) -> Reply {
    desk.tell(Ask::Resume { sequence: None })
}

#[test]
fn a_pause_freezes_the_wait() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.enroll("cadence");
    desk.after("48h");
    pause(&mut desk);
    assert_eq!(desk.lead.wake_at, None);
    desk.after("2400h");
    resume(&mut desk);
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)), "two days left stay two days left");
}

#[test]
fn an_out_of_office_pauses_until_a_business_day_after_the_return() {
    let mut desk = Desk::new(book(vec![cadence(), two_mails("receipt", Kind::Transactional)]));
    desk.enroll("cadence");
    desk.enroll("receipt");
    desk.hear_with("auto_replied", json!({"until": "2026-03-13"}));
    // The 13th is a Friday: one business day more is Monday.
    assert_eq!(pausing(&desk), Some(utc("2026-03-16T10:00")));
    assert_eq!([desk.state("cadence"), desk.state("receipt")], ["paused", "active"]);
    assert_eq!((desk.score(), desk.lead.last_human_at), (0.0, None), "an auto-reply is no reply and scores nothing");
    desk.until(utc("2026-03-16T10:00"));
    assert_eq!(desk.lead.wake_at, Some(utc("2026-03-20T10:00")), "the four days of the wait were all still left");
}

#[test]
fn an_out_of_office_without_a_date_pauses_three_business_days() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.now = utc("2026-03-04T10:00");
    desk.enroll("cadence");
    desk.hear("auto_replied");
    // Thursday, Monday (Friday is a holiday), Tuesday.
    assert_eq!(pausing(&desk), Some(utc("2026-03-10T10:00")));
}

#[test]
fn an_out_of_office_pauses_thirty_days_at_most() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.enroll("cadence");
    for until in ["2027-01-01", "9999-12-31"] {
        desk.hear_with("auto_replied", json!({ "until": until }));
        assert_eq!(pausing(&desk), Some(desk.now + Millis::DAY.times(30)));
    }
}

#[test]
fn an_auto_reply_without_a_date_does_not_shorten_one_with_a_date() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.enroll("cadence");
    desk.hear_with("auto_replied", json!({"until": "2026-03-20"}));
    let stated = pausing(&desk);
    desk.hear("auto_replied");
    assert_eq!(pausing(&desk), stated);
    desk.hear_with("auto_replied", json!({"until": "2026-03-13"}));
    assert_eq!(pausing(&desk), Some(utc("2026-03-16T10:00")), "who names another date has changed it");
}

#[test]
fn a_second_auto_reply_keeps_what_was_left_of_the_wait() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.enroll("cadence");
    desk.after("48h");
    desk.hear_with("auto_replied", json!({"until": "2026-03-09"}));
    desk.after("72h");
    desk.hear_with("auto_replied", json!({"until": "2026-03-16"}));
    let back = utc("2026-03-17T10:00");
    desk.until(back);
    assert_eq!(desk.lead.wake_at, Some(back + Millis::DAY.times(2)));
}

#[test]
fn a_pause_by_hand_outlasts_an_out_of_office() {
    let mut desk = Desk::new(book(vec![cadence()]));
    desk.enroll("cadence");
    desk.hear_with("auto_replied", json!({"until": "2026-03-09"}));
    assert_eq!(pause(&mut desk), Reply::Done);
    assert!(matches!(pause(&mut desk), Reply::Refused(_)));
    desk.hear_with("auto_replied", json!({"until": "2026-03-10"}));
    desk.after("1000h");
    assert_eq!(desk.state("cadence"), "paused");
    assert_eq!(resume(&mut desk), Reply::Done);
    assert!(matches!(resume(&mut desk), Reply::Refused(_)));
}

#[test]
fn a_pause_puts_the_queued_touch_aside_and_a_resume_queues_it_again_in_its_window() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    pause(&mut desk);
    assert_eq!(desk.stands("cadence", "first"), "held");
    desk.now = utc("2026-03-02T20:00");
    resume(&mut desk);
    assert_eq!(desk.stands("cadence", "first"), "queued");
    let requeued = desk.last.effects.iter().any(|effect| {
        matches!(effect, crate::domain::decide::Effect::Requeue(requeue) if requeue.ready_at == utc("2026-03-03T09:00"))
    });
    assert!(requeued);
}

#[test]
fn a_mail_accepted_during_a_pause_starts_its_wait_at_the_resume() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    pause(&mut desk);
    desk.after("1h");
    desk.accepted("cadence", "first");
    desk.after("240h");
    assert_eq!(desk.stands("cadence", "second"), "never asked for");
    resume(&mut desk);
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)));
}

#[test]
fn a_fact_heard_during_a_pause_acts_at_once_if_it_ends_and_else_on_resume() {
    let steps = vec![
        ("gap", wait("1d")),
        ("fork", super::plot::branch("happened('login')", 2, 3)),
        ("yes", wait("9d")),
        ("no", wait("9d")),
    ];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps).stop_on("meeting_booked")]));
    desk.enroll("cadence");
    pause(&mut desk);
    desk.hear("login");
    resume(&mut desk);
    desk.after("24h");
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("yes"));
    pause(&mut desk);
    desk.hear("meeting_booked");
    assert_eq!(desk.state("cadence"), "stopped");
}

#[test]
fn a_value_that_came_during_a_pause_mends_the_held_touch_on_resume() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.comes_back("cadence", "first", crate::domain::touch::Outcome::Held { reason: "no first name".to_owned() });
    pause(&mut desk);
    desk.set("first_name", json!("Ada"));
    assert_eq!(desk.stands("cadence", "first"), "held");
    resume(&mut desk);
    assert_eq!(desk.stands("cadence", "first"), "queued");
}

#[test]
fn who_enters_a_paused_sequence_starts_paused() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.paused_sequences.insert("cadence".to_owned());
    desk.enroll("cadence");
    assert_eq!((desk.state("cadence").as_str(), desk.outbox.len()), ("paused", 0));
    desk.paused_sequences.clear();
    resume(&mut desk);
    assert_eq!(desk.stands("cadence", "first"), "queued");
}

#[test]
fn a_pause_over_the_change_of_clocks_ends_at_the_local_time_it_was_meant_for() {
    let mut sequence = cadence();
    sequence.send.zone = ZoneRule::Named("Europe/Berlin".to_owned());
    let mut desk = Desk::new(book(vec![sequence]));
    desk.now = local("Europe/Berlin", "2026-03-27T10:00");
    desk.enroll("cadence");
    assert!(
        matches!(desk.lead.enrollments[0].phase, Phase::Waiting { until } if until == local("Europe/Berlin", "2026-03-31T10:00"))
    );
    desk.set("zone", json!("Europe/Berlin"));
    desk.hear("auto_replied");
    assert_eq!(pausing(&desk), Some(local("Europe/Berlin", "2026-04-01T10:00")));
}
