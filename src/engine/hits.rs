//! Opens and clicks as they come in: an event each, and nothing decided before the verdict is due.
//!
//! A mail that is known to have arrived learns nothing more by a hit, and what the hit says of the lead counts from its verdict on, so
//! the event and the wake are all there is to write. A hit in a mail of unknown outcome says that it arrived, and frees what was held for
//! it: that is decided at once, like everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use url::Url;

use super::batch::Batch;
use super::unit::{Answer, Target, Unit};
use super::{Engine, Writes};
use crate::domain::decide::{Ask, Input, SETTLING};
use crate::domain::event::{Event, What};
use crate::domain::id::{LeadId, TouchId};
use crate::domain::playbook::Playbook;
use crate::domain::template::{LinkTarget, Template};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::State;
use crate::domain::verdict::{Kind, Seen, first};
use crate::store::trail::Mailed;
use crate::store::{StoreError, Tx};

/// A pixel or a link that somebody asked for.
#[derive(Clone, Debug)]
pub struct Hit {
    pub touch: TouchId,
    /// The number of the link; `None` for the pixel.
    pub link: Option<u16>,
    /// The User-Agent, empty if there is none.
    pub agent: String,
}

/// What came of a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is written down; a link leads to this address.
    Kept { to: Option<String> },
    /// There is no such mail, or no such link in it, and nothing was written.
    Unknown,
    /// It could not be written.
    Failed,
}

/// What came of the hits and of the units of a commit.
#[derive(Debug, Default)]
pub struct Decided {
    /// Of units, in their order.
    pub answers: Vec<Answer>,
    /// Of hits, in their order.
    pub heard: Vec<Heard>,
    /// Whether something waits on a lane that did not before.
    pub queued: bool,
    /// Whether a lead is woken for its verdicts that would not have been.
    pub woken: bool,
}

impl Engine {
    /// Records a hit; the answer comes when it is durable.
    ///
    /// # Errors
    /// Nothing was written: the database is full, gone or broken.
    pub async fn hit(&self, hit: Hit) -> Result<Heard, Arc<StoreError>> {
        let mut done = self.write(Writes { hits: vec![hit], ..Writes::default() }).await?;
        Ok(done.hits.pop().unwrap_or(Heard::Failed))
    }

    /// Where a link of a mail leads, without following it.
    pub async fn destination(&self, touch: &TouchId, link: u16) -> Result<Option<String>, Arc<StoreError>> {
        let mail = self.store.mailed(touch).await.map_err(Arc::new)?;
        Ok(mail.and_then(|mail| target(&self.playbook(), &mail, link)))
    }
}

/// A hit as an input to its lead, and where it leads.
type Tracked = Option<(Unit, Option<String>)>;

/// Writes the hits of a commit down, and decides its units with those that follow from `settled` touches.
pub async fn decide(
    engine: &Engine,
    tx: &mut Tx,
    (jobs, settled): (&[Writes], &BTreeSet<TouchId>),
    now: Instant,
) -> Result<Decided, StoreError> {
    let mails = tx.mailed(&hit_touches(jobs)).await?;
    let playbook = engine.playbook();
    let hits: Vec<Tracked> =
        jobs.iter().flat_map(|job| &job.hits).map(|hit| tracked(&playbook, mails.get(&hit.touch)?, hit, now)).collect();
    let mut units: Vec<Unit> = jobs.iter().flat_map(|job| &job.units).cloned().collect();
    let asked = units.len();
    units.extend(hits.iter().flatten().map(|(unit, _)| unit.clone()));
    let won = jobs.iter().flat_map(|job| &job.settles).filter(|(settling, _)| settled.contains(&settling.touch));
    units.extend(won.filter_map(|(_, unit)| unit.clone()));

    let (kept, woken) = keep(engine, tx, (&units, &mails), now).await?;
    let mut places = 0..units.len();
    units.retain(|_| places.next().is_some_and(|place| !kept.contains_key(&place)));
    let mut batch = Batch::new(engine, now);
    let decided = batch.decide(tx, &units).await?;
    let queued = batch.write(tx).await?;

    let mut answers = in_order(kept, decided);
    let of_hits = answers.split_off(asked);
    Ok(Decided { answers, heard: heard(hits, of_hits), queued, woken })
}

/// The mails whose pixels and links were asked for.
fn hit_touches(jobs: &[Writes]) -> BTreeSet<&TouchId> {
    let of_unit = |unit: &'_ Unit| matches!(unit.input.ask, Ask::Hit { .. });
    let units = jobs.iter().flat_map(|job| &job.units).filter(|unit| of_unit(unit)).filter_map(Unit::touch);
    jobs.iter().flat_map(|job| &job.hits).map(|hit| &hit.touch).chain(units).collect()
}

/// Judges a hit, and finds where it leads; nothing where a link leads nowhere.
fn tracked(playbook: &Playbook, mail: &Mailed, hit: &Hit, now: Instant) -> Tracked {
    let (kind, name) = if hit.link.is_some() { (Kind::Click, "clicked") } else { (Kind::Open, "opened") };
    let to = hit.link.map(|link| target(playbook, mail, link));
    if to == Some(None) {
        tracing::warn!(touch = %mail.touch, link = hit.link, "a link was followed whose target is not known any more");
        return None;
    }
    let to = to.flatten();
    let verdict = first(&Seen { kind, method: "GET", agent: &hit.agent, after: after(mail, now) });
    let ask = Ask::Hit {
        name: name.to_owned(),
        touch: mail.touch.clone(),
        step: mail.step.clone(),
        enrollment: mail.enrollment.clone(),
        url: to.clone(),
        verdict: verdict.actor,
        reason: verdict.reason.to_owned(),
    };
    let input = Input { ask, occurred_at: now, source: "tracking".to_owned(), actor: verdict.actor };
    Some((Unit { to: Target::Touch(mail.touch.clone()), input, key: None }, to))
}

/// How long after the mail was accepted; one that comes before that comes too soon.
fn after(mail: &Mailed, now: Instant) -> Option<Millis> {
    match mail.state {
        State::Marked => Some(Millis::ZERO),
        State::Accepted => mail.done_at.map(|at| now.since(at)),
        _ => None,
    }
}

/// Writes those units down that are hits in mails known to have arrived. Gives their places, and whether a lead is woken for them.
async fn keep(
    engine: &Engine,
    tx: &mut Tx,
    (units, mails): (&[Unit], &BTreeMap<TouchId, Mailed>),
    now: Instant,
) -> Result<(BTreeMap<usize, LeadId>, bool), StoreError> {
    let arrived = |unit: &Unit| {
        let mail = unit.touch().and_then(|touch| mails.get(touch))?;
        (mail.state == State::Accepted && unit.key.is_none()).then_some(mail)
    };
    let events: Vec<(usize, Event)> = units
        .iter()
        .enumerate()
        .filter_map(|(place, unit)| Some((place, event(&unit.input, arrived(unit)?.lead.clone(), now)?)))
        .collect();
    // Leads are locked in one order by everybody, so that no two wait for each other: either all by this, or all by the batch.
    if engine.store.is_shared() && events.len() < units.len() {
        return Ok((BTreeMap::new(), false));
    }
    let kept = events.iter().map(|(place, event)| (*place, event.lead.clone())).collect();
    let events = events.into_iter().map(|(_, event)| event).collect();
    let woken = tx.trail(events, now + SETTLING).await?;
    Ok((kept, woken))
}

/// The event that a hit is; its number is not known yet.
fn event(input: &Input, lead: LeadId, now: Instant) -> Option<Event> {
    let Ask::Hit { name, touch, step, enrollment, url, verdict, reason } = input.ask.clone() else { return None };
    Some(Event {
        lead,
        seq: 0,
        occurred_at: input.occurred_at.min(now),
        recorded_at: now,
        source: input.source.clone(),
        actor: input.actor,
        what: What::Hit { name, touch, step, enrollment, url, verdict, reason },
    })
}

/// The answers of those that were kept, and of the others between them.
fn in_order(kept: BTreeMap<usize, LeadId>, decided: Vec<Answer>) -> Vec<Answer> {
    let all = kept.len() + decided.len();
    let (mut kept, mut decided) = (kept, decided.into_iter());
    let answer = |place| match kept.remove(&place) {
        Some(lead) => Some(Answer::Done { lead, created: false }),
        None => decided.next(),
    };
    (0..all).filter_map(answer).collect()
}

fn heard(hits: Vec<Tracked>, answers: Vec<Answer>) -> Vec<Heard> {
    let mut answers = answers.into_iter();
    let one = |hit: Tracked| match hit.map(|(_, to)| (to, answers.next())) {
        None => Heard::Unknown,
        Some((_, None | Some(Answer::Failed { .. }))) => Heard::Failed,
        Some((to, Some(_))) => Heard::Kept { to },
    };
    hits.into_iter().map(one).collect()
}

/// The address a link leads to.
fn target(playbook: &Playbook, mail: &Mailed, link: u16) -> Option<String> {
    let own: Vec<(u16, String)> =
        mail.links.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let own = own.into_iter().find(|(number, _)| *number == link).map(|(_, url)| url);
    let text = own.or_else(|| fixed(template(playbook, mail)?, link))?;
    Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from)
}

fn template<'p>(playbook: &'p Playbook, mail: &Mailed) -> Option<&'p Template> {
    let version = mail.template_version.as_ref()?;
    let of_sequence = || {
        let found = playbook.version(&mail.version)?.templates.get(&mail.template)?;
        (&found.version == version).then_some(found)
    };
    playbook.templates.get(version).or_else(of_sequence).map(AsRef::as_ref)
}

fn fixed(template: &Template, link: u16) -> Option<String> {
    match template.links().get(usize::from(link))? {
        LinkTarget::Fixed(url) => Some(url.clone()),
        LinkTarget::Templated(_) => None,
    }
}
