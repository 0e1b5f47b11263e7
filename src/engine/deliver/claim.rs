//! Takes touches from a lane, within its cap and gap, under a lease.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::calendar::zone_named;
use crate::domain::id::dice;
use crate::domain::lead::Lead;
use crate::domain::throttle;
use crate::domain::time::{Instant, Millis};
use crate::engine::commit::Reservation;
use crate::engine::{Engine, Protection};
use crate::store::control::Paused;
use crate::store::lanes::LaneRow;
use crate::store::leads::LeadKey;
use crate::store::touch_row::TouchRow;
use crate::store::touches::Claim;
use crate::store::{StoreError, Tx};

/// A touch that is ours for the length of a lease, with its lead.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub row: TouchRow,
    pub lead: Lead,
    pub token: String,
}

impl Claimed {
    /// The place under the lane's cap that was taken for it.
    pub(super) fn reservation(&self) -> Option<Reservation> {
        Some(Reservation { lane: self.row.lane.clone(), day: self.row.reserved_day? })
    }
}

impl Engine {
    /// Takes up to `wanted` touches that are ready on a lane; what the cap and the gap do not allow stays there.
    pub async fn claim(&self, lane: &str, wanted: usize) -> Result<Vec<Claimed>, Arc<StoreError>> {
        let claimed = self.try_claim(lane, wanted).await.map_err(Arc::new)?;
        if !claimed.is_empty() {
            self.fail.hit(if lane.starts_with("hook:") { "outbox.claimed" } else { "claim.committed" });
        }
        Ok(claimed)
    }

    async fn try_claim(&self, name: &str, wanted: usize) -> Result<Vec<Claimed>, StoreError> {
        if is_paused(name, &self.store.pauses().await?) {
            return Ok(vec![]);
        }
        let now = self.now();
        let outside = self.fail.lacks(Protection::CapInside);
        let early = if outside { self.store.lanes().await?.into_iter().find(|lane| lane.name == name) } else { None };
        let mut tx = self.begin().await?;
        let inside = tx.lane_for_update(name).await?;
        let Some(stored) = early.or(inside) else { return Ok(vec![]) };
        if stored.paused || stored.ready_at > now {
            return Ok(vec![]);
        }
        let (mut lane, zone) = self.arithmetic(&stored);
        let token = self.token();
        let allowed = lane.reserve(u32::try_from(wanted).unwrap_or(u32::MAX), now, &zone, dice(&[name, &token]));
        let claim = Claim {
            lane: name,
            limit: allowed as usize,
            token: &token,
            lease: Millis(i64::try_from(self.ways.lease.as_millis()).unwrap_or(i64::MAX)),
            reserved_day: Some(lane.day),
        };
        let rows = if allowed == 0 { vec![] } else { tx.claim(&claim, now).await? };
        if rows.is_empty() && allowed > 0 {
            return Ok(vec![]);
        }
        lane.give_back(allowed - u32::try_from(rows.len()).unwrap_or(allowed), lane.day, &zone, now);
        tx.save_lane(&LaneRow { ready_at: lane.ready_at, day: lane.day, used: lane.used, ..stored }).await?;
        tx.commit().await?;
        self.with_leads(rows, token).await
    }

    /// The lanes with work that may be done now; what was paused by hand is not among them.
    pub async fn open_lanes(&self, now: Instant) -> Result<Vec<String>, StoreError> {
        let mut lanes = self.store.open_lanes(now).await?;
        if !lanes.is_empty() {
            let pauses = self.store.pauses().await?;
            lanes.retain(|lane| !is_paused(lane, &pauses));
        }
        Ok(lanes)
    }

    /// Returns places that were reserved and not used.
    pub(in crate::engine) async fn give_back(
        &self,
        tx: &mut Tx,
        reservation: &Reservation,
        count: u32,
        now: Instant,
    ) -> Result<(), StoreError> {
        let Some(stored) = tx.lane_for_update(&reservation.lane).await? else { return Ok(()) };
        let (mut lane, zone) = self.arithmetic(&stored);
        if lane.cap.is_none() {
            return Ok(());
        }
        lane.give_back(count, reservation.day, &zone, now);
        tx.save_lane(&LaneRow { ready_at: lane.ready_at, used: lane.used, ..stored }).await
    }

    /// The lane as its cap and gap see it, and the zone its days are in.
    fn arithmetic(&self, stored: &LaneRow) -> (throttle::Lane, TimeZone) {
        let playbook = self.playbook();
        let sender = stored.name.strip_prefix("mail:").and_then(|sender| playbook.settings.senders.get(sender));
        let gap = sender.map_or(Millis::ZERO, |sender| sender.gap);
        let mut lane = throttle::Lane::new(gap, Millis::ZERO, sender.and_then(|sender| sender.per_day));
        lane.ready_at = stored.ready_at;
        lane.day = stored.day;
        lane.used = stored.used;
        (lane, sender.and_then(|sender| zone_named(&sender.zone)).unwrap_or(TimeZone::UTC))
    }

    async fn with_leads(&self, rows: Vec<TouchRow>, token: String) -> Result<Vec<Claimed>, StoreError> {
        if rows.is_empty() {
            return Ok(vec![]);
        }
        self.hold(&token, rows.len());
        let keys: Vec<LeadKey> = rows.iter().map(|row| LeadKey::Id(row.lead.clone())).collect();
        let leads = self.store.leads(&keys).await?;
        let pair = |(row, lead): (TouchRow, Option<Lead>)| Some(Claimed { row, lead: lead?, token: token.clone() });
        Ok(rows.into_iter().zip(leads).filter_map(pair).collect())
    }

    fn token(&self) -> String {
        self.entropy.id(self.now())
    }
}

/// Whether everything, or this sender or channel, was paused by hand.
fn is_paused(lane: &str, pauses: &[Paused]) -> bool {
    let scope = match lane.split_once(':') {
        Some(("mail", sender)) => format!("sender:{sender}"),
        Some(("hook", channel)) => format!("channel:{channel}"),
        _ => return false,
    };
    pauses.iter().any(|pause| pause.scope == "all" || pause.scope == scope)
}

/// When a lane that waits on something of its own is ready.
pub fn later(now: Instant, failures: u32) -> Instant {
    let steps = [5, 15, 30, 60, 120, 300];
    now + Millis::SECOND.times(steps[(failures as usize).min(steps.len() - 1)])
}
