//! Turns the files people write into a playbook, or into errors they can act on.
//!
//! ```text
//! bytes --files--> texts --syntax--> trees (+ environment) --check, template--> Playbook + Daemon + Revisions
//!                                         every step --> diagnostics, all of all files in one run
//! ```
//! Nothing here reads a disk or the environment: the files come as bytes, so versions stored long ago are compiled the same way.

mod check;
mod describe;
pub mod diagnostic;
mod files;
mod ical;
mod names;
mod overlay;
mod revision;
pub mod source;
mod syntax;
mod template;
mod windows;
mod workspace;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

pub use check::daemon::{Account, Channel, Daemon, Database, Security, SendMode};
pub use check::network::check_channel_url;
pub use check::secret::{From, SecretRef};
pub use describe::{FILES as SCHEMAS, reference, schema, schema_of};
pub use overlay::Overlay;
pub use revision::{Revision, files_of, model, model_text, revision, texts};
pub use windows::{heard, thresholds, windows};
pub use workspace::workspace;

use crate::domain::behaviour::Behaviour;
use crate::domain::playbook::Playbook;
use crate::domain::scenario::Suite;
use diagnostic::{Code, Diagnostic, Severity};
use source::{Place, Source};

/// The files of a workspace by their path in it, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Where a workspace keeps its data, and the zone its people live in; nothing where its settings cannot say.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// Relative to the workspace.
    pub data: Option<PathBuf>,
    pub zone: Option<TimeZone>,
}

/// What came of a workspace. With any error there is no playbook.
#[derive(Debug)]
pub struct Compiled {
    pub playbook: Option<Playbook>,
    /// What config/overture.yaml says by itself, whatever is wrong elsewhere.
    pub home: Home,
    pub daemon: Option<Daemon>,
    /// The current versions of all sequences, as they are to be stored.
    pub revisions: Vec<Revision>,
    /// The scoring file, as it is to be stored.
    pub scoring: Option<Revision>,
    /// The tests of sequences, by their files.
    pub tests: Vec<Suite>,
    pub diagnostics: Vec<Diagnostic>,
    later: Vec<(i16, Diagnostic)>,
    sources: Vec<Arc<Source>>,
}

impl Compiled {
    /// Nothing but what was found wrong.
    fn broken(report: diagnostic::Report) -> Self {
        let sources = report.sources();
        let diagnostics = report.into_diagnostics();
        Self {
            playbook: None,
            home: Home::default(),
            daemon: None,
            revisions: Vec::new(),
            scoring: None,
            tests: Vec::new(),
            diagnostics,
            later: Vec::new(),
            sources,
        }
    }

    /// Whether nothing but warnings was found.
    pub fn is_sound(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// All that is to be told in a year: warnings about what ends by then among it.
    pub fn told_in(&self, year: i16) -> Vec<Diagnostic> {
        let due = self.later.iter().filter(|(from, _)| *from <= year).map(|(_, diagnostic)| diagnostic.clone());
        self.diagnostics.iter().cloned().chain(due).collect()
    }

    /// An error that shows only when the files meet the machine, such as a secret that is not there.
    pub fn error(&self, code: Code, place: Place, (message, hint): (String, Option<String>)) -> Diagnostic {
        let source = self.sources.get(place.source).cloned().unwrap_or_else(|| Arc::new(Source::new("", "")));
        let (start, end) = source.clip(place.start, place.end);
        Diagnostic { code, severity: Severity::Error, source, start, end, message, hint }
    }
}

/// Reads a file of rates for made-up people and reps.
///
/// # Errors
/// All that is wrong with it.
pub fn behaviour(path: &str, bytes: &[u8], playbook: &Playbook) -> Result<Behaviour, Vec<Diagnostic>> {
    let report = diagnostic::Report::default();
    let root = files::read(path, bytes, &report).and_then(|number| syntax::read(number, &report));
    let read = root.and_then(|root| check::behaviour::behaviour(&root, playbook, &report));
    match read {
        Some(behaviour) if report.errors() == 0 => Ok(behaviour),
        _ => Err(report.into_diagnostics()),
    }
}

/// A short hash of texts, 128 bits in hex, for versions.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut hex = String::with_capacity(32);
    for byte in hasher.finalize().iter().take(16) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
