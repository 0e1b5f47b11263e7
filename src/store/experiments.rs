//! What was counted of mails in several variants: counters kept in the transaction of the fact that they count, so that they are right
//! over a fleet and through crashes, and the winner, which is written once.

use std::collections::BTreeMap;

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Rows, Statement, rows};
use super::tx::Tx;
use crate::domain::experiment::{Arm, Key, Tally};
use crate::domain::time::Instant;

const KEY: [(&str, Kind); 3] = [("sequence", Kind::Text), ("step", Kind::Text), ("experiment", Kind::Text)];

/// A variant that has won.
#[derive(Clone, Debug)]
pub struct Won<'a> {
    pub key: &'a Key,
    pub variant: &'a str,
    /// What it was found by, as JSON.
    pub figures: &'a str,
}

impl Tx {
    /// Adds to the counters of variants. Whoever does so has their experiments until the transaction ends.
    pub(super) async fn count_trials(&mut self, all: &[&Tally], now: Instant) -> Result<(), StoreError> {
        static OPEN: Statement = Statement::batch(
            &[KEY[0], KEY[1], KEY[2], ("success", Kind::Text)],
            "INSERT INTO experiment (sequence, step, experiment, success, began_at)
             SELECT sequence, step, experiment, success, $2
             FROM {input} AS i
             WHERE true
             ORDER BY sequence, step, experiment
             ON CONFLICT DO NOTHING",
        );
        static COUNT: Statement = Statement::batch(
            &[KEY[0], KEY[1], KEY[2], ("variant", Kind::Text), ("mails", Kind::Int), ("hits", Kind::Int)],
            "INSERT INTO experiment_arm (sequence, step, experiment, variant, mails, hits)
             SELECT sequence, step, experiment, variant, mails, hits
             FROM {input} AS i
             WHERE true
             ON CONFLICT (sequence, step, experiment, variant) DO UPDATE SET
                mails = experiment_arm.mails + excluded.mails, hits = experiment_arm.hits + excluded.hits",
        );
        if all.is_empty() {
            return Ok(());
        }
        let (mut experiments, mut arms) = (BTreeMap::new(), BTreeMap::<_, (i64, i64)>::new());
        for tally in all {
            experiments.insert(&tally.counts.key, tally.counts.by.as_deref());
            let arm = arms.entry((&tally.counts.key, &tally.variant)).or_default();
            *arm = (arm.0 + tally.mails, arm.1 + tally.hits);
        }
        let open = rows(experiments.iter().map(|(key, by)| (&key.sequence, &key.step, &key.experiment, by)));
        self.run("open experiments", &OPEN, vec![open.into(), now.into()]).await?;
        self.lock_experiments(keys(experiments.into_keys())).await?;
        let arms = arms
            .into_iter()
            .map(|((key, variant), (mails, hits))| (&key.sequence, &key.step, &key.experiment, variant, mails, hits));
        self.run("count mails of variants", &COUNT, vec![rows(arms).into()]).await.map(drop)
    }

    async fn lock_experiments(&mut self, input: Rows) -> Result<(), StoreError> {
        static LOCK: Statement = Statement::batch(
            &KEY,
            "SELECT sequence
             FROM experiment
             WHERE (sequence, step, experiment) IN (SELECT sequence, step, experiment FROM {input} AS i)
             ORDER BY sequence, step, experiment
             {for update}",
        );
        if self.is_shared() {
            self.fetch("lock experiments", &LOCK, vec![input.into()]).await?;
        }
        Ok(())
    }

    /// What was counted of the variants of these experiments.
    pub async fn counted(&mut self, of: &[&Key]) -> Result<BTreeMap<Key, Vec<Arm>>, StoreError> {
        static COUNTED: Statement = Statement::batch(
            &KEY,
            "SELECT sequence, step, experiment, variant, mails, hits
             FROM experiment_arm
             WHERE (sequence, step, experiment) IN (SELECT sequence, step, experiment FROM {input} AS i)
             ORDER BY sequence, step, experiment, variant",
        );
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = keys(of.iter().copied());
        by_key(&self.fetch("read what was counted of variants", &COUNTED, vec![input.into()]).await?)
    }

    /// Writes down that a variant has won, unless one has already.
    pub async fn declare(&mut self, won: &Won<'_>, now: Instant) -> Result<(), StoreError> {
        static DECLARE: Statement = Statement::new(
            "UPDATE experiment
             SET winner = $4, won_at = $5, figures = $6
             WHERE sequence = $1 AND step = $2 AND experiment = $3 AND winner IS NULL",
        );
        let Key { sequence, step, experiment } = won.key;
        let key = [sequence, step, experiment].map(|part| part.as_str().into());
        let args = key.into_iter().chain([won.variant.into(), now.into(), won.figures.into()]).collect();
        self.run("write down a winner", &DECLARE, args).await.map(drop)
    }

    /// The experiments that have a winner.
    pub async fn winners(&mut self) -> Result<BTreeMap<Key, String>, StoreError> {
        winners(&self.fetch("read the winners of experiments", &WINNERS, vec![]).await?)
    }
}

static WINNERS: Statement = Statement::new(
    "SELECT sequence, step, experiment, winner
     FROM experiment
     WHERE winner IS NOT NULL
     ORDER BY sequence, step, experiment",
);

impl Store {
    /// The experiments that have a winner.
    pub async fn winners(&self) -> Result<BTreeMap<Key, String>, StoreError> {
        winners(&self.db.fetch("read the winners of experiments", &WINNERS, vec![]).await?)
    }
}

fn winners(found: &[Row]) -> Result<BTreeMap<Key, String>, StoreError> {
    found.iter().map(|row| Ok((key(row)?, row.text(3)?))).collect()
}

fn keys<'k>(all: impl Iterator<Item = &'k Key>) -> Rows {
    rows(all.map(|key| (&key.sequence, &key.step, &key.experiment)))
}

/// Reads an experiment's key from a row's first columns.
pub(super) fn key(row: &Row) -> Result<Key, StoreError> {
    Ok(Key { sequence: row.text(0)?, step: row.text(1)?, experiment: row.text(2)? })
}

/// Reads what was counted, each row a key, a variant and its counts.
pub(super) fn by_key(found: &[Row]) -> Result<BTreeMap<Key, Vec<Arm>>, StoreError> {
    let mut all = BTreeMap::<Key, Vec<Arm>>::new();
    for row in found {
        let count = |place| row.int(place).map(|count| u64::try_from(count).unwrap_or(0));
        let arm = Arm { variant: row.text(3)?, mails: count(4)?, hits: count(5)? };
        all.entry(key(row)?).or_default().push(arm);
    }
    Ok(all)
}
