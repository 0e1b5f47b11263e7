//! Going back to an older version lasts: neither a re-read nor an apply of all that changed takes it back, and both say so.

use crate::scene::{self, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const FILE: &str = "sequences/scene.yaml";

fn stage() -> (Scene, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = scene::TWO_MAILS.replace("wait: 2s", "wait: 9d");
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, &steps));
    (scene, server, receiver)
}

/// Has the daemon read its files again, and waits until it has said a line that is not there before.
fn reread(scene: &mut Scene, words: &str) {
    let count = |text: &str| text.lines().filter(|line| line.contains(words)).count();
    let before = count(&scene.daemon.log().text());
    scene.daemon.reload();
    crate::support::watch::eventually(&format!("it says `{words}`"), SOON, || {
        (count(&scene.daemon.log().text()) > before).then_some(())
    });
}

fn versions(scene: &Scene) -> Vec<Value> {
    let told = scene.overture(&["sequence", "history", "scene", "--json"]).ok().json();
    told["versions"].as_array().expect("there are versions").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn a_sequence_without_a_file_that_was_called_back_stays_until_it_is_applied_by_name() {
    let (mut scene, _server, _receiver) = stage();
    scene.arrive(&["ann@example.com"]).expect("it answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    let version = text(&versions(&scene)[0]["version"]).to_owned();
    std::fs::remove_file(scene.workspace.file(FILE)).expect("the file is there");
    reread(&mut scene, "the files were read again");
    let refused = scene.overture(&["apply", "--yes", "--at-most", "0"]);
    assert_eq!(refused.code, Some(1), "its mail is due in nine days, and never comes: {refused:?}");
    assert!(refused.stdout.contains("1 touch ahead never comes, 1 enrollment ends"), "{}", refused.stdout);
    assert!(refused.stderr.contains("end 1 enrollments"), "{}", refused.stderr);
    scene.overture(&["apply", "--yes"]).ok();
    let why = scene.overture(&["why", "ann@example.com"]).ok().stdout;
    assert!(why.contains("the sequence is gone, whose version"), "{why}");

    let back = ["--sequence", "scene", "--version", &version];
    let planned = scene.overture(&[&["plan"][..], &back].concat()).ok().stdout;
    assert!(planned.contains("+ scene added: 0 leads in flight"), "{planned}");
    scene.overture(&[&["apply", "--yes"][..], &back].concat()).ok();
    reread(&mut scene, "it has no file, and stays in force");
    scene.arrive(&["bob@example.com"]).expect("it answers");
    scene.wait_touch("bob@example.com", "first", "accepted");
    let rest = scene.overture(&["plan"]).ok().stdout;
    let says = format!("scene was set aside for version {}: its file takes no part", &version[..8]);
    assert!(rest.contains(&says) && rest.contains("nothing to apply"), "{rest}");
    scene.overture(&["apply", "--yes"]).ok();
    scene.daemon.term();
    scene.daemon.restart();
    scene.arrive(&["cho@example.com"]).expect("it answers");
    scene.wait_touch("cho@example.com", "first", "accepted");

    let named = scene.overture(&["plan", "--sequence", "scene"]).ok().stdout;
    assert!(named.contains("applying this takes that back") && named.contains("- scene removed"), "{named}");
    scene.overture(&["apply", "--yes", "--sequence", "scene"]).ok();
    let rest = scene.overture(&["plan"]).ok().stdout;
    assert!(rest.contains("nothing to apply: the files are what is in force"), "{rest}");
}

#[test]
fn going_back_from_a_file_that_was_read_and_never_applied_lasts_too() {
    let (mut scene, _server, _receiver) = stage();
    let first = text(&versions(&scene)[0]["version"]).to_owned();
    let file = scene.workspace.read(FILE);
    scene.workspace.write(FILE, &file.replace("wait: 9d", "wait: 8d"));
    reread(&mut scene, "the files were read again");
    let back = ["--sequence", "scene", "--version", &first];
    scene.overture(&[&["apply", "--yes"][..], &back].concat()).ok();
    let rest = scene.overture(&["plan"]).ok().stdout;
    assert!(rest.contains("scene was set aside for version") && rest.contains("nothing to apply"), "{rest}");
    scene.overture(&["apply", "--yes"]).ok();
    reread(&mut scene, "its file was set aside");
    scene.arrive(&["ann@example.com"]).expect("it answers");
    let touch = scene.wait_touch("ann@example.com", "first", "accepted");
    assert_eq!(text(&touch["version"]), first, "who is new takes the version that was gone back to");
}

#[test]
fn a_file_that_was_set_aside_takes_no_part_until_it_changes_or_is_named() {
    let (mut scene, _server, _receiver) = stage();
    scene.arrive(&["ann@example.com"]).expect("it answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    let old = text(&versions(&scene)[0]["version"]).to_owned();
    let file = scene.workspace.read(FILE);
    scene.workspace.write(FILE, &file.replace("wait: 9d", "wait: 20d"));
    reread(&mut scene, "the files were read again");
    let diff = scene.overture(&["sequence", "diff", "scene"]).ok().stdout;
    for line in ["--- a/sequences/scene.yaml\t", "+++ b/sequences/scene.yaml\t", "-  - wait: 9d\n", "+  - wait: 20d\n"]
    {
        assert!(diff.contains(line), "{diff}");
    }
    let same = scene.overture(&["sequence", "diff", "scene", &old, &old]).ok().stdout;
    assert_eq!(same, "the versions are the same\n");
    scene.overture(&["apply", "--yes"]).ok();
    scene.overture(&["apply", "--yes", "--sequence", "scene", "--version", &old]).ok();
    reread(&mut scene, "its file was set aside for an older version");

    let planned = scene.overture(&["plan", "--json"]).ok().json();
    assert_eq!(planned["set_aside"], serde_json::json!([{"kind": "sequence", "name": "scene", "version": old}]));
    assert_eq!(planned["sequences"], serde_json::json!([]));
    scene.overture(&["apply", "--yes"]).ok();
    scene.arrive(&["bob@example.com"]).expect("it answers");
    let touch = scene.wait_touch("bob@example.com", "first", "accepted");
    assert_eq!(text(&touch["version"]), old, "a plain apply did not take it back");
    let applied = versions(&scene).into_iter().find(|one| one["applied"] == true).expect("one is in force");
    assert_eq!((text(&applied["version"]), &applied["running"]), (old.as_str(), &2.into()));

    scene.workspace.write(FILE, &file.replace("wait: 9d", "wait: 30d"));
    let changed = scene.overture(&["plan"]).ok().stdout;
    assert!(changed.contains("~ scene changed") && !changed.contains("set aside"), "{changed}");
    scene.workspace.write(FILE, &file.replace("wait: 9d", "wait: 20d"));
    let named = scene.overture(&["plan", "--sequence", "scene"]).ok().stdout;
    assert!(named.contains("applying this takes that back") && named.contains("~ scene changed"), "{named}");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let told = Command::new("git").arg("-C").arg(folder).args(who).args(arguments).output().expect("git runs");
    assert!(told.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

#[test]
fn a_touch_names_its_version_its_file_and_the_commit_that_has_it() {
    let (mut scene, _server, _receiver) = stage();
    let folder = scene.workspace.path().to_owned();
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "config", "sequences", "templates"]);
    git(&folder, &["commit", "-q", "-m", "as it was"]);
    reread(&mut scene, "the files were read again");
    let first = git(&folder, &["rev-parse", "HEAD"]);
    scene.arrive(&["ann@example.com"]).expect("it answers");
    let touch = scene.wait_touch("ann@example.com", "first", "accepted");
    assert_eq!((text(&touch["file"]), text(&touch["commit"])), (FILE, first.as_str()), "{touch:#}");
    let table = scene.overture(&["touches", "list"]).ok().stdout;
    let version = text(&touch["version"]);
    assert!(table.contains(&version[..8]) && table.contains(&first[..10]), "{table}");

    let file = scene.workspace.read(FILE);
    scene.workspace.write(FILE, &file.replace("wait: 9d", "wait: 20d"));
    reread(&mut scene, "the files were read again");
    scene.arrive(&["bob@example.com"]).expect("it answers");
    let touch = scene.wait_touch("bob@example.com", "first", "accepted");
    assert!(touch["commit"].is_null(), "its text is in no commit: {touch:#}");
    let why = scene.overture(&["why", "bob@example.com"]).ok().stdout;
    assert!(why.contains("is sequences/scene.yaml of no commit"), "{why}");

    git(&folder, &["commit", "-q", "-a", "-m", "longer"]);
    let second = git(&folder, &["rev-parse", "HEAD"]);
    reread(&mut scene, "the files were read again");
    let commits: Vec<String> = versions(&scene).iter().map(|one| text(&one["commit"]).to_owned()).collect();
    assert_eq!(commits, [second.as_str(), first.as_str()]);
    let touch = scene.touch("bob@example.com", "first").expect("it has a first mail");
    assert_eq!(text(&touch["commit"]), second);
    let why = scene.overture(&["why", "bob@example.com"]).ok().stdout;
    assert!(why.contains(&format!("is sequences/scene.yaml of {}", &second[..10])), "{why}");
}
