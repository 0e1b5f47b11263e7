//! Commands beside a running daemon: they go through it, and after it they do without.

use std::fs::File;
use std::io::Write;

use crate::support::SOON;
use crate::support::daemon::{Daemon, begin, overture};
use crate::support::workspace::Workspace;

#[test]
fn a_command_beside_a_daemon_writes_through_it_and_after_its_death_by_itself() {
    let workspace = Workspace::example();
    let mut daemon = Daemon::start(&workspace);
    // The daemon holds the lock: only through it can anything be written.
    overture(&workspace, &["event", "zoe@example.com", "page_viewed", "--data", "path=/pricing", "--create"]).ok();
    let score = overture(&workspace, &["score", "zoe@example.com", "--json"]).ok().json();
    assert_eq!(score["score"]["engagement"].as_f64().map(f64::round), Some(15.0));
    let doctor = overture(&workspace, &["doctor"]).ok();
    assert!(doctor.stdout.contains("ok    daemon: runs"), "{}", doctor.stdout);
    let refused = overture(&workspace, &["migrate"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("is in use by process"), "{}", refused.stderr);
    daemon.kill9();
    // Its socket is still there, and nobody answers at it.
    assert!(workspace.file("data/overture.sock").exists());
    overture(&workspace, &["event", "zoe@example.com", "demo_requested"]).ok();
    let why = overture(&workspace, &["why", "zoe@example.com"]).ok();
    assert!(
        why.stdout.contains("page_viewed, by human") && why.stdout.contains("demo_requested, by human"),
        "{}",
        why.stdout
    );
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on_answering() {
    let workspace = Workspace::example();
    let _first = Daemon::start(&workspace);
    let second = overture(&workspace, &["run"]);
    assert_eq!(second.code, Some(2));
    assert!(second.stderr.contains("is in use by process"), "{}", second.stderr);
    overture(&workspace, &["event", "zoe@example.com", "page_viewed", "--create"]).ok();
}

#[test]
fn a_broken_file_keeps_no_one_from_the_data_of_a_running_daemon() {
    let workspace = Workspace::example();
    workspace.set("data", "kept");
    let _daemon = Daemon::start(&workspace);
    workspace.write("sequences/broken.yaml", "steps: [");
    overture(&workspace, &["event", "zoe@example.com", "page_viewed", "--create"]).ok();
    let why = overture(&workspace, &["why", "zoe@example.com"]).ok().stdout;
    assert!(why.contains("What happened, in the time of Europe/Berlin:"), "{why}");
    assert!(!workspace.file("data").exists(), "the data is where the settings say, whatever is wrong elsewhere");
    let told = overture(&workspace, &["run"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("sequences/broken.yaml") && told.stderr.contains("overture check"), "{}", told.stderr);
}

/// The data folder's lock in the hands of a process that answers nobody: a daemon in its first second, or another command.
fn hold(workspace: &Workspace) -> File {
    std::fs::create_dir_all(workspace.file("data")).expect("a folder can be made");
    let mut lock = File::create(workspace.file("data/overture.lock")).expect("a file can be made");
    lock.lock().expect("nobody has it");
    writeln!(lock, "{}", std::process::id()).expect("a file can be written");
    lock
}

#[test]
fn a_command_waits_for_whoever_holds_the_data_for_a_moment_and_says_so() {
    let workspace = Workspace::example();
    for words in
        [&["leads", "set", "zoe@example.com", "first_name=Zoe"][..], &["event", "zoe@example.com", "page_viewed"]]
    {
        let lock = hold(&workspace);
        let mut command = begin(&workspace, words);
        let waiting = format!("waiting for process {}", std::process::id());
        assert!(
            command.log().wait(SOON, |line| line.contains(&waiting).then_some(())).is_some(),
            "{}",
            command.log().text()
        );
        drop(lock);
        assert!(command.wait(SOON).success(), "{}", command.log().text());
    }
}

#[test]
fn a_list_asked_for_before_there_is_a_database_waits_for_the_daemon_that_makes_it() {
    let workspace = Workspace::example();
    let lock = hold(&workspace);
    let mut command = begin(&workspace, &["leads", "list"]);
    assert!(command.log().wait(SOON, |line| line.contains("waiting for process").then_some(())).is_some());
    drop(lock);
    let _daemon = Daemon::start(&workspace);
    assert!(command.wait(SOON).success(), "{}", command.log().text());
    assert_eq!(overture(&Workspace::example(), &["leads", "list"]).code, Some(2), "nobody makes one there");
}

#[test]
fn a_daemon_that_starts_waits_for_a_command_to_be_done() {
    let workspace = Workspace::example();
    let lock = hold(&workspace);
    let daemon = begin(&workspace, &["run"]);
    assert!(daemon.log().wait(SOON, |line| line.contains("waiting for process").then_some(())).is_some());
    drop(lock);
    assert!(
        daemon.log().wait(SOON, |line| line.ends_with(" ready").then_some(())).is_some(),
        "{}",
        daemon.log().text()
    );
}
