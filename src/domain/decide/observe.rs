//! Takes the input in: what happened becomes a fact, and what it says by itself is done.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::enroll::Wish;
use super::input::{Ask, Effect, Reply};
use super::work::{Fresh, Work};
use super::{
    adopt, advance, colleagues, enroll, handoff, import, limits, merge, pause, rescore, restage, tasks, touches,
};
use crate::domain::enrollment::Exit;
use crate::domain::event::{Actor, IMPORTED, What};
use crate::domain::id::TouchId;
use crate::domain::lead::Unsettled;
use crate::domain::suppression::Reason;
use crate::domain::time::{Instant, Millis};

/// Facts older than this are kept and scored by their time, but trigger nothing.
pub const STALE: Millis = Millis::DAY.times(30);

/// The key under which a bounce says at which address of a lead that had others it was.
pub const AT_ADDRESS: &str = "address";

pub fn observe(work: &mut Work<'_>) -> Reply {
    let newborn = work.lead.seq == 0;
    if newborn {
        let first = match work.input.ask.clone() {
            Ask::Import { set, add_tags } => import::brought(&work.lead, set, &add_tags),
            _ => What::Created { address: work.lead.address.to_string(), account: work.lead.account.clone() },
        };
        work.observe(first);
        work.changed = true;
    }
    import::heed(work);
    match work.input.ask.clone() {
        Ask::Wake | Ask::Tick { .. } => Reply::Done,
        Ask::Hear { name, data, touch } => hear(work, &name, &data, touch),
        Ask::Hit { name, touch, step, enrollment, url, verdict, reason } => {
            touches::confirm(work, &touch);
            work.observe(What::Hit { name, touch, step, enrollment, url, verdict, reason });
            Reply::Done
        }
        Ask::Change { set, add_tags } => change(work, set, &add_tags),
        Ask::Import { .. } if newborn => Reply::Done,
        Ask::Import { set, add_tags } => {
            change(work, set, &add_tags);
            hear(work, IMPORTED, &Map::new(), None)
        }
        Ask::Enroll { sequence, by, again } => enroll::enroll(work, &sequence, &Wish { by: &by, again, data: None }),
        Ask::Admit { sequence } => limits::admit(work, &sequence),
        Ask::Remove { sequence, reason } => remove(work, sequence.as_deref(), &reason),
        Ask::Pause { sequence, because } => pause::by_hand(work, sequence.as_deref(), &because),
        Ask::Resume { sequence } => pause::resume(work, sequence.as_deref()),
        Ask::Touched { touch, enrollment, step, outcome } => {
            touches::came_back(work, &touch, enrollment, step, outcome)
        }
        Ask::Release { touch, skip } => touches::release(work, &touch, skip),
        Ask::Unsubscribe { topic, touch } => unsubscribe(work, topic, touch),
        Ask::Suppress { reason } => suppress(work, reason),
        Ask::Unsuppress => unsuppress(work),
        Ask::HandOff { reason } => handoff::qualify(work, &reason),
        Ask::Act { handoff, act, by } => handoff::act(work, &handoff, act, &by),
        Ask::Task { task, act, by } => tasks::act(work, &task, act, &by),
        Ask::Adopt { edit, in_hand } => {
            // What was heard before the edit means what the version says that it was heard in.
            colleagues::heed(work);
            adopt::carry_out(work, &edit, &in_hand)
        }
        Ask::Absorb { found: Some(other), .. } => merge::absorb(work, &other),
        Ask::Absorb { found: None, .. } => Reply::Refused("there is no such other lead".to_owned()),
        Ask::Rescore { ledger } => rescore::anew(work, ledger),
        Ask::Stage { to, reason } => {
            restage::to_stage(work, to, &format!("act:{reason}"));
            Reply::Done
        }
    }
}

/// Who really caused an event of this name: programs answer and report for people, and that is no sign of the person.
fn actor_of(name: &str, told: Actor) -> Actor {
    match (name, told) {
        ("auto_replied" | "bounced" | "delivered", Actor::Human) => Actor::System,
        _ => told,
    }
}

/// Gives their final verdict to opens and clicks whose minute is over.
pub fn settle(work: &mut Work<'_>) {
    let due: Vec<_> = work.lead.unsettled.iter().filter(|hit| hit.settles_at <= work.now).cloned().collect();
    for hit in due {
        work.conclude(What::Settled { hit: hit.hit, verdict: hit.verdict });
        if hit.verdict == Actor::Human {
            work.effect(Effect::Seen { touch: hit.touch.clone(), clicked: hit.name == "clicked" });
        }
        let verdict = hit.verdict;
        work.fresh.push(judged(hit, verdict, work.now));
    }
}

/// A hit with its verdict, as it counts.
pub fn judged(hit: Unsettled, verdict: Actor, now: Instant) -> Fresh {
    let data = [("step", Value::from(hit.step)), ("url", json!(hit.url))];
    Fresh {
        seq: hit.hit,
        name: hit.name,
        data: data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        occurred_at: hit.occurred_at,
        actor: verdict,
        stale: now.since(hit.occurred_at) > STALE,
    }
}

fn hear(work: &mut Work<'_>, name: &str, data: &Map<String, Value>, touch: Option<TouchId>) -> Reply {
    if let Some(touch) = touch.as_ref().filter(|_| name != "bounced") {
        touches::confirm(work, touch);
    }
    let actor = actor_of(name, work.input.actor);
    let seq = work.observe_by(actor, What::Heard { name: name.to_owned(), data: data.clone(), touch });
    fresh(work, seq, actor, name, data.clone());
    let human = actor != Actor::Machine;
    match name {
        "auto_replied" => pause::out_of_office(work, data.get("until").and_then(Value::as_str).and_then(date)),
        "bounced" if data.get("hard") == Some(&Value::Bool(true)) => bounced(work, data),
        "complained" => {
            suppress(work, Reason::Complaint);
        }
        "unsubscribed" if human => {
            take_out(work, data.get("topic").and_then(Value::as_str).map(str::to_owned));
        }
        _ if human => {
            let by = work.input.source.clone();
            handoff::counts(work, name, &by);
        }
        _ => {}
    }
    Reply::Done
}

/// Mail to the lead does not arrive. What bounces at the address of a lead that was taken in says nothing of its own.
fn bounced(work: &mut Work<'_>, data: &Map<String, Value>) {
    let at = data.get(AT_ADDRESS).and_then(Value::as_str);
    match work.lead.aliases.iter().find(|alias| Some(alias.address.as_str()) == at) {
        Some(alias) => {
            let (target, source) = (alias.address.to_string(), work.input.source.clone());
            work.effect(Effect::Suppress { target, reason: Reason::HardBounce, source });
        }
        None => drop(suppress(work, Reason::HardBounce)),
    }
}

fn date(text: &str) -> Option<Date> {
    text.get(..10).and_then(|text| text.parse().ok())
}

/// Lets what was heard count now.
pub fn fresh(work: &mut Work<'_>, seq: u64, actor: Actor, name: &str, data: Map<String, Value>) {
    let occurred_at = work.occurred_at;
    let stale = work.now.since(occurred_at) > STALE;
    work.fresh.push(Fresh { seq, name: name.to_owned(), data, occurred_at, actor, stale });
}

fn change(work: &mut Work<'_>, set: Map<String, Value>, add_tags: &[String]) -> Reply {
    let mut set: Map<String, Value> = set
        .into_iter()
        .filter(|(name, value)| work.lead.attributes.get(name).unwrap_or(&Value::Null) != value)
        .collect();
    let tags = tags_of(work, set.get("tags"));
    with_tags(&mut set, tags, add_tags);
    if !set.is_empty() {
        let before = advance::calendars(work);
        work.observe(What::Changed { set });
        work.changed = true;
        touches::retry_held(work);
        advance::rezone_all(work, &before);
    }
    Reply::Done
}

/// Sets the tags there are with those to add, if there are any of these.
pub fn with_tags(set: &mut Map<String, Value>, mut tags: Vec<String>, add: &[String]) {
    let before = tags.len();
    for tag in add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    if tags.len() > before {
        set.insert("tags".to_owned(), json!(tags));
    }
}

/// The tags a lead has, or is about to have.
pub fn tags_of(work: &Work<'_>, new: Option<&Value>) -> Vec<String> {
    match new {
        Some(new) => new.as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        None => work.lead.tags().map(str::to_owned).collect(),
    }
}

fn remove(work: &mut Work<'_>, sequence: Option<&str>, reason: &str) -> Reply {
    let running = work.lead.enrollments.iter().filter(|e| sequence.is_none_or(|name| e.sequence == name));
    let ids: Vec<_> = running.map(|enrollment| enrollment.id.clone()).collect();
    for id in &ids {
        work.exit(id, &Exit::Removed(reason.to_owned()));
    }
    let left = tasks::call_off_left(work, sequence, reason);
    let waiting = work.lead.pending.keys().filter(|waits| sequence.is_none_or(|name| *waits == name));
    let waiting: Vec<String> = waiting.cloned().collect();
    for name in &waiting {
        limits::drop_one(work, name, reason);
    }
    if ids.is_empty() && waiting.is_empty() && !left {
        Reply::Refused("the lead is in no such sequence".to_owned())
    } else {
        Reply::Done
    }
}

fn unsubscribe(work: &mut Work<'_>, topic: Option<String>, touch: Option<TouchId>) -> Reply {
    let known = match &topic {
        Some(topic) => work.lead.opted_out.contains(topic),
        None => work.lead.suppressed == Some(Reason::Unsubscribed),
    };
    if known {
        return Reply::Done;
    }
    let mut data = Map::new();
    if let Some(topic) = &topic {
        data.insert("topic".to_owned(), topic.clone().into());
    }
    let seq = work.observe(What::Heard { name: "unsubscribed".to_owned(), data: data.clone(), touch });
    fresh(work, seq, work.input.actor, "unsubscribed", data);
    take_out(work, topic);
    Reply::Done
}

/// From one topic, or from everything: then the address is suppressed.
fn take_out(work: &mut Work<'_>, topic: Option<String>) {
    match topic {
        Some(topic) => {
            if !work.lead.opted_out.contains(&topic) {
                work.conclude(What::OptedOut { topic });
            }
        }
        None => {
            suppress(work, Reason::Unsubscribed);
        }
    }
}

fn unsuppress(work: &mut Work<'_>) -> Reply {
    match work.lead.suppressed.or(work.case.suppressed) {
        None => return Reply::Refused("the lead is not suppressed".to_owned()),
        Some(Reason::Erased) => return Reply::Refused("the lead was erased".to_owned()),
        Some(Reason::Unsubscribed | Reason::HardBounce | Reason::Complaint | Reason::Manual) => {}
    }
    let (by, target) = (work.input.source.clone(), work.lead.address.to_string());
    work.observe(What::Unsuppressed { by });
    work.effect(Effect::Unsuppress { target });
    Reply::Done
}

/// The weightier reason stays, whatever else is heard of it.
pub fn suppress(work: &mut Work<'_>, reason: Reason) -> Reply {
    if work.lead.suppressed.is_none_or(|known| !known.outweighs(reason)) {
        let by = work.input.source.clone();
        work.conclude(What::Suppressed { reason, by: by.clone() });
        let target = work.lead.address.to_string();
        work.effect(Effect::Suppress { target, reason, source: by });
    }
    Reply::Done
}
