//! What a batch of decisions comes to beside the leads: rows for lists, touches for the queues, in a constant number of statements.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StoreError;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::decide::{Effect, EnrollmentRow, HandoffRow, Requeue};
use crate::domain::id::TouchId;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;

/// The effects of a batch, by kind; of several about one thing the last counts.
#[derive(Default)]
struct Sorted<'e> {
    enrollments: BTreeMap<&'e str, &'e EnrollmentRow>,
    queue: Vec<&'e NewTouch>,
    requeue: BTreeMap<&'e TouchId, &'e Requeue>,
    cancel: BTreeMap<&'e TouchId, &'e str>,
    handoffs: BTreeMap<&'e str, &'e HandoffRow>,
    loads: BTreeMap<&'e str, (i64, i64)>,
    suppress: BTreeMap<&'e str, Option<(Reason, &'e str)>>,
}

impl<'e> Sorted<'e> {
    fn of(effects: impl IntoIterator<Item = &'e Effect>) -> Self {
        let mut all = Self::default();
        for effect in effects {
            all.add(effect);
        }
        all
    }

    fn add(&mut self, effect: &'e Effect) {
        match effect {
            Effect::Enrollment(row) => drop(self.enrollments.insert(row.id.as_str(), row)),
            Effect::Queue(touch) => self.queue.push(touch),
            Effect::Cancel { touch, reason } => drop(self.cancel.insert(touch, reason)),
            Effect::Requeue(requeue) => drop(self.requeue.insert(&requeue.touch, requeue)),
            Effect::Handoff(row) => drop(self.handoffs.insert(row.id.as_str(), row)),
            Effect::Load { rep, assigned, open } => {
                let load = self.loads.entry(rep).or_default();
                *load = (load.0 + assigned, load.1 + open);
            }
            Effect::Suppress { target, reason, source } => {
                self.suppress.insert(target, Some((*reason, source)));
            }
            Effect::Unsuppress { target } => {
                self.suppress.insert(target, None);
            }
        }
    }
}

impl Tx {
    /// Writes the rows that follow from decisions. Queued touches come first and cancelling last: what is queued and cancelled in one
    /// batch never leaves.
    pub async fn apply<'e>(
        &mut self,
        effects: impl IntoIterator<Item = &'e Effect>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let all = Sorted::of(effects);
        self.write_enrollments(&all.enrollments).await?;
        self.queue(&all.queue, now).await?;
        self.requeue(&all.requeue).await?;
        self.cancel(&all.cancel, now).await?;
        self.write_handoffs(&all.handoffs).await?;
        self.shift_loads(&all.loads).await?;
        self.write_suppressions(&all.suppress, now).await
    }

    async fn write_enrollments(&mut self, all: &BTreeMap<&str, &EnrollmentRow>) -> Result<(), StoreError> {
        static WRITE: Statement = Statement::batch(
            &[
                ("id", Kind::Text),
                ("lead_id", Kind::Text),
                ("sequence", Kind::Text),
                ("version", Kind::Text),
                ("state", Kind::Text),
                ("exit", Kind::Text),
                ("detail", Kind::Text),
                ("step", Kind::Text),
                ("entered_at", Kind::Int),
                ("ended_at", Kind::Int),
            ],
            "INSERT INTO enrollment (id, lead_id, sequence, version, state, exit, detail, step, entered_at, ended_at)
             SELECT id, lead_id, sequence, version, state, exit, detail, step, entered_at, ended_at
             FROM {input} AS i
             WHERE true
             ON CONFLICT (id) DO UPDATE SET
                version = excluded.version, state = excluded.state, exit = excluded.exit, detail = excluded.detail,
                step = excluded.step, ended_at = excluded.ended_at",
        );
        if all.is_empty() {
            return Ok(());
        }
        // Ended ones first: a lead may leave a sequence and enter it again in one batch, and is in it once at any row.
        let mut ordered: Vec<_> = all.values().collect();
        ordered.sort_by_key(|row| row.ended_at.is_none());
        let input = rows(ordered.into_iter().map(|row| {
            (
                &row.id,
                &row.lead,
                &row.sequence,
                &row.version,
                row.state,
                &row.exit,
                &row.detail,
                &row.step,
                row.entered_at,
                row.ended_at,
            )
        }));
        self.run("write enrollments", &WRITE, vec![input.into()]).await.map(drop)
    }

    async fn queue(&mut self, all: &[&NewTouch], now: Instant) -> Result<(), StoreError> {
        static LANES: Statement = Statement::batch(
            &[("lane", Kind::Text)],
            "INSERT INTO lane (name)
             SELECT lane
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        static QUEUE: Statement = Statement::batch(
            &[
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
            ],
            "INSERT INTO touch (id, lead_id, origin, enrollment_id, step, channel, lane, policy, sequence, version, template, payload,
                first_allowed_at, ready_at, zone, state, created_at)
             SELECT id, lead_id, origin, enrollment_id, step, channel, lane, policy, sequence, version, template, payload,
                first_allowed_at, ready_at, zone, 'queued', $2
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
        let input = rows(all.iter().map(|touch| {
            (
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
            )
        }));
        let new = self.fetch("queue touches", &QUEUE, vec![input.into(), now.into()]).await?;
        let new: BTreeSet<String> = new.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let waiting = all.iter().filter(|touch| new.contains(touch.id.as_str()));
        self.put_in_outbox(waiting.map(|touch| (touch.lane.as_str(), touch.ready_at, touch.id.as_str()))).await
    }

    /// Puts touches in the queues of their lanes.
    pub(super) async fn put_in_outbox<'t>(
        &mut self,
        waiting: impl Iterator<Item = (&'t str, Instant, &'t str)>,
    ) -> Result<(), StoreError> {
        static PUT: Statement = Statement::batch(
            &[("lane", Kind::Text), ("ready_at", Kind::Int), ("touch_id", Kind::Text)],
            "INSERT INTO outbox (lane, ready_at, touch_id)
             SELECT lane, ready_at, touch_id
             FROM {input} AS i
             WHERE true
             ON CONFLICT DO NOTHING",
        );
        let input = rows(waiting);
        if input == "[]" {
            return Ok(());
        }
        self.run("put touches in the outbox", &PUT, vec![input.into()]).await.map(drop)
    }

    /// Takes touches out of the queues, and locks their rows in one order. A claim takes the queue's row first and the touch's then; so
    /// must everyone, or two would wait for each other.
    async fn take_from_outbox<'t>(&mut self, touches: impl Iterator<Item = &'t TouchId>) -> Result<(), StoreError> {
        static TAKE: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "DELETE FROM outbox
             WHERE (lane, ready_at, touch_id) IN (
                 SELECT t.lane, t.ready_at, t.id FROM {input} AS i JOIN touch AS t ON t.id = i.asked
             )",
        );
        let input = rows(touches.map(|touch| (touch,)));
        self.run("take touches from the outbox", &TAKE, vec![input.clone().into()]).await?;
        self.lock_touches(input).await
    }

    /// Locks touches in the order of their ids where others write too.
    pub(super) async fn lock_touches(&mut self, input: String) -> Result<(), StoreError> {
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

    async fn requeue(&mut self, all: &BTreeMap<&TouchId, &Requeue>) -> Result<(), StoreError> {
        static REQUEUE: Statement = Statement::batch(
            &[("asked", Kind::Text), ("next_at", Kind::Int)],
            "UPDATE touch
             SET state = 'queued', reason = NULL, ready_at = i.next_at
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.state IN ('held', 'deferred', 'queued')
             RETURNING lane, ready_at, id",
        );
        if all.is_empty() {
            return Ok(());
        }
        self.take_from_outbox(all.keys().copied()).await?;
        let input = rows(all.values().map(|requeue| (&requeue.touch, requeue.ready_at)));
        let moved = self.fetch("queue touches again", &REQUEUE, vec![input.into()]).await?;
        let mut waiting = vec![];
        for row in &moved {
            waiting.push((row.text(0)?, row.instant(1)?, row.text(2)?));
        }
        self.put_in_outbox(waiting.iter().map(|(lane, at, id)| (lane.as_str(), *at, id.as_str()))).await
    }

    async fn cancel(&mut self, all: &BTreeMap<&TouchId, &str>, now: Instant) -> Result<(), StoreError> {
        static CANCEL: Statement = Statement::batch(
            &[("asked", Kind::Text), ("why", Kind::Text)],
            "UPDATE touch
             SET state = 'cancelled', reason = i.why, token = NULL, lease_until = NULL, body = NULL, done_at = $2
             FROM {input} AS i
             WHERE touch.id = i.asked AND touch.state IN ('held', 'queued', 'claimed', 'intent', 'deferred')",
        );
        if all.is_empty() {
            return Ok(());
        }
        self.take_from_outbox(all.keys().copied()).await?;
        self.run("cancel touches", &CANCEL, vec![rows(all).into(), now.into()]).await.map(drop)
    }
}
