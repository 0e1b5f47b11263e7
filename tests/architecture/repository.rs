//! What no text of the repository may say: a path of somebody's machine, or the host of a package registry.

use crate::{Fault, assert_none, name_of, root};
use std::path::PathBuf;

/// Folders that are built or kept by tools, and lock files that tools write.
const NOT_OURS: [&str; 5] = ["target", ".git", "node_modules", "Cargo.lock", "data"];

/// Folders of somebody's machine; written in two parts, since this file is searched too.
const MACHINE: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// Hosts of package registries; a mirror, a fork or a closed network has others, and tools know their own.
const REGISTRIES: [&str; 7] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

fn texts() -> Vec<(PathBuf, String)> {
    walkdir::WalkDir::new(root())
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !NOT_OURS.iter().any(|name| entry.file_name() == *name))
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| Some((entry.path().to_owned(), std::fs::read_to_string(entry.path()).ok()?)))
        .collect()
}

/// Whether a line names a folder from the root of a machine, and not the end of a longer path or of an address.
fn names_machine(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}' | ')' | '~'))
    })
}

#[test]
fn no_text_names_a_machine_or_a_registry() {
    let mut faults = Vec::new();
    for (path, text) in texts() {
        for (at, line) in text.lines().enumerate() {
            let mut fault = |rule: String, help| faults.push(Fault { file: name_of(&path), line: at + 1, rule, help });
            for folder in MACHINE.into_iter().filter(|folder| names_machine(line, folder)) {
                fault(
                    format!("names `{folder}`, a folder of one machine"),
                    "write the path from the repository's root, or a variable",
                );
            }
            for host in REGISTRIES.into_iter().filter(|host| line.contains(host)) {
                fault(
                    format!("names `{host}`, the host of a registry"),
                    "leave it out: the package's client knows its registry",
                );
            }
        }
    }
    assert_none(&faults);
}
