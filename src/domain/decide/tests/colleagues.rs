use serde_json::json;

use super::desk::Desk;
use super::plot::{book, email, sequence, two_mails, wait};
use crate::domain::account::Replied;
use crate::domain::decide::{Ask, Effect, put_off};
use crate::domain::event::{Actor, What};
use crate::domain::id::LeadId;
use crate::domain::sequence::{Act, Colleagues, Kind, Sequence};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Outcome;

fn under(rule: Colleagues) -> Sequence {
    let mut sequence = two_mails("nurture", Kind::Nurture);
    sequence.stop.colleagues = rule;
    sequence
}

/// Ada, who is in a sequence with this rule.
fn inside(rule: Colleagues) -> Desk {
    let mut desk = Desk::new(book(vec![under(rule)]));
    desk.enroll("nurture");
    desk
}

fn reply(at: Instant, heard_at: Instant) -> Replied {
    Replied { lead: LeadId("bob".to_owned()), at, heard_at }
}

/// Bob replies now, and the lead is told.
fn bob_replies(desk: &mut Desk) {
    desk.colleague = Some(reply(desk.now, desk.now));
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
}

fn told(desk: &Desk) -> Vec<(bool, Instant)> {
    let told = desk.last.effects.iter().filter_map(|effect| match effect {
        Effect::Replied { account, reply, tell } if account == "acme.example" => Some((*tell, reply.at)),
        _ => None,
    });
    told.collect()
}

/// Until when a touch of the lead is put off that is about to leave.
fn until(desk: &Desk) -> Option<Instant> {
    let (lead, reply) = (&desk.lead, desk.colleague.as_ref()?);
    match put_off((lead, &lead.enrollments[0].id), reply, &desk.playbook, desk.now)? {
        Outcome::Deferred { until, .. } => Some(until),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_by_a_person_is_known_to_the_account_and_by_a_machine_an_autoresponder_or_of_long_ago_it_is_not() {
    let mut desk = inside(Colleagues::Stop);
    desk.hear("auto_replied");
    assert_eq!(told(&desk), []);
    desk.hear_as("replied", json!({}), Actor::Machine, desk.now);
    assert_eq!(told(&desk), []);
    desk.hear_as("replied", json!({}), Actor::Human, desk.now - Millis::DAY.times(31));
    assert_eq!(told(&desk), []);
    let before = desk.now - Millis::DAY;
    desk.hear_as("replied", json!({}), Actor::Human, before);
    assert_eq!(told(&desk), [(true, before)]);
    let mut delayed = inside(Colleagues::Delay(Millis::DAY));
    delayed.hear("replied");
    assert_eq!(told(&delayed), [(false, delayed.now)], "nobody needs to be told what is read at the claim");
    let mut alone = Desk::of("ada@gmail.com", book(vec![under(Colleagues::Stop)]));
    alone.hear("replied");
    assert!(!alone.last.effects.iter().any(|effect| matches!(effect, Effect::Replied { .. })));
}

#[test]
fn a_colleagues_reply_ends_the_enrollment_and_cancels_what_is_queued_in_the_same_decision() {
    let mut desk = inside(Colleagues::Stop);
    assert_eq!(desk.stands("nurture", "first"), "queued");
    bob_replies(&mut desk);
    assert_eq!((desk.state("nurture").as_str(), desk.stands("nurture", "first")), ("stopped", "cancelled"));
    let said = desk
        .history
        .iter()
        .any(|event| matches!(&event.what, What::ColleagueReplied { lead, .. } if lead.as_str() == "bob"));
    assert!(said);
    assert_eq!(desk.enrollments["nurture"].detail.as_deref(), Some("a colleague replied"));
}

#[test]
fn a_colleagues_reply_pauses_once_and_who_resumes_by_hand_is_asked_no_more() {
    let mut desk = inside(Colleagues::Pause);
    bob_replies(&mut desk);
    assert_eq!((desk.state("nurture").as_str(), desk.stands("nurture", "first")), ("paused", "held"));
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    assert_eq!(desk.count(|what| matches!(what, What::Paused { .. })), 1);
    desk.tell(Ask::Resume { sequence: None });
    desk.after("1h");
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    assert_eq!((desk.state("nurture").as_str(), until(&desk)), ("active", None));
    bob_replies(&mut desk);
    assert_eq!(desk.state("nurture"), "paused", "another reply is another one");
}

#[test]
fn a_pause_by_hand_stays_one_and_an_out_of_office_gives_way() {
    let mut desk = inside(Colleagues::Pause);
    desk.tell(Ask::Pause { sequence: None, because: "by hand".to_owned() });
    bob_replies(&mut desk);
    assert_eq!(desk.lead.enrollments[0].paused.as_ref().unwrap().because, "by hand");
    let mut desk = inside(Colleagues::Pause);
    desk.hear_with("auto_replied", json!({"until": "2026-03-09"}));
    bob_replies(&mut desk);
    let paused = desk.lead.enrollments[0].paused.clone().unwrap();
    assert_eq!((paused.because.as_str(), paused.until), ("a colleague replied", None));
}

#[test]
fn who_enters_after_the_reply_is_neither_paused_nor_stopped_and_is_delayed() {
    for rule in [Colleagues::Stop, Colleagues::Pause, Colleagues::Delay(Millis::DAY.times(14))] {
        let mut desk = Desk::new(book(vec![under(rule)]));
        let heard = desk.now - Millis::HOUR;
        desk.colleague = Some(reply(heard, heard));
        desk.enroll("nurture");
        let delayed = matches!(rule, Colleagues::Delay(_)).then_some(heard + Millis::DAY.times(14));
        assert_eq!((desk.state("nurture").as_str(), until(&desk)), ("active", delayed), "{rule:?}");
    }
}

#[test]
fn a_delay_counts_from_the_reply_and_freezes_no_wait() {
    let mut desk = inside(Colleagues::Delay(Millis::DAY.times(14)));
    desk.accepted("nurture", "first");
    let ends = desk.lead.wake_at;
    desk.colleague = Some(reply(desk.now - Millis::DAY, desk.now));
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    assert_eq!((desk.lead.wake_at, desk.state("nurture").as_str()), (ends, "active"));
    desk.until(ends.unwrap());
    assert_eq!(desk.stands("nurture", "second"), "queued");
    let last = desk.colleague.as_ref().unwrap().at + Millis::DAY.times(14);
    assert_eq!(until(&desk), Some(last));
    desk.now = last;
    assert_eq!(until(&desk), None);
}

#[test]
fn a_task_waits_for_the_end_of_a_delay_and_is_asked_then() {
    let call = Act::Task(Box::new(super::tasks::call()));
    let mut sequence = sequence("nurture", Kind::Nurture, vec![("call", call), ("mail", email())]);
    sequence.stop.colleagues = Colleagues::Delay(Millis::DAY.times(2));
    let mut desk = Desk::new(book(vec![sequence]));
    desk.colleague = Some(reply(desk.now, desk.now));
    let ends = desk.now + Millis::DAY.times(2);
    desk.enroll("nurture");
    assert_eq!((desk.tasks.len(), desk.lead.wake_at), (0, Some(ends)));
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    desk.until(ends - Millis(1));
    assert_eq!(desk.tasks.len(), 0);
    desk.until(ends);
    assert_eq!(desk.tasks.len(), 1);
}

#[test]
fn each_sequence_heeds_a_reply_by_its_own_rule_and_a_goal_comes_first() {
    let gap = || vec![("gap", wait("9d")), ("mail", email())];
    let mut all: Vec<Sequence> = ["ignores", "pauses", "stops"].map(|name| sequence(name, Kind::Nurture, gap())).into();
    all[1].stop.colleagues = Colleagues::Pause;
    all[2].stop.colleagues = Colleagues::Stop;
    all[2].goal = Some("booked".to_owned());
    let mut desk = Desk::new(book(all));
    for name in ["ignores", "pauses", "stops"] {
        desk.enroll(name);
    }
    desk.colleague = Some(reply(desk.now, desk.now));
    desk.hear("booked");
    assert_eq!([desk.state("pauses"), desk.state("stops")], ["paused", "goal"]);
    let mut desk = Desk::new(desk.playbook.clone());
    for name in ["ignores", "pauses", "stops"] {
        desk.enroll(name);
    }
    bob_replies(&mut desk);
    assert_eq!([desk.state("ignores"), desk.state("pauses"), desk.state("stops")], ["active", "paused", "stopped"]);
}

#[test]
fn an_edit_that_brings_the_rule_is_about_replies_from_then_on() {
    let mut desk = inside(Colleagues::Ignore);
    bob_replies(&mut desk);
    desk.after("1h");
    let mut edited = under(Colleagues::Stop);
    edited.version = "nurture-2".to_owned();
    desk.edit("nurture", Some(edited));
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    assert_eq!(desk.state("nurture"), "active");
    desk.now = desk.now + Millis::HOUR;
    bob_replies(&mut desk);
    assert_eq!(desk.state("nurture"), "stopped");
}
