//! The demo plays the whole story with real protocols, and the same seed plays the same one.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::SOON;
use crate::support::http::{Call, get};
use crate::support::process::{AT_ONCE, Process};
use crate::support::watch::eventually;

fn play() -> Child {
    Command::new(env!("CARGO_BIN_EXE_overture"))
        .args(["demo", "--once", "--days", "30", "--leads", "60", "--seed", "7", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn counts(played: Child) -> Value {
    let output = played.wait_with_output().expect("the demo ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the demo failed: {said}");
    serde_json::from_slice(&output.stdout).expect("the demo prints one JSON object")
}

#[test]
fn the_demo_comes_by_every_station_and_repeats_itself() {
    let (one, other) = (play(), play());
    let counts = [counts(one), counts(other)];
    assert_eq!(counts[0], counts[1]);
    let found = &counts[0];
    let at = |pointer: &str| found.pointer(pointer).and_then(Value::as_i64).unwrap_or(-1);
    assert_eq!(at("/leads"), 60);
    for station in [
        "/enrollments",
        "/touches/accepted",
        "/touches/refused",
        "/events/opened",
        "/events/clicked",
        "/events/replied",
        "/events/auto_replied",
        "/events/bounced",
        "/events/unsubscribed",
        "/events/machine",
        "/stages/mql",
        "/stages/sql",
        "/handoffs",
        "/sla/met",
        "/sla/breached",
    ] {
        assert!(at(station) > 0, "{station} in {found}");
    }
    for never in ["/touches/unknown", "/touches/held", "/duplicates", "/sent_after_stop"] {
        assert_eq!(at(never), 0, "{never} in {found}");
    }
}

#[test]
fn the_pages_of_the_demo_stand_by_themselves_and_ctrl_c_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.args(["demo", "--days", "20", "--leads", "30"]).env("TMPDIR", folder.path());
    let mut demo = Process::start("the demo", &mut command, AT_ONCE);
    let pages = demo.log().wait(SOON, |line| line.split("Look on at ").nth(1).map(|url| url.trim().to_owned()));
    let pages = pages.expect("the demo says where its pages are");
    let overview = eventually("a mail is shown", SOON, || {
        let list = get(&format!("{pages}mails"));
        assert_eq!(list.status, 200);
        list.body.contains("/mails/1").then(|| get(&pages))
    });
    let lead = overview.body.split("/leads/lead_").nth(1).and_then(|rest| rest.get(..26)).expect("a lead is shown");
    let all = [overview.clone(), get(&format!("{pages}leads/lead_{lead}")), get(&format!("{pages}mails/1"))];
    for page in &all {
        assert_eq!(page.status, 200);
        assert!(page.body.ends_with("</html>"), "{}", page.body);
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("script-src 'self'")));
        let outside = page.body.split("src=\"").skip(1).any(|rest| !rest.starts_with('/'));
        assert!(!outside && !page.body.contains("<style") && page.body.matches("<script").count() == 1);
    }
    assert!(
        all[0].body.contains("Trial nurture")
            && all[1].body.contains("What happened")
            && all[2].body.contains("sandbox")
    );
    let foreign = Call::new("GET", &pages).header("Host", "elsewhere.example").send();
    assert_eq!(foreign.status, 421);
    demo.signal("INT");
    assert!(demo.wait(SOON).success(), "{}", demo.log().text());
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder stands").count(), 0);
}
