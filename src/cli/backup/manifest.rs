//! What a backup says of itself: its presence means that the backup is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cli::failure::Failure;
use crate::domain::time::Instant;

/// Its name in the backup's folder.
pub const NAME: &str = "backup.json";
/// The form of a backup's folder that this program writes and reads.
pub const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub made_at: jiff::Timestamp,
    /// The version of the program that made it.
    pub program: String,
    pub schema: i64,
    pub bytes: u64,
    /// Of the database's file, in hexadecimal.
    pub sha256: String,
    /// Leads, events and touches in it.
    pub amounts: BTreeMap<String, i64>,
}

impl Manifest {
    /// Reads the manifest of a backup's folder.
    ///
    /// # Errors
    /// There is no whole backup there, or one of a later form.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::broken(format!("{} holds no whole backup: {}: {error}", folder.display(), path.display()))
                .hint("a backup is a folder that `overture backup FOLDER` made; without that file it was interrupted")
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| Failure::broken(format!("{} cannot be read: {error}", path.display())))?;
        if manifest.format > FORMAT {
            let said = format!("the backup has form {}, this program reads {FORMAT}", manifest.format);
            return Err(Failure::broken(said).hint("restore it with the program that made it, or a later one"));
        }
        Ok(manifest)
    }

    /// The moment it shows.
    pub fn at(&self) -> Instant {
        Instant::from_jiff(self.made_at)
    }

    /// `3 leads, 12 events, 4 touches`.
    pub fn said(&self) -> String {
        let of = |name: &str| self.amounts.get(name).copied().unwrap_or_default();
        format!("{} leads, {} events, {} touches", of("leads"), of("events"), of("touches"))
    }

    /// Writes it as the last file of the folder.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut file = File::create_new(folder.join(NAME))?;
        file.write_all(serde_json::to_string_pretty(self).map_err(io::Error::from)?.as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }
}

/// The length and the SHA-256 of a file.
pub fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut length, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            let sum = hash.finalize();
            return Ok((length, sum.iter().map(|byte| format!("{byte:02x}")).collect()));
        }
        hash.update(&piece[..read]);
        length += u64::try_from(read).unwrap_or_default();
    }
}
