//! The narrow waist: the only file that knows that there are two drivers.

use serde_json::Value;
use sqlx::postgres::{PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Postgres, Row as _, Sqlite, Transaction};

use super::error::{StoreError, Trouble};
use super::sql::{Dialect, Rows, Slot, Statement};

/// The connections of an open store.
#[derive(Clone, Debug)]
pub(super) enum Db {
    Sqlite {
        /// One connection; absent when opened for reading.
        writer: Option<SqlitePool>,
        readers: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        writes: bool,
    },
}

/// A transaction under way.
pub(super) enum Work {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection a statement runs on.
pub(super) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A value bound to a statement's `$n`.
#[derive(Clone, Debug)]
pub(super) enum Arg {
    Text(String),
    MaybeText(Option<String>),
    Int(i64),
    MaybeInt(Option<i64>),
    Real(f64),
    /// The batch of a statement, its `$1`.
    Rows(Rows),
}

impl From<Rows> for Arg {
    fn from(rows: Rows) -> Self {
        Self::Rows(rows)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<&str>> for Arg {
    fn from(text: Option<&str>) -> Self {
        Self::MaybeText(text.map(str::to_owned))
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Option<i64>> for Arg {
    fn from(number: Option<i64>) -> Self {
        Self::MaybeInt(number)
    }
}

impl From<f64> for Arg {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<crate::domain::time::Instant> for Arg {
    fn from(at: crate::domain::time::Instant) -> Self {
        Self::Int(at.0)
    }
}

impl From<Option<crate::domain::time::Instant>> for Arg {
    fn from(at: Option<crate::domain::time::Instant>) -> Self {
        Self::MaybeInt(at.map(|at| at.0))
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A row that came back, read by place.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub(super) fn $name(&self, place: usize) -> Result<$type, StoreError> {
            match self {
                Self::Sqlite(row) => row.try_get(place),
                Self::Postgres(row) => row.try_get(place),
            }
            .map_err(StoreError::at("read a row"))
        }
    };
}

impl Row {
    getter!(text, String);
    getter!(maybe_text, Option<String>);
    getter!(int, i64);
    getter!(maybe_int, Option<i64>);
    getter!(real, f64);
    getter!(maybe_bytes, Option<Vec<u8>>);

    pub(super) fn instant(&self, place: usize) -> Result<crate::domain::time::Instant, StoreError> {
        self.int(place).map(crate::domain::time::Instant)
    }

    pub(super) fn maybe_instant(&self, place: usize) -> Result<Option<crate::domain::time::Instant>, StoreError> {
        Ok(self.maybe_int(place)?.map(crate::domain::time::Instant))
    }
}

impl Conn<'_> {
    /// Runs a statement and gives its rows, in no order that could be relied upon where it runs over a batch.
    pub(super) async fn fetch(
        self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        count();
        match self {
            Self::Sqlite(conn) => {
                let mut found = Vec::new();
                for (text, args) in Pieces::of(statement, args) {
                    let rows = bind(sqlx::query(text), args).fetch_all(&mut *conn).await;
                    found.extend(rows.map_err(StoreError::at(attempted))?.into_iter().map(Row::Sqlite));
                }
                Ok(found)
            }
            Self::Postgres(conn) => {
                let rows = bind(sqlx::query(statement.text(Dialect::Postgres)), args).fetch_all(conn).await;
                Ok(rows.map_err(StoreError::at(attempted))?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Runs a statement and gives the number of rows it changed.
    pub(super) async fn run(
        self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        count();
        match self {
            Self::Sqlite(conn) => {
                let mut changed = 0;
                for (text, args) in Pieces::of(statement, args) {
                    let done = bind(sqlx::query(text), args).execute(&mut *conn).await;
                    changed += done.map_err(StoreError::at(attempted))?.rows_affected();
                }
                Ok(changed)
            }
            Self::Postgres(conn) => {
                let done = bind(sqlx::query(statement.text(Dialect::Postgres)), args).execute(conn).await;
                Ok(done.map_err(StoreError::at(attempted))?.rows_affected())
            }
        }
    }
}

/// Counts what the database is asked for: over a batch once, however many pieces it has.
fn count() {
    metrics::counter!("overture_statements_total").increment(1);
}

/// A statement with its arguments as SQLite runs it: once, or over a batch in pieces.
struct Pieces {
    statement: &'static Statement,
    /// `None` once it ran that runs once.
    once: Option<Vec<Arg>>,
    rows: std::vec::IntoIter<Vec<Value>>,
    /// Its other arguments, from `$2` on.
    others: Vec<Arg>,
}

impl Pieces {
    fn of(statement: &'static Statement, mut args: Vec<Arg>) -> Self {
        if !matches!(args.first(), Some(Arg::Rows(_))) {
            return Self { statement, once: Some(args), rows: Vec::new().into_iter(), others: Vec::new() };
        }
        let others = args.split_off(1);
        let rows = match args.pop() {
            Some(Arg::Rows(rows)) => rows.into_inner(),
            _ => Vec::new(),
        };
        Self { statement, once: None, rows: rows.into_iter(), others }
    }
}

impl Iterator for Pieces {
    type Item = (&'static str, Vec<Arg>);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(args) = self.once.take() {
            return Some((self.statement.text(Dialect::Sqlite), args));
        }
        let left = self.rows.len();
        if left == 0 {
            return None;
        }
        let (sized, take) = self.statement.piece(left);
        let mut args = Vec::new();
        for slot in &sized.order {
            match slot {
                Slot::Arg(number) => args.extend(self.others.get(number.wrapping_sub(2)).cloned()),
                Slot::Rows => args.extend(self.rows.by_ref().take(take).flatten().map(Arg::from)),
            }
        }
        Some((&sized.text, args))
    }
}

/// A cell of a batch.
impl From<Value> for Arg {
    fn from(cell: Value) -> Self {
        match cell {
            Value::Null => Self::MaybeText(None),
            Value::Bool(yes) => Self::Int(i64::from(yes)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, real) => Self::Real(real.unwrap_or_default()),
            },
            Value::String(text) => Self::Text(text),
            document @ (Value::Array(_) | Value::Object(_)) => Self::Text(document.to_string()),
        }
    }
}

type Query<DB> = sqlx::query::Query<'static, DB, <DB as sqlx::Database>::Arguments>;

fn bind<DB: sqlx::Database>(query: Query<DB>, args: Vec<Arg>) -> Query<DB>
where
    String: sqlx::Encode<'static, DB> + sqlx::Type<DB>,
    Option<String>: sqlx::Encode<'static, DB> + sqlx::Type<DB>,
    i64: sqlx::Encode<'static, DB> + sqlx::Type<DB>,
    Option<i64>: sqlx::Encode<'static, DB> + sqlx::Type<DB>,
    f64: sqlx::Encode<'static, DB> + sqlx::Type<DB>,
{
    args.into_iter().fold(query, |query, arg| match arg {
        Arg::Text(text) => query.bind(text),
        Arg::MaybeText(text) => query.bind(text),
        Arg::Int(number) => query.bind(number),
        Arg::MaybeInt(number) => query.bind(number),
        Arg::Real(number) => query.bind(number),
        Arg::Rows(rows) => query.bind(rows.json()),
    })
}

impl Work {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(work) => Conn::Sqlite(work),
            Self::Postgres(work) => Conn::Postgres(work),
        }
    }
}

impl Db {
    /// Begins a transaction that may write. SQLite's takes the write lock at once: one that began by reading could not.
    pub(super) async fn begin(&self) -> Result<Work, StoreError> {
        const ATTEMPTED: &str = "begin a transaction";
        match self {
            Self::Sqlite { writer: Some(writer), .. } => {
                const BEGIN: &str = "BEGIN IMMEDIATE";
                if let Ok(work) = writer.begin_with(BEGIN).await {
                    return Ok(Work::Sqlite(work));
                }
                // SQLite itself ends a transaction that a full disk broke, and the driver does not hear of it: its connection can
                // begin nothing any more, so a new one takes its place.
                let broken = writer.acquire().await.map_err(StoreError::at(ATTEMPTED))?;
                drop(broken.close().await);
                writer.begin_with(BEGIN).await.map(Work::Sqlite).map_err(StoreError::at(ATTEMPTED))
            }
            Self::Postgres { pool, writes: true } => {
                pool.begin().await.map(Work::Postgres).map_err(StoreError::at(ATTEMPTED))
            }
            Self::Sqlite { writer: None, .. } | Self::Postgres { writes: false, .. } => {
                Err(StoreError::new(ATTEMPTED, Trouble::ReadOnly))
            }
        }
    }

    /// Runs a reading statement outside of any transaction.
    pub(super) async fn fetch(
        &self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                let mut conn = readers.acquire().await.map_err(StoreError::at(attempted))?;
                Conn::Sqlite(&mut conn).fetch(attempted, statement, args).await
            }
            Self::Postgres { pool, .. } => {
                let mut conn = pool.acquire().await.map_err(StoreError::at(attempted))?;
                Conn::Postgres(&mut conn).fetch(attempted, statement, args).await
            }
        }
    }
}
