use std::sync::Arc;

use serde_json::json;

use super::desk::Desk;
use super::plot::{book, engagement, length, scoring, two_mails};
use crate::domain::decide::{Ask, Case, Input, decide};
use crate::domain::event::Actor;
use crate::domain::score::{EngagementRule, Scoring};
use crate::domain::sequence::Kind;
use crate::domain::time::Millis;

fn size(desk: &Desk) -> usize {
    serde_json::to_string(&desk.lead).unwrap().len()
}

/// Hears something with none of the desk's checks, which take time for each event there ever was.
fn hear(desk: &mut Desk, name: &str) {
    let data = json!({"path": "/pricing"}).as_object().cloned().unwrap_or_default();
    let ask = Ask::Hear { name: name.to_owned(), data, touch: None };
    let input = Input { ask, occurred_at: desk.now, source: "test".to_owned(), actor: Actor::Human };
    let (lead, winners, paused_sequences) = (desk.lead.clone(), Arc::default(), Arc::default());
    desk.lead = decide(
        &Case {
            lead,
            suppressed: None,
            loads: None,
            intakes: None,
            winners,
            paused_sequences,
            stopped_senders: std::sync::Arc::default(),
            colleague: None,
        },
        &input,
        &desk.playbook,
        desk.now,
    )
    .lead;
}

#[test]
fn a_lead_with_ten_thousand_events_stays_small() {
    let fading = EngagementRule { half_life: Some(length("30d")), ..engagement("fading", "page_viewed", 1.0) };
    let ending = EngagementRule { expires: Some(length("90d")), ..engagement("ending", "page_viewed", 1.0) };
    let lasting = engagement("lasting", "page_viewed", 1.0);
    let model =
        Scoring { engagement: vec![fading, ending, lasting], range: (0.0, 1e9), lifecycle: vec![], ..scoring() };
    let mut desk = Desk::new(book(vec![]));
    desk.playbook.scoring =
        std::sync::Arc::new(Scoring { version: "0123456789abcdef0123456789abcdef".to_owned(), ..model });
    for n in 0..10_000 {
        desk.now = desk.now + Millis::MINUTE;
        hear(&mut desk, if n % 2 == 0 { "page_viewed" } else { ["a", "b", "c", "d", "e", "f", "g"][n / 2 % 7] });
    }
    assert!(size(&desk) < 64 * 1024, "{} bytes", size(&desk));
    assert_eq!(desk.lead.heard["page_viewed"].count, 5_000);
    let sum = |rule: &str| {
        desk.lead.ledger.iter().filter(|line| line.rule == rule).map(|line| line.worth(desk.now)).sum::<f64>()
    };
    assert!((sum("lasting") - 5_000.0).abs() < 1e-3);
    let fading: f64 = (0..5_000).map(|n| (-f64::from(2 * n + 1) / 43_200.0).exp2()).sum();
    assert!((sum("fading") - fading).abs() < 1e-3, "joined lines fade as they would have apart");
}

#[test]
fn ten_thousand_names_are_not_all_remembered() {
    let mut desk = Desk::new(book(vec![]));
    for n in 0..2_000 {
        desk.now = desk.now + Millis::SECOND;
        hear(&mut desk, &format!("event_number_{n}"));
    }
    assert!(size(&desk) < 64 * 1024, "{} bytes", size(&desk));
    assert!(desk.lead.heard.contains_key("event_number_1999"));
    assert!(!desk.lead.heard.contains_key("event_number_0"));
}

#[test]
fn a_wake_when_nothing_is_due_writes_nothing() {
    let mut desk = Desk::new(book(vec![two_mails("cadence", Kind::Cadence).stop_when("lead.odd > 5")]).staffed());
    desk.set("odd", json!("text"));
    desk.enroll("cadence");
    desk.hear("demo_requested");
    desk.after("1s");
    desk.tell_as(Ask::Wake, Actor::System, desk.now);
    assert_eq!((desk.last.events.len(), desk.last.effects.len()), (0, 0));
}

#[test]
fn rules_that_fault_over_and_over_fill_neither_the_lead_nor_the_log() {
    let names: Vec<String> = (0..30).map(|n| format!("cadence-{n}")).collect();
    let plots = names.iter().map(|name| two_mails(name, Kind::Cadence).stop_when("lead.odd > 5"));
    let mut desk = Desk::new(book(plots.collect()));
    desk.set("odd", json!("text"));
    for name in &names {
        desk.enroll(name);
    }
    let before = desk.names().iter().filter(|name| **name == "faulted").count();
    desk.hear("login");
    assert_eq!(desk.names().iter().filter(|name| **name == "faulted").count(), before);
    assert_eq!(desk.lead.attention.len(), 20);
}
