//! Sequences are tested like software: on a clock that jumps, with a failure that shows where it went another way.

use std::process::Command;

use crate::support::daemon::overture;
use crate::support::workspace::Workspace;

#[test]
fn the_tests_of_the_example_pass_as_text_json_and_junit() {
    let workspace = Workspace::example();
    let told = overture(&workspace, &["test"]).ok();
    assert!(told.stdout.ends_with("20 tests passed\n"), "{}", told.stdout);
    let json = overture(&workspace, &["test", "--format", "json"]).ok().json();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(20), Some(0)));
    let some = overture(&workspace, &["test", "sequences/re-engagement.test.yaml", "--json"]).ok().json();
    assert_eq!(some["passed"], 4);
    let junit = overture(&workspace, &["test", "--format", "junit"]).ok().stdout;
    assert!(
        junit.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"overture\" tests=\"20\"")
    );
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure").count()), (20, 0));
}

const TEST: &str = r#"
lead: {email: zoe@acme.example, first_name: Zoe, country: DE}
start: 2026-03-02 09:00
tests:
  - name: a click & "more" <than> that
    events:
      - {at: welcome + 10m, click: welcome}
      - {at: case-study + 1h, reply: case-study}
    until: 2026-03-10
    expect:
      touches:
        - welcome: 2026-03-02 10:00..11:00
        - short-tip: 2026-03-04
        - tell-crm
      stage: mql
      score: 70..80
      exit: replied
      handoff: sales/ines
"#;

#[test]
fn a_failure_shows_expected_and_got_on_one_timeline() {
    let workspace = Workspace::example();
    workspace.write("sequences/odd.test.yaml", &TEST.replace("lead:", "sequence: trial-nurture\nlead:"));
    let told = overture(&workspace, &["test", "sequences/odd.test.yaml"]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    insta::assert_snapshot!(told.stdout);
    let junit = overture(&workspace, &["test", "sequences/odd.test.yaml", "--format", "junit"]);
    assert_eq!(junit.code, Some(1));
    insta::assert_snapshot!(junit.stdout);
}

/// A mail in two variants, in a sequence that a colleague's reply ends.
const TRIED: &str = "\
title: Tried
kind: nurture
topic: tips
send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: Europe/Berlin}
stop: {colleagues: stop}
steps:
  - {id: ask, email: {variants: {short: trial/welcome, long: trial/nudge}}}
  - wait: 2d
  - {id: again, email: trial/nudge}
  - end: done
";
const TRIED_TEST: &str = "\
lead: {email: zoe@acme.example, first_name: Zoe}
start: 2026-03-02 09:00
tests:
  - name: the short one
    until: 2026-03-03
    expect: {touches: [{ask: 2026-03-02 09:00, variant: short}], score: 7}
  - name: the long one
    until: 2026-03-03
    expect: {touches: [{variant: long, ask: any}], score: 7}
  - name: a colleague answers
    events: [{at: ask + 1d, colleague: replies}]
    expect: {touches: [ask], exit: 'stopped: a colleague replied'}
  - name: nobody is a colleague at a mailbox provider
    lead: {email: zoe@gmail.com}
    events: [{at: ask + 1d, colleague: replies}]
    expect: {touches: [ask, again], exit: finished}
";

#[test]
fn a_test_expects_a_variant_and_plays_the_reply_of_a_colleague() {
    let workspace = Workspace::example();
    workspace.write("sequences/tried.yaml", TRIED);
    workspace.write("sequences/tried.test.yaml", TRIED_TEST);
    let told = overture(&workspace, &["test", "sequences/tried.test.yaml", "--json"]).json();
    let rows = |test: usize| told["tests"][test]["timeline"].as_array().expect("it has a timeline").clone();
    let touch =
        |test: usize| rows(test).into_iter().find(|row| row["got"].as_str().is_some_and(|got| got.starts_with("ask")));
    let (short, long) = (touch(0).expect("it left"), touch(1).expect("it left"));
    assert_eq!(short["expected"], "ask as short at Mon 2026-03-02 09:00");
    assert_eq!(long["expected"], "ask as long");
    assert_eq!(short["got"], long["got"], "a lead keeps its variant");
    assert_eq!(
        (short["well"] == true, long["well"] == true),
        (short["got"] == "ask as short", long["got"] == "ask as long")
    );
    assert_ne!(short["well"], long["well"]);
    assert!(rows(0).iter().any(|row| row["expected"] == "score 7" && row["got"] == "score 0"), "{told}");
    assert_eq!(told["tests"][2]["passed"], true, "{told}");
    assert!(rows(2).iter().any(|row| row["got"] == "· a colleague replies"), "{told}");
    assert!(
        rows(3).iter().any(|row| row["got"].as_str().is_some_and(|got| got.contains("has no colleagues"))),
        "{told}"
    );
}

#[test]
fn what_cannot_be_played_is_exit_code_2() {
    let workspace = Workspace::example();
    let told = overture(&workspace, &["test", "sequences/nobody.test.yaml"]);
    assert_eq!(told.code, Some(2));
    assert!(
        told.stderr.contains("no file of tests") && told.stderr.contains("trial-nurture.test.yaml"),
        "{}",
        told.stderr
    );
    workspace.write("sequences/odd.test.yaml", TEST);
    let told = overture(&workspace, &["test"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("there is no sequence `odd`"), "{}", told.stderr);
}

const SMALL: [&str; 7] = ["simulate", "--leads", "300", "--days", "120", "--seed", "7"];

/// A workspace that nobody else changes, so that its figures change with the program alone.
const FILES: [(&str, &str); 4] = [
    (
        "config/overture.yaml",
        "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Paris\npublic_url: http://127.0.0.1:8025\n\
         senders: {maya: {from: Maya <maya@acme.example>, per_day: 9, gap: 90s}}\n",
    ),
    (
        "config/team.yaml",
        "calendars: {office: {zone: Europe/Paris, days: mon-fri, hours: [09:00-17:00]}}\n\
         reps: {ines: {name: Ines, email: ines@acme.example, calendar: office}}\n\
         teams: {sales: {calendar: office, members: [ines], fallback: ines}}\nrouting: [{team: sales}]\n",
    ),
    (
        "sequences/hello.yaml",
        "kind: cadence\nenroll: [{on: began}]\nsend: {from: maya, days: mon-fri, hours: 09:00-16:00}\nsteps:\n  - id: first\n    \
         email: hello\n  - wait: 3bd ± 1h\n  - id: second\n    email: hello\n  - wait: 2d\n  - if: clicked(\"second\")\n    then:\n      - id: ours\n        \
         handoff: {reason: read it}\n",
    ),
    (
        "templates/hello.md",
        "---\nsubject: Hello\n---\nHi, [look](https://acme.example/x).\n\n{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})\n",
    ),
];

/// The hash of its figures and its page.
const KEPT: &str = "1st6kntj50jcgz71ftnrhbmp8r";

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let workspace = Workspace::example();
    for (path, text) in FILES {
        workspace.write(&format!("kept/{path}"), text);
    }
    let (kept, report) = (workspace.file("kept"), workspace.file("year.html"));
    let (kept, report) = (kept.to_str().expect("a path in UTF-8"), report.to_str().expect("a path in UTF-8"));
    let play = |seed: &str| {
        let asked =
            ["--leads", "300", "--days", "90", "--seed", seed, "--json", "--report", report, "--workspace", kept];
        let played = Command::new(env!("CARGO_BIN_EXE_overture")).arg("simulate").args(asked).output();
        let played = played.expect("the program starts");
        assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
        (String::from_utf8_lossy(&played.stdout).into_owned(), workspace.read("year.html"))
    };
    let (figures, page) = play("7");
    assert_eq!(play("7"), (figures.clone(), page.clone()));
    assert_ne!(play("8").0, figures);
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("src="), "it needs nothing else");
    let read: serde_json::Value = serde_json::from_str(&figures).expect("it is JSON");
    for station in ["leads", "enrolled", "mailed", "opened", "clicked", "replied", "SQL"] {
        assert!(read["workspaces"][0]["funnel"][station].as_u64() > Some(0), "{station} in {figures}");
    }
    let hash = overture::domain::id::derived(&[&figures, &page]);
    assert_eq!(hash, KEPT, "the figures or the page changed; if that is meant, keep the new hash\n{figures}");
}

#[test]
fn a_sender_that_cannot_keep_up_is_named_with_the_day_its_queue_begins_to_grow() {
    let workspace = Workspace::example();
    let other = Workspace::example();
    let files = other.read("config/overture.yaml");
    other.write("config/overture.yaml", &files.replace("per_day: 400", "per_day: 2"));
    let folder = other.file("");
    let folder = folder.to_str().expect("a path in UTF-8");
    let told = overture(&workspace, &[&SMALL[..], &["--compare", folder, "--json"]].concat()).ok().json();
    let grows = |place: usize| told["workspaces"][place]["senders"]["growth"]["queue_grows_from"].clone();
    assert!(grows(0).is_null(), "{told}");
    assert!(grows(1).as_str().is_some_and(|day| day.starts_with("2026-0")), "{}", grows(1));
    let busiest = told["workspaces"][1]["senders"]["growth"]["sent"].as_array().into_iter().flatten();
    assert_eq!(busiest.filter_map(serde_json::Value::as_u64).max(), Some(2));
    assert_eq!(told["workspaces"][0]["funnel"]["leads"], told["workspaces"][1]["funnel"]["leads"]);
}

#[test]
fn rates_that_cannot_be_are_told_where_they_stand() {
    let workspace = Workspace::example();
    let usual = overture(&workspace, &["simulate", "--print-behaviour"]).ok().stdout;
    for (from, to, said) in [
        ("open: 85%", "open: -3%", "a rate cannot be negative"),
        ("open: 85%", "open: 120%", "a rate cannot be over 100 %"),
        ("open: 85%", "open: 20%", "whoever clicks has opened"),
        ("share: 8%", "share: 9%", "the shares of all people are 101 % together"),
        ("late: 18%", "late: 40%", "together"),
        ("reply: 4%", "reply: 99%", "together"),
        ("late_by: 12m..5h", "late_by: 5h..12m", "ends before it begins"),
        ("share: 8%", "shaer: 8%", "did you mean `share`?"),
    ] {
        assert!(usual.contains(from), "{from}");
        workspace.write("rates.yaml", &usual.replacen(from, to, 1));
        let file = workspace.file("rates.yaml");
        let told = overture(&workspace, &["simulate", "--behaviour", file.to_str().expect("a path in UTF-8")]);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains(said) && told.stderr.contains("rates.yaml:"), "{to}: {}", told.stderr);
    }
}

#[test]
fn what_is_in_flight_is_played_on_from_the_database() {
    let workspace = Workspace::example();
    for number in 0..3 {
        let who = format!("lead{number}@acme.example");
        overture(&workspace, &["leads", "set", &who, "first_name=Zoe", "company=Acme"]).ok();
        overture(&workspace, &["enroll", "outbound-cadence", &who]).ok();
    }
    let told = overture(&workspace, &["simulate", "--from-database", "--json"]).ok().json();
    assert_eq!(told["leads"], 3);
    // Nobody answers, so each gets the whole cadence within a month.
    assert_eq!(told["workspaces"][0]["senders"]["outbound"]["mails"], 9);
    let again = overture(&workspace, &["simulate", "--from-database", "--json"]).ok().json();
    assert_eq!(again["leads"], 3, "nothing was written");
}
