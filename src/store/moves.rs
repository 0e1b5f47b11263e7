//! Touches in their queues: put there, moved, held back and taken out by decisions.
//!
//! On a shared database everyone locks a touch before its row in the queue, and touches in the order of their ids, or steps over those
//! that another has: two that did otherwise would wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::db::Row;
use super::error::StoreError;
use super::sql::{Kind, Rows, Statement, rows};
use super::tx::Tx;
use crate::domain::id::TouchId;
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;

/// What a decision does to a touch that is in the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move<'e> {
    /// Held, put off or waiting, it waits until this instant, for a window in this zone.
    Requeue(Instant, &'e str),
    /// Before its mark, it stands until it is requeued.
    Hold(&'e str),
    /// Before its mark, it never leaves.
    Cancel(&'e str),
    /// Of unknown outcome, it did arrive; where it was to be sent once more it is not.
    Confirm,
}

/// A touch in the queue of its lane.
pub(super) struct Waiting<'t> {
    pub(super) lane: &'t str,
    pub(super) rank: i64,
    pub(super) ready_at: Instant,
    pub(super) touch: &'t str,
}

const TOUCH_COLUMNS: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("lead_id", Kind::Text),
    ("origin", Kind::Text),
    ("enrollment_id", Kind::Text),
    ("step", Kind::Text),
    ("channel", Kind::Text),
    ("lane", Kind::Text),
    ("policy", Kind::Text),
    ("sequence", Kind::Text),
    ("version", Kind::Text),
    ("template", Kind::Text),
    ("payload", Kind::Text),
    ("first_allowed_at", Kind::Int),
    ("ready_at", Kind::Int),
    ("zone", Kind::Text),
    ("variant", Kind::Text),
    ("rank", Kind::Int),
];

/// A touch as [`TOUCH_COLUMNS`] name it.
fn columns(touch: &NewTouch) -> Value {
    json!([
        &touch.id,
        &touch.lead,
        &touch.origin,
        &touch.enrollment,
        &touch.step,
        touch.channel.as_str(),
        &touch.lane,
        touch.policy.as_str(),
        &touch.sequence,
        &touch.version,
        &touch.template,
        touch.payload.as_ref().map(ToString::to_string),
        touch.first_allowed_at,
        touch.ready_at,
        &touch.zone,
        &touch.variant,
        touch.rank,
    ])
}

impl Tx {
    pub(super) async fn queue(&mut self, all: &[&NewTouch], now: Instant) -> Result<(), StoreError> {
        static LANES: Statement = Statement::batch(
            &[("lane", Kind::Text)],
            "INSERT INTO lane (name)
             SELECT lane
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        static QUEUE: Statement = Statement::batch(
            TOUCH_COLUMNS,
            "INSERT INTO touch (id, lead_id, origin, enrollment_id, step, channel, lane, policy, sequence, version, template, payload,
                first_allowed_at, ready_at, zone, variant, rank, state, created_at)
             SELECT id, lead_id, origin, enrollment_id, step, channel, lane, policy, sequence, version, template, payload,
                first_allowed_at, ready_at, zone, variant, rank, 'queued', $2
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING
             RETURNING id",
        );
        if all.is_empty() {
            return Ok(());
        }
        let lanes: BTreeSet<&str> = all.iter().map(|touch| touch.lane.as_str()).collect();
        self.run("open lanes", &LANES, vec![rows(lanes.into_iter().map(|lane| (lane,))).into()]).await?;
        let input = rows(all.iter().map(|touch| columns(touch)));
        let new = self.fetch("queue touches", &QUEUE, vec![input.into(), now.into()]).await?;
        let new: BTreeSet<String> = new.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let (waiting, known): (Vec<&NewTouch>, Vec<&NewTouch>) =
            all.iter().copied().partition(|touch| new.contains(touch.id.as_str()));
        self.put_in_outbox(waiting.iter().map(|touch| Waiting {
            lane: &touch.lane,
            rank: touch.rank.into(),
            ready_at: touch.ready_at,
            touch: touch.id.as_str(),
        }))
        .await?;
        self.ask_anew(&known).await
    }

    /// Asks anew for touches that an edit changed or brought back, unless somebody has one in hand or the other side may have it.
    async fn ask_anew(&mut self, known: &[&NewTouch]) -> Result<(), StoreError> {
        static TAKE: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "DELETE FROM outbox
             WHERE (lane, rank, ready_at, touch_id) IN (
                 SELECT t.lane, t.rank, t.ready_at, t.id
                 FROM {input} AS i
                 JOIN touch AS t ON t.id = i.asked
                 WHERE t.token IS NULL AND t.body IS NULL AND t.marked_at IS NULL
             )",
        );
        static RENEW: Statement = Statement::batch(
            TOUCH_COLUMNS,
            "UPDATE touch
             SET channel = i.channel, lane = i.lane, policy = i.policy, version = i.version, template = i.template, variant = i.variant, payload = i.payload,
                first_allowed_at = i.first_allowed_at, ready_at = i.ready_at, rank = i.rank, zone = i.zone, state = 'queued', reason = NULL,
                done_at = NULL
             FROM {input} AS i
             WHERE touch.id = i.id AND touch.state IN ('held', 'queued', 'deferred', 'cancelled')
                AND touch.token IS NULL AND touch.body IS NULL AND touch.marked_at IS NULL
             RETURNING touch.id, touch.lane, touch.rank, touch.ready_at",
        );
        if known.is_empty() {
            return Ok(());
        }
        let asked = || rows(known.iter().map(|touch| (&touch.id,)));
        self.lock_touches(asked()).await?;
        self.run("take touches from the outbox", &TAKE, vec![asked().into()]).await?;
        let input = rows(known.iter().map(|touch| columns(touch)));
        let renewed = self.fetch("ask for touches anew", &RENEW, vec![input.into()]).await?;
        self.put_rows_in_outbox(&renewed).await
    }

    /// Puts touches in the queues of their lanes.
    pub(super) async fn put_in_outbox<'t>(
        &mut self,
        waiting: impl Iterator<Item = Waiting<'t>>,
    ) -> Result<(), StoreError> {
        static PUT: Statement = Statement::batch(
            &[("lane", Kind::Text), ("rank", Kind::Int), ("ready_at", Kind::Int), ("touch_id", Kind::Text)],
            "INSERT INTO outbox (lane, rank, ready_at, touch_id)
             SELECT lane, rank, ready_at, touch_id
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        let input = rows(waiting.map(|one| (one.lane, one.rank, one.ready_at, one.touch)));
        if input.is_empty() {
            return Ok(());
        }
        self.run("put touches in the outbox", &PUT, vec![input.into()]).await.map(drop)
    }

    /// Puts touches in the queues of their lanes, given as rows of id, lane, rank and instant.
    pub(super) async fn put_rows_in_outbox(&mut self, found: &[Row]) -> Result<(), StoreError> {
        let mut waiting = Vec::with_capacity(found.len());
        for row in found {
            waiting.push((row.text(1)?, row.int(2)?, row.instant(3)?, row.text(0)?));
        }
        let waiting = waiting.iter().map(|(lane, rank, ready_at, touch)| Waiting {
            lane,
            rank: *rank,
            ready_at: *ready_at,
            touch,
        });
        self.put_in_outbox(waiting).await
    }

    /// Locks touches in the order of their ids where others write too.
    pub(super) async fn lock_touches(&mut self, input: Rows) -> Result<(), StoreError> {
        static LOCK: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT id
             FROM touch
             WHERE id IN (SELECT asked FROM {input} AS i)
             ORDER BY id
             {for update}",
        );
        if self.is_shared() {
            self.fetch("lock touches", &LOCK, vec![input.into()]).await?;
        }
        Ok(())
    }

    /// Moves touches; whatever cannot make its move stays where it is.
    pub(super) async fn move_touches(
        &mut self,
        all: &BTreeMap<&TouchId, Move<'_>>,
        now: Instant,
    ) -> Result<(), StoreError> {
        static TAKE: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "DELETE FROM outbox
             WHERE (lane, rank, ready_at, touch_id) IN (
                 SELECT t.lane, t.rank, t.ready_at, t.id FROM {input} AS i JOIN touch AS t ON t.id = i.asked
             )",
        );
        static MOVE: Statement = Statement::batch(
            &[
                ("asked", Kind::Text),
                ("new_state", Kind::Text),
                ("why", Kind::Text),
                ("next_at", Kind::Int),
                ("new_zone", Kind::Text),
                ("finished_at", Kind::Int),
            ],
            "UPDATE touch
             SET state = i.new_state, reason = i.why, token = NULL, lease_until = NULL,
                ready_at = COALESCE(i.next_at, touch.ready_at), zone = COALESCE(i.new_zone, touch.zone), done_at = COALESCE(touch.done_at, i.finished_at),
                body = CASE WHEN i.new_state IN ('accepted', 'cancelled') THEN NULL ELSE touch.body END
             FROM {input} AS i
             WHERE touch.id = i.asked AND (
                 i.new_state IN ('cancelled', 'held') AND touch.state IN ('held', 'queued', 'claimed', 'intent', 'deferred')
                 OR i.new_state = 'queued' AND touch.state IN ('held', 'queued', 'deferred')
                 OR i.new_state = 'accepted' AND (touch.state = 'unknown'
                     OR touch.state IN ('queued', 'claimed', 'intent') AND touch.marked_at IS NOT NULL)
             )
             RETURNING id, lane, rank, ready_at, state",
        );
        if all.is_empty() {
            return Ok(());
        }
        self.lock_touches(rows(all.keys().map(|touch| (touch,)))).await?;
        let leaving = all.iter().filter(|(_, to)| !matches!(to, Move::Confirm));
        self.run("take touches from the outbox", &TAKE, vec![rows(leaving.map(|(touch, _)| (touch,))).into()]).await?;
        let input = rows(all.iter().map(|(touch, to)| match to {
            Move::Requeue(at, zone) => (touch, "queued", None, Some(*at), Some(*zone), None),
            Move::Hold(why) => (touch, "held", Some(*why), None, None, None),
            Move::Cancel(why) => (touch, "cancelled", Some(*why), None, None, Some(now)),
            Move::Confirm => (touch, "accepted", None, None, None, Some(now)),
        }));
        let (mut waiting, mut arrived) = (vec![], vec![]);
        for row in self.fetch("move touches", &MOVE, vec![input.into()]).await? {
            match row.text(4)?.as_str() {
                "queued" => waiting.push(row),
                "accepted" => arrived.push(row.text(0)?),
                _ => {}
            }
        }
        if !arrived.is_empty() {
            let arrived = rows(arrived.iter().map(|touch| (touch,)));
            self.run("take touches from the outbox", &TAKE, vec![arrived.into()]).await?;
        }
        self.put_rows_in_outbox(&waiting).await
    }
}
