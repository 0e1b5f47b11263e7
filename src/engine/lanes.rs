//! What an attempt says about its whole lane, written in the attempt's own commit: were it another one, a crash between the two would lose
//! the alert, and another connection would try once more what was refused for us all.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::commit::Reservation;
use super::deliver::{Taken, is_paused};
use super::{Engine, Writes};
use crate::domain::calendar::zone_named;
use crate::domain::decide::Effect;
use crate::domain::id::{LeadId, TouchId, derived_beside, dice};
use crate::domain::playbook::Settings;
use crate::domain::retry::lane_pause;
use crate::domain::throttle;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Channel, NewTouch, Policy, rank};
use crate::store::control::Paused;
use crate::store::lanes::LaneRow;
use crate::store::touch_row::TouchRow;
use crate::store::touches::Claim;
use crate::store::{StoreError, Tx};

/// A relay that cannot be reached for so long is worth an alert.
const WORTH_TELLING: Millis = Millis::MINUTE.times(10);

/// What an attempt says about its lane.
#[derive(Clone, Debug)]
pub struct News {
    pub lane: String,
    /// The lead whose touch was tried: an alert belongs to somebody.
    pub lead: LeadId,
    pub said: Said,
}

#[derive(Clone, Debug)]
pub enum Said {
    /// A mail leaves now, or has left: the gap counts from here, however long the server took before.
    Left,
    /// The other side answered again.
    Reached,
    /// The other side cannot be reached. `round` is the number of failures the lane had when the attempt began, so that connections that
    /// fail at once count as one failure.
    Unreachable { why: String, round: u32 },
    /// The other side refuses us: nothing leaves until a person resumes the lane.
    Refused { why: String },
}

/// All that one commit says about one lane, and who wants touches of it: job and number.
#[derive(Default)]
struct Told<'j> {
    unused: Vec<&'j Reservation>,
    news: Vec<&'j News>,
    claims: Vec<(usize, u32)>,
}

/// A lane whose places are reserved and whose touches are not taken yet.
struct Asked {
    lane: throttle::Lane,
    zone: TimeZone,
    token: String,
    /// For each of its claims, how many it may have.
    allowed: Vec<(usize, u32)>,
}

impl Asked {
    fn all(&self) -> u32 {
        self.allowed.iter().map(|(_, allowed)| allowed).sum()
    }
}

/// What came of the lanes' part of a commit.
#[derive(Default)]
pub struct Written {
    /// What each claim took, in the order they were asked.
    pub claims: Vec<Vec<Taken>>,
    /// Whether something was put on a lane, or a lane moved: whoever waits for lanes looks again.
    pub moved: bool,
}

/// Writes what was said about lanes and takes what was asked of them, in statements of which only one is a lane's own. Everyone locks
/// touches first and lanes last, in the order of their names; a claim steps over touches that another has.
pub async fn write(
    engine: &Engine,
    tx: &mut Tx,
    (jobs, unused, early): (&[Writes], &[&Reservation], &[LaneRow]),
) -> Result<Written, StoreError> {
    let asked = jobs.iter().any(|job| !job.claims.is_empty());
    let pauses = if asked { tx.pauses().await? } else { Vec::new() };
    let (lanes, mut written) = told(jobs, unused, &pauses);
    let names: Vec<&str> = lanes.keys().copied().collect();
    if names.is_empty() {
        return Ok(written);
    }
    let (mut alerts, mut states) = (Vec::new(), Vec::new());
    let rows = tx.lanes_for_update(&names).await?;
    // The commit began before it waited for the lanes, perhaps for long: gaps and days count from when they are ours.
    let now = engine.now();
    for inside in rows {
        let Some(told) = lanes.get(inside.name.as_str()) else { continue };
        let stored = early.iter().find(|lane| lane.name == inside.name).cloned().unwrap_or(inside);
        let mut lane = engine.given_back(&stored, &told.unused, now);
        for news in &told.news {
            alerts.extend(engine.hear(&mut lane, news, now));
        }
        written.moved |= lane != stored || !alerts.is_empty();
        let asked = engine.reserve(&lane, &told.claims, now);
        states.push((stored, lane, asked));
    }
    let claims: Vec<Claim<'_>> = states
        .iter()
        .filter_map(|(stored, _, asked)| Some((stored, asked.as_ref()?)))
        .map(|(stored, asked)| Claim {
            lane: &stored.name,
            limit: asked.all() as usize,
            token: &asked.token,
            lease: engine.lease(),
            reserved_day: Some(asked.lane.day),
        })
        .collect();
    let mut taken: BTreeMap<String, Vec<TouchRow>> = BTreeMap::new();
    for row in tx.claim_all(&claims, now).await? {
        taken.entry(row.lane.clone()).or_default().push(row);
    }
    let mut changed = Vec::new();
    for (stored, mut lane, asked) in states {
        if let (Some(asked), Some(rows)) = (asked, taken.remove(&stored.name)) {
            deal(&mut lane, asked, rows, now, &mut written.claims);
        }
        if lane != stored {
            changed.push(lane);
        }
    }
    tx.save_lanes(&changed).await?;
    tx.apply(&alerts, now).await?;
    Ok(written)
}

/// Sorts what was said and asked by lane; what was paused by hand is not asked.
fn told<'j>(
    jobs: &'j [Writes],
    unused: &[&'j Reservation],
    pauses: &[Paused],
) -> (BTreeMap<&'j str, Told<'j>>, Written) {
    let mut lanes: BTreeMap<&str, Told<'_>> = BTreeMap::new();
    for one in unused {
        lanes.entry(&one.lane).or_default().unused.push(one);
    }
    for news in jobs.iter().flat_map(|job| &job.news) {
        lanes.entry(&news.lane).or_default().news.push(news);
    }
    let mut written = Written::default();
    for (place, claiming) in jobs.iter().flat_map(|job| &job.claims).enumerate() {
        written.claims.push(Vec::new());
        if !is_paused(&claiming.lane, pauses) {
            let wanted = u32::try_from(claiming.wanted).unwrap_or(u32::MAX);
            lanes.entry(&claiming.lane).or_default().claims.push((place, wanted));
        }
    }
    (lanes, written)
}

/// Gives what was taken to those who asked, in their order; places that were not used go back.
fn deal(lane: &mut LaneRow, asked: Asked, rows: Vec<TouchRow>, now: Instant, claims: &mut [Vec<Taken>]) {
    let all = asked.all();
    let Asked { lane: mut arithmetic, zone, allowed, .. } = asked;
    let unused = all - u32::try_from(rows.len()).unwrap_or(all).min(all);
    arithmetic.untake(unused, &zone, now);
    (lane.ready_at, lane.day) = (arithmetic.ready_at, arithmetic.day);
    (lane.used, lane.before) = (arithmetic.used, arithmetic.before);
    let mut rows = rows.into_iter().map(|row| Taken { row, round: lane.failures });
    for (place, allowed) in allowed {
        claims[place].extend(rows.by_ref().take(allowed as usize));
    }
}

/// A lane that has done nothing yet, with the cap and gap of its sender, and the zone its days are in.
pub(super) fn fresh_lane(settings: &Settings, name: &str) -> (throttle::Lane, TimeZone) {
    let sender = name.strip_prefix("mail:").and_then(|sender| settings.senders.get(sender));
    let gap = sender.map_or(Millis::ZERO, |sender| sender.gap);
    let lane = throttle::Lane::new(gap, Millis::ZERO, sender.and_then(|sender| sender.per_day));
    (lane, sender.and_then(|sender| zone_named(&sender.zone)).unwrap_or(TimeZone::UTC))
}

impl Engine {
    /// Reserves places for those who ask; nothing where the lane may do nothing now.
    fn reserve(&self, stored: &LaneRow, claims: &[(usize, u32)], now: Instant) -> Option<Asked> {
        if claims.is_empty() || stored.paused || stored.ready_at > now {
            return None;
        }
        let (mut lane, zone) = self.arithmetic(stored);
        let token = self.entropy.id(now);
        let seed = dice(&[&stored.name, &token]);
        // One is enough to see whether the other side is there again.
        let mut most = if stored.failures > 0 { 1 } else { u32::MAX };
        let mut allowed = Vec::with_capacity(claims.len());
        for (place, wanted) in claims {
            let one = lane.reserve((*wanted).min(most), now, &zone, seed);
            most -= one;
            allowed.push((*place, one));
        }
        let asked = Asked { lane, zone, token, allowed };
        (asked.all() > 0).then_some(asked)
    }

    /// The lane as its cap and gap see it, and the zone its days are in.
    pub(super) fn arithmetic(&self, stored: &LaneRow) -> (throttle::Lane, TimeZone) {
        let (mut lane, zone) = fresh_lane(&self.playbook().settings, &stored.name);
        lane.ready_at = stored.ready_at;
        lane.day = stored.day;
        (lane.used, lane.before) = (stored.used, stored.before);
        (lane, zone)
    }

    /// Lets lanes go on whose turn a clock that was set back has put further ahead than a gap is long. Those that are full, or reach nobody,
    /// wait on.
    pub async fn bring_turns_near(&self) -> Result<(), Arc<StoreError>> {
        let lanes = self.store.lanes().await.map_err(Arc::new)?;
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        self.in_tx(async |tx| {
            let now = self.now();
            let lanes = tx.lanes_for_update(&names).await?;
            let near: Vec<LaneRow> = lanes.iter().filter_map(|lane| self.nearer(lane, now)).collect();
            tx.save_lanes(&near).await
        })
        .await
    }

    fn nearer(&self, stored: &LaneRow, now: Instant) -> Option<LaneRow> {
        let (lane, zone) = self.arithmetic(stored);
        let turn = now + lane.gap;
        let far = stored.failures == 0 && stored.ready_at > turn && lane.full_until(&zone, now).is_none();
        far.then(|| LaneRow { ready_at: turn, ..stored.clone() })
    }

    /// Whether mails of a lane keep a distance from each other.
    pub fn has_gap(&self, lane: &str) -> bool {
        let sender = lane.strip_prefix("mail:").unwrap_or_default();
        self.playbook().settings.senders.get(sender).is_some_and(|sender| sender.gap > Millis::ZERO)
    }

    /// The lane after places that were reserved and not used came back.
    fn given_back(&self, stored: &LaneRow, unused: &[&Reservation], now: Instant) -> LaneRow {
        let (mut lane, zone) = self.arithmetic(stored);
        if lane.cap.is_some() {
            for one in unused {
                lane.give_back(1, one.day, &zone, now);
            }
        }
        LaneRow { ready_at: lane.ready_at, used: lane.used, before: lane.before, ..stored.clone() }
    }

    /// Changes a lane by one piece of news; only the first to find a trouble alerts, and what stops again after a person resumed it is
    /// told again.
    fn hear(&self, lane: &mut LaneRow, news: &News, now: Instant) -> Option<Effect> {
        match &news.said {
            Said::Left => {
                let (arithmetic, _) = self.arithmetic(lane);
                lane.ready_at = lane.ready_at.max(now + arithmetic.gap);
                None
            }
            Said::Reached => {
                (lane.failures, lane.failing_since) = (0, None);
                if !lane.paused {
                    lane.blocked_reason = None;
                }
                None
            }
            Said::Unreachable { round, .. } if *round != lane.failures => None,
            Said::Unreachable { why, .. } => self.unreachable(lane, news, why, now),
            Said::Refused { .. } if lane.paused => None,
            Said::Refused { why } => {
                (lane.paused, lane.blocked_reason) = (true, Some(why.clone()));
                tracing::error!(
                    lane = lane.name,
                    "a way out stopped: the other side refuses us; `overture doctor` says why"
                );
                self.alert(news, "lane.stopped", (&now.to_string(), why), now)
            }
        }
    }

    fn unreachable(&self, lane: &mut LaneRow, news: &News, why: &str, now: Instant) -> Option<Effect> {
        lane.failures = lane.failures.saturating_add(1);
        let seed = dice(&[&lane.name, &now.to_string()]);
        lane.ready_at = lane.ready_at.max(now + lane_pause(lane.failures, seed));
        if !lane.paused {
            lane.blocked_reason = Some(why.to_owned());
        }
        let since = *lane.failing_since.get_or_insert(now);
        // Told once: the same since makes the same touch.
        let told = format!("unreachable:{since}");
        (now.since(since) >= WORTH_TELLING).then(|| self.alert(news, "lane.unreachable", (&told, why), now)).flatten()
    }

    fn alert(&self, news: &News, kind: &str, (step, why): (&str, &str), now: Instant) -> Option<Effect> {
        let data = json!({"schema": "lane/1", "lane": news.lane, "why": why});
        self.alarm((&news.lead, &format!("alarm:{}", news.lane)), (kind, step), &data, now)
    }

    /// Tells the channel for alerts what the daemon noticed of itself, once for each (origin, step).
    pub(super) fn alarm(
        &self,
        (lead, origin): (&LeadId, &str),
        (kind, step): (&str, &str),
        data: &Value,
        now: Instant,
    ) -> Option<Effect> {
        let channel = self.playbook().settings.alerts.clone()?;
        let lane = format!("hook:{channel}");
        if data["lane"] == lane.as_str() {
            tracing::error!(
                channel,
                "the channel for alerts is itself in trouble: nobody is told of it, nor of anything else until it is mended"
            );
            return None;
        }
        Some(Effect::Queue(Box::new(NewTouch {
            id: TouchId(derived_beside(lead.as_str(), &["touch", origin, step])),
            lead: lead.clone(),
            origin: origin.to_owned(),
            enrollment: None,
            step: step.to_owned(),
            channel: Channel::Webhook,
            lane,
            policy: Policy::AtLeastOnce,
            sequence: String::new(),
            version: String::new(),
            template: String::new(),
            variant: None,
            payload: Some(json!({"type": kind, "timestamp": now.to_string(), "data": data})),
            first_allowed_at: now,
            ready_at: now,
            rank: rank::AHEAD,
            zone: "UTC".to_owned(),
        })))
    }
}
