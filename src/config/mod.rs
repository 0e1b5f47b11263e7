//! Says: the workspace's files read from their folder, overlaid by the environment, with secrets fetched from where they are.

mod folder;
mod resolve;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

pub use crate::compile::{Security, SendMode};
pub use folder::read;

use crate::compile::diagnostic::Diagnostic;
use crate::compile::{Compiled, Overlay, Revision, workspace};
use crate::domain::playbook::Playbook;

/// The environment, as the process was started with it.
pub type Environment = BTreeMap<String, String>;

/// Everything the daemon needs that decides nothing. Secrets print as nothing.
#[derive(Clone, Debug)]
pub struct Config {
    pub workspace: PathBuf,
    /// Where the embedded database, the control socket and the sandbox's mails live.
    pub data: PathBuf,
    pub database: Database,
    /// The listener for tracking links and unsubscribes.
    pub public: SocketAddr,
    /// The listener for the API and the pages.
    pub private: SocketAddr,
    /// Where people reach the public listener; without a slash at its end.
    pub public_url: String,
    pub send: SendMode,
    /// What tokens are derived from, in base64, if the files say so; else it is kept in the data folder.
    pub secret: Option<SecretString>,
    /// SMTP accounts by sender.
    pub accounts: BTreeMap<String, Account>,
    pub channels: BTreeMap<String, Endpoint>,
    /// Addresses and networks that webhooks may reach although they are not public.
    pub allow_private: Vec<String>,
    /// The channel that hears what the daemon itself noticed.
    pub alerts: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite`, or a PostgreSQL URL with its password.
    pub url: SecretString,
    /// At most; PostgreSQL only.
    pub connections: u32,
    /// How long what a daemon has under way stays its own when it says nothing; PostgreSQL only.
    pub lease: Duration,
}

/// An SMTP account.
#[derive(Clone, Debug)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    pub connections: u32,
}

/// An HTTP endpoint that is called.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: SecretString,
    /// Signing secrets, the first is the newest.
    pub secrets: Vec<SecretString>,
    pub headers: BTreeMap<String, SecretString>,
    pub allow_http: bool,
}

/// Where a workspace was read from, so that it can be read again.
#[derive(Clone)]
pub struct Source {
    folder: PathBuf,
    environment: Environment,
}

impl Source {
    /// Reads the workspace as it is now.
    ///
    /// # Errors
    /// Says what keeps it from running.
    pub fn load(&self) -> Result<Loaded, Refused> {
        load(&self.folder, &self.environment)
    }
}

/// Secrets stand in the environment.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A workspace that can run.
#[derive(Debug)]
pub struct Loaded {
    pub source: Source,
    pub config: Config,
    pub playbook: Playbook,
    /// The current versions of all sequences, as they are to be stored.
    pub revisions: Vec<Revision>,
    /// The scoring file, as it is to be stored.
    pub scoring: Revision,
    pub warnings: Vec<Diagnostic>,
}

/// Why a workspace cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The folder itself cannot be read.
    #[error("cannot read {}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    /// Its files have errors; warnings are among them.
    #[error("the workspace's files have errors")]
    Files(Vec<Diagnostic>),
}

/// Checks a workspace's files; secrets are not asked for, so that it can run anywhere.
///
/// # Errors
/// Only when the folder cannot be read; mistakes in files are in what comes back.
pub fn check(folder: &Path, environment: &Environment) -> Result<Compiled, Refused> {
    let files = read(folder)?;
    Ok(workspace(&files, &Overlay::new(environment.clone())))
}

/// Reads a workspace to run it, secrets included.
///
/// # Errors
/// Says what keeps it from running.
pub fn load(folder: &Path, environment: &Environment) -> Result<Loaded, Refused> {
    let mut compiled = check(folder, environment)?;
    let (playbook, daemon, scoring) = (compiled.playbook.take(), compiled.daemon.take(), compiled.scoring.take());
    let (Some(playbook), Some(daemon), Some(scoring)) = (playbook, daemon, scoring) else {
        return Err(Refused::Files(compiled.diagnostics));
    };
    let resolved = resolve::config(folder, &daemon, (&compiled, environment));
    let mut config = match resolved {
        Ok(config) => config,
        Err(mut missing) => {
            missing.append(&mut compiled.diagnostics);
            return Err(Refused::Files(missing));
        }
    };
    config.alerts.clone_from(&playbook.settings.alerts);
    let source = Source { folder: folder.to_owned(), environment: environment.clone() };
    Ok(Loaded { source, config, playbook, revisions: compiled.revisions, scoring, warnings: compiled.diagnostics })
}
