//! Collections of real samples that are too large, or not ours, to live in this repository.
//!
//! A test binary takes it by `#[path = "../support/corpora.rs"] mod corpora;`, the library's own tests by `crate::corpora`.

use std::io::Write;
use std::path::PathBuf;

/// A file or folder of the corpora, which lie where `OVERTURE_CORPORA` says, else beside the repository; says `skipped`, past the
/// capture of the test harness, where it is not at hand.
#[expect(clippy::disallowed_methods, reason = "where the corpora lie is the test machine's, not the product's")]
pub fn corpus(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let path = std::env::var_os("OVERTURE_CORPORA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    let _ = std::io::stderr().write_all(format!("skipped: needs shared/corpora ({name})\n").as_bytes());
    None
}
