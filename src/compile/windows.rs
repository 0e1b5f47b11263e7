//! A lead remembers instants only as far back as somebody may ask, and the files know how far that is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::condition::Condition;
use crate::domain::playbook::Playbook;
use crate::domain::routing::Staff;
use crate::domain::score::Scoring;
use crate::domain::sequence::{Act, Sequence, Trigger};
use crate::domain::time::Millis;

/// How long each event's instants must be remembered: the longest window that any condition or rule asks for.
pub fn windows<'a>(
    scoring: &Scoring,
    staff: &Staff,
    sequences: impl IntoIterator<Item = &'a Sequence>,
) -> BTreeMap<String, Millis> {
    let mut windows = BTreeMap::new();
    let conditions = of_scoring(scoring).chain(of_staff(staff));
    conditions.for_each(|condition| widen(&mut windows, condition));
    for rule in &scoring.engagement {
        let asked = [rule.at_most.map(|(_, window)| window), rule.times.map(|(_, window)| window)];
        asked.into_iter().flatten().for_each(|window| reach(&mut windows, &rule.on, window));
    }
    for sequence in sequences {
        of_sequence(sequence).for_each(|condition| widen(&mut windows, condition));
    }
    windows
}

/// The numbers that conditions compare a score with: where a falling score may turn something.
pub fn thresholds<'a>(scoring: &Scoring, staff: &Staff, sequences: impl IntoIterator<Item = &'a Sequence>) -> Vec<f64> {
    let mut found: Vec<f64> =
        of_scoring(scoring).chain(of_staff(staff)).flat_map(|one| one.needs().levels.clone()).collect();
    found.extend(sequences.into_iter().flat_map(of_sequence).flat_map(|one| one.needs().levels.clone()));
    found.sort_by(f64::total_cmp);
    found.dedup();
    found
}

/// What the daemon itself does something about, whatever the files say.
const ALWAYS: [&str; 5] = ["replied", "auto_replied", "bounced", "complained", "unsubscribed"];

/// The events that anything asks for by their names.
pub fn heard(playbook: &Playbook) -> BTreeSet<&str> {
    let mut names = BTreeSet::from(ALWAYS);
    names.extend(playbook.scoring.engagement.iter().map(|rule| rule.on.as_str()));
    let rules = of_scoring(&playbook.scoring).chain(of_staff(&playbook.staff));
    let sequences = || playbook.sequences.values().map(Arc::as_ref);
    let conditions = rules.chain(sequences().flat_map(of_sequence));
    names.extend(conditions.flat_map(|condition| condition.needs().events.keys()).map(String::as_str));
    for sequence in sequences() {
        let triggers = sequence.enroll.iter().filter_map(|trigger| match trigger {
            Trigger::Event { on, .. } => Some(on),
            Trigger::Every { .. } => None,
        });
        names.extend(triggers.chain(&sequence.stop.on).chain(&sequence.goal).map(String::as_str));
    }
    names
}

fn widen(windows: &mut BTreeMap<String, Millis>, condition: &Condition) {
    for (event, asked) in &condition.needs().events {
        if let Some(within) = asked.within {
            reach(windows, event, within);
        }
    }
}

fn reach(windows: &mut BTreeMap<String, Millis>, event: &str, window: Millis) {
    let longest = windows.entry(event.to_owned()).or_insert(Millis::ZERO);
    *longest = (*longest).max(window);
}

fn of_scoring(scoring: &Scoring) -> impl Iterator<Item = &Condition> {
    let fit = scoring.fit.iter().map(|rule| &rule.when);
    let engagement = scoring.engagement.iter().filter_map(|rule| rule.when.as_ref());
    let lifecycle = scoring.lifecycle.iter().map(|(_, rule)| rule);
    fit.chain(engagement).chain(lifecycle).chain(scoring.hot_when.iter()).chain(scoring.recycled.iter())
}

fn of_staff(staff: &Staff) -> impl Iterator<Item = &Condition> {
    let routing = staff.routing.iter().filter_map(|(when, _)| when.as_ref());
    routing.chain(staff.slas.iter().map(|sla| &sla.applies))
}

fn of_sequence(sequence: &Sequence) -> impl Iterator<Item = &Condition> {
    let enroll = sequence.enroll.iter().filter_map(Trigger::condition);
    let steps = sequence.steps.iter().flat_map(|step| match &step.act {
        Act::Branch { arms, .. } => arms.iter().map(|arm| &arm.when).collect(),
        Act::Handoff { when, .. } => when.iter().collect(),
        Act::WaitFor { when, .. } => vec![when],
        _ => Vec::new(),
    });
    enroll.chain(sequence.stop.when.iter()).chain(steps)
}
