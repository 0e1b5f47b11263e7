//! The bodies of the fuzz targets as an ordinary test: the saved corpora, and some thousand changed copies of them, the same each time.
//!
//! It finds what a small change breaks. For days of it with coverage as a guide there is `tests/fuzz`.

#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: one body plays a server beside its client"
)]

#[path = "../../fuzz/bodies.rs"]
mod bodies;
mod change;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bodies::TARGETS;
use change::Changes;

/// Changed copies for each target.
const COPIES: usize = 2_000;

/// What is saved for a target, in the order of its names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a saved input can be read")).collect()
}

fn hold(target: &str) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).expect("there is such a target");
    let saved = corpus(target);
    assert!(saved.len() > 2, "something is saved for {target}");
    let mut changes = Changes::of(&saved);
    let copies = (0..COPIES).map(|_| changes.next());
    for input in saved.iter().cloned().chain(copies) {
        let held = catch_unwind(AssertUnwindSafe(|| body(&input)));
        assert!(held.is_ok(), "{target} broke on {:?}", String::from_utf8_lossy(&input));
    }
}

macro_rules! targets {
    ($($name:ident)+) => {
        $(#[test] fn $name() { hold(stringify!($name)); })+

        #[test]
        fn every_target_is_held() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($name)),+]);
        }
    };
}

targets!(files conditions templates tokens lists events replies mails);
