//! The way back from a backup. What left after it was made is not known to it, so nothing leaves until a person says so.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::SECRET;
use super::manifest::{Manifest, measure};
use crate::cli::desk::Desk;
use crate::cli::failure::Failure;
use crate::cli::paper::say;
use crate::clock::wall;
use crate::daemon::location;
use crate::store::backup::{FILE, replace};
use crate::store::control::Paused;
use crate::store::{Access, Location, Store};

/// Where a copy is made ready, in the data folder, so that it is put in place by a rename.
const ROOM: &str = "restoring";

const AFTER: &str = "\
Checks the backup against its checksum, brings its schema up to date, reads it through, and puts it in the place of the database. The
daemon must not run. A database that stands there is refused without --replace; with it, it is kept in data/replaced-TIME.

What left after the backup was made is not known to it: those steps would leave a second time. So everything is paused. Look at what
is due (`overture touches list`), cancel or end what went out already, and then let it go on: `overture resume everything`.

Exit codes: 0 restored and paused, 2 nothing was changed.";

/// Puts a backup in the place of the database, everything paused
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Restore {
    /// The folder that `overture backup` made
    folder: PathBuf,
    /// Replaces a database that stands there; it is kept aside
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let config = desk.load()?.config;
        let Location::Sqlite { dir } = location(&config) else {
            return Err(Failure::broken(
                "the settings name a PostgreSQL; a backup of the embedded database does not go there",
            ));
        };
        let manifest = Manifest::read(&self.folder)?;
        if dir.join(FILE).exists() && !self.replace {
            return Err(Failure::broken(format!("{} stands there already", dir.join(FILE).display()))
                .hint("--replace puts the backup in its place and keeps it aside"));
        }
        let room = dir.join(ROOM);
        let ready = make_ready(&self.folder, &manifest, &room, &desk.by()).await;
        ready.inspect_err(|_| drop(fs::remove_dir_all(&room)))?;
        let aside = dir.join(format!("replaced-{}", stamp()));
        let placed = replace(&dir, &room.join(FILE), &aside).await;
        drop(fs::remove_dir_all(&room));
        placed?;
        restore_secret(&self.folder.join(SECRET), &dir.join(SECRET), &aside)?;
        // Stays only if something was put there.
        drop(fs::remove_dir(&aside));
        tell(desk, &manifest, aside.exists().then_some(aside.as_path()))
    }
}

/// A sound, current, paused database in a folder of its own.
async fn make_ready(from: &Path, manifest: &Manifest, room: &Path, by: &str) -> Result<(), Failure> {
    drop(fs::remove_dir_all(room));
    let trouble =
        |path: &Path, error: std::io::Error| Failure::broken(format!("cannot use {}: {error}", path.display()));
    fs::create_dir_all(room).map_err(|error| trouble(room, error))?;
    let (source, copy) = (from.join(FILE), room.join(FILE));
    fs::copy(&source, &copy).map_err(|error| trouble(&source, error))?;
    let (bytes, sha256) = measure(&copy).map_err(|error| trouble(&copy, error))?;
    if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
        return Err(Failure::broken(format!("{} is not what was backed up: its checksum differs", source.display()))
            .hint("it was changed or damaged since; nothing was restored"));
    }
    let store = Store::open(&Location::Sqlite { dir: room.to_owned() }, Access::Write).await?;
    store.migrate(|_| {}).await?;
    if let Some(first) = store.damage().await?.first() {
        return Err(Failure::broken(format!("the backup is damaged: {first}")).hint("nothing was restored"));
    }
    let mut tx = store.begin().await?;
    tx.pause(&Paused { scope: "all".to_owned(), since: wall(), by: format!("restore by {by}") }).await?;
    tx.commit().await?;
    store.fold().await?;
    fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(|error| trouble(&copy, error))
}

/// The key goes with its database: links of mails that left before the backup are signed with it.
fn restore_secret(from: &Path, to: &Path, aside: &Path) -> Result<(), Failure> {
    let Ok(kept) = fs::read(from) else { return Ok(()) };
    if fs::read(to).is_ok_and(|there| there == kept) {
        return Ok(());
    }
    let done = if to.exists() { fs::rename(to, aside.join(SECRET)) } else { Ok(()) };
    done.and_then(|()| fs::copy(from, to).map(drop))
        .map_err(|error| Failure::broken(format!("the database is restored, but not {}: {error}", to.display())))
}

fn stamp() -> String {
    wall().to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn tell(desk: &mut Desk, manifest: &Manifest, aside: Option<&Path>) -> Result<(), Failure> {
    if desk.paper.json {
        let told = json!({"made_at": manifest.made_at.to_string(), "amounts": manifest.amounts, "paused": true,
                          "kept": aside.map(|path| path.display().to_string())});
        return desk.paper.value(&told);
    }
    desk.paper.line(format!(
        "restored as of {} in {}: {}",
        desk.paper.time(manifest.at()),
        desk.paper.zone_name(),
        manifest.said()
    ))?;
    if let Some(aside) = aside {
        desk.paper.line(format!("the database before is in {}", aside.display()))?;
    }
    say("Everything is paused: what left after that moment is not known here and would leave again.\n  \
         Look at `overture touches list`, end what went out already, then `overture resume everything`.");
    Ok(())
}
