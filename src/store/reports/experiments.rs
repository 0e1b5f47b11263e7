//! Mails that are or were tried in several variants.

use super::super::error::StoreError;
use super::super::experiments::{by_key, key};
use super::super::sql::Statement;
use super::Reports;
use crate::domain::experiment::{Arm, Key};
use crate::domain::time::Instant;

/// One experiment, as far as anything was counted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentLine {
    pub key: Key,
    /// The event that is a success, if a winner was asked for.
    pub success: Option<String>,
    /// When its first mail was counted.
    pub began_at: Instant,
    pub winner: Option<String>,
    pub won_at: Option<Instant>,
    /// What the winner was found by, as JSON.
    pub figures: Option<String>,
    /// By the names of the variants.
    pub arms: Vec<Arm>,
}

impl Reports<'_> {
    /// All experiments there ever were, of one sequence or of all; of one step the newest first.
    pub async fn experiments(&self, sequence: Option<&str>) -> Result<Vec<ExperimentLine>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT sequence, step, experiment, success, began_at, winner, won_at, figures
             FROM experiment
             WHERE sequence = COALESCE($1, sequence)
             ORDER BY sequence, step, began_at DESC, experiment",
        );
        static ARMS: Statement = Statement::new(
            "SELECT sequence, step, experiment, variant, mails, hits
             FROM experiment_arm
             WHERE sequence = COALESCE($1, sequence)
             ORDER BY sequence, step, experiment, variant",
        );
        let db = &self.store.db;
        let found = db.fetch("read experiments", &ALL, vec![sequence.into()]).await?;
        let arms = db.fetch("read what was counted of variants", &ARMS, vec![sequence.into()]).await?;
        let mut arms = by_key(&arms)?;
        let line = |row: &super::super::db::Row| {
            let key = key(row)?;
            Ok(ExperimentLine {
                success: row.maybe_text(3)?,
                began_at: row.instant(4)?,
                winner: row.maybe_text(5)?,
                won_at: row.maybe_instant(6)?,
                figures: row.maybe_text(7)?,
                arms: arms.remove(&key).unwrap_or_default(),
                key,
            })
        };
        found.iter().map(line).collect()
    }
}
