//! The life of an outgoing act: claimed under a lease, an intent written, a mark before the first byte that counts, an outcome.
//!
//! Every step names the claim's token and the state it comes from, and says which touches it won: whoever lost one (a stop came first,
//! or the lease ran out and another took over) leaves it alone.

use std::collections::{BTreeMap, BTreeSet};

use super::db::Row;
use super::error::StoreError;
use super::lanes::ranks_of;
use super::moves::Waiting;
use super::open::Store;
use super::sql::{Kind, Statement, hex, rows};
use super::touch_row::{TouchRow, touch, touch_columns};
use super::tx::Tx;
use crate::domain::id::TouchId;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::State;

/// What is asked of one lane.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    pub lane: &'a str,
    pub limit: usize,
    /// New for each claim: it tells its touches from those of a claim before.
    pub token: &'a str,
    /// How long the claim holds unless it is renewed; real time on PostgreSQL.
    pub lease: Millis,
    /// The day whose cap the touches count against.
    pub reserved_day: Option<i32>,
}

/// What is about to leave, written down before.
#[derive(Clone, Debug)]
pub struct Intent<'a> {
    pub id: &'a TouchId,
    pub token: &'a str,
    pub message_id: Option<&'a str>,
    pub date_at: Option<Instant>,
    pub template_version: Option<&'a str>,
    pub body_hash: Option<&'a str>,
    /// Targets of tracked links that hold a value of the lead, as JSON.
    pub links: Option<&'a str>,
    /// The bytes, where every try must repeat them.
    pub body: Option<&'a [u8]>,
}

/// What came of a touch.
#[derive(Clone, Debug)]
pub struct Settle<'a> {
    pub id: &'a TouchId,
    pub token: &'a str,
    /// Accepted, refused, deferred, unknown, expired or held.
    pub state: State,
    pub reason: Option<&'a str>,
    pub reply: Option<&'a str>,
    /// When it is tried again by itself.
    pub ready_at: Option<Instant>,
    /// The bytes, where another try must repeat them.
    pub body: Option<&'a [u8]>,
    /// Whether this counts as a try.
    pub tried: bool,
}

/// A touch that goes back to its queue as if it had not been claimed.
#[derive(Clone, Debug)]
pub struct PutBack<'a> {
    pub id: &'a TouchId,
    pub token: &'a str,
    pub ready_at: Instant,
}

impl Tx {
    /// Takes touches that are ready from one lane, in the order of their ranks, and of those of one rank the earliest first; gives them to
    /// the claim's token.
    pub async fn claim(&mut self, claim: &Claim<'_>, now: Instant) -> Result<Vec<TouchRow>, StoreError> {
        self.claim_all(std::slice::from_ref(claim), now).await
    }

    /// The same for several lanes, each once.
    pub async fn claim_all(&mut self, claims: &[Claim<'_>], now: Instant) -> Result<Vec<TouchRow>, StoreError> {
        static CLAIM: Statement = Statement::batch(
            &[("asked", Kind::Text), ("holder", Kind::Text), ("until", Kind::Int), ("day", Kind::Int)],
            concat!(
                "UPDATE touch
                 SET state = 'claimed', token = i.holder, lease_until = {clock $2} + i.until, reserved_day = i.day
                 FROM {input} AS i
                 WHERE touch.id = i.asked AND touch.state IN ('queued', 'deferred')
                 RETURNING ",
                touch_columns!()
            ),
        );
        let mut taken = Vec::new();
        let ranks = self.ranks_ready(claims, now).await?;
        for claim in claims {
            let mut left = claim.limit;
            for rank in ranks.get(claim.lane).into_iter().flatten() {
                let ids = if left > 0 { self.take((claim.lane, *rank, left), now).await? } else { break };
                left -= ids.len();
                taken.extend(ids.into_iter().map(|id| (id, claim.token, claim.lease.0, claim.reserved_day)));
            }
        }
        if taken.is_empty() {
            return Ok(vec![]);
        }
        self.lock_touches(rows(taken.iter().map(|(id, ..)| (id,)))).await?;
        let mut claimed = touches(&self.fetch("claim touches", &CLAIM, vec![rows(&taken).into(), now.into()]).await?)?;
        claimed.sort_by(|a, b| (a.rank, a.ready_at, &a.id).cmp(&(b.rank, b.ready_at, &b.id)));
        Ok(claimed)
    }

    /// The ranks that have something ready, by lane, in their order.
    async fn ranks_ready(
        &mut self,
        claims: &[Claim<'_>],
        now: Instant,
    ) -> Result<BTreeMap<String, Vec<i64>>, StoreError> {
        static READY: Statement = Statement::batch(
            &[("lane", Kind::Text)],
            concat!(
                "WITH RECURSIVE ",
                ranks_of!("{input} AS i"),
                "SELECT r.lane, r.rank
                 FROM ranks AS r
                 WHERE (SELECT o.ready_at FROM outbox AS o WHERE o.lane = r.lane AND o.rank = r.rank ORDER BY o.ready_at LIMIT 1) <= $2"
            ),
        );
        let mut ranks: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        if claims.is_empty() {
            return Ok(ranks);
        }
        let input = rows(claims.iter().map(|claim| (claim.lane,)));
        for row in self.fetch("look for what is ready", &READY, vec![input.into(), now.into()]).await? {
            ranks.entry(row.text(0)?).or_default().push(row.int(1)?);
        }
        for ranks in ranks.values_mut() {
            ranks.sort_unstable();
        }
        Ok(ranks)
    }

    /// Takes so many at most that are ready from one rank of a lane's queue.
    async fn take(&mut self, (lane, rank, limit): (&str, i64, usize), now: Instant) -> Result<Vec<String>, StoreError> {
        static ALONE: Statement = Statement::new(
            "WITH ready AS MATERIALIZED (
                 SELECT lane, rank, ready_at, touch_id
                 FROM outbox
                 WHERE lane = $1 AND rank = $2 AND ready_at <= $3
                 ORDER BY ready_at, touch_id
                 LIMIT $4
             )
             DELETE FROM outbox
             WHERE (lane, rank, ready_at, touch_id) IN (SELECT lane, rank, ready_at, touch_id FROM ready)
             RETURNING touch_id",
        );
        static SHARED: Statement = Statement::new(
            "WITH ready AS MATERIALIZED (
                 SELECT o.lane, o.rank, o.ready_at, o.touch_id
                 FROM outbox AS o
                 JOIN touch AS t ON t.id = o.touch_id
                 WHERE o.lane = $1 AND o.rank = $2 AND o.ready_at <= $3
                 ORDER BY o.ready_at, o.touch_id
                 LIMIT $4
                 {for update of t skip locked}
             )
             DELETE FROM outbox
             WHERE (lane, rank, ready_at, touch_id) IN (SELECT lane, rank, ready_at, touch_id FROM ready)
             RETURNING touch_id",
        );
        let take = if self.is_shared() { &SHARED } else { &ALONE };
        let args = vec![lane.into(), rank.into(), now.into(), limit.into()];
        let taken = self.fetch("claim touches", take, args).await?;
        taken.iter().map(|row| row.text(0)).collect()
    }

    /// Writes down what is about to leave. Gives the touches that are still claimed by the token named; the others must not go on.
    pub async fn intend(&mut self, batch: &[Intent<'_>], now: Instant) -> Result<BTreeSet<TouchId>, StoreError> {
        static INTEND: Statement = Statement::batch(
            &[
                ("asked", Kind::Text),
                ("holder", Kind::Text),
                ("new_message_id", Kind::Text),
                ("new_date_at", Kind::Int),
                ("new_template_version", Kind::Text),
                ("new_body_hash", Kind::Text),
                ("new_links", Kind::Text),
                ("new_body", Kind::Bytes),
            ],
            "UPDATE touch
             SET state = 'intent', message_id = i.new_message_id, date_at = i.new_date_at,
                template_version = i.new_template_version, body_hash = i.new_body_hash, links = i.new_links,
                body = COALESCE(i.new_body, touch.body), intent_at = $2
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.token = i.holder AND touch.state = 'claimed'
             RETURNING id",
        );
        if batch.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.lock_touches(rows(batch.iter().map(|intent| (intent.id,)))).await?;
        let input = rows(batch.iter().map(|intent| {
            (
                intent.id,
                intent.token,
                intent.message_id,
                intent.date_at,
                intent.template_version,
                intent.body_hash,
                intent.links,
                intent.body.map(hex),
            )
        }));
        won(&self.fetch("write intents", &INTEND, vec![input.into(), now.into()]).await?)
    }

    /// Marks touches, each with its claim's token: from here on it may have left. Gives those that won; the others were stopped or
    /// taken over, and must not leave.
    pub async fn mark(&mut self, batch: &[(&TouchId, &str)], now: Instant) -> Result<BTreeSet<TouchId>, StoreError> {
        static MARK: Statement = Statement::batch(
            &[("asked", Kind::Text), ("holder", Kind::Text)],
            "UPDATE touch
             SET state = 'marked', marked_at = $2, went_to = NULL
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.token = i.holder AND touch.state = 'intent'
             RETURNING id",
        );
        if batch.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.lock_touches(rows(batch.iter().map(|(id, _)| (id,)))).await?;
        won(&self.fetch("mark touches", &MARK, vec![rows(batch).into(), now.into()]).await?)
    }

    /// Writes outcomes, and queues again what is to be tried again. Gives the touches that were still the token's.
    pub async fn settle(&mut self, batch: &[Settle<'_>], now: Instant) -> Result<BTreeSet<TouchId>, StoreError> {
        // Bytes are kept while they may be needed: until it is known that the other side has them, or never will.
        static SETTLE: Statement = Statement::batch(
            &[
                ("asked", Kind::Text),
                ("holder", Kind::Text),
                ("new_state", Kind::Text),
                ("new_reason", Kind::Text),
                ("new_reply", Kind::Text),
                ("next_at", Kind::Int),
                ("new_body", Kind::Bytes),
                ("tried", Kind::Int),
                ("finished_at", Kind::Int),
            ],
            "UPDATE touch
             SET state = i.new_state, reason = i.new_reason, reply = COALESCE(i.new_reply, touch.reply),
                ready_at = COALESCE(i.next_at, touch.ready_at),
                body = CASE WHEN i.new_state IN ('accepted', 'refused', 'expired') THEN NULL
                    ELSE COALESCE(i.new_body, touch.body) END,
                attempts = touch.attempts + i.tried, done_at = i.finished_at, token = NULL, lease_until = NULL,
                reserved_day = NULL
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.token = i.holder AND touch.state IN ('claimed', 'intent', 'marked')
             RETURNING id, lane, rank",
        );
        if batch.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.lock_touches(rows(batch.iter().map(|settle| (settle.id,)))).await?;
        let input = rows(batch.iter().map(|settle| {
            (
                settle.id,
                settle.token,
                settle.state.as_str(),
                settle.reason,
                settle.reply,
                settle.ready_at,
                settle.body.map(hex),
                i64::from(settle.tried),
                is_final(settle.state).then_some(now),
            )
        }));
        let done = self.fetch("settle touches", &SETTLE, vec![input.into()]).await?;
        let again = batch.iter().filter_map(|settle| Some((settle.id, settle.ready_at?)));
        self.queue_again(&done, again).await
    }

    /// Puts touches back that were claimed and not marked. Gives those that were still the token's.
    pub async fn put_back(&mut self, batch: &[PutBack<'_>]) -> Result<BTreeSet<TouchId>, StoreError> {
        static PUT: Statement = Statement::batch(
            &[("asked", Kind::Text), ("holder", Kind::Text), ("next_at", Kind::Int)],
            "UPDATE touch
             SET state = 'queued', ready_at = i.next_at, token = NULL, lease_until = NULL, reserved_day = NULL
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.token = i.holder AND touch.state IN ('claimed', 'intent')
             RETURNING id, lane, rank",
        );
        if batch.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.lock_touches(rows(batch.iter().map(|back| (back.id,)))).await?;
        let input = rows(batch.iter().map(|back| (back.id, back.token, back.ready_at)));
        let done = self.fetch("put touches back", &PUT, vec![input.into()]).await?;
        self.queue_again(&done, batch.iter().map(|back| (back.id, back.ready_at))).await
    }

    /// Takes back what somebody has claimed and not marked, on one lane or on all: nothing of it leaves any more.
    pub async fn take_back(&mut self, lane: Option<&str>) -> Result<(), StoreError> {
        static IN_HAND: Statement = Statement::new(
            "SELECT id
             FROM touch
             WHERE token IS NOT NULL AND state IN ('claimed', 'intent') AND lane = COALESCE($1, lane)",
        );
        // Its reservation stays with it until whoever has it in hand finds that it lost it.
        static TAKE: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "UPDATE touch
             SET state = 'queued', token = NULL, lease_until = NULL
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.state IN ('claimed', 'intent')
             RETURNING id, lane, rank, ready_at",
        );
        let in_hand = self.fetch("look for touches in hand", &IN_HAND, vec![lane.into()]).await?;
        let ids = in_hand.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
        let input = rows(ids.iter().map(|id| (id,)));
        self.lock_touches(input.clone()).await?;
        let taken = self.fetch("take touches back", &TAKE, vec![input.into()]).await?;
        self.put_rows_in_outbox(&taken).await
    }

    /// Lets go of what was reserved, on that day, for touches that a stop took away. Gives those that still had it.
    pub async fn release(&mut self, batch: &[(&TouchId, i32)]) -> Result<BTreeSet<TouchId>, StoreError> {
        static RELEASE: Statement = Statement::batch(
            &[("asked", Kind::Text), ("day", Kind::Int)],
            "UPDATE touch
             SET reserved_day = NULL
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.reserved_day = i.day AND touch.token IS NULL
                AND touch.state IN ('held', 'queued', 'cancelled')
             RETURNING id",
        );
        if batch.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.lock_touches(rows(batch.iter().map(|(id, _)| (id,)))).await?;
        won(&self.fetch("release reservations", &RELEASE, vec![rows(batch).into()]).await?)
    }

    async fn queue_again<'t>(
        &mut self,
        done: &[Row],
        again: impl Iterator<Item = (&'t TouchId, Instant)>,
    ) -> Result<BTreeSet<TouchId>, StoreError> {
        let mut lanes = BTreeMap::new();
        for row in done {
            lanes.insert(TouchId(row.text(0)?), (row.text(1)?, row.int(2)?));
        }
        let waiting = again.filter_map(|(id, ready_at)| {
            let (lane, rank) = lanes.get(id)?;
            Some(Waiting { lane, rank: *rank, ready_at, touch: id.as_str() })
        });
        self.put_in_outbox(waiting).await?;
        Ok(lanes.into_keys().collect())
    }
}

impl Store {
    /// Touches by their ids, those that there are, in the order of ids.
    pub async fn touches(&self, ids: &[TouchId]) -> Result<Vec<TouchRow>, StoreError> {
        static BY_ID: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            concat!(
                "SELECT ",
                touch_columns!(),
                " FROM touch WHERE id IN (SELECT asked FROM {input} AS i) ORDER BY id"
            ),
        );
        let input = rows(ids.iter().map(|id| (id,)));
        by_id(&self.db.fetch("read touches", &BY_ID, vec![input.into()]).await?)
    }

    /// The touches that had these Message-IDs, in the order of ids.
    pub async fn touches_by_message(&self, message_ids: &[String]) -> Result<Vec<TouchRow>, StoreError> {
        static BY_MESSAGE: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            concat!(
                "SELECT ",
                touch_columns!(),
                " FROM touch WHERE message_id IN (SELECT asked FROM {input} AS i) ORDER BY id"
            ),
        );
        let input = rows(message_ids.iter().map(|id| (id,)));
        by_id(&self.db.fetch("read touches", &BY_MESSAGE, vec![input.into()]).await?)
    }
}

const fn is_final(state: State) -> bool {
    matches!(state, State::Accepted | State::Refused | State::Unknown | State::Expired | State::Cancelled)
}

pub(super) fn touches(found: &[Row]) -> Result<Vec<TouchRow>, StoreError> {
    found.iter().map(touch).collect()
}

fn by_id(found: &[Row]) -> Result<Vec<TouchRow>, StoreError> {
    let mut touches = touches(found)?;
    touches.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(touches)
}

fn won(found: &[Row]) -> Result<BTreeSet<TouchId>, StoreError> {
    found.iter().map(|row| row.text(0).map(TouchId)).collect()
}
