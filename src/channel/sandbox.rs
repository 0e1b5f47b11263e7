//! Keeps mail on this machine until sending is switched on: one `.eml` a message, readable in any mail program.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::domain::time::Instant;

/// A folder that takes the place of a relay.
#[derive(Clone, Debug)]
pub struct Sandbox {
    folder: PathBuf,
}

impl Sandbox {
    /// Opens the folder, and makes it where it is missing.
    pub async fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).await?;
        Ok(Self { folder })
    }

    /// Writes one message so that it is whole or absent after a power loss, and returns its path.
    ///
    /// `at` is the Date of the touch's intent and stays the same for its retries, so that a retry writes the same file.
    pub async fn write(&self, at: Instant, touch: &str, message: &[u8]) -> io::Result<PathBuf> {
        self.keep(file_name(at, touch, "eml"), message).await
    }

    /// Writes the body of a webhook that is not called, in the same way.
    pub async fn write_call(&self, at: Instant, touch: &str, body: &[u8]) -> io::Result<PathBuf> {
        self.keep(file_name(at, touch, "json"), body).await
    }

    async fn keep(&self, name: String, message: &[u8]) -> io::Result<PathBuf> {
        let (draft, path) = (self.folder.join(format!(".{name}.tmp")), self.folder.join(&name));
        let mut file = File::create(&draft).await?;
        file.write_all(message).await?;
        file.sync_all().await?;
        fs::rename(&draft, &path).await?;
        sync_folder(&self.folder).await?;
        Ok(path)
    }
}

/// A rename lasts only once its folder is on disk.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

/// `20260105T085500.000Z-TOUCH.eml`: sorts by time, and holds nothing a file system would mind.
fn file_name(at: Instant, touch: &str, kind: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let touch: String = touch.chars().take(100).map(safe).collect();
    format!("{}-{touch}.{kind}", at.to_jiff().strftime("%Y%m%dT%H%M%S.%3fZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant(1_767_603_300_000);

    #[tokio::test]
    async fn a_retry_writes_the_same_file_and_leaves_no_draft_behind() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::open(folder.path().join("out")).await.unwrap();
        let first = sandbox.write(AT, "tch_1", b"one\r\n").await.unwrap();
        let again = sandbox.write(AT, "tch_1", b"two\r\n").await.unwrap();
        assert_eq!(first, again);
        assert_eq!(std::fs::read(&again).unwrap(), b"two\r\n");
        assert_eq!(std::fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
    }

    #[test]
    fn names_sort_by_time_and_cannot_leave_the_folder() {
        assert_eq!(file_name(AT, "tch_1", "eml"), "20260105T085500.000Z-tch_1.eml");
        assert_eq!(file_name(Instant(AT.0 + 1), "../../etc/x", "eml"), "20260105T085500.001Z-______etc_x.eml");
    }
}
