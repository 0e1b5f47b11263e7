//! A transaction: the only way to write, so that what belongs together is kept together.

use std::sync::Arc;

use super::db::{Arg, Row, Work};
use super::error::StoreError;
use super::health::Health;
use super::open::Sweep;
use super::sql::Statement;

/// A transaction under way; dropped without [`Tx::commit`] it is undone.
pub struct Tx {
    work: Work,
    pub(super) sweep: Arc<Sweep>,
    health: Arc<Health>,
}

impl Tx {
    pub(super) const fn new(work: Work, sweep: Arc<Sweep>, health: Arc<Health>) -> Self {
        Self { work, sweep, health }
    }

    /// Ends the transaction; what it wrote is on the disk when this returns.
    pub async fn commit(self) -> Result<(), StoreError> {
        let done = match self.work {
            Work::Sqlite(work) => work.commit().await,
            Work::Postgres(work) => work.commit().await,
        };
        let done = done.map_err(StoreError::at("commit"));
        match &done {
            Ok(()) => self.health.well(),
            Err(error) => self.health.note(error),
        }
        done
    }

    /// Undoes the transaction, and waits for that.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.work {
            Work::Sqlite(work) => work.rollback().await,
            Work::Postgres(work) => work.rollback().await,
        }
        .map_err(StoreError::at("undo a transaction"))
    }

    /// Whether others write beside this transaction.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.work, Work::Postgres(_))
    }

    pub(super) async fn fetch(
        &mut self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        self.work.conn().fetch(attempted, statement, args).await.inspect_err(|error| self.health.note(error))
    }

    pub(super) async fn run(
        &mut self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        self.work.conn().run(attempted, statement, args).await.inspect_err(|error| self.health.note(error))
    }
}
