//! A transaction: the only way to write, so that what belongs together is kept together.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::db::{Arg, Row, Work};
use super::error::StoreError;
use super::fault::Fault;
use super::open::Shared;
use super::sql::Statement;
use crate::domain::id::LeadId;

/// A transaction under way; dropped without [`Tx::commit`] it is undone.
pub struct Tx {
    work: Work,
    pub(super) shared: Arc<Shared>,
    /// Leads that were loaded with events which their documents did not hold.
    pub(super) trailing: BTreeSet<LeadId>,
}

impl Tx {
    pub(super) const fn new(work: Work, shared: Arc<Shared>) -> Self {
        Self { work, shared, trailing: BTreeSet::new() }
    }

    /// Ends the transaction; what it wrote is on the disk when this returns.
    pub async fn commit(self) -> Result<(), StoreError> {
        let (fault, shared) = (self.shared.faults.strike_commit(), self.is_shared());
        let done = match (fault, self.work) {
            (None | Some(Fault::Unknown), Work::Sqlite(work)) => work.commit().await,
            (None | Some(Fault::Unknown), Work::Postgres(work)) => work.commit().await,
            (Some(_), Work::Sqlite(work)) => work.rollback().await,
            (Some(_), Work::Postgres(work)) => work.rollback().await,
        };
        let done = fault.map_or(done, |fault| Err(fault.error(shared))).map_err(StoreError::at("commit"));
        match &done {
            Ok(()) => self.shared.health.well(),
            Err(error) => self.shared.health.note(error),
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
        self.strike(attempted)?;
        self.work.conn().fetch(attempted, statement, args).await.inspect_err(|error| self.shared.health.note(error))
    }

    /// Fails where a test wants it; an answer that is lost belongs to commits alone.
    fn strike(&self, attempted: &'static str) -> Result<(), StoreError> {
        let Some(fault) = self.shared.faults.strike() else { return Ok(()) };
        let error = StoreError::at(attempted)(fault.error(self.is_shared()));
        self.shared.health.note(&error);
        Err(error)
    }

    pub(super) async fn run(
        &mut self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        self.strike(attempted)?;
        self.work.conn().run(attempted, statement, args).await.inspect_err(|error| self.shared.health.note(error))
    }
}
