//! The demo plays the whole story with real protocols, and the same seed plays the same one.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

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
