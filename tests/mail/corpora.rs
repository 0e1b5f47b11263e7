//! The collections of real mails and texts, as lists.

use std::fs;

#[path = "../support/corpora.rs"]
mod place;

pub use place::corpus;

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
