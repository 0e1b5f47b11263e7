use serde_json::json;

use super::desk::Desk;
use super::plot::{book, email, handoff, sequence, two_mails};
use crate::domain::decide::Ask;
use crate::domain::event::What;
use crate::domain::sequence::{Act, Assign, Kind};
use crate::domain::stage::Stage;
use crate::domain::time::Millis;

fn stage(desk: &mut Desk, to: Stage) {
    desk.tell(Ask::Stage { to, reason: "we talked".to_owned() });
}

fn risen(desk: &Desk) -> Vec<Stage> {
    let to = |what: &What| if let What::Staged { to, .. } = what { Some(*to) } else { None };
    desk.history.iter().filter_map(|event| to(&event.what)).collect()
}

#[test]
fn a_lead_rises_as_far_as_the_rules_carry_it_one_event_a_rung() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.tell(Ask::Change {
        set: json!({"title": "VP Sales", "employees": 300, "industry": "Software"}).as_object().unwrap().clone(),
        add_tags: vec![],
    });
    assert_eq!((desk.lead.stage, desk.score()), (Stage::Lead, 40.0));
    desk.hear("demo_requested");
    assert_eq!(risen(&desk), [Stage::Mql, Stage::Sql]);
}

#[test]
fn another_scoring_file_alone_hands_nobody_to_sales() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.set("title", json!("VP Sales"));
    desk.hear("page_viewed");
    let before = (desk.lead.stage, desk.score());
    assert_eq!(before.0, Stage::Lead);
    desk.playbook.scoring = {
        let mut scoring = (*desk.playbook.scoring).clone();
        scoring.version = "another".to_owned();
        scoring.fit.iter_mut().for_each(|rule| rule.points += 80.0);
        scoring.into()
    };
    for _ in 0..2 {
        desk.tell(Ask::Wake);
        assert_eq!(desk.lead.stage, Stage::Mql, "it has the points for sales, and nothing was heard of it");
    }
    assert!(desk.score() > before.1 + 40.0);
    desk.hear("page_viewed");
    assert_eq!(desk.lead.stage, Stage::Sql);

    let mut learnt = Desk::new(desk.playbook.clone());
    learnt.set("title", json!("VP Sales"));
    assert_eq!(learnt.lead.stage, Stage::Sql, "who was never read otherwise rises at once");
}

#[test]
fn recycled_is_left_only_by_a_new_human_event() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.set("title", json!("CEO"));
    desk.hear("demo_requested");
    assert_eq!(desk.lead.stage, Stage::Sql);
    desk.after("1h");
    stage(&mut desk, Stage::Recycled);
    desk.after("100h");
    desk.tell(Ask::Wake);
    desk.hear_as("feature_used", json!({}), crate::domain::event::Actor::System, desk.now);
    desk.hear_as("page_viewed", json!({}), crate::domain::event::Actor::Machine, desk.now);
    desk.hear_as("login", json!({}), crate::domain::event::Actor::Human, desk.lead.stage_since - Millis::MINUTE);
    assert_eq!(desk.lead.stage, Stage::Recycled);
    desk.hear("login");
    assert_eq!(desk.lead.stage, Stage::Sql);
}

#[test]
fn disqualified_is_left_only_by_a_person() {
    let steps = vec![
        ("hand", handoff("ready")),
        ("set", Act::Set(vec![Assign::Stage { to: Stage::Mql, reason: "warm".to_owned() }])),
        ("mail", email()),
    ];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]).staffed());
    stage(&mut desk, Stage::Disqualified);
    desk.hear("demo_requested");
    desk.enroll("cadence");
    assert_eq!((desk.lead.stage, desk.stands("cadence", "mail")), (Stage::Disqualified, "queued"));
    assert!(desk.lead.handoff.is_none());
    stage(&mut desk, Stage::Lead);
    assert_eq!(desk.lead.stage, Stage::Sql, "the demo of today counts again");
}

#[test]
fn a_handoff_step_leaves_a_recycled_lead_alone_until_a_person_stirred() {
    let mut desk =
        Desk::new(book(vec![sequence("win-back", Kind::Cadence, vec![("hand", handoff("ready"))])]).staffed());
    stage(&mut desk, Stage::Recycled);
    desk.enroll("win-back");
    assert_eq!((desk.lead.stage, desk.state("win-back").as_str()), (Stage::Recycled, "finished"));
    desk.after("1h");
    desk.hear("login");
    desk.tell(Ask::Enroll { sequence: "win-back".to_owned(), by: "cli".to_owned(), again: true });
    assert_eq!(desk.lead.stage, Stage::Sql);
}

#[test]
fn silence_recycles_sixty_days_after_the_last_sign_of_life() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.set("title", json!("CEO"));
    desk.hear("demo_requested");
    desk.hear_as("rep_called", json!({}), crate::domain::event::Actor::System, desk.now);
    let since = desk.now;
    desk.until(since + Millis::DAY.times(60) - Millis(1));
    assert_eq!(desk.lead.stage, Stage::Sql);
    desk.until(since + Millis::DAY.times(60));
    assert_eq!(desk.lead.stage, Stage::Recycled);
    assert!(matches!(&desk.history.iter().rev().find(|event| matches!(event.what, What::Staged { .. })).unwrap().what,
        What::Staged { cause, .. } if cause == "rule:recycled"));
}

#[test]
fn a_lead_of_whom_nothing_was_heard_is_not_recycled_the_moment_it_is_handed_over() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.tell(Ask::HandOff { reason: "met at the fair".to_owned() });
    assert_eq!(desk.lead.stage, Stage::Sql);
    desk.until(desk.now + Millis::DAY.times(59));
    assert_eq!(desk.lead.stage, Stage::Sql);
    desk.until(desk.now + Millis::DAY.times(1));
    assert_eq!(desk.lead.stage, Stage::Recycled);
}

#[test]
fn a_handoff_of_a_customer_opens_one_and_takes_no_stage_away() {
    let mut desk = Desk::new(book(vec![]).staffed());
    stage(&mut desk, Stage::Customer);
    desk.tell(Ask::HandOff { reason: "wants more seats".to_owned() });
    assert_eq!(desk.lead.stage, Stage::Customer);
    assert!(desk.lead.handoff.is_some());
}

#[test]
fn at_sql_each_sequence_exits_pauses_or_goes_on_as_it_says() {
    use crate::domain::sequence::AtSql;
    let plot = |name: &str, at_sql| two_mails(name, Kind::Nurture).at_sql(at_sql);
    let book = book(vec![plot("exit", AtSql::Exit), plot("pause", AtSql::Pause), plot("ignore", AtSql::Ignore)]);
    let mut desk = Desk::new(book.staffed());
    for name in ["exit", "pause", "ignore"] {
        desk.enroll(name);
    }
    desk.tell(Ask::HandOff { reason: "asked for a call".to_owned() });
    assert_eq!(["exit", "pause", "ignore"].map(|name| desk.state(name)), ["reached_sql", "paused", "active"]);
    let stands = ["exit", "pause", "ignore"].map(|name| desk.stands(name, "first"));
    assert_eq!(stands, ["cancelled", "held", "queued"]);
}
