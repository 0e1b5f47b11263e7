//! Takes touches from a lane, within its cap and gap, under a lease.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::account::Replies;
use crate::domain::decide::{are_heeded, put_off};
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::time::Instant;
use crate::domain::touch::Outcome;
use crate::engine::commit::{Putting, Reservation};
use crate::engine::deliver::Carried;
use crate::engine::{Engine, Writes};
use crate::store::StoreError;
use crate::store::control::Paused;
use crate::store::leads::LeadKey;
use crate::store::touch_row::TouchRow;

/// A touch that is ours for the length of a lease, with its lead.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub row: TouchRow,
    pub lead: Lead,
    pub token: String,
    /// How often in a row the lane's other side could not be reached before.
    pub round: u32,
    /// What keeps it from leaving now: a colleague of its lead replied.
    pub put_off: Option<Outcome>,
}

impl Claimed {
    /// Back to its place in the lane, untried: the daemon stops, or the touch before it found the lane in trouble.
    pub fn back(&self, why: &str) -> Carried {
        Carried::Back { ready_at: self.row.ready_at, why: why.to_owned(), trouble: None }
    }

    /// What came of one whose mark could not be stored: nothing left, and the mark may stand.
    pub fn doubted(&self, why: &str, at: Instant) -> Carried {
        Carried::Doubted { why: why.to_owned(), at }
    }

    pub(super) fn put_back(&self, ready_at: Instant) -> Putting {
        Putting { touch: self.row.id.clone(), token: self.token.clone(), ready_at }
    }

    /// The place under the lane's cap that was taken for it.
    pub(super) fn reservation(&self) -> Option<(TouchId, Reservation)> {
        let reservation = Reservation { lane: self.row.lane.clone(), day: self.row.reserved_day? };
        Some((self.row.id.clone(), reservation))
    }
}

/// What is asked of a lane, to be claimed with whatever else is written then.
#[derive(Clone, Debug)]
pub struct Claiming {
    pub lane: String,
    pub wanted: usize,
}

/// A touch that was taken, before its lead was read.
#[derive(Clone, Debug)]
pub struct Taken {
    pub row: TouchRow,
    pub round: u32,
}

impl Engine {
    /// Takes up to `wanted` touches that are ready on a lane; what the cap and the gap do not allow stays there.
    pub async fn claim(&self, lane: &str, wanted: usize) -> Result<Vec<Claimed>, Arc<StoreError>> {
        let claims = vec![Claiming { lane: lane.to_owned(), wanted }];
        let mut done = self.write(Writes { claims, ..Writes::default() }).await?;
        let claimed = self.with_leads(done.claims.pop().unwrap_or_default()).await.map_err(Arc::new)?;
        if !claimed.is_empty() {
            self.fail.hit(if lane.starts_with("hook:") { "outbox.claimed" } else { "claim.committed" });
        }
        Ok(claimed)
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

    /// Who of the leads' accounts replied, where anything heeds that.
    async fn replies_of(&self, leads: &[Option<Lead>]) -> Result<BTreeMap<String, Replies>, StoreError> {
        if !are_heeded(&self.playbook()) {
            return Ok(BTreeMap::new());
        }
        self.store.replies(&leads.iter().flatten().filter_map(|lead| lead.account.as_deref()).collect()).await
    }

    /// Reads the leads of what was taken. Only then it is held: should this fail, the lease runs out and it is taken over.
    async fn with_leads(&self, taken: Vec<Taken>) -> Result<Vec<Claimed>, StoreError> {
        let mut stored = Vec::new();
        for version in self.unknown_versions(taken.iter().map(|taken| taken.row.version.as_str())) {
            stored.extend(self.store.revision(&version).await?);
        }
        if !stored.is_empty() {
            self.learn(&stored);
        }
        let keys: Vec<LeadKey> = taken.iter().map(|taken| LeadKey::Id(taken.row.lead.clone())).collect();
        let leads = self.store.leads_as_saved(&keys).await?;
        let replies = self.replies_of(&leads).await?;
        let (playbook, now) = (self.playbook(), self.now());
        let pair = |(Taken { row, round }, lead): (Taken, Option<Lead>)| {
            let (token, lead) = (row.token.clone()?, lead?);
            let reply = lead.account.as_ref().and_then(|account| replies.get(account)?.of_another(&lead.id));
            let put_off =
                reply.zip(row.enrollment.as_ref()).and_then(|(reply, id)| put_off((&lead, id), &reply, &playbook, now));
            Some(Claimed { row, lead, token, round, put_off })
        };
        let claimed: Vec<Claimed> = taken.into_iter().zip(leads).filter_map(pair).collect();
        for one in &claimed {
            self.hold(&one.token);
        }
        Ok(claimed)
    }
}

/// Whether everything, or this sender or channel, was paused by hand.
pub fn is_paused(lane: &str, pauses: &[Paused]) -> bool {
    let scope = match lane.split_once(':') {
        Some(("mail", sender)) => format!("sender:{sender}"),
        Some(("hook", channel)) => format!("channel:{channel}"),
        _ => return false,
    };
    pauses.iter().any(|pause| pause.scope == "all" || pause.scope == scope)
}
