//! The import rule: arrows point at `domain`, leaves never see each other, and only `engine` decides.

use crate::{Fault, assert_none, files_under, name_of, read, rust};

/// Each module with what it may import of ours, as in the table of `src/lib.rs`.
const RULE: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("seal", &[]),
    ("entropy", &["domain"]),
    ("compile", &["domain"]),
    ("store", &["domain"]),
    ("config", &["domain", "compile"]),
    ("channel", &["domain", "seal"]),
    ("render", &["domain", "seal"]),
    ("intake", &["domain", "seal"]),
    ("engine", &["domain", "store", "render", "channel", "clock", "entropy", "seal"]),
    ("sim", &["domain", "engine", "store", "channel", "clock", "entropy"]),
    ("web", &["domain", "engine", "intake", "seal", "store::reports"]),
    (
        "daemon",
        &[
            "domain", "clock", "seal", "entropy", "compile", "store", "config", "channel", "render", "intake",
            "engine", "web",
        ],
    ),
    (
        "cli",
        &[
            "domain", "clock", "seal", "entropy", "compile", "store", "config", "channel", "render", "intake",
            "engine", "web", "daemon", "sim",
        ],
    ),
];

/// The modules a file lies in, from the crate's root: `src/store/lanes.rs` is `[store, lanes]`.
fn home_of(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(inner, "lib" | "main") { Vec::new() } else { inner.split('/').map(str::to_owned).collect() }
}

/// What a path names, from the crate's root; nothing for a path that stays in its module or names another crate.
fn resolved(path: &rust::Path, home: &[String]) -> Option<Vec<String>> {
    let ups = path.segments.iter().take_while(|s| *s == "super").count();
    if ups > 0 {
        let depth = home.len() + path.nesting;
        return (ups >= depth && !home.is_empty()).then(|| path.segments[ups..].to_vec());
    }
    matches!(path.segments[0].as_str(), "crate" | "overture").then(|| path.segments[1..].to_vec())
}

/// Whether a module may name `target`: itself, what is no module of ours, or what an entry of its row opens.
fn allowed(from: &str, target: &[String], may: &[&str]) -> bool {
    let Some(first) = target.first() else { return true };
    let ours = RULE.iter().any(|(module, _)| module == first);
    let opens =
        |entry: &&str| entry.split("::").enumerate().all(|(at, part)| target.get(at).is_some_and(|t| t == part));
    first == from || !ours || may.iter().any(opens)
}

#[test]
fn every_module_imports_only_what_its_place_allows() {
    let mut faults = Vec::new();
    for path in files_under("src", "rs") {
        let file = name_of(&path);
        let home = home_of(&file);
        let Some(from) = home.first() else { continue };
        let Some((_, may)) = RULE.iter().find(|(module, _)| module == from) else {
            faults.push(Fault {
                file,
                line: 1,
                rule: format!("`{from}` is no module of the import rule"),
                help: "give it a row in the table of src/lib.rs and in tests/architecture/imports.rs, or a place in a module",
            });
            continue;
        };
        for found in rust::paths(&rust::tokens(&read(&path))) {
            let Some(target) = resolved(&found, &home) else { continue };
            if !allowed(from, &target, may) {
                faults.push(Fault {
                    file: file.clone(),
                    line: found.line,
                    rule: format!("`{from}` may not import `{}`; it may import: {}", target.join("::"), may.join(", ")),
                    help: "move the noun to `domain`, hand the value in as a parameter, or join the two in `engine`",
                });
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn only_the_engine_calls_decide() {
    let mut faults = Vec::new();
    for path in files_under("src", "rs") {
        let file = name_of(&path);
        if file.starts_with("src/engine/") || file.starts_with("src/domain/decide") {
            continue;
        }
        let tokens = rust::tokens(&read(&path));
        for window in tokens.windows(3) {
            let [before, word, after] = window else { continue };
            if word.text == "decide" && after.text == "(" && before.text != "." && before.text != "fn" {
                faults.push(Fault {
                    file: file.clone(),
                    line: word.line,
                    rule: "only `engine` calls `decide`".to_owned(),
                    help: "a decision meets a transaction in engine: call record, advance, deliver or explain",
                });
            }
        }
    }
    assert_none(&faults);
}
