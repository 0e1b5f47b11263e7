//! What a person does by hand, without a daemon: every command on a store of its own.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::daemon::{Told, overture};
use crate::support::postgres::Postgres;
use crate::support::workspace::Workspace;

fn with_zoe() -> Workspace {
    let workspace = Workspace::example();
    overture(&workspace, &["leads", "set", "zoe@example.com", "first_name=Zoe", "country=DE", "company=Acme"]).ok();
    workspace
}

fn json(workspace: &Workspace, arguments: &[&str]) -> serde_json::Value {
    overture(workspace, &[arguments, &["--json"]].concat()).ok().json()
}

/// A command that ends with a code, and what it said.
fn told_no(workspace: &Workspace, arguments: &[&str], says: &str) {
    let told = overture(workspace, arguments);
    assert_eq!(told.code, Some(1), "{arguments:?}: {}{}", told.stdout, told.stderr);
    assert!(told.stderr.contains(says), "{arguments:?}: {}", told.stderr);
}

#[test]
fn a_lead_is_enrolled_explained_paused_and_suppressed_by_hand() {
    let workspace = with_zoe();
    overture(&workspace, &["enroll", "trial-nurture", "zoe@example.com"]).ok();
    told_no(&workspace, &["enroll", "trial-nurture", "zoe@example.com"], "the lead is in this sequence already");
    let why = overture(&workspace, &["why", "zoe@example.com"]).ok().stdout;
    assert!(
        why.contains("trial-nurture at `welcome`") && why.contains("What happened, in the time of Europe/Berlin:"),
        "{why}"
    );
    overture(&workspace, &["pause", "lead", "zoe@example.com"]).ok();
    assert!(overture(&workspace, &["why", "zoe@example.com"]).ok().stdout.contains("paused until it is resumed"));
    overture(&workspace, &["resume", "lead", "zoe@example.com"]).ok();
    overture(&workspace, &["suppress", "add", "zoe@example.com", "--reason", "complaint"]).ok();
    assert!(overture(&workspace, &["suppress", "list"]).ok().stdout.contains("zoe@example.com  complaint"));
    told_no(&workspace, &["enroll", "outbound-cadence", "zoe@example.com"], "");
    overture(&workspace, &["suppress", "remove", "zoe@example.com"]).ok();
    told_no(&workspace, &["suppress", "remove", "zoe@example.com"], "this is not suppressed");
    assert_eq!(json(&workspace, &["touches", "list", "--lead", "zoe@example.com"])["state"], "cancelled");
}

#[test]
fn two_leads_that_are_one_person_become_one_and_both_addresses_lead_there() {
    let workspace = with_zoe();
    overture(&workspace, &["leads", "set", "zoe@old.example", "title=VP Operations", "country=FR"]).ok();
    overture(&workspace, &["enroll", "outbound-cadence", "zoe@old.example"]).ok();
    overture(&workspace, &["event", "zoe@old.example", "page_viewed"]).ok();
    told_no(
        &workspace,
        &["leads", "merge", "zeo@old.example", "--into", "zoe@example.com"],
        "no lead `zeo@old.example`",
    );
    let merge =
        || overture(&workspace, &["leads", "merge", "zoe@old.example", "--into", "zoe@example.com"]).ok().stderr;
    let said = merge();
    assert!(said.contains("zoe@old.example is zoe@example.com now"), "{said}");
    assert!(merge().contains("zoe@old.example is zoe@example.com already"));
    let lead = json(&workspace, &["leads", "show", "zoe@old.example"]);
    assert_eq!((&lead["email"], &lead["aliases"][0]["email"]), (&"zoe@example.com".into(), &"zoe@old.example".into()));
    assert_eq!((&lead["attributes"]["country"], &lead["attributes"]["title"]), (&"DE".into(), &"VP Operations".into()));
    assert_eq!(lead["enrollments"][0]["sequence"], "outbound-cadence");
    let shown = overture(&workspace, &["leads", "show", "zoe@example.com"]).ok().stdout;
    assert!(shown.contains("also") && shown.contains("zoe@old.example until"), "{shown}");
    let why = overture(&workspace, &["why", "zoe@example.com"]).ok().stdout;
    for says in ["(zoe@old.example) entered outbound-cadence", "found to be one person with zoe@old.example"] {
        assert!(why.contains(says), "{why}");
    }
    assert_eq!(overture(&workspace, &["leads", "list", "--json"]).ok().stdout.lines().count(), 1);
}

#[test]
fn an_empty_list_says_so_beside_its_output() {
    let workspace = with_zoe();
    for (list, says) in [
        (&["unknown", "list"][..], "no touch is unknown"),
        (&["task", "list"], "no tasks are open"),
        (&["task", "list", "--state", "called_off"], "no tasks are called off"),
        (&["handoff", "list"], "no handoff waits for an answer"),
        (&["handoff", "list", "--all"], "nobody was handed to sales"),
        (&["suppress", "list"], "nobody is suppressed"),
        (&["touches", "list"], "no such touches"),
        (&["leads", "list", "--stage", "customer"], "no such leads"),
    ] {
        let told = overture(&workspace, list).ok();
        assert_eq!((told.stdout.as_str(), told.stderr.trim_end()), ("", says), "{list:?}");
        let told = overture(&workspace, &[list, &["--json"]].concat()).ok();
        assert_eq!((told.stdout.as_str(), told.stderr.as_str()), ("", ""), "{list:?}");
    }
}

/// A sequence that asks for a number an event brings.
const ORDERS: &str = "\
title: Orders
kind: nurture
topic: orders
enroll: [{on: order_placed, when: event.amount > 100 && event.gift && event.code == \"7\"}]
send: {from: growth, days: mon-fri, hours: 09:00-17:00, zone: Europe/Berlin}
steps: [{id: thanks, email: trial/welcome}, {end: done}]
";

#[test]
fn an_event_brings_numbers_and_truths_and_a_name_nobody_asks_for_is_told() {
    let workspace = with_zoe();
    workspace.write("sequences/orders.yaml", ORDERS);
    let order = ["event", "zoe@example.com", "order_placed", "--data", "amount=500", "--data", "gift=true"];
    let told = overture(&workspace, &[&order[..], &["--data", "code=\"7\""]].concat()).ok();
    assert!(!told.stderr.contains("asks for"), "{}", told.stderr);
    let why = overture(&workspace, &["why", "zoe@example.com"]).ok().stdout;
    assert!(why.contains("orders at `thanks`"), "{why}");
    let told = overture(&workspace, &["event", "zoe@example.com", "order_plased"]).ok();
    let note = "no sequence and no rule asks for `order_plased`; did you mean `order_placed`?";
    assert!(told.stderr.contains(note), "{}", told.stderr);
    for heard in ["replied", "demo_requested", "meeting_booked"] {
        let told = overture(&workspace, &["event", "zoe@example.com", heard]).ok();
        assert!(!told.stderr.contains("asks for"), "{}", told.stderr);
    }
}

#[test]
fn a_score_is_a_sum_with_the_newest_driver_first() {
    let workspace = with_zoe();
    overture(
        &workspace,
        &["leads", "set", "zoe@example.com", "title=VP Operations", "employees=300", "industry=software"],
    )
    .ok();
    overture(&workspace, &["event", "zoe@example.com", "page_viewed", "--data", "path=/pricing"]).ok();
    overture(&workspace, &["event", "zoe@example.com", "demo_requested"]).ok();
    let told = overture(&workspace, &["score", "zoe@example.com"]).ok().stdout;
    assert!(told.starts_with("80 = fit 40 + engagement 40, hot, at "), "{told}");
    let rules: Vec<&str> = told
        .lines()
        .skip(2)
        .filter_map(|line| line.split("  ").find(|part| part.trim().starts_with(char::is_alphabetic)))
        .collect();
    assert_eq!(rules[0].trim(), "demo request", "{told}");
    let before = overture(&workspace, &["score", "zoe@example.com", "--at", "2020-01-01"]).ok().stdout;
    assert!(before.starts_with("0 = fit 0 + engagement 0"), "{before}");
    let handed = json(&workspace, &["handoff", "list"]);
    let id = handed["id"].as_str().expect("a handoff has an id").to_owned();
    overture(&workspace, &["handoff", "claim", &id, "--by", "ines"]).ok();
    overture(&workspace, &["handoff", "contacted", &id, "--by", "ines"]).ok();
    assert_eq!(json(&workspace, &["handoff", "show", &id])["sla"], "met");
}

#[test]
fn what_is_not_there_or_makes_no_sense_is_told_in_a_sentence() {
    let workspace = with_zoe();
    told_no(&workspace, &["event", "tom@example.org", "page_viewed"], "--create makes it");
    told_no(&workspace, &["why", "tom@example.org"], "there is no such lead");
    told_no(&workspace, &["event", "zoe@example.com", "sent"], "only Overture itself makes");
    told_no(&workspace, &["event", "zoe@example.com", "page_viewed", "--at", "2099-01-01"], "ahead");
    told_no(&workspace, &["leads", "set", "zoe@example.com", "emploees=3"], "employees");
    told_no(&workspace, &["pause", "sender", "groth"], "did you mean `growth`");
    told_no(&workspace, &["resume", "everything"], "this is not paused");
    told_no(&workspace, &["handoff", "show", "hnd_x"], "there is no such handoff");
    told_no(&workspace, &["sequence", "show", "trial-nurtur"], "did you mean `trial-nurture`");
    let when = overture(&workspace, &["score", "zoe@example.com", "--at", "yesterday"]);
    assert_eq!(when.code, Some(2));
    assert!(when.stderr.contains("`yesterday` is no point in time"), "{}", when.stderr);
}

#[test]
fn reading_a_store_that_is_not_there_says_how_it_comes_to_be() {
    let told = overture(&Workspace::example(), &["leads", "list"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("there is no database at"), "{}", told.stderr);
    let workspace = Workspace::example();
    assert_eq!(overture(&workspace, &["migrate", "--check"]).code, Some(1));
    let done = overture(&workspace, &["migrate"]).ok();
    assert!(done.stdout.contains("done: "), "{}", done.stdout);
    overture(&workspace, &["migrate", "--check"]).ok();
    overture(&workspace, &["leads", "list"]).ok();
}

#[test]
fn on_postgresql_the_commands_mean_the_same() {
    let Some(postgres) = Postgres::shared() else { return };
    let workspace = Workspace::example();
    workspace.database(&postgres.database());
    told_no(&workspace, &["migrate", "--check"], "");
    overture(&workspace, &["migrate"]).ok();
    overture(&workspace, &["migrate", "--check"]).ok();
    overture(&workspace, &["leads", "set", "zoe@example.com", "first_name=Zoe", "country=DE"]).ok();
    overture(&workspace, &["enroll", "outbound-cadence", "zoe@example.com"]).ok();
    told_no(&workspace, &["enroll", "outbound-cadence", "zoe@example.com"], "the lead is in this sequence already");
    assert!(overture(&workspace, &["why", "zoe@example.com"]).ok().stdout.contains("outbound-cadence at `first`"));
    let doctor = overture(&workspace, &["doctor"]).ok().stdout;
    assert!(doctor.contains("ok    database: PostgreSQL, schema "), "{doctor}");
}

#[test]
fn a_key_is_shown_once_and_can_be_revoked() {
    let workspace = Workspace::example();
    let made = json(&workspace, &["token", "create", "website", "--scope", "enroll"]);
    let (id, key) = (made["id"].as_str().expect("an id"), made["token"].as_str().expect("a key"));
    let list = overture(&workspace, &["token", "list"]).ok().stdout;
    assert!(list.contains("website") && !list.contains(key), "{list}");
    overture(&workspace, &["token", "revoke", id]).ok();
    told_no(&workspace, &["token", "revoke", id], "revoked before");
    told_no(&workspace, &["token", "create", "website", "--scope", "event"], "is no scope; there are");
}

/// Runs a command with a text on standard input, as a mail server does.
fn piped(workspace: &Workspace, arguments: &[&str], input: &[u8]) -> Told {
    let mut child = Command::new(env!("CARGO_BIN_EXE_overture"))
        .args(arguments)
        .arg("--workspace")
        .arg(workspace.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("our program starts");
    child.stdin.take().expect("stdin is a pipe").write_all(input).expect("the command reads");
    let output = child.wait_with_output().expect("a child can be waited for");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Told { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_mail_that_is_not_for_us_changes_nothing_and_no_mail_at_all_is_an_error() {
    let workspace = with_zoe();
    let stranger = b"From: someone@example.org\r\nTo: maya@northwind.example\r\nSubject: Hi\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n";
    assert_eq!(piped(&workspace, &["mail", "ingest"], stranger).code, Some(0));
    let nothing = piped(&workspace, &["mail", "ingest"], b"\n");
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("there is no message on standard input"), "{}", nothing.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let workspace = with_zoe();
    for arguments in [&["why", "zoe@example.com"][..], &["leads", "list", "--json"], &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_overture"))
            .args(arguments)
            .arg("--workspace")
            .arg(workspace.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("our program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("a child can be waited for");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {:?} {said}", output.status);
    }
}
