//! A copy of everything the embedded database holds, made while the daemon works, and checked before it is called one.

mod manifest;
mod restore;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::desk::Desk;
use super::failure::Failure;
use crate::clock::wall;
use crate::daemon::location;
use crate::store::backup::FILE;
use crate::store::{Access, Location, Store};
use manifest::{FORMAT, Manifest, measure};

pub use restore::Restore;

/// The key that links in mails are signed with, beside the database.
const SECRET: &str = "secret";

const AFTER: &str = "\
Copies the embedded database as it stands at one moment, and the key of the links in mails, into a new folder. The daemon goes on
working. The copy is read through and checked; `backup.json` is written last, so a folder without it is an interrupted backup.
It holds what the database holds: people's addresses and the hashes of API keys. Keep it as you keep the database.
With PostgreSQL use its own tools: pg_dump, pg_basebackup.

Examples:
  overture backup /var/backups/overture/2026-01-05
  overture restore /var/backups/overture/2026-01-05

Exit codes: 0 the backup is whole, 2 there is none.";

/// Copies the embedded database, also beside a running daemon
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Backup {
    /// A folder that does not exist yet
    folder: PathBuf,
}

impl Backup {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let config = desk.load()?.config;
        let location = location(&config);
        if matches!(location, Location::Postgres { .. }) {
            return Err(Failure::broken("the data is in PostgreSQL, which is copied by its own tools")
                .hint("pg_dump for one moment, pg_basebackup with WAL archiving for every moment"));
        }
        let store = Store::open(&location, Access::ReadOnly).await?;
        fs::DirBuilder::new().mode(0o700).create(&self.folder).map_err(|error| refused(&self.folder, &error))?;
        let made = fill(&store, &config.data, &self.folder).await;
        store.close().await;
        let manifest = made.inspect_err(|_| drop(fs::remove_dir_all(&self.folder)))?;
        if desk.paper.json {
            return desk.paper.value(&serde_json::to_value(&manifest).map_err(io::Error::from)?);
        }
        desk.paper.line(format!("{}: {}", self.folder.display(), manifest.said()))
    }
}

fn refused(folder: &Path, error: &io::Error) -> Failure {
    let failure = Failure::broken(format!("cannot make {}: {error}", folder.display()));
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            failure.hint("name a folder that does not exist; no backup is written over another")
        }
        io::ErrorKind::NotFound => failure.hint("the folder it shall lie in does not exist"),
        _ => failure,
    }
}

/// Copies, checks the copy, and says so in its manifest.
async fn fill(store: &Store, data: &Path, folder: &Path) -> Result<Manifest, Failure> {
    let (made_at, file) = (wall(), folder.join(FILE));
    store.copy_to(&file).await?;
    let copy = Store::open(&Location::Sqlite { dir: folder.to_owned() }, Access::ReadOnly).await?;
    let (damage, amounts, schema) = (copy.damage().await?, copy.amounts().await?, copy.schema().await?);
    copy.close().await;
    if let Some(first) = damage.first() {
        return Err(Failure::broken(format!("the copy is damaged: {first}"))
            .hint("the database itself may be; `overture doctor` looks at it"));
    }
    let kept = data.join(SECRET);
    if kept.exists() {
        // Keeps the permissions, which let only the owner read.
        fs::copy(&kept, folder.join(SECRET))
            .map_err(|error| Failure::broken(format!("cannot copy {SECRET}: {error}")))?;
    }
    let (bytes, sha256) = measure(&file).map_err(|error| Failure::broken(format!("cannot read the copy: {error}")))?;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, made_at: made_at.to_jiff(), program, schema, bytes, sha256, amounts };
    manifest.write(folder).map_err(|error| Failure::broken(format!("cannot write {}: {error}", folder.display())))?;
    Ok(manifest)
}
