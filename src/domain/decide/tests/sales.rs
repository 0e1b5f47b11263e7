use std::collections::BTreeMap;

use serde_json::json;

use super::desk::{Desk, local, utc};
use super::plot::{book, sequence, two_mails};
use super::team::staff;
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::{Actor, What};
use crate::domain::handoff::Act;
use crate::domain::routing::Load;
use crate::domain::sequence::Kind;
use crate::domain::stage::Stage;
use crate::domain::time::Instant;
use crate::domain::touch::{Channel, NewTouch, rank};

/// A lead that asked for a demo at this instant, with what the reps carry already.
fn demo(at: Instant, loads: &[(&str, i64)]) -> Desk {
    let mut desk = Desk::new(book(vec![two_mails("win-back", Kind::Nurture)]).staffed());
    let load = |(rep, assigned): &(&str, i64)| ((*rep).to_owned(), Load { assigned: *assigned, open: *assigned });
    desk.loads = loads.iter().map(load).collect();
    desk.now = at;
    desk.hear("demo_requested");
    desk
}

fn alerts(desk: &Desk) -> Vec<&NewTouch> {
    desk.outbox.values().map(|(touch, _)| touch).filter(|touch| touch.channel == Channel::Webhook).collect()
}

fn act(desk: &mut Desk, act: Act) -> Reply {
    let handoff = desk.handoff.as_ref().unwrap().id.clone();
    desk.tell(Ask::Act { handoff, act, by: "ines".to_owned() })
}

#[test]
fn becoming_sql_opens_one_handoff_with_its_clock_and_alert() {
    let desk = demo(utc("2026-03-02T10:00"), &[]);
    let row = desk.handoff.as_ref().unwrap();
    assert_eq!((desk.lead.stage, row.rep.as_str(), row.state, row.sla), (Stage::Sql, "ines", "open", "running"));
    assert_eq!(row.due_at, Some(utc("2026-03-02T10:10")));
    let dossier = row.dossier.as_ref().unwrap();
    assert_eq!((&dossier["lead"]["email"], &dossier["temperature"]), (&json!("ada@acme.example"), &json!("hot")));
    assert_eq!(alerts(&desk).iter().map(|touch| touch.lane.as_str()).collect::<Vec<_>>(), ["hook:sales-chat"]);
    assert_eq!(desk.loads["ines"], Load { assigned: 1, open: 1 });
}

#[test]
fn the_dossier_tells_what_the_lead_clicked_though_its_nurture_ends_in_the_same_moment() {
    let mut desk = Desk::new(book(vec![two_mails("win-back", Kind::Nurture)]).staffed());
    desk.enroll("win-back");
    desk.accepted("win-back", "first");
    desk.hit("clicked", "win-back", "first", Actor::Human);
    desk.after("1m");
    desk.hear("demo_requested");
    assert_eq!((desk.lead.stage, desk.lead.enrollments.len()), (Stage::Sql, 0));
    let row = desk.handoff.as_ref().unwrap();
    assert_eq!(row.dossier.as_ref().unwrap()["clicked"], json!(["https://northwind.example/guide"]));
}

#[test]
fn a_second_reason_joins_the_open_handoff() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    for _ in 0..2 {
        desk.tell(Ask::HandOff { reason: "asked twice".to_owned() });
    }
    assert_eq!(desk.handoff.as_ref().unwrap().reason, "rule:sql; asked twice");
    assert_eq!(desk.count(|what| matches!(what, What::HandoffOpened { .. })), 1);
    assert_eq!(desk.count(|what| matches!(what, What::HandoffJoined { .. })), 1);
    assert!(desk.handoff.as_ref().unwrap().dossier.is_some());
}

#[test]
fn round_robin_is_fair_over_twenty_leads() {
    let mut loads: BTreeMap<String, Load> = BTreeMap::new();
    for n in 0..20 {
        let mut desk = Desk::of(&format!("lead{n}@acme.example"), book(vec![]).staffed());
        desk.loads = loads;
        desk.hear("demo_requested");
        loads = desk.loads;
    }
    assert_eq!(loads.values().map(|load| load.assigned).collect::<Vec<_>>(), [10, 10]);
}

#[test]
fn who_is_absent_full_or_off_duty_is_skipped() {
    let mut team = staff();
    team.reps.get_mut("ines").unwrap().away = vec![("2026-03-02".parse().unwrap(), "2026-03-03".parse().unwrap())];
    let mut desk = Desk::new(book(vec![]).staffed_by(team));
    desk.hear("demo_requested");
    assert_eq!(desk.handoff.as_ref().unwrap().rep, "tom", "Ines is away");
    let full = demo(utc("2026-03-02T10:00"), &[("tom", 30), ("ines", 25)]);
    assert_eq!(full.handoff.as_ref().unwrap().rep, "ines", "both carry all they can: the fallback");
    // At 17:15 in London it is a quarter past six in Berlin.
    let evening = demo(utc("2026-03-02T17:15"), &[("tom", 9)]);
    assert_eq!(evening.handoff.as_ref().unwrap().rep, "tom", "Ines has gone home");
}

#[test]
fn where_nobody_is_free_the_fallback_gets_it_on_the_calendar_of_the_team() {
    let desk = demo(utc("2026-03-02T20:00"), &[("tom", 30), ("ines", 25)]);
    let row = desk.handoff.as_ref().unwrap();
    assert_eq!((row.rep.as_str(), row.due_at), ("ines", Some(utc("2026-03-02T20:10"))));
}

#[test]
fn a_lead_that_no_rule_gives_to_a_team_wants_attention() {
    let mut team = staff();
    team.routing = vec![(Some(super::plot::when("lead.country == 'FR'")), "sales".to_owned())];
    let mut desk = Desk::new(book(vec![]).staffed_by(team));
    desk.hear("demo_requested");
    assert_eq!((desk.lead.stage, desk.lead.handoff.is_some()), (Stage::Sql, false));
    assert_eq!(desk.lead.attention.first().unwrap(), "routing: no rule names a team for this lead");
}

#[test]
fn out_of_hours_the_clock_starts_at_the_next_opening_and_a_mail_says_so() {
    let late = local("Europe/Berlin", "2026-03-02T22:00");
    let desk = demo(late, &[]);
    assert_eq!(desk.handoff.as_ref().unwrap().due_at, Some(local("Europe/Berlin", "2026-03-03T09:10")));
    let mails: Vec<_> = desk.outbox.values().filter(|(touch, _)| touch.channel == Channel::Email).collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.rank < rank::of(Kind::Transactional, 100), "it goes before whatever a sequence sends");
    let opens = local("Europe/Berlin", "2026-03-03T09:00");
    assert_eq!(mails[0].0.payload.as_ref().unwrap()["answer_by"], json!(opens.0));
    let in_hours = demo(utc("2026-03-02T10:00"), &[]);
    assert!(in_hours.outbox.values().all(|(touch, _)| touch.channel == Channel::Webhook));
}

#[test]
fn the_after_hours_mail_does_not_go_to_who_must_not_be_contacted() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.tell(Ask::Unsubscribe { topic: None, touch: None });
    desk.now = utc("2026-03-02T22:00");
    desk.hear("demo_requested");
    assert!(desk.handoff.is_some());
    assert!(desk.outbox.values().all(|(touch, _)| touch.channel == Channel::Webhook));
}

#[test]
fn a_claim_makes_it_mine_and_the_clock_goes_on() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    act(&mut desk, Act::Claim);
    assert_eq!((desk.handoff.as_ref().unwrap().state, desk.handoff.as_ref().unwrap().sla), ("claimed", "running"));
    desk.after("10m");
    assert_eq!(desk.handoff.as_ref().unwrap().sla, "breached");
}

#[test]
fn not_ready_recycles_and_gives_the_credit_back() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    act(&mut desk, Act::NotReady { reason: "next year".to_owned() });
    assert_eq!((desk.lead.stage, desk.handoff.as_ref().unwrap().state), (Stage::Recycled, "closed"));
    assert_eq!(desk.loads["ines"], Load { assigned: 0, open: 0 });
    assert_eq!(act(&mut desk, Act::Contacted), Reply::Refused("this handoff is closed".to_owned()));
    assert_eq!(
        desk.handoff.as_ref().unwrap().sla,
        "none",
        "a clock that was stopped unanswered is neither met nor broken"
    );
}

#[test]
fn not_ready_after_an_answer_gives_the_credit_back_too() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    act(&mut desk, Act::Contacted);
    assert_eq!(desk.loads["ines"], Load { assigned: 1, open: 0 });
    act(&mut desk, Act::NotReady { reason: "next year".to_owned() });
    assert_eq!(desk.loads["ines"], Load { assigned: 0, open: 0 });
    assert_eq!(desk.handoff.as_ref().unwrap().sla, "met");
}

#[test]
fn what_becomes_an_opportunity_is_no_returned_lead() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    desk.tell(Ask::Stage { to: Stage::Opportunity, reason: "crm".to_owned() });
    assert_eq!((desk.loads["ines"], desk.handoff.as_ref().unwrap().state), (Load { assigned: 1, open: 0 }, "closed"));
}

#[test]
fn a_wrong_person_is_disqualified() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    act(&mut desk, Act::WrongPerson);
    assert_eq!((desk.lead.stage, desk.loads["ines"].assigned), (Stage::Disqualified, 0));
}

#[test]
fn a_contact_is_the_act_of_a_rep_and_no_sign_of_the_lead() {
    let mut desk = demo(utc("2026-03-02T10:00"), &[]);
    let heard = desk.lead.last_human_at;
    desk.after("5m");
    act(&mut desk, Act::Contacted);
    assert_eq!(desk.lead.last_human_at, heard);
    assert_eq!(desk.lead.heard["contacted"].count, 1);
}

#[test]
fn a_handoff_step_with_a_condition_that_does_not_hold_is_skipped() {
    use crate::domain::sequence::Act as Step;
    let when = Some(super::plot::when("score >= 50"));
    let hand = Step::Handoff { reason: "finished".to_owned(), when };
    let mut desk = Desk::new(book(vec![sequence("nurture", Kind::Nurture, vec![("hand", hand)])]).staffed());
    desk.enroll("nurture");
    assert_eq!(
        (desk.state("nurture").as_str(), desk.lead.stage, desk.handoff.is_some()),
        ("finished", Stage::Lead, false)
    );
}
