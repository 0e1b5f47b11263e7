//! How two leads become one: what each of them is, was, and was told.

use serde_json::{Value, json};

use super::fold::{ATTENTION, bound};
use super::ledger;
use crate::domain::enrollment::Past;
use crate::domain::experiment::TRIALS;
use crate::domain::id::EnrollmentId;
use crate::domain::lead::{ALIASES, Alias, Heard, Lead, MAILS, Mails, RECENT};
use crate::domain::score::{Ledger, Line, Scoring};
use crate::domain::time::Instant;

/// A lead as its events are numbered once they follow those of another: each number is so much higher.
pub fn renumbered(lead: &Lead, by: u64) -> Lead {
    let mut lead = lead.clone();
    lead.ledger.iter_mut().for_each(|line| line.event += by);
    lead.unsettled.iter_mut().for_each(|hit| hit.hit += by);
    lead
}

/// The ledger of two leads that are one person: what both are worth, as far as the ceilings of rules let it count.
pub fn joined(own: &[Line], other: &[Line], scoring: &Scoring, now: Instant) -> Vec<Line> {
    let of = |lines: &[Line], ledger| lines.iter().filter(|line| line.ledger == ledger).cloned().collect::<Vec<_>>();
    let mut lines = of(own, Ledger::Fit);
    // The fit is read anew of all that is known now; a line that stays keeps the time it began.
    for line in of(other, Ledger::Fit) {
        if lines.iter().all(|known| known.rule != line.rule) {
            lines.push(line);
        }
    }
    let mut engaged = of(own, Ledger::Engagement);
    engaged.extend(of(other, Ledger::Engagement));
    engaged.sort_by_key(|line| line.at);
    for line in engaged {
        let points = room(&lines, &line, scoring);
        if points != 0.0 {
            ledger::write(&mut lines, &Line { points, ..line }, now);
        }
    }
    lines
}

/// The points of a line that the ceiling of its rule leaves beside those before it.
fn room(lines: &[Line], line: &Line, scoring: &Scoring) -> f64 {
    let rule = scoring.engagement.iter().find(|rule| !line.by_step && rule.name == line.rule);
    rule.map_or(line.points, |rule| rule.room(lines, line.at, line.points))
}

/// Folds another lead into one.
pub fn take_in(lead: &mut Lead, from: &Lead, ledger: &[Line], at: Instant) {
    lead.seq += from.seq;
    lead.created_at = lead.created_at.min(from.created_at);
    lead.account = lead.account.take().or_else(|| from.account.clone());
    lead.last_human_at = lead.last_human_at.max(from.last_human_at);
    lead.ledger = ledger.to_vec();
    lead.reread_at = None;
    attributes(lead, from);
    told(lead, from);
    mails(&mut lead.mails, &from.mails);
    lead.enrollments.extend(from.enrollments.iter().cloned());
    lead.tasks.extend(from.tasks.iter().cloned());
    lead.tasks.sort_by_key(|task| task.asked_at);
    for (sequence, past) in &from.past {
        were(lead.past.entry(sequence.clone()).or_default(), past);
    }
    for (sequence, pending) in &from.pending {
        lead.pending.entry(sequence.clone()).or_insert_with(|| pending.clone());
    }
    lead.trials.extend(from.trials.iter().cloned());
    lead.trials.sort_by_key(|trial| (trial.sent_at.is_none(), trial.sent_at));
    let over = lead.trials.len().saturating_sub(TRIALS);
    lead.trials.drain(..over);
    for (pool, sender) in &from.senders {
        lead.senders.entry(pool.clone()).or_insert_with(|| sender.clone());
    }
    lead.opted_out.extend(from.opted_out.iter().cloned());
    let room = ATTENTION.saturating_sub(lead.attention.len());
    lead.attention.extend(from.attention.iter().take(room).cloned());
    lead.aliases.extend(from.aliases.iter().cloned());
    lead.aliases.push(Alias { lead: from.id.clone(), address: from.address.clone(), since: at });
    let over = lead.aliases.len().saturating_sub(ALIASES);
    lead.aliases.drain(..over);
}

/// Lets each enrollment that goes on for another know what that one did.
pub fn learn(lead: &mut Lead, instead: &[(EnrollmentId, EnrollmentId)]) {
    for (stays, ends) in instead {
        let done = lead.enrollments.iter().find(|running| running.id == *ends).map(|running| running.steps.clone());
        let stays = lead.enrollments.iter_mut().find(|running| running.id == *stays);
        let Some((stays, done)) = stays.zip(done) else { continue };
        // Steps that are known by their place alone are others in another version.
        for (step, facts) in done.iter().filter(|(step, facts)| facts.done_at.is_some() && !step.starts_with('#')) {
            if !stays.steps.contains_key(step) {
                stays.steps_mut().insert(step.clone(), facts.clone());
            }
        }
    }
}

/// Its own values stay; the other's fill what it does not have, and tags are those of both.
fn attributes(lead: &mut Lead, from: &Lead) {
    let mut tags: Vec<String> = lead.tags().map(str::to_owned).collect();
    for tag in from.tags() {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    for (name, value) in &from.attributes {
        let blank = lead.attributes.get(name).is_none_or(Value::is_null);
        if blank {
            lead.attributes.insert(name.clone(), value.clone());
        }
    }
    if !tags.is_empty() {
        lead.attributes.insert("tags".to_owned(), json!(tags));
    }
}

fn told(lead: &mut Lead, from: &Lead) {
    for (name, heard) in &from.heard {
        let Heard { count, recent } = lead.heard.entry(name.clone()).or_default();
        *count += heard.count;
        recent.extend(&heard.recent);
        recent.sort_unstable();
        let over = recent.len().saturating_sub(RECENT);
        recent.drain(..over);
    }
    bound(lead);
    lead.unsettled.extend(from.unsettled.iter().cloned());
}

fn mails(own: &mut Mails, other: &Mails) {
    own.sent.extend(&other.sent);
    own.sent.sort_unstable();
    let over = own.sent.len().saturating_sub(MAILS);
    own.sent.drain(..over);
    for (touch, off) in &other.leaving {
        own.leaves(touch.clone());
        own.leaving.insert(touch.clone(), *off);
    }
}

fn were(own: &mut Past, other: &Past) {
    own.begun += other.begun;
    own.counted += other.counted;
    if other.last_ended_at > own.last_ended_at {
        own.last_ended_at = other.last_ended_at;
        own.last_exit.clone_from(&other.last_exit);
    }
}
