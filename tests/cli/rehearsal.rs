//! Sequences are tested like software: on a clock that jumps, with a failure that shows where it went another way.

use crate::support::daemon::overture;
use crate::support::workspace::Workspace;

#[test]
fn the_tests_of_the_example_pass_as_text_json_and_junit() {
    let workspace = Workspace::example();
    let told = overture(&workspace, &["test"]).ok();
    assert!(told.stdout.ends_with("19 tests passed\n"), "{}", told.stdout);
    let json = overture(&workspace, &["test", "--format", "json"]).ok().json();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(19), Some(0)));
    let some = overture(&workspace, &["test", "sequences/re-engagement.test.yaml", "--json"]).ok().json();
    assert_eq!(some["passed"], 4);
    let junit = overture(&workspace, &["test", "--format", "junit"]).ok().stdout;
    assert!(
        junit.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"overture\" tests=\"19\"")
    );
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure").count()), (19, 0));
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
