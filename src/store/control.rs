//! What people and daemons tell each other through the store: pauses, small facts, heartbeats.

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::Statement;
use super::tx::Tx;
use crate::domain::time::Instant;

/// Something a person has stopped for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// `all`, `sequence:NAME` or `sender:NAME`.
    pub scope: String,
    pub since: Instant,
    pub by: String,
}

/// A daemon that uses the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    pub id: String,
    pub started_at: Instant,
    pub seen_at: Instant,
}

static PAUSES: Statement = Statement::new("SELECT scope, since, by FROM pause ORDER BY scope");
/// The same, so that a new pause waits for whoever read them and did not see it.
static PAUSES_KEPT: Statement = Statement::new("SELECT scope, since, by FROM pause ORDER BY scope {for key share}");

fn paused(row: &Row) -> Result<Paused, StoreError> {
    Ok(Paused { scope: row.text(0)?, since: row.instant(1)?, by: row.text(2)? })
}

impl Tx {
    /// The same, over this transaction's own connection: to ask for a second one while the first is held is how a pool stands still.
    pub async fn pauses(&mut self) -> Result<Vec<Paused>, StoreError> {
        let found = self.fetch("read pauses", &PAUSES_KEPT, vec![]).await?;
        found.iter().map(paused).collect()
    }

    /// Pauses a scope; one that is paused stays so since when it was. Says whether this made a change. When it is committed every
    /// transaction that read the pauses without it has ended.
    pub async fn pause(&mut self, pause: &Paused) -> Result<bool, StoreError> {
        // Not the strongest lock: who only looks, or makes a copy of the database for an hour, waits for nobody.
        static WAIT: Statement = Statement::new("LOCK TABLE pause IN EXCLUSIVE MODE");
        static PAUSE: Statement = Statement::new(
            "INSERT INTO pause (scope, since, by)
             VALUES ($1, $2, $3)
             ON CONFLICT (scope) DO NOTHING",
        );
        if self.is_shared() {
            self.run("wait for claims", &WAIT, vec![]).await?;
        }
        let args = vec![pause.scope.as_str().into(), pause.since.into(), pause.by.as_str().into()];
        Ok(self.run("pause", &PAUSE, args).await? > 0)
    }

    /// Ends a pause. Says whether there was one.
    pub async fn resume(&mut self, scope: &str) -> Result<bool, StoreError> {
        static RESUME: Statement = Statement::new("DELETE FROM pause WHERE scope = $1");
        Ok(self.run("resume", &RESUME, vec![scope.into()]).await? > 0)
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        static SET: Statement = Statement::new(
            "INSERT INTO meta (key, value)
             VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
        self.run("keep a fact of the installation", &SET, vec![key.into(), value.into()]).await.map(drop)
    }

    /// Sets a fact unless it is set, and gives what stands: of several processes all get the same.
    pub async fn meta_or(&mut self, key: &str, value: &str) -> Result<String, StoreError> {
        static SET: Statement =
            Statement::new("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING");
        static GET: Statement = Statement::new("SELECT value FROM meta WHERE key = $1");
        const ATTEMPTED: &str = "keep a fact of the installation";
        self.run(ATTEMPTED, &SET, vec![key.into(), value.into()]).await?;
        let found = self.fetch(ATTEMPTED, &GET, vec![key.into()]).await?;
        found.first().map_or_else(|| Ok(value.to_owned()), |row| row.text(0))
    }

    /// Notes that a daemon lives.
    pub async fn heartbeat(&mut self, id: &str, now: Instant) -> Result<(), StoreError> {
        static BEAT: Statement = Statement::new(
            "INSERT INTO daemon (id, started_at, seen_at)
             VALUES ($1, $2, $2)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        );
        self.run("note that the daemon lives", &BEAT, vec![id.into(), now.into()]).await.map(drop)
    }

    /// Strikes a daemon off that ends, and all not seen since `before`.
    pub async fn farewell(&mut self, id: &str, before: Instant) -> Result<(), StoreError> {
        static STRIKE: Statement = Statement::new("DELETE FROM daemon WHERE id = $1 OR seen_at < $2");
        self.run("note that the daemon ends", &STRIKE, vec![id.into(), before.into()]).await.map(drop)
    }
}

impl Store {
    /// All pauses, by scope.
    pub async fn pauses(&self) -> Result<Vec<Paused>, StoreError> {
        let found = self.db.fetch("read pauses", &PAUSES, vec![]).await?;
        found.iter().map(paused).collect()
    }

    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        static GET: Statement = Statement::new("SELECT value FROM meta WHERE key = $1");
        let found = self.db.fetch("read a fact of the installation", &GET, vec![key.into()]).await?;
        found.first().map(|row| row.text(0)).transpose()
    }

    /// All daemons on record, by id.
    pub async fn daemons(&self) -> Result<Vec<Daemon>, StoreError> {
        static ALL: Statement = Statement::new("SELECT id, started_at, seen_at FROM daemon ORDER BY id");
        let found = self.db.fetch("read daemons", &ALL, vec![]).await?;
        found
            .iter()
            .map(|row| Ok(Daemon { id: row.text(0)?, started_at: row.instant(1)?, seen_at: row.instant(2)? }))
            .collect()
    }
}
