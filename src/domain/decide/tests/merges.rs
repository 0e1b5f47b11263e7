//! Two leads that are found to be one person.

use serde_json::json;

use super::desk::{Desk, utc};
use super::plot::{book, email, engagement, length, scoring, sequence, two_mails};
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Effect, Other, Replay, Reply};
use crate::domain::enrollment::Phase;
use crate::domain::event::{Actor, Event, What};
use crate::domain::handoff::Met;
use crate::domain::playbook::Playbook;
use crate::domain::score::EngagementRule;
use crate::domain::sequence::{Act, Again, Intake, Kind, OnUnknown, Sequence};
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::domain::touch::{Outcome, RefusalClass};

/// Ada, and who turns out to be Ada, under the same files.
fn two(playbook: impl Fn() -> Playbook) -> (Desk, Desk) {
    (Desk::new(playbook()), Desk::of("ada@old.example", playbook()))
}

impl Desk {
    /// Takes another in, with all that the store keeps of it.
    fn absorb(&mut self, mut other: Self) -> Reply {
        let found = Other { lead: other.lead.clone(), suppressed: other.suppressed, on_its_way: None };
        let ask = Ask::Absorb { other: other.lead.id.clone(), found: Some(Box::new(found)) };
        for (sequence, row) in std::mem::take(&mut other.enrollments) {
            self.enrollments.entry(sequence).or_insert(row);
        }
        self.outbox.append(&mut other.outbox);
        let (before, after) = (self.history.len(), self.lead.seq + 1);
        let reply = self.tell(ask);
        // The store puts them behind the one that says so.
        let theirs = other.history.into_iter().map(|event| Event { seq: event.seq + after, ..event });
        let rest = self.history.split_off((before + 1).min(self.history.len()));
        if reply == Reply::Done {
            self.history.extend(theirs);
        }
        self.history.extend(rest);
        reply
    }

    /// Which enrollments run, each as its sequence and its step.
    fn running(&self) -> Vec<String> {
        let place = |at: &Option<String>| at.clone().unwrap_or_else(|| "end".to_owned());
        self.lead.enrollments.iter().map(|one| format!("{} at {}", one.sequence, place(&one.at))).collect()
    }

    /// Why enrollments ended, in their order.
    fn ended(&self) -> Vec<&str> {
        let exit = |event: &'_ Event| match &event.what {
            What::Exited { exit, .. } => Some(exit.as_str()),
            _ => None,
        };
        self.history.iter().filter_map(exit).collect()
    }
}

fn cadence(name: &str) -> Sequence {
    let wait = |text: &str| Act::Wait(Pause::parse(text).unwrap());
    let steps = vec![("one", email()), ("#1", wait("2d")), ("two", email()), ("#2", wait("2d")), ("three", email())];
    sequence(name, Kind::Cadence, steps)
}

#[test]
fn of_two_enrollments_in_one_sequence_the_further_stays_and_no_step_is_asked_for_twice() {
    for own_is_further in [true, false] {
        let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
        let (ahead, behind) = if own_is_further { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        ahead.enroll("outbound");
        ahead.accepted("outbound", "one");
        ahead.after("48h");
        ahead.accepted("outbound", "two");
        behind.now = ahead.now;
        behind.enroll("outbound");
        assert_eq!(ada.absorb(other), Reply::Done);
        assert_eq!((ada.running(), ada.ended()), (vec!["outbound at #2".to_owned()], vec!["merged"]));
        let called_off = ada.last.effects.iter().filter(|effect| matches!(effect, Effect::Cancel { .. })).count();
        assert_eq!(called_off, 1, "the first mail that the other waited with");
        ada.after("48h");
        assert_eq!(ada.count(|what| matches!(what, What::Queued { step, .. } if step == "three")), 1);
        assert_eq!(ada.count(|what| matches!(what, What::Queued { step, .. } if step == "two")), 1);
    }
}

#[test]
fn at_the_same_step_ones_own_enrollment_stays_since_its_mail_may_be_on_its_way() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    let kept = ada.lead.enrollments[0].id.clone();
    ada.absorb(other);
    assert_eq!(ada.lead.enrollments.iter().map(|one| &one.id).collect::<Vec<_>>(), [&kept]);
}

#[test]
fn who_was_in_a_sequence_before_is_in_it_no_more_unless_again_lets_it_in() {
    let running = |again: Again, days: &str| {
        let (mut ada, mut other) = two(|| book(vec![Sequence { again, ..two_mails("nurture", Kind::Nurture) }]));
        other.enroll("nurture");
        other.accepted("nurture", "first");
        other.after("48h");
        other.accepted("nurture", "second");
        ada.now = other.now + length(days);
        ada.enroll("nurture");
        other.now = ada.now;
        ada.absorb(other);
        (ada.running().len(), ada.ended().last().copied().unwrap_or("none").to_owned())
    };
    let merged = (0, "merged".to_owned());
    assert_eq!(running(Again::Never, "9600h"), merged);
    assert_eq!(running(Again::After(length("720h")), "240h"), merged);
    assert_eq!(running(Again::After(length("720h")), "960h").0, 1);
    assert_eq!(running(Again::Always, "1h").0, 1);
}

#[test]
fn what_was_the_others_past_keeps_the_lead_out_from_then_on() {
    let (mut ada, mut other) = two(|| book(vec![two_mails("nurture", Kind::Nurture)]));
    other.enroll("nurture");
    other.tell(Ask::Remove { sequence: None, reason: "moved".to_owned() });
    ada.hear("login");
    ada.absorb(other);
    assert!(matches!(ada.enroll("nurture"), Reply::Refused(reason) if reason.contains("before")));
}

#[test]
fn in_an_exclusive_group_who_entered_first_stays() {
    for own_is_first in [true, false] {
        let one = |name: &str| two_mails(name, Kind::Nurture).exclusive("nurture", 50);
        let (mut ada, mut other) = two(|| book(vec![one("guide"), one("tips"), two_mails("free", Kind::Nurture)]));
        let (first, second) = if own_is_first { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        first.enroll("guide");
        second.now = first.now + length("1h");
        first.now = second.now;
        second.enroll("tips");
        second.enroll("free");
        ada.absorb(other);
        let mut running = ada.running();
        running.sort();
        assert_eq!(
            (running, ada.ended()),
            (vec!["free at first".to_owned(), "guide at first".to_owned()], vec!["merged"])
        );
    }
}

#[test]
fn what_one_of_the_two_answered_ends_what_the_other_is_in_and_what_came_later_goes_on() {
    let (mut ada, mut other) =
        two(|| book(vec![cadence("outbound"), cadence("later"), two_mails("notice", Kind::Transactional)]));
    ada.enroll("outbound");
    ada.enroll("notice");
    other.now = ada.now + length("1h");
    other.hear("replied");
    ada.now = other.now + length("1h");
    ada.enroll("later");
    ada.absorb(other);
    assert_eq!(
        (ada.ended(), ada.running()),
        (vec!["replied"], vec!["notice at first".to_owned(), "later at one".to_owned()])
    );
}

#[test]
fn a_goal_that_the_other_reached_since_is_a_goal_and_a_stop_a_stop() {
    let (mut ada, mut other) = two(|| {
        book(vec![
            two_mails("won", Kind::Nurture).goal("demo_requested"),
            two_mails("stopped", Kind::Nurture).stop_on("meeting_booked"),
        ])
    });
    ada.enroll("won");
    ada.enroll("stopped");
    other.now = ada.now + length("1h");
    other.hear("demo_requested");
    other.hear("meeting_booked");
    ada.now = other.now;
    ada.absorb(other);
    let mut ended = ada.ended();
    ended.sort_unstable();
    assert_eq!(ended, ["goal", "stopped"]);
}

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
fn a_mail_refused_for_good_after_the_merge_ends_what_moved() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.hear("login");
    other.enroll("outbound");
    ada.absorb(other);
    ada.refused("outbound", "one", RefusalClass::Hard);
    assert_eq!((ada.ended(), ada.lead.suppressed), (vec!["bounced"], Some(Reason::HardBounce)));
}

#[test]
fn who_entered_after_the_other_had_answered_would_have_been_kept_out() {
    let merged = |again: Again| {
        let (mut ada, mut other) = two(|| book(vec![cadence("outbound").again(again)]));
        ada.enroll("outbound");
        other.now = ada.now + length("24h");
        other.hear("replied");
        other.now = other.now + length("24h");
        other.enroll("outbound");
        ada.now = other.now;
        ada.absorb(other);
        let mut ended: Vec<String> = ada.ended().into_iter().map(str::to_owned).collect();
        ended.sort();
        (ended, ada.running().len())
    };
    let both = (vec!["merged".to_owned(), "replied".to_owned()], 0);
    assert_eq!(merged(Again::Never), both);
    assert_eq!(merged(Again::After(length("720h"))), both);
    assert_eq!(merged(Again::Always), (vec!["replied".to_owned()], 1));
}

#[test]
fn a_mail_that_may_have_arrived_is_not_sent_from_the_other_enrollment() {
    let held = || Sequence { on_unknown: OnUnknown::Hold, ..cadence("outbound") };
    let (mut ada, mut other) = two(|| book(vec![held()]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.comes_back("outbound", "one", Outcome::Unknown { reason: "no answer".to_owned() });
    ada.absorb(other);
    assert!(matches!(&ada.lead.enrollments[0].phase, Phase::Held { .. }), "{:?}", ada.lead.enrollments);
    assert!(ada.last.effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
}

#[test]
fn across_versions_the_further_is_who_has_more_of_the_same_steps_behind_and_none_comes_again() {
    let old = Sequence { version: "outbound-0".to_owned(), ..cadence("outbound") };
    let new = || {
        let wait = |text: &str| Act::Wait(Pause::parse(text).unwrap());
        let steps = vec![
            ("x", email()),
            ("y", email()),
            ("one", email()),
            ("#1", wait("2d")),
            ("two", email()),
            ("#2", wait("2d")),
            ("three", email()),
        ];
        sequence("outbound", Kind::Cadence, steps)
    };
    let files = || {
        let mut files = book(vec![new()]);
        files.versions.insert(old.version.clone(), std::sync::Arc::new(old.clone()));
        files
    };
    let (mut ada, mut other) = two(files);
    other.playbook.sequences.insert("outbound".to_owned(), std::sync::Arc::new(old.clone()));
    other.enroll("outbound");
    other.accepted("outbound", "one");
    other.after("48h");
    other.accepted("outbound", "two");
    ada.now = other.now;
    ada.enroll("outbound");
    ada.accepted("outbound", "x");
    ada.accepted("outbound", "y");
    ada.absorb(other);
    assert_eq!((ada.running(), ada.ended()), (vec!["outbound at #2".to_owned()], vec!["merged"]));
    ada.after("48h");
    let queued = |step: &str| ada.count(|what| matches!(what, What::Queued { step: queued, .. } if queued == step));
    assert_eq!(["two", "three"].map(queued), [1, 1]);
}

#[test]
fn what_goes_on_for_both_waits_as_long_as_what_was_paused() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.tell(Ask::Pause { sequence: None, because: "on leave".to_owned() });
    ada.absorb(other);
    assert_eq!(ada.lead.enrollments[0].paused.as_ref().map(|pausing| pausing.because.as_str()), Some("on leave"));
    assert!(ada.last.effects.iter().any(|effect| matches!(effect, Effect::Hold { .. })));
}

#[test]
fn who_waits_for_room_in_a_sequence_the_other_is_in_waits_no_more() {
    for own_waits in [true, false] {
        let (mut ada, mut other) = two(|| book(vec![cadence("full").again(Again::Always).limits(1, 9)]));
        let (waits, runs) = if own_waits { (&mut ada, &mut other) } else { (&mut other, &mut ada) };
        runs.enroll("full");
        waits.intakes.insert("full".to_owned(), Intake { active: 1, entered_today: 1, waiting: false });
        assert!(matches!(waits.enroll("full"), Reply::Pending(_)));
        ada.pending.remove("full");
        ada.absorb(other);
        assert_eq!((ada.lead.pending.len(), ada.running().len()), (0, 1));
    }
}

#[test]
fn a_lead_that_answers_while_it_waits_for_room_waits_no_more() {
    let mut ada = Desk::new(book(vec![cadence("full").limits(0, 9)]));
    assert!(matches!(ada.enroll("full"), Reply::Pending(_)));
    ada.now = ada.now + length("1h");
    ada.hear("replied");
    assert!(ada.lead.pending.is_empty() && ada.names().contains(&"enrollment_dropped"));
}

#[test]
fn a_mailbox_where_nothing_ever_arrived_keeps_nobody_out() {
    let (mut ada, mut other) = two(|| book(vec![cadence("outbound")]));
    ada.enroll("outbound");
    other.enroll("outbound");
    other.refused("outbound", "one", RefusalClass::Hard);
    ada.absorb(other);
    assert_eq!((ada.running().len(), ada.lead.suppressed), (1, None));
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

#[test]
fn a_mail_that_moves_waits_for_its_window_where_the_person_lives_whatever_else_ended() {
    let (mut ada, mut other) =
        two(|| book(vec![cadence("outbound"), two_mails("done", Kind::Nurture).goal("demo_requested")]));
    ada.set("zone", json!("Europe/Berlin"));
    ada.enroll("done");
    other.set("zone", json!("America/New_York"));
    other.now = utc("2026-03-02T20:00");
    other.hear("demo_requested");
    other.now = utc("2026-03-02T23:00");
    other.enroll("outbound");
    ada.now = other.now;
    ada.absorb(other);
    assert_eq!(ada.ended(), ["goal"]);
    let moved = ada.last.effects.iter().find_map(|effect| match effect {
        Effect::Requeue(requeue) => Some((requeue.ready_at, requeue.zone.as_str())),
        _ => None,
    });
    assert_eq!(moved, Some((utc("2026-03-03T08:00"), "Europe/Berlin")));
}
