//! What must hold of every decision, tried on histories made by chance.
//!
//! The desk these histories are told at checks of each decision that it is repeatable, that its lead is the fold of its events,
//! that no touch is asked for twice, and that the wake lies ahead; here is the rest.

use proptest::prelude::*;

use super::tests::chance::{Turn, play, playbook, told, turn};
use super::tests::desk::Desk;
use super::{Ask, Effect, Replay, fold};
use crate::domain::event::{Actor, Event, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::score::Line;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Channel;

/// The touches to the lead itself that a decision asks for, with the enrollments they are of.
fn to_lead(effects: &[Effect]) -> Vec<(Channel, Option<EnrollmentId>)> {
    let new = |effect: &Effect| {
        if let Effect::Queue(new) = effect { Some((new.channel, new.enrollment.clone())) } else { None }
    };
    let all = effects.iter().filter_map(new);
    all.filter(|(channel, enrollment)| enrollment.is_some() || *channel == Channel::Email).collect()
}

fn exited(events: &[Event]) -> Vec<EnrollmentId> {
    let id = |what: &'_ What| if let What::Exited { enrollment, .. } = what { Some(enrollment.clone()) } else { None };
    events.iter().filter_map(|event| id(&event.what)).collect()
}

fn goes_back(from: Stage, to: Stage) -> bool {
    match (from.rung(), to.rung()) {
        (Some(from), Some(to)) => to < from,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn keeps_its_promises(desk: &Desk) {
    let decision = &desk.last;
    if desk.lead.suppressed.is_some() {
        assert_eq!(to_lead(&decision.effects), [], "a suppressed lead is never touched");
        assert!(desk.lead.enrollments.is_empty());
    }
    let ended = exited(&decision.events);
    for (_, enrollment) in to_lead(&decision.effects) {
        assert!(!enrollment.iter().any(|id| ended.contains(id)), "a touch of what ended in the same decision");
    }
    for event in &decision.events {
        assert!(event.occurred_at <= event.recorded_at);
        if let What::Staged { from, to, cause } = &event.what {
            let act = ["act:", "step:", "sla:"].iter().any(|kind| cause.starts_with(kind)) || cause == "rule:recycled";
            assert!(!goes_back(*from, *to) || act, "{from} to {to} because of {cause}");
            assert!(*from != Stage::Disqualified || cause.starts_with("act:"), "{from} to {to} because of {cause}");
        }
    }
    let last = usize::try_from(desk.lead.seq).unwrap();
    assert_eq!(desk.history.len(), last, "events are numbered without a gap");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_its_promises(turns in prop::collection::vec(turn(), 1..40)) {
        told(&turns, keeps_its_promises);
    }

    #[test]
    fn a_wake_when_nothing_is_due_writes_nothing(turns in prop::collection::vec(turn(), 1..30)) {
        let mut desk = told(&turns, |_| {});
        desk.tell_as(Ask::Wake, Actor::System, desk.now);
        desk.tell_as(Ask::Wake, Actor::System, desk.now);
        prop_assert_eq!(&desk.last.events, &[]);
        prop_assert_eq!(&desk.last.effects, &[]);
        if let Some(wake) = desk.lead.wake_at {
            desk.now = wake - Millis(1);
            desk.tell_as(Ask::Wake, Actor::System, desk.now);
            prop_assert_eq!(&desk.last.events, &[], "due before the wake at {}", wake);
            prop_assert!(desk.lead.wake_at.is_none_or(|at| at >= wake));
        }
    }

    #[test]
    fn leads_and_events_survive_json(turns in prop::collection::vec(turn(), 1..30)) {
        let desk = told(&turns, |_| {});
        let lead: Lead = serde_json::from_str(&serde_json::to_string(&desk.lead).unwrap()).unwrap();
        prop_assert_eq!(&lead, &desk.lead);
        let events: Vec<Event> = serde_json::from_str(&serde_json::to_string(&desk.history).unwrap()).unwrap();
        prop_assert_eq!(&events, &desk.history);
        let folded = fold(&events).map(|lead| Lead { wake_at: desk.lead.wake_at, ..lead });
        prop_assert_eq!(folded, Some(lead));
    }

    #[test]
    fn scored_anew_by_the_same_file_every_history_gives_the_same_ledger(
        turns in prop::collection::vec(turn(), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let desk = told(&turns, |_| {});
        let (mut replay, (first, rest)) = (Replay::default(), desk.history.split_at(cut.index(desk.history.len() + 1)));
        replay.take(first, &desk.playbook);
        replay.take(rest, &desk.playbook);
        let lines = |lines: &[Line]| -> Vec<(String, f64, Instant, Option<Instant>)> {
            lines.iter().map(|line| (line.rule.clone(), line.points, line.at, line.ends)).collect()
        };
        prop_assert_eq!(lines(&replay.ledger(&desk.playbook).unwrap_or_default()), lines(&desk.lead.ledger));
    }

    #[test]
    fn no_instant_makes_it_panic(turns in prop::collection::vec((turn(), any::<i64>(), any::<i64>()), 1..12)) {
        let mut desk = Desk::new(playbook());
        for (turn, now, ago) in &turns {
            desk.history.clear();
            desk.now = Instant(*now);
            if desk.now < Instant::NEVER {
                play(&mut desk, &Turn { after: Millis(0), ago: Millis(*ago), wakes: false, ..turn.clone() });
            }
        }
    }
}
