//! I6 to I8, and what nobody did: what the database says of itself.

use super::{Books, Expected, Verdict};
use crate::support::http::Request;
use overture::domain::decide::fold;
use overture::domain::event::{Event, What};
use overture::domain::lead::Lead;
use overture::domain::touch::{Channel, State};
use std::collections::{BTreeMap, BTreeSet};

/// Each lead came by each step, or it can be seen why not.
pub fn steps(books: &Books, expected: &Expected, verdict: &mut Verdict) {
    let perhaps = expected.perhaps_stopped.iter().map(String::as_str);
    let stopped: BTreeSet<&str> = expected.stops.iter().map(|stop| stop.lead.as_str()).chain(perhaps).collect();
    let mut by_lead: BTreeMap<&str, BTreeMap<&str, State>> = BTreeMap::new();
    for touch in &books.touches {
        by_lead.entry(books.address(touch)).or_default().insert(&touch.step, touch.state);
    }
    for lead in &expected.leads {
        let Some(found) = books.lead(lead) else {
            verdict.lost.push(format!("{lead} is not known, although its arrival was acknowledged"));
            continue;
        };
        let touches = by_lead.get(lead.as_str());
        let state = |step: &str| touches.and_then(|touches| touches.get(step)).copied();
        // What stands still for a reason that is listed keeps the later steps waiting.
        let visible = stopped.contains(lead.as_str())
            || found.suppressed.is_some()
            || touches.into_iter().flatten().any(|(_, state)| {
                [State::Held, State::Deferred, State::Refused, State::Expired, State::Cancelled].contains(state)
            });
        for step in &expected.steps {
            match state(step) {
                Some(State::Queued | State::Claimed | State::Intent | State::Marked) => {
                    verdict.lost.push(format!("{step} of {lead} never came to its end"));
                }
                None if !visible => {
                    let events = books.histories[&found.id].iter();
                    let story: Vec<String> = events.map(|event| format!("{:?}", event.what)).collect();
                    verdict.lost.push(format!("{step} of {lead} is nowhere, after {}", story.join(" · ")));
                }
                _ => {}
            }
        }
    }
}

/// I6.
pub fn histories(books: &Books, expected: &Expected, verdict: &mut Verdict) {
    for (id, events) in &books.histories {
        let lead = &books.leads[id];
        let mut broken = |what: String| verdict.broken.push(format!("I6: {what} of {}", lead.address));
        if !events.iter().map(|event| event.seq).eq(1..=lead.seq) {
            broken("the events are not numbered without a gap".to_owned());
        }
        // When it wakes next is no fact: it follows from the others and the files.
        let folded = fold(events).map(|folded| Lead { wake_at: lead.wake_at, ..folded });
        if let Some(differs) = differs(lead, folded.as_ref()) {
            broken(format!("the lead is not what its events say, but {differs}"));
        }
        for name in &expected.heard_once {
            let heard = |event: &&Event| matches!(&event.what, What::Heard { name: heard, .. } if heard == name);
            let count = events.iter().filter(heard).count();
            if expected.leads.iter().any(|told| told == lead.address.as_str()) && count != 1 {
                broken(format!("`{name}` was heard {count} times"));
            }
        }
        let queued = |event: &Event| match &event.what {
            What::Queued { touch, .. } => Some(touch.clone()),
            _ => None,
        };
        let queued: Vec<_> = events.iter().filter_map(queued).collect();
        if queued.iter().collect::<BTreeSet<_>>().len() != queued.len() {
            broken("a touch was queued twice".to_owned());
        }
        if let Some(touch) = queued.iter().find(|touch| books.touches.iter().all(|row| row.id != **touch)) {
            broken(format!("the touch {touch} was queued and has no row"));
        }
    }
    for touch in &books.touches {
        let last = |state: &State| [State::Accepted, State::Refused, State::Unknown, State::Expired].contains(state);
        let heard: Vec<State> = books.outcomes(touch).filter(last).collect();
        let fits = match touch.state {
            State::Accepted => heard == [State::Accepted] || heard == [State::Unknown, State::Accepted],
            state if last(&state) => heard == [state],
            _ => heard.is_empty(),
        };
        if !fits {
            let name = format!("{} to {}", touch.step, books.address(touch));
            verdict.broken.push(format!("I6: {name} is {} and was heard of as {heard:?}", touch.state.as_str()));
        }
    }
}

/// The first part in which a lead is not what its events say.
fn differs(lead: &Lead, folded: Option<&Lead>) -> Option<String> {
    if Some(lead) == folded {
        return None;
    }
    let shape = |lead: &Lead| serde_json::to_value(lead).unwrap_or_default();
    let (kept, told) = (shape(lead), folded.map(shape).unwrap_or_default());
    let part = kept.as_object()?.iter().find(|(key, value)| told[key.as_str()] != **value);
    Some(part.map_or_else(
        || "in nothing that is stored".to_owned(),
        |(key, value)| format!("{key} is {value}, not {}", told[key.as_str()]),
    ))
}

/// I7: at rest nobody holds anything.
pub fn leases(books: &Books, verdict: &mut Verdict) {
    for touch in books.touches.iter().filter(|touch| touch.token.is_some() || touch.lease_until.is_some()) {
        let name = format!("{} to {}", touch.step, books.address(touch));
        verdict.broken.push(format!("I7: somebody holds {name}, which is {}", touch.state.as_str()));
    }
}

/// I8: by the leads' events, and by what was told.
pub fn rungs(books: &Books, calls: &[Request], verdict: &mut Verdict) {
    for (id, events) in &books.histories {
        let mut fired = BTreeSet::new();
        for event in events {
            match &event.what {
                What::HandoffOpened { .. } => fired.clear(),
                What::Rung { number, .. } if !fired.insert(*number) => {
                    verdict.broken.push(format!("I8: rung {number} of {} fired twice", books.leads[id].address));
                }
                _ => {}
            }
        }
    }
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for call in calls {
        let body = call.json();
        if let (Some(handoff), Some(number)) =
            (body["data"]["handoff"]["id"].as_str(), body["data"]["rung"]["number"].as_u64())
        {
            let rung = format!("rung {number} of {handoff} at {}", call.path);
            told.entry(rung).or_default().insert(call.header("webhook-id").unwrap_or_default());
        }
    }
    for (rung, ids) in told.into_iter().filter(|(_, ids)| ids.len() > 1) {
        verdict.broken.push(format!("I8: {rung} was told under {} names", ids.len()));
    }
}

/// Calls: at least once, always the same.
pub fn calls(books: &Books, calls: &[Request], verdict: &mut Verdict) {
    let mut by_id: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
    for call in calls {
        by_id.entry(call.header("webhook-id").unwrap_or_default()).or_default().push(call);
    }
    for (id, calls) in &by_id {
        if calls.windows(2).any(|two| two[0].body != two[1].body) {
            verdict.broken.push(format!("I1: the call {id} came in several forms"));
        }
        if books.touches.iter().all(|touch| touch.id.to_string() != *id) {
            verdict.broken.push(format!("I2: a call came that no touch knows: {id}"));
        }
    }
    for touch in books.touches.iter().filter(|touch| touch.channel == Channel::Webhook) {
        if touch.state == State::Accepted && !by_id.contains_key(touch.id.to_string().as_str()) {
            verdict.lost.push(format!(
                "the call {} of {} is accepted, and never came",
                touch.step,
                books.address(touch)
            ));
        }
    }
}
