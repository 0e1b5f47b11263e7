//! What a plan looks like to whoever reads it: what changed, for whom, and what it does not say.

use crate::scene::{self, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::Call;
use crate::support::process::{AT_ONCE, Process};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::json;
use std::io::Write;
use std::process::Command;

const FILE: &str = "sequences/scene.yaml";
/// Everybody waits before the first mail.
const WAITING: &str = "\
enroll: [{on: arrived}]
steps:
  - wait: 9d
  - {id: first, email: scene/first}
  - wait: 5d
  - {id: second, email: scene/second}
";
/// Leads of a page of a plan.
const PAGE: usize = 500;

fn stage(leads: usize) -> (Scene, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, WAITING);
    workspace.set("senders.growth.per_day", "60");
    let scene = Scene::start(workspace);
    arrive(&scene, 0..leads);
    (scene, server, receiver)
}

fn arrive(scene: &Scene, numbers: std::ops::Range<usize>) {
    let leads: Vec<String> = numbers.map(|number| format!("lead{number:05}@example.com")).collect();
    for some in leads.chunks(PAGE) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        let told = scene.arrive(&some).expect("it answers");
        assert_eq!(told.status, 200, "{}", told.body);
    }
}

fn change(scene: &Scene, old: &str, new: &str) {
    let file = scene.workspace.read(FILE);
    assert!(file.contains(old), "{file}");
    scene.workspace.write(FILE, &file.replacen(old, new, 1));
}

#[test]
fn a_plan_reads_like_a_diff_and_names_all_who_are_asked_for() {
    let (scene, _server, _receiver) = stage(75);
    change(&scene, "wait: 9d", "wait: 1d");
    change(&scene, "kind: nurture", "kind: nurture\ngoal: signed_up");
    let told = scene.overture(&["plan"]).ok().stdout;
    let lines = [
        "    +goal: signed_up\n",
        "    -  - wait: 9d\n    +  - wait: 1d\n",
        "step wait 1d (at the start): another wait (9d -> 1d), 75 leads with it ahead\n",
        "at wait 9d (at the start): 75 leads: 75 wait less\n",
        "wait 9d (at the start) -> wait 1d (at the start): waits less\n",
        "      … and 55 others; `overture plan --all` names all\n",
        "more  fewer\n",
        "a sender's cap and gap may make them later\n",
        "    growth would have 75 of them on ",
        "0 touches released at once, 0 touches ahead never come, 0 enrollments end\n",
    ];
    for line in lines {
        assert!(told.contains(line), "`{line}` is missing:\n{told}");
    }
    assert_eq!(told.matches("@example.com").count(), 20, "{told}");
    let all = scene.overture(&["plan", "--all"]).ok().stdout;
    assert!(all.matches("@example.com").count() == 75 && !all.contains("others;"), "{all}");
    let planned = scene.overture(&["plan", "--json"]).ok().json();
    let one = &planned["sequences"][0];
    assert_eq!((one["named"].as_array().map(Vec::len), &one["changed"]), (Some(75), &json!(75)), "{one:#}");
    let diff = one["diff"].as_str().unwrap_or_default();
    assert!(diff.contains("\n-  - wait: 9d\n+  - wait: 1d\n"), "{diff}");
    let few = scene.get("/v1/plan");
    assert_eq!(few["sequences"][0]["named"].as_array().map(Vec::len), Some(20));
    assert_eq!(few["fingerprint"], planned["fingerprint"], "however many are named");
}

#[test]
fn a_plan_says_who_ends_by_what_the_file_now_says_beside_its_steps() {
    let (scene, _server, _receiver) = stage(3);
    scene.overture(&["leads", "set", "lead00001@example.com", "first_name=P1"]).ok();
    change(&scene, "kind: nurture", "kind: nurture\nstop: {when: 'lead.first_name != \"P1\"'}");
    let planned = scene.overture(&["plan"]).ok().stdout;
    assert!(planned.contains("3 leads: 1 stays as it is, 2 end"), "{planned}");
    assert!(planned.contains("lead00000@example.com  wait 9d (at the start) -> the end: ends"), "{planned}");
    assert!(planned.contains("4 touches ahead never come, 2 enrollments end"), "{planned}");
    let refused = scene.overture(&["apply", "--yes", "--at-most", "3"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let applied = scene.overture(&["apply", "--yes", "--at-most", "4", "--json"]).ok().json();
    assert_eq!((&applied["moved"], &applied["plan"]["ended"]), (&json!(3), &json!(2)));
    let all = scene.get("/v1/sequences");
    let one = all["sequences"].as_array().into_iter().flatten().find(|one| one["name"] == "scene");
    assert_eq!(one.map(|one| one["enrollments"].clone()), Some(json!({"active": 1, "exited": 2})));
}

#[test]
fn settings_that_wait_to_be_read_are_said_to() {
    let (mut scene, _server, _receiver) = stage(0);
    let told = |scene: &Scene| scene.overture(&["plan"]).ok().stdout;
    assert_eq!(told(&scene), "nothing to apply: the files are what is in force\n");
    scene.workspace.set("senders.growth.per_day", "7");
    let waits = told(&scene);
    assert!(waits.contains("config/overture.yaml differs from what is in force"), "{waits}");
    assert!(waits.contains("SIGHUP") && waits.contains("nothing to apply: no sequence changed"), "{waits}");
    scene.daemon.reload();
    let read = |line: &str| line.contains("the files were read again").then_some(());
    scene.daemon.log().wait(SOON, read).expect("it reads them");
    assert_eq!(told(&scene), "nothing to apply: the files are what is in force\n");
}

/// Statements so far.
fn statements(scene: &Scene) -> f64 {
    let url = format!("{}/metrics", scene.daemon.private());
    let told = Call::new("GET", &url).header("authorization", scene.key()).send();
    let line = told.body.lines().find_map(|line| line.strip_prefix("overture_statements_total "));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("it is not counted: {}", told.body))
}

#[test]
fn a_plan_asks_a_constant_number_of_statements_a_page() {
    let (scene, _server, _receiver) = stage(2 * PAGE);
    change(&scene, "wait: 9d", "wait: 20d");
    let cost = |leads: usize| {
        let before = statements(&scene);
        let planned = scene.get("/v1/plan");
        assert_eq!(planned["sequences"][0]["leads"], leads);
        statements(&scene) - before
    };
    let two = cost(2 * PAGE);
    arrive(&scene, 2 * PAGE..6 * PAGE);
    let six = cost(6 * PAGE);
    // What the daemon asks for meanwhile is counted with it; a statement a lead would be five hundred a page.
    assert!((six - two) / 4.0 < 30.0, "{two} statements for two pages, {six} for six");
}

#[test]
fn a_person_is_asked_again_when_something_came_in_since_the_plan() {
    let (scene, _server, _receiver) = stage(1);
    change(&scene, "wait: 9d", "wait: 20d");
    let keys = scene.workspace.file("keys");
    assert!(Command::new("mkfifo").arg(&keys).status().is_ok_and(|made| made.success()), "a pipe can be made");
    let apply = format!("{} apply --workspace {}", env!("CARGO_BIN_EXE_overture"), scene.workspace.path().display());
    // `script` gives the command a terminal, and hands it what is typed.
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec script -qefc "$1" /dev/null <"$2""#, "sh", &apply]).arg(&keys).env("NO_COLOR", "1");
    let mut process = Process::start("overture apply", &mut command, AT_ONCE);
    let mut typed = std::fs::File::options().write(true).open(&keys).expect("somebody reads it");
    let asked = |times: usize| {
        crate::support::watch::eventually(&format!("it asks {times} times"), SOON, || {
            (process.log().text().matches("? [y/N]").count() >= times).then_some(())
        });
    };
    asked(1);
    arrive(&scene, 1..2);
    crate::support::watch::eventually("the new one is in it", SOON, || {
        (scene.get("/v1/plan")["sequences"][0]["leads"] == 2).then_some(())
    });
    typed.write_all(b"y\n").expect("it can be typed");
    asked(2);
    let told = process.log().text();
    assert!(told.contains("something came in since; this is the plan now:") && told.contains("2 leads"), "{told}");
    assert_eq!(scene.get("/v1/plan")["sequences"][0]["leads"], 2, "nothing was applied yet");
    typed.write_all(b"y\n").expect("it can be typed");
    assert!(process.wait(SOON).success(), "{}", process.log().text());
    assert!(process.log().text().contains("applied; 2 leads in flight"), "{}", process.log().text());
}

/// People of a sequence with these steps, as they stand after their first mail, and what an edit of it plans.
fn planned(
    steps: &str,
    before: impl Fn(&Scene),
    (old, new): (&str, &str),
    wanted: [u64; 3],
) -> (Scene, FaultySmtp, serde_json::Value) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, steps);
    let scene = Scene::start(workspace);
    arrive(&scene, 0..3);
    server.wait_taken(3);
    for number in 0..3 {
        scene.wait_touch(&format!("lead{number:05}@example.com"), "first", "accepted");
    }
    before(&scene);
    change(&scene, old, new);
    // A wait of a second is over in a second.
    let planned = eventually(&format!("the plan counts {wanted:?}"), SOON, || {
        let planned = scene.overture(&["plan", "--json"]).ok().json();
        (counts(&planned) == wanted).then_some(planned)
    });
    (scene, server, planned)
}

fn counts(planned: &serde_json::Value) -> [u64; 3] {
    ["released", "dropped", "ended"].map(|name| planned[name].as_u64().expect("a plan counts"))
}

#[test]
fn what_an_edited_condition_lets_go_at_once_is_counted_and_bounded() {
    let steps = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - {id: w, wait: {for: 'clicked(\"first\")', up_to: 5d}}
  - {id: second, email: scene/second}
";
    let edit = ("clicked(\"first\")", "done(\"first\")");
    let (scene, _server, planned) = planned(steps, |_| (), edit, [3, 0, 0]);
    assert_eq!(planned["sequences"][0]["steps"][0]["marks"], json!({"released": 3}), "{planned:#}");
    let refused = scene.overture(&["apply", "--yes", "--at-most", "2"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("release 3"), "{refused:?}");
    scene.overture(&["apply", "--yes", "--at-most", "3"]).ok();
    scene.wait_touch("lead00000@example.com", "second", "accepted");
}

#[test]
fn a_task_that_is_asked_for_at_once_is_released_and_not_lost() {
    let steps = "\
owner: maya
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - wait: 2d
  - {id: call, task: call, title: Call, due: 1bd, wait: up_to 1bd}
  - {id: second, email: scene/second}
";
    let (scene, _server, _) = planned(steps, |_| (), ("wait: 2d", "wait: 1s"), [3, 0, 0]);
    scene.overture(&["apply", "--yes", "--at-most", "3"]).ok();
    assert_eq!(scene.overture(&["task", "list", "--json"]).ok().stdout.lines().count(), 3);
}

#[test]
fn what_never_comes_is_counted_for_who_is_paused_as_for_everybody() {
    let steps = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - wait: 2d
  - {id: second, email: scene/second}
  - wait: 1d
  - {id: third, email: scene/first}
";
    let pause = |scene: &Scene| {
        for number in 0..2 {
            scene.overture(&["pause", "lead", &format!("lead{number:05}@example.com")]).ok();
        }
    };
    let edit = ("{id: second, email: scene/second}", "{id: other, email: scene/second}");
    let (scene, _server, _) = planned(steps, pause, edit, [0, 3, 0]);
    assert_eq!(scene.overture(&["apply", "--yes", "--at-most", "2"]).code, Some(1));
    scene.overture(&["apply", "--yes", "--at-most", "3"]).ok();
}

#[test]
fn what_waits_for_its_window_and_goes_at_once_by_an_edit_is_released() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = "enroll: [{on: arrived}]\nsteps:\n  - {id: first, email: scene/first}\n";
    let workspace = scene::workspace("sqlite", server.address(), &receiver, steps);
    let day = overture::clock::wall().to_jiff().to_zoned(jiff::tz::TimeZone::UTC).weekday().wrapping_add(3);
    let days = format!("days: {}", format!("{day:?}")[..3].to_lowercase());
    workspace.write(FILE, &workspace.read(FILE).replacen("days: mon-sun", &days, 1));
    let scene = Scene::start(workspace);
    arrive(&scene, 0..3);
    change(&scene, &days, "days: mon-sun");
    let planned = scene.overture(&["plan", "--json"]).ok().json();
    assert_eq!(counts(&planned), [3, 0, 0], "{planned:#}");
    assert_eq!(scene.overture(&["apply", "--yes", "--at-most", "2"]).code, Some(1));
    scene.overture(&["apply", "--yes", "--at-most", "3"]).ok();
    server.wait_taken(3);
}
