//! A sequence that is edited while the daemon runs: it is read whole or not at all, and says what is wrong with it.

use crate::scene::{self, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;

const FILE: &str = "sequences/scene.yaml";

/// Waits for a line of the daemon's log.
fn told(scene: &Scene, words: &str) -> String {
    let found = scene.daemon.log().wait(SOON, |line| line.contains(words).then(|| line.to_owned()));
    found.unwrap_or_else(|| panic!("it never says `{words}`:\n{}", scene.daemon.log().text()))
}

#[test]
fn an_edit_of_what_runs_is_read_whole_or_not_at_all() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = scene::TWO_MAILS.replace("wait: 2s", "wait: 9d");
    let mut scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, &steps));
    scene.arrive(&["ann@example.com"]).expect("it answers");
    let first = scene.wait_touch("ann@example.com", "first", "accepted");
    let file = scene.workspace.read(FILE);

    scene.workspace.write(FILE, &file.replace("id: second", "id: first"));
    scene.daemon.reload();
    let line = told(&scene, "two steps have the id");
    assert!(line.contains(FILE) && line.contains("the old ones go on"), "{line}");
    scene.arrive(&["bob@example.com"]).expect("it answers");
    let second = scene.wait_touch("bob@example.com", "first", "accepted");
    assert_eq!(second["template"], first["template"], "the old version goes on");
    let versions = |scene: &Scene| {
        let told = scene.overture(&["sequence", "history", "scene", "--json"]).ok().json();
        let running = |one: &serde_json::Value| one["running"].as_i64().expect("they are counted");
        told["versions"].as_array().expect("there are versions").iter().map(running).collect::<Vec<_>>()
    };
    assert_eq!(versions(&scene), [2], "both are in it");
    let refused = scene.overture(&["plan"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let page = ["two steps have the id `first`", "{id: first, email: scene/second}", "the workspace has 1 error\n"];
    for words in page {
        assert!(refused.stderr.contains(words), "as without a daemon: {}", refused.stderr);
    }
    let problem = scene.call("GET", "/v1/plan", &serde_json::Value::Null).json();
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("the files have an error: sequences/scene.yaml:"), "{problem:#}");
    let refused = scene.overture(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(2), "nothing is applied halfway: {refused:?}");

    scene.workspace.write(FILE, &file.replace("id: first", "id: hello"));
    scene.daemon.reload();
    told(&scene, "the files were read again");
    scene.arrive(&["cho@example.com"]).expect("it answers");
    scene.wait_touch("cho@example.com", "hello", "accepted");
    assert_eq!(versions(&scene), [1, 2], "new enrollments get the new version");
    let planned = scene.overture(&["plan", "--json"]).ok().json();
    assert_eq!(planned["sequences"][0]["leads"], 2, "those in flight stay where they are: {planned:#}");
}
