//! How each fact changes a lead: the only place where a lead changes, so that a lead is the fold of its events.

mod enrollments;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use enrollments::with;
use serde_json::{Map, Value};

use super::{join, ledger, tasks, trials};
use crate::domain::address::EmailAddress;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Actor, Event, IMPORTED, What};
use crate::domain::id::{LeadId, TouchId};
use crate::domain::lead::{Heard, Lead, Mails, RECENT, Unsettled};
use crate::domain::score::Ledger;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};

/// How long an open or a click waits for its verdict.
pub const SETTLING: Millis = Millis(60_000);
/// Instants kept of all events together; beyond, the event with most of them loses its oldest.
const INSTANTS: usize = 1_500;
/// Names of events remembered; beyond, the one that was not heard of for longest is forgotten.
const NAMES: usize = 200;
/// Reasons of a handoff that are kept.
const REASONS: usize = 20;
/// Click targets remembered of one step.
const TARGETS: usize = 20;
/// Things that want a person, remembered of one lead.
pub const ATTENTION: usize = 20;

/// The lead that its events make, from the first on; `None` where the first is neither `created` nor `imported`.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Lead> {
    let mut events = events.into_iter();
    let first = events.next()?;
    let (What::Created { address, account } | What::Imported { address, account, .. }) = &first.what else {
        return None;
    };
    let mut lead = newborn(first.lead.clone(), EmailAddress::parse(address).ok()?, account.clone(), first.recorded_at);
    apply(&mut lead, first);
    for event in events {
        // Those of a lead that was taken in are told by the one that did so.
        if event.seq > lead.seq {
            apply(&mut lead, event);
        }
    }
    Some(lead)
}

/// A lead of which nothing is known but its address.
pub fn newborn(id: LeadId, address: EmailAddress, account: Option<String>, now: Instant) -> Lead {
    Lead {
        id,
        address,
        account,
        created_at: now,
        seq: 0,
        attributes: BTreeMap::new(),
        stage: Stage::Lead,
        stage_since: now,
        heard: BTreeMap::new(),
        last_human_at: None,
        ledger: Vec::new(),
        fitted: None,
        reread_at: None,
        enrollments: Vec::new(),
        tasks: Vec::new(),
        past: BTreeMap::new(),
        pending: BTreeMap::new(),
        trials: Vec::new(),
        mails: Mails::default(),
        unsettled: Vec::new(),
        handoff: None,
        suppressed: None,
        opted_out: BTreeSet::new(),
        senders: BTreeMap::new(),
        attention: BTreeSet::new(),
        aliases: Vec::new(),
        wake_at: None,
    }
}

/// Folds one event into a lead.
pub fn apply(lead: &mut Lead, event: &Event) {
    lead.seq = event.seq;
    trials::note(lead, event);
    let at = event.recorded_at;
    match &event.what {
        What::Created { .. } | What::NotEnrolled { .. } => {}
        What::Imported { set, .. } => {
            changed(lead, set);
            heard(lead, event, IMPORTED, None);
        }
        What::Changed { set } => changed(lead, set),
        What::Heard { name, touch, .. } => heard(lead, event, name, touch.as_ref()),
        What::Hit { .. } => hit(lead, event),
        What::Settled { hit, verdict } => settled(lead, *hit, *verdict),
        What::Merged { from, ledger, handoff, instead } => {
            join::take_in(lead, from, ledger, at);
            join::learn(lead, instead);
            lead.handoff = handoff.as_deref().cloned();
        }
        What::Scored { line } => ledger::write(&mut lead.ledger, line, at),
        What::Fitted { lines, model, reread } => {
            lead.ledger.retain(|line| line.ledger == Ledger::Engagement);
            lead.ledger.splice(0..0, lines.iter().cloned());
            lead.reread_at = if *reread { Some(at) } else { lead.reread_at };
            lead.fitted = Some(model.clone());
        }
        What::Rescored { lines, model } => {
            lead.ledger.clone_from(lines);
            lead.fitted = Some(model.clone());
            lead.reread_at = Some(at);
        }
        What::Staged { to, .. } => {
            lead.stage = *to;
            lead.stage_since = at;
        }
        What::Suppressed { reason, .. } => lead.suppressed = Some(*reason),
        What::Unsuppressed { .. } => lead.suppressed = None,
        What::OptedOut { topic } => {
            lead.opted_out.insert(topic.clone());
        }
        What::SenderDrawn { pool, sender, .. } => drop(lead.senders.insert(pool.clone(), sender.clone())),
        What::Won { sequence, .. } => {
            if let Some(past) = lead.past.get_mut(sequence) {
                past.last_exit = Some("won".to_owned());
            }
        }
        What::Faulted { rule, fault } => {
            if lead.attention.len() < ATTENTION {
                lead.attention.insert(format!("{rule}: {fault}"));
            }
        }
        What::Mended { rule } => lead.attention.retain(|entry| !is_of(entry, rule)),
        What::HandoffOpened { .. }
        | What::HandoffJoined { .. }
        | What::Claimed { .. }
        | What::Answered { .. }
        | What::SlaBreached { .. }
        | What::Rung { .. }
        | What::HandoffClosed { .. } => handed(lead, event),
        What::Task { .. } => tasks::fold(lead, event),
        _ => enrollments::enrollment(lead, event),
    }
}

fn changed(lead: &mut Lead, set: &Map<String, Value>) {
    lead.reread_at = None;
    for (name, value) in set {
        if value.is_null() {
            lead.attributes.remove(name);
        } else {
            lead.attributes.insert(name.clone(), value.clone());
        }
    }
}

/// Whether an entry of what wants attention is about this rule.
pub fn is_of(entry: &str, rule: &str) -> bool {
    entry.strip_prefix(rule).is_some_and(|rest| rest.starts_with(": "))
}

/// What a machine did is kept as an event, and counts for nothing.
fn heard(lead: &mut Lead, event: &Event, name: &str, touch: Option<&TouchId>) {
    if event.actor == Actor::Machine {
        return;
    }
    count(lead, name, event.occurred_at);
    if event.actor == Actor::Human {
        lead.last_human_at = lead.last_human_at.max(Some(event.occurred_at));
    }
    if name == "replied"
        && let Some(touch) = touch
    {
        for facts in lead.enrollments.iter_mut().flat_map(|e| e.steps_mut().values_mut()) {
            facts.replied |= facts.touch.as_ref() == Some(touch);
        }
    }
}

pub(super) fn count(lead: &mut Lead, name: &str, at: Instant) {
    let Heard { count, recent } = lead.heard.entry(name.to_owned()).or_default();
    *count += 1;
    let place = recent.partition_point(|earlier| *earlier <= at);
    recent.insert(place, at);
    if recent.len() > RECENT {
        recent.remove(0);
    }
    bound(lead);
}

/// Keeps what is heard of a lead small, whatever its history.
pub(super) fn bound(lead: &mut Lead) {
    while lead.heard.len() > NAMES {
        let last = |heard: &Heard| heard.recent.last().copied();
        let oldest = lead.heard.iter().min_by_key(|(_, heard)| last(heard)).map(|(name, _)| name.clone());
        oldest.and_then(|name| lead.heard.remove(&name));
    }
    let all: usize = lead.heard.values().map(|heard| heard.recent.len()).sum();
    for _ in INSTANTS..all {
        let most = lead.heard.values_mut().max_by_key(|heard| heard.recent.len());
        if let Some(most) = most.filter(|most| most.recent.len() > 1) {
            most.recent.remove(0);
        }
    }
}

fn hit(lead: &mut Lead, event: &Event) {
    let What::Hit { name, touch, step, enrollment, url, verdict, .. } = &event.what else { return };
    lead.unsettled.push(Unsettled {
        hit: event.seq,
        name: name.clone(),
        touch: touch.clone(),
        step: step.clone(),
        enrollment: enrollment.clone(),
        url: url.clone(),
        occurred_at: event.occurred_at,
        settles_at: event.recorded_at + SETTLING,
        verdict: *verdict,
    });
}

fn settled(lead: &mut Lead, number: u64, verdict: Actor) {
    let Some(place) = lead.unsettled.iter().position(|hit| hit.hit == number) else { return };
    let hit = lead.unsettled.remove(place);
    let human = verdict == Actor::Human;
    if human {
        count(lead, &hit.name, hit.occurred_at);
        lead.last_human_at = lead.last_human_at.max(Some(hit.occurred_at));
    }
    let of = |enrollment: &&mut Enrollment| Some(&enrollment.id) == hit.enrollment.as_ref();
    let Some(enrollment) = lead.enrollments.iter_mut().find(of) else { return };
    let facts = enrollment.steps_mut().entry(hit.step).or_default();
    match (hit.name.as_str(), human) {
        ("opened", true) => facts.opened = true,
        ("opened", false) => facts.opened_by_machine = true,
        ("clicked", true) => {
            let url = hit.url.unwrap_or_default();
            if let Err(place) = facts.clicked.binary_search(&url)
                && facts.clicked.len() < TARGETS
            {
                facts.clicked.insert(place, url);
            }
        }
        _ => {}
    }
}

fn handed(lead: &mut Lead, event: &Event) {
    let what = &event.what;
    match what {
        What::HandoffOpened { handoff } => lead.handoff = Some(handoff.as_ref().clone()),
        What::HandoffClosed { .. } => lead.handoff = None,
        _ => {}
    }
    let Some(handoff) = &mut lead.handoff else { return };
    match what {
        What::HandoffJoined { reason } if handoff.reasons.len() < REASONS => handoff.reasons.push(reason.clone()),
        What::Claimed { by } => handoff.claimed_by = Some(by.clone()),
        What::Answered { met, .. } => {
            handoff.answered = Some(*met);
            handoff.answered_at = Some(event.occurred_at);
        }
        What::SlaBreached { .. } => {
            if let Some(clock) = &mut handoff.clock {
                clock.breached = true;
            }
        }
        What::Rung { number, .. } => {
            if let Some(rung) = handoff.clock.as_mut().and_then(|clock| clock.rungs.get_mut(*number)) {
                rung.fired = true;
            }
        }
        _ => {}
    }
}
