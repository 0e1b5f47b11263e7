//! What a power cut leaves: of SQLite's log only what was synced, whatever the kernel still had in memory.

use super::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

/// The shim, built, and what it wrote.
pub struct Power {
    folder: tempfile::TempDir,
}

/// What the shim saw, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The log was synced at this length.
    Synced(u64),
    /// A success was answered over HTTP.
    Answered,
    /// A mail server was asked to take a message.
    Asked,
    /// The message was written.
    Written,
}

impl Power {
    /// Builds the shim; `None`, and a word about it, where there is no C compiler.
    pub fn watch() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("overture-power-").tempdir().expect("a folder can be made");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/power/shim.c");
        let shim = folder.path().join("shim.so");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([source, "-ldl"]).output();
        match built {
            Ok(built) if built.status.success() => Some(Self { folder }),
            Ok(built) => panic!("the shim does not compile: {}", String::from_utf8_lossy(&built.stderr)),
            Err(_) => {
                super::skipped("cc");
                None
            }
        }
    }

    /// What the daemon's environment needs for it.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        [("LD_PRELOAD", path("shim.so")), ("POWER_LOG", path("log"))]
    }

    pub fn seen(&self) -> Vec<Seen> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).expect("the shim was loaded and wrote");
        log.lines()
            .map(|line| match line.split_once(' ') {
                Some((_, length)) => Seen::Synced(length.parse().expect("a length")),
                None if line == "A" => Seen::Answered,
                None if line == "D" => Seen::Asked,
                None => Seen::Written,
            })
            .collect()
    }

    /// Takes from a daemon that was killed what a power cut would have taken: the end of the log that no sync had covered.
    ///
    /// # Panics
    /// If the log was begun anew meanwhile: then its length says nothing, and the test is too long.
    pub fn cut(&self, workspace: &Workspace) -> u64 {
        let lengths = self
            .seen()
            .into_iter()
            .filter_map(|seen| if let Seen::Synced(length) = seen { Some(length) } else { None });
        let lengths: Vec<u64> = lengths.collect();
        assert!(lengths.is_sorted(), "the log was begun anew");
        let synced = lengths.last().copied().unwrap_or_default();
        let log: PathBuf = workspace.file("data/overture.db-wal");
        let file = std::fs::OpenOptions::new().write(true).open(&log).expect("the log stands there after a kill");
        let before = file.metadata().expect("it has a length").len();
        file.set_len(synced.min(before)).expect("it can be cut");
        before - synced.min(before)
    }
}
