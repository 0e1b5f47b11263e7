use serde_json::json;

use super::desk::Desk;
use super::plot::{book, email, length, sequence, two_mails};
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::{Actor, What};
use crate::domain::sequence::{Again, Kind};
use crate::domain::time::Millis;
use crate::domain::touch::RefusalClass;

fn through(again: Again) -> Desk {
    let mut desk = Desk::new(book(vec![sequence("once", Kind::Cadence, vec![("mail", email())]).again(again)]));
    assert!(matches!(desk.enroll("once"), Reply::Enrolled(_)));
    desk.accepted("once", "mail");
    assert_eq!(desk.state("once"), "finished");
    desk
}

fn enters(desk: &mut Desk) -> bool {
    matches!(desk.enroll("once"), Reply::Enrolled(_))
}

#[test]
fn again_never_lets_nobody_in_twice() {
    let mut desk = through(Again::Never);
    desk.after("30000h");
    assert_eq!(
        desk.enroll("once"),
        Reply::Refused("the lead was in this sequence before, and `again` is never".to_owned())
    );
}

#[test]
fn again_ninety_days_counts_from_the_end() {
    let mut desk = through(Again::After(length("90d")));
    let free = desk.now + Millis::DAY.times(90);
    desk.until(free - Millis(1));
    assert!(!enters(&mut desk));
    desk.until(free);
    assert!(enters(&mut desk));
}

#[test]
fn again_always_lets_in_whoever_is_not_in_already() {
    let mut desk = through(Again::Always);
    assert!(enters(&mut desk));
    assert_eq!(desk.enroll("once"), Reply::Refused("the lead is in this sequence already".to_owned()));
}

#[test]
fn asked_for_by_hand_again_overrides_that_rule_and_no_other() {
    let mut desk = through(Again::Never);
    let ask = || Ask::Enroll { sequence: "once".to_owned(), by: "cli".to_owned(), again: true };
    assert!(matches!(desk.tell(ask()), Reply::Enrolled(_)));
    assert_eq!(desk.tell(ask()), Reply::Refused("the lead is in this sequence already".to_owned()));
}

#[test]
fn one_that_failed_before_its_first_touch_went_out_does_not_count() {
    let mut desk = Desk::new(book(vec![two_mails("once", Kind::Cadence)]));
    desk.enroll("once");
    desk.refused("once", "first", RefusalClass::Other);
    assert_eq!(desk.state("once"), "failed");
    assert!(enters(&mut desk));
    let touch = desk.lead.enrollments[0].steps["first"].touch.clone().unwrap();
    let enrollment = Some(desk.lead.enrollments[0].id.clone());
    let outcome = crate::domain::touch::Outcome::accepted("250 ok");
    desk.tell(Ask::Touched { touch, enrollment, step: "first".to_owned(), outcome });
    desk.tell(Ask::Remove { sequence: None, reason: "by hand".to_owned() });
    assert!(!enters(&mut desk), "this one did count");
}

#[test]
fn a_stop_rule_that_holds_already_refuses() {
    let mut desk = Desk::new(book(vec![two_mails("once", Kind::Cadence).stop_when("lead.country == 'FR'")]));
    desk.set("country", json!("FR"));
    assert_eq!(
        desk.enroll("once"),
        Reply::Refused("the sequence's stop rule holds already: lead.country == 'FR'".to_owned())
    );
    assert!(desk.outbox.is_empty());
}

#[test]
fn consent_is_asked_of_nurtures_where_it_is_required() {
    let mut book = book(vec![two_mails("tips", Kind::Nurture), two_mails("once", Kind::Cadence)]);
    book.settings.consent_required = true;
    let mut desk = Desk::new(book);
    assert!(matches!(desk.enroll("tips"), Reply::Refused(_)));
    assert!(enters(&mut desk));
    desk.set("consent", json!(true));
    assert!(matches!(desk.enroll("tips"), Reply::Enrolled(_)));
}

#[test]
fn a_trigger_enrolls_when_its_event_is_recorded_and_only_once_for_it() {
    let sequence = two_mails("once", Kind::Cadence).on("trial_started").on("trial_started");
    let mut desk = Desk::new(book(vec![sequence]));
    desk.hear_as("trial_started", json!({}), Actor::Machine, desk.now);
    assert_eq!(desk.state("once"), "none");
    desk.hear_as("trial_started", json!({}), Actor::System, desk.now);
    assert_eq!(desk.state("once"), "active");
    assert_eq!(desk.count(|what| matches!(what, What::NotEnrolled { .. })), 0);
}

#[test]
fn a_fact_older_than_thirty_days_scores_by_its_time_and_triggers_nothing() {
    let started = two_mails("started", Kind::Cadence).on("page_viewed");
    let stopped = two_mails("stopped", Kind::Cadence).stop_on("page_viewed").goal("page_viewed");
    let mut desk = Desk::new(book(vec![started, stopped]));
    desk.enroll("stopped");
    let long_ago = desk.now - Millis::DAY.times(31);
    desk.hear_as("page_viewed", json!({"path": "/pricing"}), Actor::Human, long_ago);
    assert_eq!([desk.state("started"), desk.state("stopped")], ["none", "active"]);
    // Half of 15 points after one half-life of 30 days, and a little less after one day more.
    assert!((desk.score() - 15.0 * 0.5_f64.powf(31.0 / 30.0)).abs() < 1e-9);
    desk.hear_as("replied", json!({}), Actor::Human, long_ago);
    assert_eq!(desk.state("stopped"), "active");
}

#[test]
fn a_fact_that_claims_to_come_from_the_future_happens_now() {
    let mut desk = Desk::new(book(vec![two_mails("once", Kind::Cadence).on("demo_requested")]));
    desk.hear_as("demo_requested", json!({}), Actor::Human, desk.now + Millis::MINUTE.times(4));
    assert_eq!((desk.score(), desk.state("once").as_str()), (25.0, "active"));
}
