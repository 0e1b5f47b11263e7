//! Opening a store: where it is, whether it may be written, and how its connections are set up so that a commit is durable.

use std::fmt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::db::Db;
use super::error::{StoreError, Trouble};
use super::fault::Faults;
use super::health::Health;
use super::lock::FolderLock;
use super::merges::Merged;
use super::sql::Statement;
use super::tx::Tx;
use crate::domain::time::Instant;

const ATTEMPTED: &str = "open the store";
/// How long a connection waits for another's lock before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 8;
/// What the writing connection may keep in memory: the queues and the upper levels of its indexes (in KiB, written negative).
const CACHE: &str = "-16384";
/// The same for each of those that read: they are many, and the system caches the file.
const READ_CACHE: &str = "-1024";
/// Pages the log of changes may hold before they go to their places in the database, at least and at most: a page that changes often
/// is then moved once for many commits.
const LOG_PAGES: (u64, u64) = (1_000, 8_192);
const PAGE: u64 = 4_096;
/// The share of the disk's room that the log may take: a small disk must not be full of it.
const LOG_SHARE: u64 = 16;
/// Rows that a statement hands over at once: fewer make the two threads wait for each other.
const ROWS: usize = 1_024;

/// What every session of PostgreSQL is set to. A server may default to less than a durable commit. A daemon that hangs, or is cut off, in the
/// middle of a transaction must not keep its leads locked from the others for ever. The plans: whatever is read is
/// read by its index, in its order; statistics lag behind a queue that fills and empties, and a plan that trusts them reads and sorts
/// all that waits to claim a few. (Plans that are ruled out are priced high, for which a server would compile them: hence no `jit`.)
const SESSION: [(&str, &str); 8] = [
    ("synchronous_commit", "on"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
];

/// Where the data is.
#[derive(Clone)]
pub enum Location {
    /// `overture.db` in this folder.
    Sqlite {
        dir: PathBuf,
    },
    /// In memory, gone with the store: for rehearsals.
    Memory,
    Postgres {
        url: String,
        connections: u32,
    },
}

/// The address of a PostgreSQL holds a password and is not shown.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { dir } => f.debug_struct("Sqlite").field("dir", dir).finish(),
            Self::Memory => f.write_str("Memory"),
            Self::Postgres { connections, .. } => {
                f.debug_struct("Postgres").field("connections", connections).finish_non_exhaustive()
            }
        }
    }
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Write,
    /// Beside a daemon that writes.
    ReadOnly,
}

/// An open store; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) db: Db,
    pub(super) shared: Arc<Shared>,
    _lock: Option<Arc<FolderLock>>,
}

/// What the clones of a store, and its transactions, know together.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) sweep: Sweep,
    pub(super) health: Health,
    pub(super) faults: Faults,
    /// What the one process that writes knows of leads that were taken in by others.
    pub(super) merged: Merged,
}

/// How far the claim of wakes has come on PostgreSQL, where a range read would step over dead entries again and again.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    pub(super) floor: AtomicI64,
    pub(super) swept_at: AtomicI64,
}

impl Store {
    /// Opens a store. Its schema is brought up to date by [`Store::migrate`]; one opened for reading must be up to date already.
    ///
    /// # Errors
    /// The folder is in use by another process, there is nothing to read, the database is of a newer or older program, or it cannot
    /// be reached.
    pub async fn open(location: &Location, access: Access) -> Result<Self, StoreError> {
        let (db, lock) = match location {
            Location::Sqlite { dir } => open_folder(dir, access).await?,
            Location::Memory => (open_memory().await?, None),
            Location::Postgres { url, connections } => (open_server(url, *connections, access).await?, None),
        };
        let store = Self { db, shared: Arc::default(), _lock: lock.map(Arc::new) };
        if access == Access::ReadOnly {
            store.check_schema().await?;
        }
        Ok(store)
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        if let Some(fault) = self.shared.faults.strike() {
            return Err(StoreError::at("begin a transaction")(fault.error(self.is_shared())));
        }
        let work = self.db.begin().await.inspect_err(|error| self.shared.health.note(error))?;
        Ok(Tx::new(work, Arc::clone(&self.shared)))
    }

    /// Where a test lets a write fail.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What stood in the way of the last write, with its cause; `None` once one went through again.
    pub fn trouble(&self) -> Option<String> {
        self.shared.health.trouble()
    }

    /// The database's own clock where several machines share it (PostgreSQL); `None` where the machine's clock is as good.
    pub async fn clock(&self) -> Result<Option<Instant>, StoreError> {
        static CLOCK: Statement = Statement::new("SELECT {clock $1}");
        if matches!(self.db, Db::Sqlite { .. }) {
            return Ok(None);
        }
        let rows = self.db.fetch("read the database's clock", &CLOCK, vec![0_i64.into()]).await?;
        rows.first().map(|row| row.instant(0)).transpose()
    }

    /// Answers whether the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        static PING: Statement = Statement::new("SELECT 1");
        self.db.fetch("reach the database", &PING, vec![]).await.map(drop)
    }

    /// Whether other processes may write to the same database.
    pub const fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres { .. })
    }

    /// Closes all connections; a transaction under way is undone.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                if let Some(writer) = writer {
                    writer.close().await;
                }
            }
            Db::Postgres { pool, .. } => pool.close().await,
        }
    }
}

async fn open_folder(dir: &Path, access: Access) -> Result<(Db, Option<FolderLock>), StoreError> {
    let file = dir.join("overture.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .busy_timeout(PATIENCE)
        .row_buffer_size(ROWS)
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    let readers = || readers(options.clone().read_only(true).pragma("cache_size", READ_CACHE));
    if access == Access::ReadOnly {
        if !file.exists() {
            return Err(StoreError::new(ATTEMPTED, Trouble::Missing { path: file }));
        }
        return Ok((Db::Sqlite { writer: None, readers: readers() }, None));
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| StoreError::new(ATTEMPTED, Trouble::File { path: dir.to_owned(), source }))?;
    let lock = FolderLock::take(dir)?;
    let writing = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", log_pages(dir).to_string());
    let writer = writer(writing).await?;
    Ok((Db::Sqlite { writer: Some(writer), readers: readers() }, Some(lock)))
}

/// How many pages the log may hold on this disk.
fn log_pages(dir: &Path) -> u64 {
    let (least, most) = LOG_PAGES;
    let room = rustix::fs::statvfs(dir).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    (room / LOG_SHARE / PAGE).clamp(least, most)
}

async fn open_memory() -> Result<Db, StoreError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // A leading slash shares the database among the connections of this process.
    let name = format!("/overture-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let options = SqliteConnectOptions::new()
        .filename(name)
        .vfs("memdb")
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let writer = writer(options.clone()).await?;
    Ok(Db::Sqlite { writer: Some(writer), readers: readers(options.pragma("query_only", "1")) })
}

/// The one connection that writes: two would wait for each other by sleeping, and one batches better.
async fn writer(options: SqliteConnectOptions) -> Result<sqlx::SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.statement_cache_capacity(200))
        .await
        .map_err(StoreError::at(ATTEMPTED))
}

/// Opened when first asked for, since the file may not stand yet.
fn readers(options: SqliteConnectOptions) -> sqlx::SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

async fn open_server(url: &str, connections: u32, access: Access) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(StoreError::at("read the database's address"))?;
    let options =
        options.application_name("overture").options(SESSION).statement_cache_capacity(200).disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(connections.max(2))
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(StoreError::at("reach the database"))?;
    Ok(Db::Postgres { pool, writes: access == Access::Write })
}
