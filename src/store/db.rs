//! The narrow waist: the only file that knows that there are two drivers.

use sqlx::postgres::{PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Postgres, Row as _, Sqlite, Transaction};

use super::error::{StoreError, Trouble};
use super::sql::{Dialect, Statement};

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
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and gives its rows.
    pub(super) async fn fetch(
        self,
        attempted: &'static str,
        statement: &'static Statement,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        let text = statement.text(self.dialect());
        match self {
            Self::Sqlite(conn) => {
                let rows = bind(sqlx::query(text), args).fetch_all(conn).await;
                Ok(rows.map_err(StoreError::at(attempted))?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let rows = bind(sqlx::query(text), args).fetch_all(conn).await;
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
        let text = statement.text(self.dialect());
        match self {
            Self::Sqlite(conn) => bind(sqlx::query(text), args).execute(conn).await.map(|done| done.rows_affected()),
            Self::Postgres(conn) => bind(sqlx::query(text), args).execute(conn).await.map(|done| done.rows_affected()),
        }
        .map_err(StoreError::at(attempted))
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
