//! A backup made beside a running daemon holds all that was acknowledged, and comes back paused.

use crate::support::daemon::{Daemon, overture};
use crate::support::workspace::Workspace;

fn event(workspace: &Workspace, lead: &str) {
    overture(workspace, &["event", lead, "page_viewed", "--create"]).ok();
}

fn knows(workspace: &Workspace, lead: &str) -> bool {
    overture(workspace, &["why", lead]).code == Some(0)
}

#[test]
fn a_backup_beside_the_daemon_holds_what_was_acknowledged_and_comes_back_paused() {
    let workspace = Workspace::example();
    let mut daemon = Daemon::start(&workspace);
    event(&workspace, "before@example.com");
    let folder = workspace.file("kept").display().to_string();
    let made = overture(&workspace, &["backup", &folder, "--json"]).ok().json();
    assert_eq!((made["amounts"]["leads"].as_i64(), made["format"].as_i64()), (Some(1), Some(1)), "{made}");
    event(&workspace, "after@example.com");
    // It is not written over, not restored beside a daemon, and not over a database that stands there.
    let again = overture(&workspace, &["backup", &folder]);
    assert!(again.code == Some(2) && again.stderr.contains("does not exist"), "{}", again.stderr);
    let beside = overture(&workspace, &["restore", &folder, "--replace"]);
    assert!(beside.code == Some(2) && beside.stderr.contains("is in use by process"), "{}", beside.stderr);
    daemon.kill9();
    let standing = overture(&workspace, &["restore", &folder]);
    assert!(standing.code == Some(2) && standing.stderr.contains("--replace"), "{}", standing.stderr);
    assert!(knows(&workspace, "after@example.com"), "nothing was changed so far");

    let told = overture(&workspace, &["restore", &folder, "--replace"]).ok();
    println!("{}{}", told.stdout, told.stderr);
    assert!(
        told.stdout.contains("1 leads") && told.stderr.contains("Everything is paused"),
        "{}{}",
        told.stdout,
        told.stderr
    );
    assert!(knows(&workspace, "before@example.com") && !knows(&workspace, "after@example.com"));
    let pauses = overture(&workspace, &["pause", "list", "--json"]).ok().json();
    assert_eq!(pauses["pauses"][0]["scope"], "all", "{pauses}");
    // The one before is whole where it was put aside, with what its log held when the daemon was killed.
    let data = std::fs::read_dir(workspace.file("data")).expect("the data folder");
    let aside: Vec<_> = data
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("replaced-")))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    workspace.set("data", &aside[0].display().to_string());
    assert!(knows(&workspace, "after@example.com"));
}

#[test]
fn a_backup_that_was_changed_or_is_not_whole_changes_nothing() {
    let workspace = Workspace::example();
    event(&workspace, "before@example.com");
    let folder = workspace.file("kept");
    let name = folder.display().to_string();
    overture(&workspace, &["backup", &name]).ok();
    let mut bytes = std::fs::read(folder.join("overture.db")).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(folder.join("overture.db"), &bytes).expect("it can be written");
    let told = overture(&workspace, &["restore", &name, "--replace"]);
    assert!(told.code == Some(2) && told.stderr.contains("checksum"), "{}", told.stderr);
    std::fs::remove_file(folder.join("backup.json")).expect("it stands there");
    let told = overture(&workspace, &["restore", &name, "--replace"]);
    assert!(told.code == Some(2) && told.stderr.contains("interrupted"), "{}", told.stderr);
    assert!(knows(&workspace, "before@example.com"));
    assert!(!workspace.file("data/restoring").exists(), "nothing is left behind");
}
