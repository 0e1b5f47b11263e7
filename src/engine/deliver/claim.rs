//! Takes touches from a lane, within its cap and gap, under a lease.

use std::sync::Arc;

use crate::domain::id::{TouchId, dice};
use crate::domain::lead::Lead;
use crate::domain::time::{Instant, Millis};
use crate::engine::commit::{Putting, Reservation};
use crate::engine::deliver::Carried;
use crate::engine::{Engine, Protection};
use crate::store::StoreError;
use crate::store::control::Paused;
use crate::store::lanes::LaneRow;
use crate::store::leads::LeadKey;
use crate::store::touch_row::TouchRow;
use crate::store::touches::Claim;

/// A touch that is ours for the length of a lease, with its lead.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub row: TouchRow,
    pub lead: Lead,
    pub token: String,
    /// How often in a row the lane's other side could not be reached before.
    pub round: u32,
}

impl Claimed {
    /// Back to its place in the lane, untried: the daemon stops, or the touch before it found the lane in trouble.
    pub fn back(&self, why: &str) -> Carried {
        Carried::Back { ready_at: self.row.ready_at, why: why.to_owned(), trouble: None }
    }

    pub(super) fn put_back(&self, ready_at: Instant, nothing_left: bool) -> Putting {
        Putting { touch: self.row.id.clone(), token: self.token.clone(), ready_at, nothing_left }
    }

    /// The place under the lane's cap that was taken for it.
    pub(super) fn reservation(&self) -> Option<(TouchId, Reservation)> {
        let reservation = Reservation { lane: self.row.lane.clone(), day: self.row.reserved_day? };
        Some((self.row.id.clone(), reservation))
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
        // One is enough to see whether the other side is there again.
        let wanted = if stored.failures > 0 { 1 } else { u32::try_from(wanted).unwrap_or(u32::MAX) };
        let allowed = lane.reserve(wanted, now, &zone, dice(&[name, &token]));
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
        let round = stored.failures;
        tx.save_lane(&LaneRow { ready_at: lane.ready_at, day: lane.day, used: lane.used, ..stored }).await?;
        tx.commit().await?;
        self.with_leads(rows, token, round).await
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

    async fn with_leads(&self, rows: Vec<TouchRow>, token: String, round: u32) -> Result<Vec<Claimed>, StoreError> {
        if rows.is_empty() {
            return Ok(vec![]);
        }
        self.hold(&token, rows.len());
        let keys: Vec<LeadKey> = rows.iter().map(|row| LeadKey::Id(row.lead.clone())).collect();
        let leads = self.store.leads(&keys).await?;
        let pair =
            |(row, lead): (TouchRow, Option<Lead>)| Some(Claimed { row, lead: lead?, token: token.clone(), round });
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
