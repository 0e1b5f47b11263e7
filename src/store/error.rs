//! An error of the store says what was attempted and of what kind the trouble is, because that decides whether to try again.

use std::fmt;
use std::path::PathBuf;

/// Something the store could not do.
#[derive(Debug)]
pub struct StoreError {
    attempted: &'static str,
    trouble: Trouble,
}

/// What stood in the way.
#[derive(Debug)]
pub enum Trouble {
    /// The database said no.
    Database(sqlx::Error),
    /// A migration could not be carried out.
    Migration(sqlx::migrate::MigrateError),
    /// A file or folder could not be used.
    File { path: PathBuf, source: std::io::Error },
    /// Another process writes to this data folder.
    Taken { path: PathBuf, holder: String },
    /// A migration this program does not know was carried out on the database.
    Newer { found: i64, known: i64 },
    /// The database lacks migrations, and this access may not carry them out.
    Older { found: i64, known: i64 },
    /// A migration was carried out with another text than this program's.
    Altered { version: i64 },
    /// There is no database to read.
    Missing { path: PathBuf },
    /// The program is ending.
    Stopped,
    /// Only the embedded database can do this.
    NotEmbedded,
    /// A write was asked of a store that was opened for reading.
    ReadOnly,
    /// A row holds what this program cannot read.
    Unreadable { what: &'static str, id: String, why: String },
}

impl StoreError {
    /// The program ends before this could be written.
    pub const fn stopped() -> Self {
        Self { attempted: "write", trouble: Trouble::Stopped }
    }

    pub(super) const fn new(attempted: &'static str, trouble: Trouble) -> Self {
        Self { attempted, trouble }
    }

    /// Turns an error of the driver into ours; made for `map_err`.
    pub(super) fn at(attempted: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::new(attempted, Trouble::Database(error))
    }

    pub const fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// Whether the same transaction may well succeed when it is tried again: a deadlock, a lost connection, a busy or starting server, or
    /// somebody else who took its port while it is away and speaks another language.
    pub fn is_transient(&self) -> bool {
        let Trouble::Database(error) = &self.trouble else { return false };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
                true
            }
            _ => self.code().is_some_and(|code| match code.as_ref() {
                // SQLite: busy and locked, with their extended forms. PostgreSQL: serialization failure, deadlock, lock not
                // available, shutdown, crash, not yet started, too many connections, a transaction that idled too long.
                "5" | "261" | "517" | "6" | "262" => true,
                "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "53300" | "25P03" => true,
                other => other.starts_with("08"),
            }),
        }
    }

    /// Whether it would happen to anybody who writes now, so that trying the parts of a batch alone says nothing about them.
    pub fn hits_everybody(&self) -> bool {
        self.is_transient()
            || self.is_disk_full()
            || !matches!(self.trouble, Trouble::Database(_) | Trouble::Unreadable { .. })
    }

    /// The error with all that caused it, for the log.
    pub const fn in_full(&self) -> InFull<'_> {
        InFull(self)
    }

    /// Whether a row with the same unique value stands in the store.
    pub fn is_unique_violation(&self) -> bool {
        matches!(&self.trouble, Trouble::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether what was asked of has never been made: an empty PostgreSQL.
    pub(super) fn is_missing_table(&self) -> bool {
        self.code().is_some_and(|code| code == "42P01")
    }

    /// Whether the disk has no room, or does not take writes: nothing gets better until a person acts.
    pub fn is_disk_full(&self) -> bool {
        // SQLite: full, and failing writes. PostgreSQL: disk full, and errors of its files.
        self.code().is_some_and(|code| matches!(code.as_ref(), "13" | "778" | "1034" | "53100" | "58030"))
    }

    /// Whether another process holds the data folder.
    pub const fn is_taken(&self) -> bool {
        matches!(self.trouble, Trouble::Taken { .. })
    }

    /// Whether there is no database yet, or one without the last migrations: what a daemon mends in its first second.
    pub const fn is_unready(&self) -> bool {
        matches!(self.trouble, Trouble::Missing { .. } | Trouble::Older { .. })
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        match &self.trouble {
            Trouble::Database(sqlx::Error::Database(error)) => error.code(),
            _ => None,
        }
    }
}

/// An error and its causes in one line.
#[derive(Clone, Copy, Debug)]
pub struct InFull<'a>(&'a StoreError);

impl fmt::Display for InFull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            // The driver's errors repeat what caused them.
            let more = error.to_string();
            if !told.ends_with(&more) {
                told = format!("{told}: {more}");
            }
            cause = error.source();
        }
        f.write_str(&told)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}", self.attempted)?;
        match &self.trouble {
            Trouble::Database(_) if self.is_disk_full() => {
                write!(f, ": the disk is full; make room, nothing was written")
            }
            Trouble::Database(_) | Trouble::Migration(_) => Ok(()),
            Trouble::File { path, .. } => write!(f, ": {} cannot be used", path.display()),
            Trouble::Taken { path, holder } => write!(
                f,
                ": {} is in use by process {holder}; stop it, or let it do the work (a command run beside a daemon goes through it)",
                path.display()
            ),
            Trouble::Newer { found, known } => write!(
                f,
                ": the database was last used by a newer program (its schema is {found}, this program knows {known}); use that program"
            ),
            Trouble::Older { found, known } => write!(
                f,
                ": the database has schema {found} and this program needs {known}; start the daemon once, it migrates"
            ),
            Trouble::Altered { version } => write!(
                f,
                ": migration {version} was carried out with another text than this program has; the program is not of this database's line"
            ),
            Trouble::Missing { path } => {
                write!(f, ": there is no database at {}; start the daemon once", path.display())
            }
            Trouble::Stopped => write!(f, ": the program is ending"),
            Trouble::NotEmbedded => {
                write!(f, ": the data is in PostgreSQL; its own tools do this (pg_dump, pg_basebackup)")
            }
            Trouble::ReadOnly => write!(f, ": the store was opened for reading"),
            Trouble::Unreadable { what, id, why } => {
                write!(f, ": the {what} `{id}` is stored in a form this program cannot read: {why}")
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.trouble {
            Trouble::Database(error) => Some(error),
            Trouble::Migration(error) => Some(error),
            Trouble::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
