//! Reads a workspace folder into memory: three folders of it, files of a sensible size, and nothing that links lead away to.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use walkdir::WalkDir;

use super::Refused;
use crate::compile::Files;

/// Bytes read of one file at most: one more than compile accepts, so that it can say so.
const MOST: u64 = (1 << 20) + 1;

/// Reads all files under config/, sequences/ and templates/.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn read(folder: &Path) -> Result<Files, Refused> {
    let refused = |path: &Path, source| Refused::Folder { path: path.to_owned(), source };
    let found = fs::metadata(folder).map_err(|source| refused(folder, source))?;
    if !found.is_dir() {
        return Err(refused(folder, io::Error::from(io::ErrorKind::NotADirectory)));
    }
    let mut files = Files::new();
    for part in ["config", "sequences", "templates"] {
        let root = folder.join(part);
        if !root.exists() {
            continue;
        }
        for entry in WalkDir::new(&root).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(&root).to_owned();
                refused(&path, error.into_io_error().unwrap_or_else(|| io::Error::other("a link leads in a circle")))
            })?;
            if entry.file_type().is_file() {
                let bytes = bytes(entry.path()).map_err(|source| refused(entry.path(), source))?;
                files.insert(name(folder, entry.path()), bytes);
            }
        }
    }
    Ok(files)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path in the workspace, with `/` between folders.
fn name(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
