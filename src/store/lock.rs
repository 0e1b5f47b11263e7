//! One writer a data folder: a second daemon, or a command beside a daemon, is refused instead of fighting for the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::{StoreError, Trouble};

const ATTEMPTED: &str = "open the store for writing";

/// The lock on a data folder; it ends with the process at the latest.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes `overture.lock` in the folder, and writes there who has it.
    ///
    /// # Errors
    /// Names the process that holds it already, or the file that cannot be used.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("overture.lock");
        let trouble = |source| StoreError::new(ATTEMPTED, Trouble::File { path: path.clone(), source });
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = named(&mut file);
                return Err(StoreError::new(ATTEMPTED, Trouble::Taken { path: dir.to_owned(), holder }));
            }
            Err(TryLockError::Error(source)) => return Err(trouble(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(trouble)?;
        Ok(Self { _file: file })
    }
}

/// The living process that took a data folder last, as its lock names it. Trying the lock itself would keep others from it.
pub fn holder(dir: &Path) -> Option<String> {
    let holder = named(&mut File::open(dir.join("overture.lock")).ok()?);
    Path::new("/proc").join(&holder).exists().then_some(holder)
}

/// Who wrote its number into the lock.
fn named(lock: &mut File) -> String {
    let mut holder = String::new();
    let known = lock.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
    if known { holder.trim().to_owned() } else { "(unknown)".to_owned() }
}
