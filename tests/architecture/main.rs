//! The shape of the repository, as tests: who may import whom, how long a file may be, and what no file may say.

mod imports;
mod repository;
mod rust;
mod sizes;
mod words;

use std::path::{Path, PathBuf};

/// A broken rule, told so that its reader knows where to go and what to do.
struct Fault {
    file: String,
    line: usize,
    rule: String,
    help: &'static str,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}\n    {}", self.file, self.line, self.rule, self.help)
    }
}

fn assert_none(faults: &[Fault]) {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{} broken rule(s):\n{}", told.len(), told.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The path of a file as it is written in messages: from the repository's root, with slashes.
fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// All files under a folder of the repository, ordered by name; none if there is no such folder.
fn files_under(folder: &str, extension: &str) -> Vec<PathBuf> {
    walkdir::WalkDir::new(root().join(folder))
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == extension))
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// All Rust files of the package: the product's and the tests'.
fn rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"].into_iter().flat_map(|folder| files_under(folder, "rs")).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
