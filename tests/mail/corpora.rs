//! Collections of real samples that are too large, or not ours, to live in this repository.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// A file or folder of the corpora (`OVERTURE_CORPORA`, else `../shared/corpora` beside the repository); says `skipped`, past
/// the capture of the test harness, where it is not at hand.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let path = std::env::var_os("OVERTURE_CORPORA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    let _ = std::io::stderr().write_all(format!("skipped: needs shared/corpora ({name})\n").as_bytes());
    None
}

/// The files of a folder whose names end so, by name.
pub fn files(folder: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = corpus(folder) else { return Vec::new() };
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// A JSON list of texts; empty where the corpora are not at hand.
pub fn texts(file: &str) -> Vec<String> {
    corpus(file).map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).unwrap_or_default()
}
