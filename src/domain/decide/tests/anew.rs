//! Another scoring file: every lead is scored by all that was ever heard of it, and that alone is no news.

use std::sync::Arc;

use serde_json::json;

use super::desk::Desk;
use super::plot::{book, email, engagement, length, scoring, sequence, when};
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Effect, Replay};
use crate::domain::event::{Actor, What};
use crate::domain::playbook::Playbook;
use crate::domain::score::{EngagementRule, Scoring};
use crate::domain::sequence::{Act, Assign, Kind};
use crate::domain::stage::Stage;

/// The shipped model under another name, with points for webinars.
fn another(change: impl FnOnce(&mut Scoring)) -> Scoring {
    let mut model = Scoring { version: "model-2".to_owned(), ..scoring() };
    let webinar = engagement("webinar", "webinar_attended", 90.0);
    model.engagement.push(EngagementRule { half_life: Some(length("30d")), ..webinar });
    change(&mut model);
    model
}

/// Puts another file in force, and scores the lead by it.
fn apply(desk: &mut Desk, model: Scoring) {
    desk.playbook.scoring = Arc::new(model);
    let mut replay = Replay::default();
    replay.take(&desk.history, &desk.playbook);
    let ledger = replay.ledger(&desk.playbook);
    desk.tell_as(Ask::Rescore { ledger }, Actor::System, desk.now);
}

fn attended(playbook: Playbook) -> Desk {
    let mut desk = Desk::new(playbook);
    desk.set("title", json!("VP Sales"));
    desk.hear("webinar_attended");
    desk.hear_with("page_viewed", json!({"path": "/pricing"}));
    desk.after("24h");
    assert_eq!((desk.lead.stage, desk.lead.ledger.len()), (Stage::Lead, 2));
    desk
}

#[test]
fn what_was_heard_before_counts_by_the_new_rules_from_when_it_happened() {
    let mut desk = attended(book(vec![]));
    let heard = desk.now - length("24h");
    let before = desk.lead.ledger.clone();
    apply(&mut desk, another(|model| model.engagement.retain(|rule| rule.name != "pricing page")));
    let line = desk.lead.ledger.iter().find(|line| line.rule == "webinar").expect("it was attended");
    assert_eq!((line.points, line.at, line.model.as_str()), (90.0, heard, "model-2"));
    assert_eq!(desk.lead.ledger.iter().map(|line| line.rule.as_str()).collect::<Vec<_>>(), ["VP", "webinar"]);
    assert_eq!(desk.lead.ledger[0].at, before[0].at, "what stays keeps the time it began");
    apply(&mut desk, scoring());
    assert_eq!(desk.lead.ledger, before, "going back gives what there was");
}

#[test]
fn points_that_a_step_gave_stay_whatever_the_file_says() {
    let points = Act::Set(vec![Assign::Points { points: 7.0, reason: "finished".to_owned() }]);
    let mut desk = Desk::new(book(vec![sequence("short", Kind::Cadence, vec![("points", points)])]));
    desk.enroll("short");
    assert_eq!(desk.score(), 7.0);
    apply(&mut desk, another(|model| model.fit.clear()));
    assert_eq!((desk.score(), desk.lead.ledger[0].model.as_str()), (7.0, "model-1"));
}

#[test]
fn a_threshold_that_only_another_file_crosses_announces_nobody_until_something_is_heard() {
    let mut desk = attended(book(vec![]).staffed());
    apply(&mut desk, another(|_| {}));
    assert!(desk.score() >= 80.0, "{}", desk.score());
    assert_eq!((desk.lead.stage, &desk.lead.handoff, desk.last.effects.len()), (Stage::Mql, &None, 0));
    desk.after("72h");
    desk.tell(Ask::Wake);
    assert_eq!((desk.lead.stage, desk.count(|what| what.name() == "handoff_opened")), (Stage::Mql, 0));
    desk.hear("login");
    assert_eq!((desk.lead.stage, desk.count(|what| what.name() == "handoff_opened")), (Stage::Sql, 1));
}

#[test]
fn a_file_that_wants_it_announces_whom_it_lifts() {
    let mut desk = attended(book(vec![]).staffed());
    apply(&mut desk, another(|model| model.announce_rescored = true));
    assert_eq!((desk.lead.stage, desk.count(|what| what.name() == "handoff_opened")), (Stage::Sql, 1));
    assert!(desk.last.effects.iter().any(|effect| matches!(effect, Effect::Queue(_))), "the alert is in the outbox");
}

#[test]
fn another_file_alone_ends_no_wait_for_a_score_and_what_is_heard_then_does() {
    let up_to = Pause::parse("300d").unwrap();
    let steps = vec![("hot", Act::WaitFor { when: when("temperature == 'hot'"), up_to }), ("mail", email())];
    let mut desk = Desk::new(book(vec![sequence("patient", Kind::Cadence, steps)]));
    desk.hear("webinar_attended");
    desk.enroll("patient");
    apply(&mut desk, another(|model| model.lifecycle.clear()));
    assert!(desk.score() >= 70.0);
    assert_eq!(desk.stands("patient", "mail"), "never asked for");
    desk.after("2h");
    desk.tell(Ask::Wake);
    assert_eq!(desk.stands("patient", "mail"), "never asked for");
    desk.hear("login");
    assert_eq!(desk.stands("patient", "mail"), "queued");
}

#[test]
fn a_lower_score_by_another_file_takes_no_stage_away_and_ends_what_stops_at_it() {
    let steps = vec![("mail", email())];
    let stopping = sequence("warm-only", Kind::Cadence, steps).stop_when("score < 10");
    let mut desk = attended(book(vec![stopping]).staffed());
    desk.enroll("warm-only");
    desk.tell(Ask::Stage { to: Stage::Mql, reason: "we talked".to_owned() });
    apply(&mut desk, Scoring { version: "model-3".to_owned(), engagement: vec![], fit: vec![], ..scoring() });
    assert_eq!((desk.score(), desk.lead.stage), (0.0, Stage::Mql));
    assert_eq!((desk.state("warm-only").as_str(), desk.stands("warm-only", "mail")), ("stopped", "cancelled"));
}

#[test]
fn a_lead_whose_first_events_are_gone_keeps_what_events_gave_and_has_its_fit_read_anew() {
    let mut desk = attended(book(vec![]));
    desk.playbook.scoring = Arc::new(another(|model| model.fit.iter_mut().for_each(|rule| rule.points = 1.0)));
    let mut replay = Replay::default();
    replay.take(&desk.history[1..], &desk.playbook);
    let ledger = replay.ledger(&desk.playbook);
    assert_eq!(ledger, None);
    desk.tell_as(Ask::Rescore { ledger }, Actor::System, desk.now);
    let lines: Vec<_> = desk.lead.ledger.iter().map(|line| (line.rule.as_str(), line.points)).collect();
    assert_eq!(lines, [("VP", 1.0), ("pricing page", 15.0)]);
    assert_eq!(desk.count(|what| matches!(what, What::Rescored { .. })), 0);
}
