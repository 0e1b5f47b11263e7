//! Sequences are tested like software: on a clock that jumps, with a failure that shows where it went another way.

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

const CALLS_TEST: &str = "\
lead: {email: ann@acme.example, first_name: Ann}
start: 2026-03-02 09:00
tests:
  - name: who is reached is done
    events: [{at: call + 2h, task: call, outcome: connected}]
    expect: {tasks: [{call: 2026-03-02 09:00}], touches: [], exit: 'finished: connected'}
  - name: whoever is not called is read about
    events: [{at: +1h, task: call, outcome: skipped}, {at: research + 1d, task: research}]
    expect: {tasks: [{call: any}, {research: 2026-03-02 10:00}], exit: finished}
  - name: nobody calls
    until: 2026-03-08 12:00
    expect: {tasks: [call, {research: 2026-03-07 09:00}], exit: no}
  - name: a call that comes too late
    events: [{at: call + 6d, task: call, outcome: connected}]
    until: 2026-03-10
    expect: {tasks: [call, research]}
  - name: no task at all
    until: 2026-03-03
    expect: {tasks: []}
";

#[test]
fn a_test_does_tasks_and_expects_them() {
    let workspace = Workspace::example();
    workspace.write("sequences/calls.yaml", crate::inbox::CALLS);
    workspace.write("sequences/calls.test.yaml", CALLS_TEST);
    let told = overture(&workspace, &["test", "sequences/calls.test.yaml", "--json"]).json();
    let tests = told["tests"].as_array().expect("there are tests");
    let passed: Vec<bool> = tests.iter().map(|test| test["passed"] == true).collect();
    assert_eq!(passed, [true, true, true, false, false], "{told}");
    let is_told = |test: usize, words: &str| tests[test]["timeline"].to_string().contains(words);
    assert!(is_told(0, "· call is done: connected") && is_told(0, "task call at Mon 2026-03-02 09:00"), "{told}");
    assert!(is_told(2, "· call is overdue"), "{told}");
    assert!(is_told(3, "this task is not open any more"), "{told}");
    assert!(is_told(4, "\"got\":\"task call\",\"well\":false"), "{told}");
}

#[test]
fn a_test_lets_mails_and_calls_be_refused() {
    let workspace = Workspace::example();
    workspace.write(
        "sequences/told.yaml",
        "kind: cadence\nsend: {from: growth, days: mon-sun, hours: 00:00-24:00}\nsteps:\n  \
         - {id: tell, webhook: crm}\n  - {id: first, email: trial/welcome}\n  \
         - {id: insist, webhook: crm, on_failure: exit}\n  - {id: second, email: trial/nudge}\n",
    );
    workspace.write(
        "sequences/told.test.yaml",
        "lead: {email: ann@acme.example, first_name: Ann}\nstart: 2026-03-02 09:00\ntests:\n  \
         - {name: a call may fail, refused: [tell], expect: {touches: [first, insist, second], exit: finished}}\n  \
         - {name: a call that must not fail, refused: [insist], expect: {touches: [tell, first], exit: failed}}\n  \
         - {name: a mail is refused, refused: [first], expect: {touches: [tell], exit: failed}}\n",
    );
    let told = overture(&workspace, &["test", "sequences/told.test.yaml", "--json"]).json();
    assert_eq!((told["passed"].as_u64(), told["failed"].as_u64()), (Some(3), Some(0)), "{told}");
    assert!(told["tests"][1]["timeline"].to_string().contains("· insist is refused"), "{told}");
}

#[test]
fn a_mail_that_lacks_a_value_is_held_in_a_test_as_it_is_by_the_daemon() {
    let workspace = Workspace::example();
    workspace.write("templates/need.md", "---\nsubject: hi {{lead.title}}\n---\nHello.\n");
    workspace.write(
        "sequences/needs.yaml",
        "title: Needs\nkind: transactional\nsend: {from: growth, days: mon-sun, hours: 00:00-24:00}\nsteps:\n  - {id: one, email: need}\n",
    );
    let test = |lead: &str, expect: &str| {
        let test = format!("lead: {{{lead}}}\nstart: 2026-03-02 09:00\ntests:\n  - name: it\n    expect: {expect}\n");
        workspace.write("sequences/needs.test.yaml", &test);
        overture(&workspace, &["test", "sequences/needs.test.yaml"])
    };
    let sent = "{touches: [one: 2026-03-02 09:00], exit: finished}";
    let held = test("email: zoe@acme.example", sent);
    assert_eq!(held.code, Some(1), "{held:?}");
    assert!(held.stdout.contains("held: `lead.title` is missing or blank"), "{}", held.stdout);
    test("email: zoe@acme.example", "{touches: []}").ok();
    test("email: zoe@acme.example, title: VP", sent).ok();
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
