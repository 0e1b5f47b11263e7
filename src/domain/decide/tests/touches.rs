use serde_json::json;

use super::desk::Desk;
use super::plot::{book, email, hook, sequence, two_mails, wait};
use crate::domain::decide::{Ask, Reply};
use crate::domain::sequence::{Kind, OnFailure, OnUnknown, Sequence};
use crate::domain::time::Millis;
use crate::domain::touch::{Channel, Outcome, Policy, RefusalClass};

fn held(reason: &str) -> Outcome {
    Outcome::Held { reason: reason.to_owned() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { reason: "the connection broke".to_owned() }
}

#[test]
fn a_held_touch_is_tried_again_when_the_attribute_arrives() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.comes_back("cadence", "first", held("lead.first_name is missing"));
    assert_eq!((desk.state("cadence").as_str(), desk.lead.wake_at), ("held", None));
    desk.after("100h");
    desk.set("first_name", json!("Ada"));
    assert_eq!((desk.state("cadence").as_str(), desk.stands("cadence", "first")), ("active", "queued"));
    desk.accepted("cadence", "first");
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)));
}

#[test]
fn a_held_touch_is_skipped_or_tried_again_by_hand() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    let touch = desk.touch("cadence", "first").unwrap().0.id.clone();
    desk.comes_back("cadence", "first", held("a template is broken"));
    desk.tell(Ask::Release { touch: touch.clone(), skip: false });
    assert_eq!(desk.stands("cadence", "first"), "queued");
    desk.comes_back("cadence", "first", held("a template is broken"));
    desk.after("1h");
    desk.tell(Ask::Release { touch: touch.clone(), skip: true });
    assert_eq!(desk.stands("cadence", "first"), "cancelled");
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)));
    let reply = desk.tell(Ask::Release { touch, skip: true });
    assert_eq!(reply, Reply::Refused("the lead does not stand at this touch".to_owned()));
}

#[test]
fn a_mail_of_unknown_outcome_is_never_sent_again_by_itself() {
    let cadence = Sequence { on_unknown: OnUnknown::Hold, ..two_mails("cadence", Kind::Cadence) };
    let mut desk = Desk::new(book(vec![cadence]));
    desk.enroll("cadence");
    desk.comes_back("cadence", "first", unknown());
    desk.set("first_name", json!("Ada"));
    desk.tell(Ask::Pause { sequence: None, because: "by hand".to_owned() });
    desk.tell(Ask::Resume { sequence: None });
    assert_eq!((desk.state("cadence").as_str(), desk.stands("cadence", "first")), ("held", "unknown"));
}

#[test]
fn an_unknown_or_expired_mail_lets_the_sequence_go_on_from_its_time() {
    for outcome in [unknown(), Outcome::Expired] {
        let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
        desk.enroll("cadence");
        desk.comes_back("cadence", "first", outcome);
        assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)));
    }
}

#[test]
fn an_unknown_mail_counts_from_when_it_was_marked() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    let (touch, _) = desk.touch("cadence", "first").unwrap();
    let ask = Ask::Touched {
        touch: touch.id.clone(),
        enrollment: touch.enrollment.clone(),
        step: touch.step.clone(),
        outcome: unknown(),
    };
    let marked = desk.now;
    desk.now = marked + Millis::HOUR;
    desk.tell_as(ask, crate::domain::event::Actor::System, marked);
    assert_eq!(desk.lead.wake_at, Some(marked + Millis::DAY.times(2)));
}

#[test]
fn a_deferred_mail_makes_the_enrollment_wait_for_its_acceptance() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    let until = desk.now + Millis::HOUR;
    desk.comes_back("cadence", "first", Outcome::Deferred { reply: "451 later".to_owned(), until });
    assert_eq!(desk.lead.wake_at, None);
    desk.after("5h");
    desk.accepted("cadence", "first");
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::DAY.times(2)));
}

#[test]
fn a_webhook_that_fails_for_good_does_what_its_step_says() {
    for (on_failure, state) in [(OnFailure::Continue, "active"), (OnFailure::Hold, "held"), (OnFailure::Exit, "failed")]
    {
        let steps = vec![("call", hook(on_failure)), ("gap", wait("1d")), ("mail", email())];
        let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
        desk.enroll("cadence");
        let (touch, _) = desk.touch("cadence", "call").unwrap();
        assert_eq!((touch.channel, touch.policy), (Channel::Webhook, Policy::AtLeastOnce));
        desk.refused("cadence", "call", RefusalClass::Other);
        assert_eq!(desk.state("cadence"), state);
        desk.set("first_name", json!("Ada"));
        assert_eq!(desk.stands("cadence", "call"), "refused", "a new value is no reason to call again");
    }
}

#[test]
fn what_comes_back_after_the_end_is_recorded_and_moves_nothing() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence)]));
    desk.enroll("cadence");
    desk.hear("replied");
    desk.accepted("cadence", "first");
    assert_eq!((desk.state("cadence").as_str(), desk.lead.wake_at), ("replied", None));
    assert_eq!(desk.names().last(), Some(&"sent"));
    assert_eq!(desk.lead.heard["sent"].count, 1);
}

#[test]
fn a_rule_that_faults_counts_as_false_is_noted_once_and_cleared_when_it_answers() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence).stop_when("lead.odd < 5")]));
    desk.set("odd", json!("text"));
    assert!(matches!(desk.enroll("cadence"), Reply::Enrolled(_)));
    desk.hear("login");
    desk.hear("login");
    assert_eq!(desk.names().iter().filter(|name| **name == "faulted").count(), 1);
    assert!(desk.lead.attention.first().is_some_and(|entry| entry.starts_with("cadence stop.when: ")));
    desk.set("odd", json!(9));
    assert!(desk.lead.attention.is_empty());
    assert_eq!(desk.state("cadence"), "active");
}
