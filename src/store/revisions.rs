//! Versions of files: each is kept for ever, since what is in flight finishes the version it began.

use std::collections::{BTreeMap, BTreeSet};

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::time::Instant;

/// One version of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The hash of its content.
    pub version: String,
    /// What the file is: `sequence`, `template`, `scoring`, `team`, …
    pub kind: String,
    pub name: String,
    /// The content, as JSON.
    pub source: String,
    pub commit: Option<String>,
    pub file: String,
    pub stored_at: Instant,
}

/// Where a version came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub commit: Option<String>,
    pub file: String,
}

fn revision(row: &Row) -> Result<Revision, StoreError> {
    Ok(Revision {
        version: row.text(0)?,
        kind: row.text(1)?,
        name: row.text(2)?,
        source: row.text(3)?,
        commit: row.maybe_text(4)?,
        file: row.text(5)?,
        stored_at: row.instant(6)?,
    })
}

static ONE: Statement = Statement::new(
    "SELECT version, kind, name, source, commit_id, file, stored_at
     FROM revision
     WHERE version = $1",
);

impl Tx {
    /// Keeps a version, and makes it the one new work takes. One that is kept already stays as it is, but for the commit it is from, if that
    /// was not known. Says whether it is now in force and was not before.
    pub async fn store_revision(&mut self, new: &Revision) -> Result<bool, StoreError> {
        static STORE: Statement = Statement::new(
            "INSERT INTO revision (version, kind, name, source, commit_id, file, stored_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (version) DO UPDATE SET commit_id = excluded.commit_id
             WHERE revision.commit_id IS NULL AND excluded.commit_id IS NOT NULL",
        );
        static POINT: Statement = Statement::new(
            "INSERT INTO current_revision (kind, name, version, since)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, since = excluded.since
             WHERE current_revision.version <> excluded.version",
        );
        let args = vec![
            new.version.as_str().into(),
            new.kind.as_str().into(),
            new.name.as_str().into(),
            new.source.as_str().into(),
            new.commit.as_deref().into(),
            new.file.as_str().into(),
            new.stored_at.into(),
        ];
        self.run("keep a version", &STORE, args).await?;
        let args =
            vec![new.kind.as_str().into(), new.name.as_str().into(), new.version.as_str().into(), new.stored_at.into()];
        Ok(self.run("put a version in force", &POINT, args).await? > 0)
    }

    /// Notes the commit a version is from, if it is kept and that was not known.
    pub async fn learn_commit(&mut self, of: &Revision) -> Result<(), StoreError> {
        static LEARN: Statement =
            Statement::new("UPDATE revision SET commit_id = $2 WHERE version = $1 AND commit_id IS NULL");
        let Some(commit) = of.commit.as_deref() else { return Ok(()) };
        self.run("note the commit of a version", &LEARN, vec![of.version.as_str().into(), commit.into()])
            .await
            .map(drop)
    }

    /// One version, over this transaction's own connection.
    pub async fn revision(&mut self, version: &str) -> Result<Option<Revision>, StoreError> {
        self.fetch("read a version", &ONE, vec![version.into()]).await?.first().map(revision).transpose()
    }

    /// Takes a file out of force: nothing new begins with it. Says whether it was in force.
    pub async fn retire(&mut self, kind: &str, name: &str) -> Result<bool, StoreError> {
        static RETIRE: Statement = Statement::new("DELETE FROM current_revision WHERE kind = $1 AND name = $2");
        Ok(self.run("take a file out of force", &RETIRE, vec![kind.into(), name.into()]).await? > 0)
    }
}

impl Store {
    /// The versions in force, by kind and name.
    pub async fn current_revisions(&self) -> Result<Vec<Revision>, StoreError> {
        static CURRENT: Statement = Statement::new(
            "SELECT r.version, r.kind, r.name, r.source, r.commit_id, r.file, r.stored_at
             FROM current_revision AS c
             JOIN revision AS r ON r.version = c.version
             ORDER BY r.kind, r.name",
        );
        self.db.fetch("read the versions in force", &CURRENT, vec![]).await?.iter().map(revision).collect()
    }

    /// Sequence and version of everything that has not ended, whether still in force or not.
    pub async fn versions_in_flight(&self) -> Result<Vec<(String, String)>, StoreError> {
        static IN_FLIGHT: Statement = Statement::new(
            "SELECT DISTINCT sequence, version
             FROM enrollment
             WHERE state IN ('active', 'paused', 'held')
             ORDER BY sequence, version",
        );
        let found = self.db.fetch("read the versions in flight", &IN_FLIGHT, vec![]).await?;
        found.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }

    /// Where versions came from, by version.
    pub async fn origins(&self, versions: &BTreeSet<&str>) -> Result<BTreeMap<String, Origin>, StoreError> {
        static ORIGINS: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT version, commit_id, file FROM revision WHERE version IN (SELECT asked FROM {input} AS i)",
        );
        if versions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(versions.iter().map(|version| (version,)));
        let found = self.db.fetch("read where versions came from", &ORIGINS, vec![input.into()]).await?;
        found.iter().map(|row| Ok((row.text(0)?, Origin { commit: row.maybe_text(1)?, file: row.text(2)? }))).collect()
    }

    /// One version.
    pub async fn revision(&self, version: &str) -> Result<Option<Revision>, StoreError> {
        self.db.fetch("read a version", &ONE, vec![version.into()]).await?.first().map(revision).transpose()
    }

    /// Every version ever stored of one kind, oldest first.
    pub async fn all_revisions(&self, kind: &str) -> Result<Vec<Revision>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT version, kind, name, source, commit_id, file, stored_at
             FROM revision
             WHERE kind = $1
             ORDER BY stored_at, version",
        );
        self.db.fetch("read versions", &ALL, vec![kind.into()]).await?.iter().map(revision).collect()
    }

    /// All versions of one file, the newest first.
    pub async fn revisions_of(&self, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT version, kind, name, source, commit_id, file, stored_at
             FROM revision
             WHERE kind = $1 AND name = $2
             ORDER BY stored_at DESC, version",
        );
        let found = self.db.fetch("read the versions of a file", &ALL, vec![kind.into(), name.into()]).await?;
        found.iter().map(revision).collect()
    }
}
