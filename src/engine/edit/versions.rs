//! The versions a file had: when each came, from which commit, who is in it, and what changed from one to another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use similar::TextDiff;

use super::{KIND, MODEL};
use crate::domain::time::Instant;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::revisions::Revision;

/// Lines shown around each change.
const CONTEXT: usize = 3;

/// Whose versions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    Sequence(&'a str),
    /// The scoring file.
    Scoring,
}

impl<'a> Subject<'a> {
    /// What it is called among versions: kind and name.
    const fn key(self) -> (&'static str, &'a str) {
        match self {
            Self::Sequence(name) => (KIND, name),
            Self::Scoring => (MODEL, MODEL),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(name) => write!(f, "sequence `{name}`"),
            Self::Scoring => f.write_str("scoring file"),
        }
    }
}

/// One version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    pub version: String,
    pub stored_at: Instant,
    pub commit: Option<String>,
    pub file: String,
    /// Whether new enrollments get it, or every lead is scored by it.
    pub current: bool,
    /// Whether it is in force for those in flight.
    pub applied: bool,
    /// Enrollments in it; of a sequence alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
}

/// Why versions cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    #[error("{0}")]
    Unknown(String),
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl From<StoreError> for VersionError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl Engine {
    /// All versions of a file, the newest first.
    ///
    /// # Errors
    /// There never was such a file, or the store cannot be read.
    pub async fn versions_of(&self, subject: Subject<'_>) -> Result<Vec<Version>, VersionError> {
        let stored = self.stored(subject).await?;
        let (kind, name) = subject.key();
        let current = self.store.current_revisions().await?;
        let current = current.iter().find(|one| one.kind == kind && one.name == name).map(|one| one.version.clone());
        let applied = self.store.applied().await?;
        let applied = applied.iter().find(|one| one.kind == kind && one.name == name).map(|one| one.version.clone());
        let counts = match subject {
            Subject::Sequence(name) => Some(self.store.in_versions(name).await?),
            Subject::Scoring => None,
        };
        let count = |version: &str, running: bool| -> Option<i64> {
            let of = counts.as_ref()?.iter().filter(|one| one.version == version);
            let of = of.filter(|one| matches!(one.state.as_str(), "active" | "paused" | "held") == running);
            Some(of.map(|one| one.count).sum())
        };
        let shape = |one: Revision| Version {
            running: count(&one.version, true),
            ended: count(&one.version, false),
            current: current.as_ref() == Some(&one.version),
            applied: applied.as_ref() == Some(&one.version),
            version: one.version,
            stored_at: one.stored_at,
            commit: one.commit,
            file: one.file,
        };
        Ok(stored.into_iter().map(shape).collect())
    }

    /// What changed in a file, and in the templates of a sequence, as a unified diff: from the version before the newest to the newest, unless
    /// others are named by the beginnings of their hashes.
    ///
    /// # Errors
    /// There is no such file or version, or the store cannot be read.
    pub async fn diff_of(
        &self,
        subject: Subject<'_>,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Result<String, VersionError> {
        let stored = self.stored(subject).await?;
        let find = |wanted: &str| {
            let mut found = stored.iter().filter(|one| one.version.starts_with(wanted));
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one),
                _ => Err(VersionError::Unknown(format!("`{wanted}` names no single version of the {subject}"))),
            }
        };
        let new = new.map_or_else(|| Ok(&stored[0]), find)?;
        let old = match old {
            Some(old) => Some(find(old)?),
            None => stored.iter().skip_while(|one| one.version != new.version).nth(1),
        };
        Ok(self.changes(old, new))
    }

    /// What changed from one version to another, as a unified diff.
    pub(super) fn changes(&self, old: Option<&Revision>, new: &Revision) -> String {
        let texts = |one: Option<&Revision>| -> BTreeMap<String, String> {
            one.zip(self.reader.get()).map(|(one, reader)| (reader.texts)(one)).unwrap_or_default()
        };
        let version = |one: Option<&Revision>| {
            one.map_or_else(String::new, |one| one.version.chars().take(12).collect::<String>())
        };
        unified((&texts(old), &version(old)), (&texts(Some(new)), &version(Some(new))))
    }

    async fn stored(&self, subject: Subject<'_>) -> Result<Vec<Revision>, VersionError> {
        let (kind, name) = subject.key();
        let stored = self.store.revisions_of(kind, name).await?;
        if stored.is_empty() {
            return Err(VersionError::Unknown(format!("no version of a {subject} was ever stored")));
        }
        Ok(stored)
    }
}

type Texts<'a> = (&'a BTreeMap<String, String>, &'a str);

fn unified((old, old_version): Texts<'_>, (new, new_version): Texts<'_>) -> String {
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let mut all = String::new();
    for path in paths {
        let (before, after) = (old.get(path), new.get(path));
        if before == after {
            continue;
        }
        let head = |text: Option<&String>, side: &str, version: &str| {
            text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{side}/{path}\t{version}"))
        };
        let (from, to) = (head(before, "a", old_version), head(after, "b", new_version));
        let diff = TextDiff::from_lines(before.map_or("", String::as_str), after.map_or("", String::as_str));
        all += &diff.unified_diff().context_radius(CONTEXT).header(&from, &to).to_string();
    }
    all
}
