use serde_json::json;

use super::desk::{Desk, utc};
use super::plot::{book, engagement, length, scoring};
use crate::domain::decide::View;
use crate::domain::playbook::Playbook;
use crate::domain::score::{EngagementRule, Scoring};
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

fn pricing(desk: &mut Desk) {
    desk.hear_with("page_viewed", json!({"path": "/pricing/teams"}));
}

fn with(rules: Vec<EngagementRule>) -> Playbook {
    let mut book = book(vec![]);
    let model = Scoring { engagement: rules, lifecycle: vec![], recycled: None, hot_when: None, ..scoring() };
    book.scoring = std::sync::Arc::new(model);
    book
}

fn heat(desk: &Desk, at: Instant) -> String {
    View::new(&desk.lead, &desk.playbook, at).heat().to_owned()
}

#[test]
fn a_ceiling_leaves_only_what_room_there_is() {
    let mut desk = Desk::new(book(vec![]));
    for _ in 0..2 {
        pricing(&mut desk);
    }
    assert_eq!(desk.score(), 30.0);
    pricing(&mut desk);
    assert_eq!(desk.score(), 40.0, "no more pricing, but three visits within a day");
    pricing(&mut desk);
    assert_eq!(desk.score(), 40.0);
}

#[test]
fn of_a_group_only_the_highest_rule_counts_and_a_changed_title_changes_it() {
    let mut desk = Desk::new(book(vec![]));
    desk.set("title", json!("Chief of Staff and Director"));
    assert_eq!(desk.score(), 20.0);
    desk.set("title", json!("Director"));
    assert_eq!(desk.score(), 10.0);
    let begun = desk.lead.ledger[0].at;
    desk.after("1h");
    desk.set("employees", json!(60));
    assert_eq!((desk.score(), desk.lead.ledger[0].at), (20.0, begun), "a line that stays keeps its time");
}

#[test]
fn points_that_expire_go_at_their_instant_and_the_band_follows() {
    let rule = EngagementRule { expires: Some(length("90d")), ..engagement("demo", "demo_requested", 40.0) };
    let mut desk = Desk::new(with(vec![rule]));
    desk.hear("demo_requested");
    let ends = desk.now + Millis::DAY.times(90);
    assert_eq!((desk.lead.wake_at, heat(&desk, desk.now).as_str()), (Some(ends), "warm"));
    assert_eq!([heat(&desk, ends - Millis(1)), heat(&desk, ends)], ["warm", "cold"]);
}

#[test]
fn points_that_fade_wake_the_lead_at_the_instant_it_falls_below_a_level() {
    let rule = EngagementRule { half_life: Some(length("30d")), ..engagement("visit", "visited", 60.0) };
    let mut desk = Desk::new(with(vec![rule]));
    desk.hear("visited");
    let falls = desk.lead.wake_at.unwrap();
    assert!(desk.playbook.scoring.score(&desk.lead.ledger, falls - Millis(1)).total >= 50.0);
    assert!(desk.playbook.scoring.score(&desk.lead.ledger, falls).total < 50.0);
    desk.until(falls);
    let cools = desk.lead.wake_at.unwrap();
    assert_eq!([heat(&desk, cools - Millis(1)), heat(&desk, cools)], ["warm", "cold"]);
    assert!((cools.since(utc("2026-04-01T10:00")).0).abs() <= 1);
    desk.until(cools);
    assert_eq!(desk.lead.wake_at, None, "below the last level nothing is left to fall past");
}

#[test]
fn a_penalty_that_fades_lets_the_lead_rise_at_the_right_instant() {
    let rules = vec![
        engagement("talk", "talked", 60.0),
        EngagementRule { half_life: Some(length("10d")), ..engagement("grump", "grumbled", -20.0) },
    ];
    let mut book = with(rules);
    let model = Scoring { lifecycle: scoring().lifecycle[..1].to_vec(), ..(*book.scoring).clone() };
    book.scoring = std::sync::Arc::new(model);
    let mut desk = Desk::new(book);
    desk.hear("grumbled");
    desk.hear("talked");
    assert_eq!((desk.lead.stage, desk.score()), (Stage::Lead, 40.0));
    let rises = desk.now + Millis::DAY.times(10);
    desk.until(rises - Millis::SECOND);
    assert_eq!(desk.lead.stage, Stage::Lead);
    desk.until(rises + Millis::SECOND);
    assert_eq!(desk.lead.stage, Stage::Mql);
}

#[test]
fn points_that_fade_both_ways_miss_no_level() {
    let rules = vec![
        EngagementRule { half_life: Some(length("2d")), ..engagement("visit", "visited", 60.0) },
        EngagementRule { half_life: Some(length("40d")), ..engagement("grump", "grumbled", -40.0) },
        engagement("talk", "talked", 45.0),
    ];
    let mut desk = Desk::new(with(rules));
    for name in ["visited", "grumbled", "talked"] {
        desk.hear(name);
    }
    // 65 now, down to less than 30 within a week, then slowly up towards 45.
    let start = desk.now;
    let mut bands = vec![];
    for _ in 0..3 {
        desk.until(desk.lead.wake_at.unwrap());
        bands.push((format!("{:.0}", desk.score()), desk.now.since(start).0 / 86_400_000));
    }
    assert_eq!(bands.iter().map(|(score, _)| score.as_str()).collect::<Vec<_>>(), ["50", "30", "30"]);
    assert!(bands[1].1 < 7 && bands[2].1 > 20, "{bands:?}");
    assert_eq!(desk.lead.wake_at, None);
}

#[test]
fn a_hot_rule_with_a_window_wakes_the_lead_when_it_cools() {
    let mut desk = Desk::new(book(vec![]).staffed());
    desk.hear("demo_requested");
    let cools = desk.now + Millis::DAY.times(7);
    assert_eq!([heat(&desk, cools - Millis(1)), heat(&desk, cools)], ["hot", "cold"]);
    let mut wakes = vec![];
    while desk.lead.wake_at.is_some_and(|at| at <= cools) {
        desk.until(desk.lead.wake_at.unwrap());
        wakes.push(desk.now);
    }
    assert!(wakes.contains(&cools));
}

#[test]
fn a_date_to_decide_by_makes_hot_thirty_days_before_at_local_midnight() {
    let mut desk = Desk::new(book(vec![]));
    desk.set("decide_by", json!("2026-04-05"));
    let midnight = utc("2026-03-06T00:00");
    assert_eq!([heat(&desk, midnight - Millis(1)), heat(&desk, midnight)], ["cold", "hot"]);
    assert_eq!(desk.lead.wake_at, Some(midnight));
    desk.set("decide_by", json!(null));
    assert_eq!(desk.lead.wake_at, None, "no date, no midnight to wake at");
}

#[test]
fn the_score_is_clamped_once() {
    let rules = vec![engagement("low", "low", -30.0), engagement("high", "high", 120.0)];
    let mut desk = Desk::new(with(rules));
    desk.hear("low");
    assert_eq!(desk.score(), 0.0);
    desk.hear("high");
    assert_eq!(desk.score(), 90.0);
    desk.hear("high");
    assert_eq!(desk.score(), 100.0);
}
