use serde_json::{Value, json};

use super::desk::{Desk, local, utc};
use super::plot::{book, sequence, two_mails, wait};
use crate::domain::decide::Ask;
use crate::domain::event::{Actor, What};
use crate::domain::handoff::Act;
use crate::domain::sequence::Kind;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

fn opened() -> Desk {
    let mut desk = Desk::new(book(vec![two_mails("win-back", Kind::Nurture)]).staffed());
    desk.hear("demo_requested");
    desk
}

/// Each rung that fired, with when and whether late; the breach among them.
fn told(desk: &Desk) -> Vec<(String, Instant, bool)> {
    let one = |what: &What| match what {
        What::Rung { act, late, .. } => Some((act.clone(), *late)),
        What::SlaBreached { .. } => Some(("breach".to_owned(), false)),
        _ => None,
    };
    desk.history.iter().filter_map(|event| one(&event.what).map(|(act, late)| (act, event.recorded_at, late))).collect()
}

fn kinds(desk: &Desk) -> Vec<Value> {
    let mut all: Vec<_> =
        desk.outbox.values().filter_map(|(touch, _)| Some((touch.ready_at, touch.payload.as_ref()?))).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, payload)| payload["type"].clone()).collect()
}

#[test]
fn the_clock_counts_working_time_and_each_rung_fires_once_at_its_instant() {
    let mut desk = Desk::new(book(vec![two_mails("win-back", Kind::Nurture)]).staffed());
    // Eight minutes before lunch in Berlin: two minutes are left for after it.
    desk.now = local("Europe/Berlin", "2026-03-02T12:22");
    desk.hear("demo_requested");
    desk.until(local("Europe/Berlin", "2026-03-04T12:21"));
    let at = |time: &str| local("Europe/Berlin", time);
    assert_eq!(
        told(&desk),
        [
            ("remind".to_owned(), at("2026-03-02T12:28"), false),
            ("breach".to_owned(), at("2026-03-02T13:32"), false),
            ("alert".to_owned(), at("2026-03-02T13:32"), false),
        ]
    );
    assert_eq!(kinds(&desk), [json!("handoff.opened"), json!("sla.reminder"), json!("sla.breached")]);
}

#[test]
fn the_last_rung_returns_the_lead_to_marketing() {
    let mut desk = opened();
    desk.until(utc("2026-03-04T09:59"));
    assert_eq!((desk.lead.stage, desk.state("win-back").as_str()), (Stage::Sql, "none"));
    desk.until(utc("2026-03-04T10:00"));
    assert_eq!((desk.lead.stage, desk.state("win-back").as_str()), (Stage::Recycled, "active"));
    assert_eq!(desk.stands("win-back", "first"), "queued", "its first step is taken in the same decision");
    assert_eq!(desk.handoff.as_ref().unwrap().closed_because.as_deref(), Some("recycled"));
    assert_eq!(desk.handoff.as_ref().unwrap().sla, "breached");
}

#[test]
fn rungs_that_fell_due_while_nobody_looked_fire_in_order_at_once_marked_late() {
    let mut desk = opened();
    desk.now = utc("2026-03-02T12:00");
    desk.tell(Ask::Wake);
    let now = desk.now;
    let named: Vec<_> = told(&desk);
    assert_eq!(
        named,
        [("remind".to_owned(), now, true), ("breach".to_owned(), now, false), ("alert".to_owned(), now, true)]
    );
    let before = desk.history.len();
    desk.tell(Ask::Wake);
    assert_eq!(desk.history.len(), before, "nothing fires twice");
}

#[test]
fn contacted_in_time_meets_it_and_no_rung_fires_after() {
    let mut desk = opened();
    desk.after("9m");
    let handoff = desk.handoff.as_ref().unwrap().id.clone();
    desk.tell(Ask::Act { handoff, act: Act::Contacted, by: "ines".to_owned() });
    let answered = desk.now;
    desk.after("100h");
    let row = desk.handoff.clone().unwrap();
    assert_eq!((row.state, row.sla, row.answered_at), ("answered", "met", Some(answered)));
    assert_eq!(told(&desk).len(), 1, "the reminder, and nothing after");
    desk.tell(Ask::HandOff { reason: "asked again".to_owned() });
    assert_eq!(desk.handoff.as_ref().unwrap().answered_at, Some(answered), "a later note does not move the answer");
}

#[test]
fn an_answer_counts_from_when_it_was_given_not_from_when_we_heard_of_it() {
    let mut desk = opened();
    let called = desk.now + Millis::MINUTE.times(9);
    desk.after("30m");
    assert_eq!(desk.handoff.as_ref().unwrap().sla, "breached");
    desk.hear_as("rep_called", json!({}), Actor::System, called);
    let row = desk.handoff.clone().unwrap();
    assert_eq!((row.state, row.sla, row.answered_at), ("answered", "met", Some(called)));
    assert_eq!(desk.lead.heard["rep_called"].recent, [called]);
}

#[test]
fn an_answer_after_the_deadline_is_late_and_stops_the_ladder() {
    let mut desk = opened();
    desk.after("11m");
    desk.hear_as("rep_called", json!({}), Actor::System, desk.now);
    assert_eq!(desk.handoff.as_ref().unwrap().sla, "breached");
    desk.after("100h");
    assert_eq!(desk.lead.stage, Stage::Sql);
}

#[test]
fn what_does_not_count_or_was_before_the_handoff_answers_nothing() {
    let mut desk = opened();
    desk.hear("page_viewed");
    desk.hear_as("rep_called", json!({}), Actor::System, desk.now - Millis::DAY);
    desk.hear_as("rep_called", json!({}), Actor::Machine, desk.now);
    assert_eq!(desk.handoff.as_ref().unwrap().state, "open");
}

#[test]
fn the_promise_is_the_first_that_applies() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.tell(Ask::HandOff { reason: "met at the fair".to_owned() });
    // Nothing hot about it: one business day, until the same time tomorrow.
    assert_eq!(desk.handoff.as_ref().unwrap().due_at, Some(utc("2026-03-03T10:00")));
}

#[test]
fn a_ladder_that_was_cut_meanwhile_keeps_the_rungs_it_still_has() {
    let mut desk = opened();
    let mut staff = super::team::staff();
    staff.slas[0].ladder.truncate(1);
    desk.playbook.staff = std::sync::Arc::new(staff);
    desk.after("200h");
    assert_eq!(told(&desk).iter().map(|(act, ..)| act.as_str()).collect::<Vec<_>>(), ["remind", "breach"]);
}

#[test]
fn an_end_by_the_clock_is_looked_at_by_the_stop_rules_at_once() {
    let cadence = sequence("cadence", Kind::Cadence, vec![("long", wait("60d"))]).stop_when("stage == 'recycled'");
    let mut desk = Desk::new(book(vec![cadence, two_mails("win-back", Kind::Nurture)]).staffed());
    desk.enroll("cadence");
    desk.hear("demo_requested");
    desk.until(utc("2026-03-04T10:00"));
    assert_eq!(desk.state("cadence"), "stopped");
}
