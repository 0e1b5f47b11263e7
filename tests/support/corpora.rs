//! Some tests run on collections of real data that are too large, or not ours, to live in this repository.

use std::path::PathBuf;

/// The file in the folder of corpora (`OVERTURE_CORPORA`, else `../shared/corpora` beside the repository); prints
/// that the test is skipped when it is absent.
pub fn corpus(file: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora");
    let folder = std::env::var_os("OVERTURE_CORPORA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let text = std::fs::read_to_string(folder.join(file)).ok();
    if text.is_none() {
        println!("skipped: needs shared/corpora ({file})");
    }
    text
}
