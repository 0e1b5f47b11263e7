//! The inbox by hand: what people are asked to do, and what they say came of it.

use serde_json::Value;

use crate::support::daemon::{Told, overture};
use crate::support::workspace::Workspace;

pub const CALLS: &str = "\
kind: cadence
send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: UTC}
steps:
  - {id: call, task: call, title: 'Call {{lead.first_name}}', outcomes: [connected, voicemail], due: 2d, wait: up_to 5d}
  - if: outcome(\"call\") == \"connected\"
    then: [{end: connected}]
  - {id: research, task: research, title: 'Read about {{lead.first_name}}'}
";

const NAMES: [&str; 3] = ["Ann", "Bo", "Cy"];

/// A workspace where three leads are to be called.
pub fn with_calls() -> Workspace {
    let workspace = Workspace::example();
    workspace.write("sequences/calls.yaml", CALLS);
    for name in NAMES {
        let (who, first) = (format!("{name}@acme.example").to_lowercase(), format!("first_name={name}"));
        overture(&workspace, &["leads", "set", &who, &first]).ok();
        overture(&workspace, &["enroll", "calls", &who]).ok();
    }
    workspace
}

fn task(workspace: &Workspace, arguments: &[&str]) -> Told {
    overture(workspace, &[&["task"], arguments].concat())
}

/// The tasks that filters find, each with its id and its title, in the order of the titles.
fn found(workspace: &Workspace, filters: &[&str]) -> Vec<(String, String)> {
    let told = task(workspace, &[&["list", "--json"], filters].concat()).ok().stdout;
    let text = |one: &Value, key: &str| one[key].as_str().expect("a text").to_owned();
    let rows = told.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let mut all: Vec<(String, String)> = rows.map(|one| (text(&one, "title"), text(&one, "id"))).collect();
    all.sort();
    all.into_iter().map(|(title, id)| (id, title)).collect()
}

fn titles(workspace: &Workspace, filters: &[&str]) -> Vec<String> {
    found(workspace, filters).into_iter().map(|(_, title)| title).collect()
}

#[test]
fn tasks_are_done_skipped_put_off_and_given_away_by_hand() {
    let workspace = with_calls();
    let [(ann, _), (bo, _), (cy, _)] = found(&workspace, &[]).try_into().expect("three are to be called");
    let wrong = task(&workspace, &["done", &ann, "--outcome", "conected"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.stdout);
    assert!(wrong.stderr.contains("it is one of: connected, voicemail"), "{}", wrong.stderr);
    let told = task(&workspace, &["done", &ann, "--outcome", "connected", "--by", "maya"]).ok();
    assert!(told.stderr.contains("done: 1 of 1"), "{}", told.stderr);
    let shown = task(&workspace, &["show", &ann]).ok().stdout;
    assert!(shown.contains("Call Ann") && shown.contains("connected") && shown.contains("maya"), "{shown}");
    task(&workspace, &["skip", &bo]).ok();
    assert_eq!(titles(&workspace, &["--state", "skipped"]), ["Call Bo"]);
    assert_eq!(
        titles(&workspace, &[]),
        ["Call Cy", "Read about Bo"],
        "who was skipped goes on, who was reached is done"
    );
    task(&workspace, &["snooze", &cy, "--for", "3d"]).ok();
    assert_eq!(titles(&workspace, &[]), ["Read about Bo"]);
    assert_eq!(titles(&workspace, &["--state", "snoozed"]), ["Call Cy"]);
    let again = task(&workspace, &["skip", &bo]);
    assert!(again.code == Some(1) && again.stderr.contains("1 were refused"), "{}", again.stderr);
    let team = workspace.read("config/team.yaml");
    assert!(team.contains("ines:"), "the shipped team has a rep of this name");
    task(&workspace, &["assign", &cy, "--to", "ines"]).ok();
    assert_eq!(titles(&workspace, &["--state", "snoozed", "--owner", "ines"]), ["Call Cy"]);
}

#[test]
fn an_act_on_all_that_a_filter_finds_says_first_how_many_that_would_be() {
    let workspace = with_calls();
    let told = task(&workspace, &["skip", "--kind", "call"]);
    assert!(told.code == Some(1) && told.stderr.contains("this would be 3 tasks"), "{}", told.stderr);
    assert_eq!(titles(&workspace, &[]).len(), 3, "nothing was done");
    let told = task(&workspace, &["skip", "--lead", "bo@acme.example"]);
    assert!(told.code == Some(1) && told.stderr.contains("this would be 1 task\n"), "{}", told.stderr);
    let told = task(&workspace, &["skip", "--kind", "call", "--yes"]).ok();
    assert!(told.stderr.contains("skip: 3 of 3"), "{}", told.stderr);
    assert_eq!(titles(&workspace, &["--kind", "call"]), [] as [&str; 0]);
    let next = ["Read about Ann", "Read about Bo", "Read about Cy"];
    assert_eq!(titles(&workspace, &["--kind", "research"]), next);
}
