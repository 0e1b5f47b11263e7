//! What a lead remembers of the mails of experiments it got, and what each fact about it adds to their counters.
//!
//! A mail counts once it left, that is when it was accepted or when nobody knows; its success counts once. A success that names a mail
//! counts for that mail alone; one that names none counts for the last mail before it that waits for such an event.

use crate::domain::event::{Actor, Event, What};
use crate::domain::experiment::{COUNTS_WITHIN, Chosen, TRIALS, Tally, Trial};
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Outcome;

/// Folds one event into what is remembered; before it is folded into all else.
pub fn note(lead: &mut Lead, event: &Event) {
    match &event.what {
        What::Queued { touch, chosen, .. } => queued(lead, touch, chosen.as_deref()),
        What::Touched { touch, outcome: Outcome::Accepted { .. } | Outcome::Unknown { .. }, .. } => {
            for trial in lead.trials.iter_mut().filter(|trial| &trial.touch == touch) {
                trial.sent_at.get_or_insert(event.occurred_at);
            }
        }
        What::Settled { hit, verdict: Actor::Human } => {
            if let Some(seen) = lead.unsettled.iter().find(|seen| seen.hit == *hit) {
                succeeded(&mut lead.trials, (&seen.name, Some(&seen.touch)), seen.occurred_at);
            }
        }
        What::Heard { name, touch, .. } if event.actor != Actor::Machine => {
            succeeded(&mut lead.trials, (name, touch.as_ref()), event.occurred_at);
        }
        _ => {}
    }
}

/// What was asked for before in the same experiment and never left does not count in it any more.
fn queued(lead: &mut Lead, touch: &TouchId, chosen: Option<&Chosen>) {
    let counts = chosen.and_then(|chosen| chosen.counts.as_ref());
    let is_over = |trial: &Trial| {
        let same = counts.is_some_and(|counts| trial.counts.key == counts.key);
        trial.sent_at.is_none() && (same || &trial.touch == touch)
    };
    lead.trials.retain(|trial| !is_over(trial));
    if let (Some(counts), Some(chosen)) = (counts, chosen) {
        if lead.trials.len() >= TRIALS {
            lead.trials.remove(0);
        }
        let (touch, variant) = (touch.clone(), chosen.variant.clone());
        lead.trials.push(Trial { touch, variant, counts: counts.clone(), sent_at: None, hit: false });
    }
}

fn succeeded(trials: &mut [Trial], (name, touch): (&str, Option<&TouchId>), at: Instant) {
    let waits = |trial: &&mut Trial| trial.counts.by.as_deref() == Some(name);
    let in_time =
        |trial: &Trial| trial.sent_at.is_some_and(|sent| (Millis::ZERO..=COUNTS_WITHIN).contains(&at.since(sent)));
    let found = match touch {
        // It may be seen before it is written down that it left.
        Some(touch) => trials
            .iter_mut()
            .filter(waits)
            .find(|trial| &trial.touch == touch && trial.sent_at.is_none_or(|sent| at.since(sent) <= COUNTS_WITHIN)),
        None => trials.iter_mut().filter(waits).filter(|trial| in_time(trial)).max_by_key(|trial| trial.sent_at),
    };
    if let Some(trial) = found {
        trial.hit = true;
    }
}

/// What the counters get when a lead's memory went from one to the other.
pub fn tallies(before: &[Trial], after: &[Trial]) -> impl Iterator<Item = Tally> {
    let tally = |trial: &Trial| {
        let was = before.iter().find(|was| was.touch == trial.touch);
        let counted = |trial: &Trial| (trial.sent_at.is_some(), trial.sent_at.is_some() && trial.hit);
        let ((mail_was, hit_was), (mail, hit)) = (was.map_or((false, false), counted), counted(trial));
        let (mails, hits) = (i64::from(mail && !mail_was), i64::from(hit && !hit_was));
        let tally = || Tally { variant: trial.variant.clone(), counts: trial.counts.clone(), mails, hits };
        (mails + hits > 0).then(tally)
    };
    after.iter().filter_map(tally).collect::<Vec<_>>().into_iter()
}
