//! The versions a sequence had: when each came, from which commit, who is in it, and what changed from one to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use similar::TextDiff;

use crate::domain::time::Instant;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::revisions::Revision;

const KIND: &str = "sequence";
/// Lines shown around each change.
const CONTEXT: usize = 3;

/// One version of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    pub version: String,
    pub stored_at: Instant,
    pub commit: Option<String>,
    pub file: String,
    /// Whether new enrollments get it.
    pub current: bool,
    /// Whether it is in force for those in flight.
    pub applied: bool,
    pub running: i64,
    pub ended: i64,
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
    /// All versions of a sequence, the newest first.
    ///
    /// # Errors
    /// There never was such a sequence, or the store cannot be read.
    pub async fn versions_of(&self, name: &str) -> Result<Vec<Version>, VersionError> {
        let stored = self.stored(name).await?;
        let current = self.store.current_revisions().await?;
        let current = current.iter().find(|one| one.kind == KIND && one.name == name).map(|one| one.version.clone());
        let applied = self.store.applied().await?;
        let applied = applied.iter().find(|one| one.kind == KIND && one.name == name).map(|one| one.version.clone());
        let counts = self.store.in_versions(name).await?;
        let count = |version: &str, running: bool| {
            let of = counts.iter().filter(|one| one.version == version);
            of.filter(|one| matches!(one.state.as_str(), "active" | "paused" | "held") == running)
                .map(|one| one.count)
                .sum()
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

    /// What changed in a sequence's file and its templates, as a unified diff: from the version before the newest to the newest, unless
    /// others are named by the beginnings of their hashes.
    ///
    /// # Errors
    /// There is no such sequence or version, or the store cannot be read.
    pub async fn diff_of(&self, name: &str, old: Option<&str>, new: Option<&str>) -> Result<String, VersionError> {
        let stored = self.stored(name).await?;
        let find = |wanted: &str| {
            let mut found = stored.iter().filter(|one| one.version.starts_with(wanted));
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one),
                _ => Err(VersionError::Unknown(format!("`{wanted}` names no single version of `{name}`"))),
            }
        };
        let new = new.map_or_else(|| Ok(&stored[0]), find)?;
        let old = match old {
            Some(old) => Some(find(old)?),
            None => stored.iter().skip_while(|one| one.version != new.version).nth(1),
        };
        let texts = |one: Option<&Revision>| -> BTreeMap<String, String> {
            one.zip(self.reader.get()).map(|(one, reader)| (reader.texts)(one)).unwrap_or_default()
        };
        let version = |one: Option<&Revision>| {
            one.map_or_else(String::new, |one| one.version.chars().take(12).collect::<String>())
        };
        Ok(unified((&texts(old), &version(old)), (&texts(Some(new)), &version(Some(new)))))
    }

    async fn stored(&self, name: &str) -> Result<Vec<Revision>, VersionError> {
        let stored = self.store.revisions_of(KIND, name).await?;
        if stored.is_empty() {
            return Err(VersionError::Unknown(format!("no version of a sequence `{name}` was ever stored")));
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
