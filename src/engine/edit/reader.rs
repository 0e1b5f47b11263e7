//! Whoever knows the syntax of files reads them for the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::domain::playbook::Playbook;
use crate::domain::score::Scoring;
use crate::domain::sequence::Sequence;
use crate::engine::Engine;
use crate::store::revisions::Revision;

/// The files of a workspace, as they are now.
#[derive(Debug)]
pub struct Read {
    pub playbook: Playbook,
    /// The versions of its sequences as they are to be stored.
    pub revisions: Vec<Revision>,
    /// Its scoring file as it is to be stored, should it be applied.
    pub scoring: Revision,
}

/// What is wrong with the files of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// Each in one line, with its place.
    pub lines: Vec<String>,
    /// All with their source and what to do about them, as a check of the files shows them.
    pub report: String,
}

type Files = dyn Fn() -> Result<Read, Mistakes> + Send + Sync;

/// Reads files and stored versions for an engine.
pub struct Reader {
    /// The workspace as it is now, or its mistakes.
    pub files: Box<Files>,
    /// A stored version; none if it cannot be read.
    pub version: fn(&Revision) -> Option<Sequence>,
    /// A stored scoring file; none if it cannot be read.
    pub model: fn(&Revision) -> Option<Scoring>,
    /// The files with another scoring file among them.
    pub with_model: fn(Playbook, Scoring) -> Playbook,
    /// The texts of a stored version, by the path of each file.
    pub texts: fn(&Revision) -> BTreeMap<String, String>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Engine {
    /// Lets the engine read files; the first reader stays.
    pub fn read_with(&self, reader: Reader) {
        drop(self.reader.set(reader));
    }

    /// These files with a stored scoring file among them; none if it cannot be read.
    pub(super) fn with_model(&self, playbook: Playbook, stored: &Revision) -> Option<Playbook> {
        let reader = self.reader.get()?;
        (reader.model)(stored).map(|scoring| (reader.with_model)(playbook, scoring))
    }

    /// Takes a scoring file in that another daemon put in force.
    pub fn learn_model(&self, stored: &Revision) {
        if let Some(playbook) = self.with_model(self.playbook().as_ref().clone(), stored) {
            self.set_playbook(playbook);
        }
    }

    /// Versions that another daemon brought and this one has not read yet.
    pub fn unknown_versions<'v>(&self, versions: impl IntoIterator<Item = &'v str>) -> BTreeSet<String> {
        let playbook = self.playbook();
        let new = |version: &&str| !version.is_empty() && !playbook.versions.contains_key(*version);
        versions.into_iter().filter(new).map(str::to_owned).collect()
    }

    /// Reads stored versions, so that whoever is in one can go on.
    pub fn learn(&self, stored: &[Revision]) {
        let Some(reader) = self.reader.get() else { return };
        let mut playbook = self.playbook().as_ref().clone();
        for sequence in stored.iter().filter_map(|one| (reader.version)(one)) {
            for template in sequence.templates.values() {
                playbook.templates.entry(template.version.clone()).or_insert_with(|| Arc::clone(template));
            }
            playbook.versions.insert(sequence.version.clone(), Arc::new(sequence));
        }
        self.set_playbook(playbook);
    }
}
