//! A copy of the embedded database made while a daemon writes to it, and the way back, so that a lost disk is no lost company.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::db::Db;
use super::error::{StoreError, Trouble};
use super::lock::FolderLock;
use super::open::{Access, Location, Store};
use super::sql::Statement;

/// The name of the database in its folder.
pub const FILE: &str = "overture.db";

const COPY: &str = "copy the database";
const REPLACE: &str = "put the copy in place";

impl Store {
    /// Writes all that is committed now into a new file; who writes goes on meanwhile. The file may not exist, and is on the disk when
    /// this returns.
    ///
    /// # Errors
    /// The database is not the embedded one, or the file cannot be written.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        // https://www.sqlite.org/lang_vacuum.html#vacuuminto: one snapshot, and no fsync of what it writes.
        static INTO: Statement = Statement::new("VACUUM INTO $1");
        if self.is_shared() {
            return Err(StoreError::new(COPY, Trouble::NotEmbedded));
        }
        self.db.fetch(COPY, &INTO, vec![file.display().to_string().into()]).await?;
        fs::File::open(file)
            .and_then(|copy| copy.sync_all())
            .map_err(|source| StoreError::new(COPY, Trouble::File { path: file.to_owned(), source }))
    }

    /// What is wrong with the embedded database's file; empty if it is sound. Reads all of it.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        static CHECK: Statement = Statement::new("PRAGMA integrity_check(20)");
        let rows = self.db.fetch("check the database", &CHECK, vec![]).await?;
        let said: Result<Vec<String>, _> = rows.iter().map(|row| row.text(0)).collect();
        Ok(said?.into_iter().filter(|said| said != "ok").collect())
    }

    /// How much there is, by what it is.
    pub async fn amounts(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        static COUNT: Statement = Statement::new(
            "SELECT 'leads', COUNT(*) FROM lead
             UNION ALL
             SELECT 'events', COUNT(*) FROM event
             UNION ALL
             SELECT 'touches', COUNT(*) FROM touch",
        );
        let rows = self.db.fetch("count what there is", &COUNT, vec![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
    }

    /// Moves all into the one file and closes the connections; the folder stays taken as long as this store lives.
    pub async fn fold(&self) -> Result<(), StoreError> {
        static FOLD: Statement = Statement::new("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Db::Sqlite { writer: Some(writer), .. } = &self.db {
            let mut conn = writer.acquire().await.map_err(StoreError::at(COPY))?;
            super::db::Conn::Sqlite(&mut conn).fetch(COPY, &FOLD, vec![]).await?;
        }
        self.close().await;
        Ok(())
    }
}

/// Puts a folded database in the place of the one in a folder, which is kept aside whole. There is no moment without a database.
///
/// # Errors
/// A daemon uses the folder, or a file cannot be moved; then the old database stands where it stood.
pub async fn replace(dir: &Path, with: &Path, aside: &Path) -> Result<(), StoreError> {
    let place = dir.join(FILE);
    // The folder stays taken for the whole of it.
    let (folded, _taken) = match open_old(dir, &place).await? {
        Some(old) => (old.fold().await.is_ok(), Err(old)),
        None => (false, Ok(FolderLock::take(dir)?)),
    };
    swap(&place, with, aside, folded).map_err(|(path, source)| StoreError::new(REPLACE, Trouble::File { path, source }))
}

/// The database that is to be replaced; nothing where there is none, or one that cannot be opened, as is the reason of many a restore.
async fn open_old(dir: &Path, place: &Path) -> Result<Option<Store>, StoreError> {
    if !place.exists() {
        return Ok(None);
    }
    match Store::open(&Location::Sqlite { dir: dir.to_owned() }, Access::Write).await {
        Ok(old) => Ok(Some(old)),
        Err(error) if error.is_taken() => Err(error),
        Err(_) => Ok(None),
    }
}

type Failed = (PathBuf, std::io::Error);

fn swap(place: &Path, with: &Path, aside: &Path, folded: bool) -> Result<(), Failed> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| (path, source)
    };
    fs::create_dir_all(aside).map_err(at(aside))?;
    let kept = aside.join(FILE);
    if folded {
        // Both names stand for the old file until the rename makes one of them the new.
        fs::hard_link(place, &kept).or_else(|_| fs::copy(place, &kept).map(drop)).map_err(at(&kept))?;
    } else {
        for end in ["-wal", "-shm", ""] {
            let (from, to) = (beside(place, end), beside(&kept, end));
            match fs::rename(&from, &to) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err((from, error)),
                _ => {}
            }
        }
    }
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(beside(place, end)));
    }
    fs::rename(with, place).map_err(at(place))?;
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
