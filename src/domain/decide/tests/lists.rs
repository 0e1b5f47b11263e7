use serde_json::json;

use super::desk::Desk;
use super::plot::book;
use crate::domain::decide::{Ask, Case, Input, bring, brought, decide, fold};
use crate::domain::event::Actor;

/// A long list is written first and decided lead by lead: nothing may come of that which would not have come at once.
#[test]
fn a_lead_that_was_brought_first_and_decided_later_is_as_if_it_was_decided_at_once() {
    let desk = Desk::new(book(vec![]));
    let set = json!({"title": "Head of Operations", "employees": 120, "city": null}).as_object().cloned().unwrap();
    let tags = ["fair".to_owned()];
    let ask = Ask::Import { set: set.clone(), add_tags: tags.to_vec() };
    let input = Input { ask, occurred_at: desk.now, source: "import".to_owned(), actor: Actor::System };
    let case = Case {
        stopped_senders: std::sync::Arc::default(),
        colleague: None,
        lead: desk.lead.clone(),
        suppressed: None,
        loads: None,
        intakes: None,
        winners: std::sync::Arc::default(),
        paused_sequences: std::sync::Arc::default(),
    };
    let at_once = decide(&case, &input, &desk.playbook, desk.now);

    let mut lead = desk.lead.clone();
    let what = brought(&lead, set, &tags);
    let mut events = vec![bring(&mut lead, what, "import", desk.now)];
    let undecided = fold(&events).unwrap();
    assert_eq!(lead.wake_at, Some(desk.now));
    assert_eq!(crate::domain::lead::Lead { wake_at: None, ..lead.clone() }, undecided);
    let wake = Input { ask: Ask::Wake, source: "engine".to_owned(), ..input };
    let later = decide(&Case { lead, ..case }, &wake, &desk.playbook, desk.now);
    events.extend(later.events);
    assert_eq!(events, at_once.events);
    assert_eq!((later.lead, later.effects), (at_once.lead, at_once.effects));
}
