//! Who the two are, what they said, and what sales has of them.

use serde_json::json;

use super::super::plot::{book, engagement, length, scoring, two_mails};
use super::{cadence, two};
use crate::domain::decide::{Ask, Effect, Other, Replay, Reply};
use crate::domain::event::Actor;
use crate::domain::handoff::Met;
use crate::domain::playbook::Playbook;
use crate::domain::score::EngagementRule;
use crate::domain::sequence::Kind;
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;

#[test]
fn a_person_who_wants_no_mail_gets_none_and_a_mailbox_that_is_gone_says_nothing_of_the_other() {
    let merged = |reason: Reason| {
        let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
        ada.enroll("outbound");
        other.tell(Ask::Suppress { reason });
        ada.absorb(other);
        (ada.lead.suppressed, ada.ended().len())
    };
    for reason in [Reason::Unsubscribed, Reason::Complaint, Reason::Manual] {
        assert_eq!(merged(reason), (Some(reason), 1));
    }
    assert_eq!(merged(Reason::HardBounce), (None, 0));
}

#[test]
fn who_left_before_the_mailbox_was_gone_has_left() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.tell(Ask::Suppress { reason: Reason::Unsubscribed });
    other.hear_as("bounced", json!({"hard": true}), Actor::System, other.now);
    ada.absorb(other);
    assert_eq!((ada.lead.suppressed, ada.running().len()), (Some(Reason::Unsubscribed), 0));
}

#[test]
fn a_topic_that_one_of_them_left_is_left_by_both() {
    let (mut ada, mut other) = two(|| book(vec![two_mails("tips", Kind::Nurture).topic("product-tips")]));
    ada.enroll("tips");
    other.tell(Ask::Unsubscribe { topic: Some("product-tips".to_owned()), touch: None });
    ada.absorb(other);
    assert_eq!(ada.ended(), ["unsubscribed"]);
}

#[test]
fn who_bounces_takes_nobody_in_whom_mail_still_reaches_and_nobody_takes_in_who_was_erased() {
    let refusal = |own: Option<Reason>, theirs: Option<Reason>| {
        let (mut ada, mut other) = two(|| book(vec![]));
        for (desk, reason) in [(&mut ada, own), (&mut other, theirs)] {
            desk.hear("login");
            if let Some(reason) = reason {
                desk.tell(Ask::Suppress { reason });
            }
        }
        let before = ada.lead.clone();
        match ada.absorb(other) {
            Reply::Refused(reason) => {
                assert_eq!(ada.lead, before, "nothing is half done");
                reason
            }
            other => format!("{other:?}"),
        }
    };
    assert!(refusal(Some(Reason::HardBounce), None).ends_with("merge it into ada@old.example"));
    assert_eq!(refusal(Some(Reason::HardBounce), Some(Reason::HardBounce)), "Done");
    assert_eq!(refusal(Some(Reason::Erased), None), "ada@acme.example was erased");
    assert_eq!(refusal(None, Some(Reason::Erased)), "ada@old.example was erased");
}

#[test]
fn a_mail_that_is_on_its_way_is_waited_for() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.hear("login");
    other.enroll("outbound");
    let found = Other { lead: other.lead.clone(), suppressed: None, on_its_way: Some("one".to_owned()) };
    let reply = ada.tell(Ask::Absorb { other: other.lead.id.clone(), found: Some(Box::new(found)) });
    assert!(matches!(reply, Reply::Refused(why) if why.starts_with("`one` is on its way to ada@old.example")));
}

#[test]
fn what_bounces_at_an_address_from_before_suppresses_that_address_alone() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.hear("login");
    ada.absorb(other);
    ada.hear_as("bounced", json!({"hard": true, "address": "ada@old.example"}), Actor::System, ada.now);
    assert_eq!((ada.lead.suppressed, ada.running().len()), (None, 1));
    assert!(
        ada.last
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Suppress { target, .. } if target == "ada@old.example"))
    );
    ada.suppressed = None;
    ada.hear_as("bounced", json!({"hard": true, "address": "ada@acme.example"}), Actor::System, ada.now);
    assert_eq!((ada.lead.suppressed, ada.running().len()), (Some(Reason::HardBounce), 0));
}

#[test]
fn ones_own_values_stay_what_is_lacking_comes_from_the_other_and_tags_are_those_of_both() {
    let (mut ada, mut other) = two(|| book(vec![]));
    ada.set("title", json!("VP Sales"));
    ada.set("tags", json!(["fair", "trial"]));
    other.set("title", json!("Sales"));
    other.set("country", json!("FR"));
    other.set("tags", json!(["trial", "webinar"]));
    ada.absorb(other);
    let value = |name: &str| ada.lead.attributes[name].clone();
    assert_eq!(
        [value("title"), value("country"), value("tags")],
        [json!("VP Sales"), json!("FR"), json!(["fair", "trial", "webinar"])]
    );
    assert_eq!(ada.lead.aliases.iter().map(|alias| alias.address.as_str()).collect::<Vec<_>>(), ["ada@old.example"]);
}

#[test]
fn the_score_is_that_of_both_under_the_ceilings_of_the_rules_and_the_fit_that_of_all_values() {
    let capped = || {
        let mut model = scoring();
        let rule = engagement("visit", "page_viewed", 10.0);
        model.engagement = vec![
            EngagementRule { at_most: Some((30.0, length("720h"))), ..rule },
            engagement("webinar", "webinar_attended", 5.0),
        ];
        Playbook { scoring: std::sync::Arc::new(model), ..book(vec![]) }
    };
    let (mut ada, mut other) = two(capped);
    for desk in [&mut ada, &mut other] {
        desk.hear("page_viewed");
        desk.after("1h");
        desk.hear("page_viewed");
    }
    other.hear("webinar_attended");
    other.set("title", json!("VP Sales"));
    let fit = other.playbook.scoring.score(&other.lead.ledger, other.now).fit;
    assert!(fit > 0.0);
    ada.absorb(other);
    assert_eq!(ada.score(), 30.0 + 5.0 + fit, "four visits of ten count for thirty");
    let mut replay = Replay::default();
    for piece in ada.history.chunks(3) {
        replay.take(piece, &ada.playbook);
    }
    assert_eq!(replay.ledger(&ada.playbook), Some(ada.lead.ledger), "and scoring anew finds the same");
}

#[test]
fn an_open_that_waits_for_its_verdict_gets_it_and_counts_once() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.hear("login");
    other.enroll("outbound");
    other.accepted("outbound", "one");
    other.hit("clicked", "outbound", "one", Actor::Human);
    ada.absorb(other);
    assert_eq!(ada.lead.heard.get("clicked"), None);
    ada.after("2m");
    assert_eq!(ada.lead.heard["clicked"].count, 1);
    assert_eq!(ada.lead.enrollments[0].steps["one"].clicked.len(), 1);
}

/// The stage that comes of two, the second of which was heard of so long after the first had its own.
fn stage_of(own: Stage, theirs: Stage, heard_after: &str) -> Stage {
    let (mut ada, mut other) = two(|| book(vec![]));
    for (desk, to) in [(&mut ada, own), (&mut other, theirs)] {
        desk.hear("login");
        desk.now = desk.now + length("1h");
        desk.tell_as(Ask::Stage { to, reason: "told".to_owned() }, Actor::System, desk.now);
    }
    if heard_after != "never" {
        other.after(heard_after);
        other.hear("login");
        ada.now = other.now;
    }
    ada.absorb(other);
    ada.lead.stage
}

#[test]
fn the_further_stage_is_kept_and_what_a_person_said_of_it() {
    let stage = |own, theirs| stage_of(own, theirs, "never");
    assert_eq!(stage(Stage::Lead, Stage::Mql), Stage::Mql);
    assert_eq!(stage(Stage::Mql, Stage::Lead), Stage::Mql);
    assert_eq!(stage(Stage::Mql, Stage::Disqualified), Stage::Disqualified);
    assert_eq!(stage(Stage::Disqualified, Stage::Customer), Stage::Customer);
    assert_eq!(stage(Stage::Opportunity, Stage::Disqualified), Stage::Opportunity);
}

#[test]
fn who_was_sent_back_to_marketing_stays_there_until_the_person_is_heard_of_again() {
    assert_eq!(stage_of(Stage::Recycled, Stage::Mql, "never"), Stage::Recycled);
    assert_eq!(stage_of(Stage::Recycled, Stage::Mql, "1h"), Stage::Mql);
    assert_eq!(stage_of(Stage::Mql, Stage::Recycled, "never"), Stage::Recycled);
}

#[test]
fn of_two_open_handoffs_the_first_stands_for_both_and_its_rep_alone_carries_the_lead() {
    let (mut ada, mut other) = two(|| book(vec![]).staffed());
    other.tell(Ask::HandOff { reason: "asked for prices".to_owned() });
    ada.now = other.now + length("1h");
    other.now = ada.now;
    ada.loads = other.loads.clone();
    ada.tell(Ask::HandOff { reason: "asked for a demo".to_owned() });
    let (first, second) = (other.lead.handoff.clone().unwrap(), ada.lead.handoff.clone().unwrap());
    assert_eq!(ada.loads.values().map(|load| load.open).sum::<i64>(), 2);
    ada.absorb(other);
    let kept = ada.lead.handoff.clone().unwrap();
    assert_eq!((&kept.id, &kept.clock), (&first.id, &first.clock));
    assert_eq!(kept.reasons, ["act:asked for prices", "act:asked for a demo"]);
    assert_eq!(ada.loads.values().map(|load| load.open).sum::<i64>(), 1);
    let closed = ada
        .last
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Handoff(row) if row.id == second.id && row.state == "closed"));
    assert!(closed, "{:?}", ada.last.effects);
}

#[test]
fn taking_in_the_same_lead_twice_changes_nothing() {
    let (mut ada, other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    drop(other);
    let itself = Other { lead: ada.lead.clone(), suppressed: None, on_its_way: Some("one".to_owned()) };
    let before = ada.lead.clone();
    assert_eq!(ada.tell(Ask::Absorb { other: ada.lead.id.clone(), found: Some(Box::new(itself)) }), Reply::Done);
    assert_eq!(ada.lead, before);
}

#[test]
fn a_handoff_is_closed_where_the_person_is_past_it_and_stays_where_sales_has_the_person() {
    for (own, closed) in [(Stage::Customer, true), (Stage::Disqualified, true), (Stage::Mql, false)] {
        let (mut ada, mut other) = two(|| book(vec![]).staffed());
        ada.hear("login");
        ada.tell(Ask::Stage { to: own, reason: "told".to_owned() });
        other.tell(Ask::HandOff { reason: "asked".to_owned() });
        ada.loads = other.loads.clone();
        ada.absorb(other);
        assert_eq!(
            (ada.lead.handoff.is_none(), ada.loads.values().map(|load| load.open).sum::<i64>()),
            (closed, i64::from(!closed)),
            "{own}"
        );
        assert_eq!(ada.lead.stage, if closed { own } else { Stage::Sql });
        assert_eq!(ada.count(|what| what.name() == "handoff_closed"), usize::from(closed));
        let assigned = ada.loads.values().map(|load| load.assigned).sum::<i64>();
        assert_eq!(assigned, i64::from(own != Stage::Disqualified), "who bought was a lead of the rep's");
    }
}

#[test]
fn a_nurture_ends_with_sales_whichever_of_the_two_sales_had() {
    for own_is_sql in [true, false] {
        let (mut ada, mut other) = two(|| book(vec![two_mails("nurture", Kind::Nurture)]).staffed());
        let (sold, nurtured) = if own_is_sql { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        sold.tell(Ask::HandOff { reason: "asked".to_owned() });
        nurtured.enroll("nurture");
        ada.absorb(other);
        assert_eq!((ada.ended(), ada.lead.stage), (vec!["reached_sql"], Stage::Sql));
        assert_eq!(ada.lead.handoff.as_ref().unwrap().reasons, ["act:asked"]);
    }
}

#[test]
fn a_follow_up_that_was_heard_of_the_other_stops_the_clock_when_it_was() {
    let (mut ada, mut other) = two(|| book(vec![]).staffed());
    other.tell(Ask::HandOff { reason: "asked".to_owned() });
    ada.now = other.now + length("2m");
    ada.hear_as("rep_called", json!({}), Actor::System, ada.now);
    let called = ada.now;
    ada.now = ada.now + length("24h");
    ada.loads = other.loads.clone();
    ada.absorb(other);
    let kept = ada.lead.handoff.as_ref().unwrap();
    assert_eq!((kept.answered, kept.answered_at), (Some(Met::InTime), Some(called)));
}
