use serde_json::json;

use super::desk::Desk;
use super::plot::{book, branch, email, sequence, two_mails, wait};
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::{Actor, What};
use crate::domain::sequence::{Again, Kind};
use crate::domain::suppression::Reason;
use crate::domain::time::Millis;
use crate::domain::touch::RefusalClass;

fn three_kinds() -> Desk {
    let kinds = [("cadence", Kind::Cadence), ("nurture", Kind::Nurture), ("receipt", Kind::Transactional)];
    let mut desk = Desk::new(book(kinds.map(|(name, kind)| two_mails(name, kind)).into()));
    for (name, _) in kinds {
        desk.enroll(name);
    }
    desk
}

fn states(desk: &Desk) -> [String; 3] {
    ["cadence", "nurture", "receipt"].map(|name| desk.state(name))
}

#[test]
fn a_reply_ends_every_cadence_and_nurture_and_cancels_the_queued_touch() {
    let mut desk = three_kinds();
    desk.accepted("nurture", "first");
    desk.hear("replied");
    assert_eq!(states(&desk), ["replied", "replied", "active"]);
    assert_eq!(desk.stands("cadence", "first"), "cancelled");
    assert_eq!(desk.stands("nurture", "first"), "accepted");
    assert_eq!(desk.stands("receipt", "first"), "queued");
    desk.after("120h");
    assert_eq!(desk.stands("nurture", "second"), "never asked for");
}

#[test]
fn a_reply_ends_what_is_paused_too() {
    let mut desk = three_kinds();
    desk.tell(Ask::Pause { sequence: Some("cadence".to_owned()), because: "a word with them first".to_owned() });
    desk.hear("replied");
    assert_eq!(desk.state("cadence"), "replied");
}

#[test]
fn a_reply_by_a_machine_ends_nothing() {
    let mut desk = three_kinds();
    desk.hear_as("replied", json!({}), Actor::Machine, desk.now);
    assert_eq!(states(&desk), ["active", "active", "active"]);
}

#[test]
fn a_goal_wins_over_a_stop_and_over_the_exit_at_sql() {
    let plain = two_mails("plain", Kind::Cadence).goal("demo_requested").stop_on("demo_requested");
    let nurture = two_mails("nurture", Kind::Nurture).goal("demo_requested").stop_when("stage == 'sql'");
    let other = two_mails("other", Kind::Nurture);
    let mut desk = Desk::new(book(vec![plain, nurture, other]).staffed());
    for name in ["plain", "nurture", "other"] {
        desk.enroll(name);
    }
    desk.hear("demo_requested");
    assert_eq!(["plain", "nurture", "other"].map(|name| desk.state(name)), ["goal", "goal", "reached_sql"]);
    assert_eq!(desk.count(|what| matches!(what, What::Won { .. })), 0);
}

#[test]
fn a_goal_of_a_transactional_sequence_ends_it() {
    let mut desk = Desk::new(book(vec![two_mails("receipt", Kind::Transactional).goal("paid").stop_on("refunded")]));
    desk.enroll("receipt");
    desk.hear("paid");
    assert_eq!(desk.state("receipt"), "goal");
}

#[test]
fn a_goal_within_thirty_days_after_the_end_counts_as_won_once() {
    let mut desk = Desk::new(book(vec![two_mails("nurture", Kind::Nurture).goal("bought")]));
    desk.enroll("nurture");
    desk.hear("replied");
    desk.hear_as("bought", json!({}), Actor::Machine, desk.now);
    desk.after("700h");
    assert_eq!(desk.count(|what| matches!(what, What::Won { .. })), 0);
    desk.hear("bought");
    desk.hear("bought");
    assert_eq!(desk.count(|what| matches!(what, What::Won { .. })), 1);
}

#[test]
fn a_goal_later_than_thirty_days_after_the_end_is_nothing() {
    let mut desk = Desk::new(book(vec![two_mails("nurture", Kind::Nurture).goal("bought")]));
    desk.enroll("nurture");
    desk.hear("replied");
    desk.after("721h");
    desk.hear("bought");
    assert_eq!(desk.count(|what| matches!(what, What::Won { .. })), 0);
}

#[test]
fn an_unsubscribe_from_a_topic_ends_the_nurtures_of_that_topic_only() {
    let tips = two_mails("tips", Kind::Nurture).topic("product-tips");
    let news = two_mails("news", Kind::Nurture).topic("news");
    let mut desk = Desk::new(book(vec![tips, news, two_mails("cadence", Kind::Cadence)]));
    for name in ["tips", "news", "cadence"] {
        desk.enroll(name);
    }
    desk.tell(Ask::Unsubscribe { topic: Some("product-tips".to_owned()), touch: None });
    assert_eq!(["tips", "news", "cadence"].map(|name| desk.state(name)), ["unsubscribed", "active", "active"]);
    assert_eq!(desk.lead.suppressed, None);
    assert_eq!(desk.enroll("tips"), Reply::Refused("the lead unsubscribed from `product-tips`".to_owned()));
    let before = desk.history.len();
    desk.tell(Ask::Unsubscribe { topic: Some("product-tips".to_owned()), touch: None });
    assert_eq!(desk.history.len(), before, "the same wish twice is one");
}

#[test]
fn an_unsubscribe_from_everything_suppresses_and_ends_all() {
    let mut desk = three_kinds();
    desk.tell(Ask::Unsubscribe { topic: None, touch: None });
    assert_eq!(states(&desk), ["unsubscribed", "unsubscribed", "unsubscribed"]);
    assert_eq!(desk.suppressed, Some(Reason::Unsubscribed));
    assert!(desk.outbox.values().all(|(_, stands)| stands == "cancelled"));
}

#[test]
fn a_hard_bounce_suppresses_and_another_refusal_fails_its_enrollment_only() {
    let mut desk = three_kinds();
    desk.refused("cadence", "first", RefusalClass::Other);
    assert_eq!(states(&desk), ["failed", "active", "active"]);
    assert_eq!(desk.lead.suppressed, None);
    desk.refused("nurture", "first", RefusalClass::Hard);
    assert_eq!(states(&desk), ["failed", "bounced", "bounced"]);
    assert_eq!(desk.lead.suppressed, Some(Reason::HardBounce));
}

#[test]
fn a_complaint_and_a_bounce_that_come_later_suppress_as_well() {
    for (name, data, reason) in [
        ("complained", json!({}), Some(Reason::Complaint)),
        ("bounced", json!({"hard": true}), Some(Reason::HardBounce)),
        ("bounced", json!({"hard": false}), None),
    ] {
        let mut desk = three_kinds();
        desk.hear_with(name, data);
        assert_eq!(desk.lead.suppressed, reason, "{name}");
    }
}

#[test]
fn what_was_erased_stays_erased() {
    let mut desk = three_kinds();
    desk.tell(Ask::Suppress { reason: Reason::Erased });
    desk.tell(Ask::Unsubscribe { topic: None, touch: None });
    assert_eq!((desk.lead.suppressed, desk.state("cadence")), (Some(Reason::Erased), "erased".to_owned()));
    assert_eq!(desk.tell(Ask::Unsuppress), Reply::Refused("the lead was erased".to_owned()));
}

#[test]
fn a_suppression_of_the_domain_ends_all_without_a_word_from_the_lead() {
    let mut desk = three_kinds();
    desk.suppressed = Some(Reason::Manual);
    desk.hear("page_viewed");
    assert_eq!(states(&desk), ["suppressed", "suppressed", "suppressed"]);
    assert_eq!(desk.enroll("cadence"), Reply::Refused("the lead is suppressed (manual)".to_owned()));
}

#[test]
fn a_stop_that_turns_by_time_alone_ends_at_that_instant() {
    let nurture = sequence("nurture", Kind::Nurture, vec![("long", wait("30d")), ("mail", email())]);
    let mut desk = Desk::new(book(vec![nurture.stop_when("count('login') > 0 && !happened('login', 7d)")]));
    desk.hear("login");
    desk.enroll("nurture");
    let turns = desk.now + Millis::DAY.times(7);
    desk.until(turns - Millis(1));
    assert_eq!(desk.state("nurture"), "active");
    desk.until(turns);
    assert_eq!(desk.state("nurture"), "stopped");
}

#[test]
fn a_step_that_ends_a_second_sequence_leaves_no_touch_of_it() {
    // The nurture's handoff makes the lead SQL, which ends the other nurture before its mail is even asked for.
    let first = sequence("first", Kind::Nurture, vec![("hand", super::plot::handoff("ready"))]);
    let second = sequence("second", Kind::Nurture, vec![("mail", email())]);
    let go = |name: &str, mut desk: Desk| {
        desk.enroll(name);
        desk
    };
    let mut desk = Desk::new(book(vec![first.on("go"), second.on("go")]).staffed());
    desk.hear("go");
    assert_eq!([desk.state("first"), desk.state("second")], ["reached_sql", "reached_sql"]);
    assert_eq!(desk.stands("second", "mail"), "never asked for");
    // In the other order the mail was asked for in the same decision: it is called off with no trace in the outbox.
    let early = sequence("early", Kind::Nurture, vec![("mail", email())]).on("go");
    let late = sequence("late", Kind::Nurture, vec![("hand", super::plot::handoff("ready"))]).on("go");
    let mut desk = go("early", Desk::new(book(vec![early.again(Again::Always), late]).staffed()));
    assert_eq!(desk.stands("early", "mail"), "queued");
    desk.tell(Ask::Remove { sequence: None, reason: "anew".to_owned() });
    desk.outbox.clear();
    desk.hear("go");
    assert_eq!([desk.state("early"), desk.state("late")], ["reached_sql", "reached_sql"]);
    assert_eq!(desk.stands("early", "mail"), "never asked for");
}

#[test]
fn a_branch_is_decided_once_and_remembered() {
    let steps = vec![
        ("mail", email()),
        ("gap", wait("1d")),
        ("fork", branch("happened('login')", 3, 4)),
        ("yes", wait("30d")),
        ("no", wait("30d")),
    ];
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps)]));
    desk.enroll("nurture");
    desk.accepted("nurture", "mail");
    desk.after("24h");
    desk.hear("login");
    desk.after("1h");
    let arms: Vec<_> = desk.history.iter().filter(|event| matches!(event.what, What::Branched { .. })).collect();
    assert_eq!(arms.len(), 1);
    assert_eq!(desk.lead.enrollments[0].steps["fork"].outcome.as_deref(), Some("else"));
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("no"));
}
