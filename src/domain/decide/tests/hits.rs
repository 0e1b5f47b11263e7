use super::desk::Desk;
use super::plot::{book, branch, email, sequence, two_mails, wait};
use crate::domain::decide::{Ask, Effect};
use crate::domain::event::{Actor, What};
use crate::domain::sequence::{Kind, OnUnknown};
use crate::domain::time::Millis;
use crate::domain::touch::Outcome;

fn mailed() -> Desk {
    let steps = vec![
        ("mail", email()),
        ("gap", wait("1d")),
        ("fork", branch("opened('mail') || clicked('mail')", 3, 4)),
        ("yes", wait("30d")),
        ("no", wait("30d")),
    ];
    let follow = two_mails("follow", Kind::Cadence).on("clicked");
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, steps), follow]));
    desk.enroll("nurture");
    desk.accepted("nurture", "mail");
    desk
}

#[test]
fn an_open_counts_for_nothing_before_its_minute_is_over() {
    let mut desk = mailed();
    desk.hit("opened", "nurture", "mail", Actor::Human);
    let settles = desk.now + Millis::MINUTE;
    assert_eq!(desk.lead.wake_at, Some(settles));
    desk.until(settles - Millis(1));
    assert_eq!((desk.score(), desk.lead.heard.contains_key("opened")), (0.0, false));
    desk.until(settles);
    assert_eq!((desk.score(), desk.lead.heard["opened"].count), (1.0, 1));
    desk.after("24h");
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("yes"));
}

#[test]
fn a_human_click_scores_opens_the_branch_and_triggers() {
    let mut desk = mailed();
    desk.hit("clicked", "nurture", "mail", Actor::Human);
    desk.after("1m");
    assert_eq!((desk.score(), desk.state("follow").as_str()), (3.0, "active"));
    assert_eq!(desk.lead.enrollments[0].steps["mail"].clicked, ["https://northwind.example/guide"]);
    desk.after("24h");
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("yes"));
}

#[test]
fn a_machine_never_scores_opens_a_branch_or_triggers() {
    let mut desk = mailed();
    desk.hit("clicked", "nurture", "mail", Actor::Machine);
    desk.hit("opened", "nurture", "mail", Actor::Machine);
    desk.hear_as("page_viewed", serde_json::json!({"path": "/pricing"}), Actor::Machine, desk.now);
    desk.after("25h");
    assert_eq!((desk.score(), desk.state("follow").as_str()), (0.0, "none"));
    assert_eq!(desk.lead.enrollments[0].at.as_deref(), Some("no"));
    assert_eq!(desk.lead.last_human_at, None);
    assert!(desk.lead.enrollments[0].steps["mail"].opened_by_machine);
    assert!(!desk.lead.heard.contains_key("page_viewed"));
}

#[test]
fn a_second_hit_on_a_mail_that_arrived_confirms_nothing() {
    let mut desk = mailed();
    desk.hit("opened", "nurture", "mail", Actor::Human);
    assert_eq!(desk.last.effects, []);
}

#[test]
fn a_sign_of_life_from_a_mail_of_unknown_outcome_says_that_it_arrived() {
    let mut desk = Desk::new(book(vec![two_mails("nurture", Kind::Nurture)]));
    desk.enroll("nurture");
    desk.comes_back("nurture", "first", Outcome::Unknown { reason: "the connection broke".to_owned() });
    desk.after("1h");
    desk.hit("opened", "nurture", "first", Actor::Machine);
    assert_eq!(desk.stands("nurture", "first"), "accepted");
    desk.hit("opened", "nurture", "first", Actor::Machine);
    assert!(!desk.last.effects.iter().any(|effect| matches!(effect, Effect::Confirm { .. })));
    assert_eq!(desk.count(|what| matches!(what, What::Touched { outcome: Outcome::Accepted { .. }, .. })), 1);
}

#[test]
fn a_sign_of_life_frees_what_was_held_for_the_unknown_outcome() {
    let nurture =
        crate::domain::sequence::Sequence { on_unknown: OnUnknown::Hold, ..two_mails("nurture", Kind::Nurture) };
    let mut desk = Desk::new(book(vec![nurture]));
    desk.enroll("nurture");
    let marked = desk.now;
    desk.comes_back("nurture", "first", Outcome::Unknown { reason: "the connection broke".to_owned() });
    assert_eq!(desk.state("nurture"), "held");
    desk.after("30h");
    desk.hit("opened", "nurture", "first", Actor::Machine);
    assert_eq!(desk.state("nurture"), "active");
    assert_eq!(desk.lead.wake_at, Some(desk.now + Millis::MINUTE));
    desk.until(marked + Millis::DAY.times(2));
    assert_eq!(desk.stands("nurture", "second"), "queued");
}

#[test]
fn a_reply_to_a_touch_of_an_ended_enrollment_still_confirms_it() {
    let mut desk = mailed();
    let touch = desk.touch("nurture", "mail").unwrap().0.id.clone();
    desk.hear("replied");
    desk.tell(Ask::Hear { name: "replied".to_owned(), data: serde_json::Map::new(), touch: Some(touch.clone()) });
    assert!(desk.last.effects.contains(&Effect::Confirm { touch }));
}
