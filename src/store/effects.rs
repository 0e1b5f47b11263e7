//! What a batch of decisions comes to beside the leads: rows for lists, touches for the queues, in a constant number of statements.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StoreError;
use super::intakes::Shift;
use super::moves::Move;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::account::Replied;
use crate::domain::decide::{Effect, EnrollmentRow, HandoffRow, Taken, TaskRow};
use crate::domain::experiment::Tally;
use crate::domain::id::{LeadId, TouchId};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::domain::touch::NewTouch;

/// The effects of a batch, by kind; of several about one thing the last counts.
#[derive(Default)]
struct Sorted<'e> {
    enrollments: BTreeMap<&'e str, &'e EnrollmentRow>,
    queue: Vec<&'e NewTouch>,
    moves: BTreeMap<&'e TouchId, Move<'e>>,
    seen: BTreeSet<(&'e TouchId, bool)>,
    tallies: Vec<&'e Tally>,
    handoffs: BTreeMap<&'e str, &'e HandoffRow>,
    tasks: BTreeMap<&'e str, &'e TaskRow>,
    loads: BTreeMap<&'e str, (i64, i64)>,
    suppress: BTreeMap<&'e str, Option<(Reason, &'e str)>>,
    intakes: BTreeMap<&'e str, Shift>,
    pending: BTreeMap<(&'e str, &'e LeadId), Option<Instant>>,
    replies: Vec<(&'e str, &'e Replied, bool)>,
    absorbed: Vec<&'e Taken>,
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
            Effect::Cancel { touch, reason } => self.shift(touch, Move::Cancel(reason)),
            Effect::Hold { touch, reason } => self.shift(touch, Move::Hold(reason)),
            Effect::Requeue(requeue) => self.shift(&requeue.touch, Move::Requeue(requeue.ready_at, &requeue.zone)),
            Effect::Confirm { touch } => self.shift(touch, Move::Confirm),
            Effect::Seen { touch, clicked } => drop(self.seen.insert((touch, *clicked))),
            Effect::Tally(tally) => self.tallies.push(tally),
            Effect::Handoff(row) => drop(self.handoffs.insert(row.id.as_str(), row)),
            Effect::Task(row) => drop(self.tasks.insert(row.id.as_str(), row)),
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
            Effect::Intake { sequence, active, entered, day } => {
                let shift = self.intakes.entry(sequence).or_default();
                shift.active += active;
                shift.entered += entered;
                shift.day = *day;
            }
            Effect::Replied { account, reply, tell } => self.replies.push((account, reply, *tell)),
            Effect::Absorb(taken) => self.absorbed.push(taken),
            Effect::Pending { sequence, lead, since } => drop(self.pending.insert((sequence, lead), *since)),
        }
    }

    /// What is cancelled stays so.
    fn shift(&mut self, touch: &'e TouchId, to: Move<'e>) {
        let slot = self.moves.entry(touch).or_insert(to);
        if !matches!(slot, Move::Cancel(_)) {
            *slot = to;
        }
    }
}

impl Tx {
    /// Writes the rows that follow from decisions. New touches come first and what moves them last: what is queued and cancelled in one
    /// batch never leaves.
    pub async fn apply<'e>(
        &mut self,
        effects: impl IntoIterator<Item = &'e Effect>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let all = Sorted::of(effects);
        self.write_enrollments(&all.enrollments).await?;
        self.queue(&all.queue, now).await?;
        self.move_touches(&all.moves, now).await?;
        self.note_seen(&all.seen).await?;
        self.write_handoffs(&all.handoffs).await?;
        self.write_tasks(&all.tasks).await?;
        self.shift_loads(&all.loads).await?;
        self.write_suppressions(&all.suppress, now).await?;
        self.write_pending(&all.pending).await?;
        // After the enrollments: who counts them anew waits for all who wrote one.
        self.shift_intakes(&all.intakes).await?;
        self.write_replies(&all.replies).await?;
        self.count_trials(&all.tallies, now).await?;
        // Last: what is written of a lead that is taken in is written under its own name first.
        self.merge(&all.absorbed, now).await
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
}
