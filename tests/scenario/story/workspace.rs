//! The workspace of the story: the shipped example, with waits of seconds and doors that are always open.

use super::{ANN, BOB, CYD, DAN, EVE, GUS, LISTED};
use crate::scene;
use crate::support::daemon::overture;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;
use std::fmt::Write;
use std::net::SocketAddr;

pub const CRM_SECRET: &str = "bm9ydGh3aW5kLWRlbW8tY3JtLXNpZ25pbmcta2V5ISE=";
pub const CHAT_SECRET: &str = "bm9ydGh3aW5kLWRlbW8tc2FsZXMtY2hhdC1rZXk=";

const NURTURE: &str = "sequences/trial-nurture.yaml";
const TEAM: &str = "config/team.yaml";

/// The shipped nurture's beginning, in the time of a test.
const STORY: &str = r#"title: Trial nurture
kind: nurture
topic: product-tips
owner: maya

enroll:
  - on: trial_started
    when: 'lead.country in ["DE", "FR", "GB", "NL", "US"]'
again: never

send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: UTC}

stop:
  on: [meeting_booked]
at_sql: exit

steps:
  - id: welcome
    email: trial/welcome
  - id: tell-crm
    webhook: crm
    with: {note: {template: trial/crm-note}, reason: trial nurture}
  - wait: 75s
  - if: clicked("welcome")
    then:
      - id: deep-dive
        email: trial/deep-dive
      - set: {lead.persona: evaluator, lead.tags: [+read-guide]}
  - else:
      - id: nudge
        email: trial/nudge
  - wait: 1d
  - id: case-study
    email: trial/case-study
  - end: done
"#;

const LIST: &str = "steps:\n  - {id: first, email: scene/first}\n  - end: done\n";

pub fn listed(n: usize) -> String {
    format!("lead{n}@list.example")
}

/// The workspace with its lists, on a database, live to a mail server and a receiver.
pub fn written(database: &str, server: SocketAddr, receiver: &Receiver) -> Workspace {
    let workspace = scene::workspace(database, server, receiver, LIST);
    workspace.set("senders.outbound.per_day", "10000");
    // The list has a sender of its own, so that nobody of the story stands behind it.
    let scene = workspace.read("sequences/scene.yaml").replace("from: growth", "from: outbound");
    workspace.write("sequences/scene.yaml", &scene);
    workspace.write(NURTURE, STORY);
    std::fs::remove_file(workspace.file("sequences/trial-nurture.test.yaml")).expect("the example has tests");
    workspace.write(TEAM, &team(&workspace.read(TEAM)));
    let mut list = String::from("email,first_name,company\nlead0@list.example,Lead 0,List\n");
    list += "LEAD0@list.example ,Lead 0,List\nnot an address,Nobody,List\n@example.com,Nobody,List\n";
    for n in 1..LISTED {
        writeln!(list, "{},Lead {n},List", listed(n)).expect("a text takes what is written");
    }
    workspace.write("list.csv", &list);
    let mut actors = String::from("email,first_name,country,title,employees,industry\n");
    for (lead, name) in [(ANN, "Ann"), (BOB, "Bob"), (CYD, "Cyd"), (EVE, "Eve"), (GUS, "Gus")] {
        writeln!(actors, "{lead},{name},DE,Analyst,5,").expect("a text takes what is written");
    }
    writeln!(actors, "{DAN},Dan,DE,VP Operations,300,Software").expect("a text takes what is written");
    workspace.write("actors.csv", &actors);
    workspace
}

/// Sales is always open, and whoever is not hot is answered within seconds or somebody hears of it.
fn team(shipped: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut warm = false;
    for line in shipped.lines() {
        warm = if line.starts_with("  warm:") { true } else { warm && line.starts_with("   ") };
        let always = |name: &str| format!("  {name}: {{zone: UTC, days: mon-sun, hours: [00:00-24:00]}}");
        lines.push(match line.trim_start().split(':').next() {
            Some("berlin") => always("berlin"),
            Some("london") => always("london"),
            Some("respond_within") if warm => "    respond_within: 8s".to_owned(),
            _ => line.to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

pub fn check_explains_a_typo(workspace: &Workspace) {
    workspace.write(NURTURE, &STORY.replace("email: trial/welcome", "email: trial/welcom"));
    let told = overture(workspace, &["check"]);
    assert_eq!(told.code, Some(1), "{}{}", told.stdout, told.stderr);
    for word in ["sequences/trial-nurture.yaml", "trial/welcom", "did you mean `trial/welcome`"] {
        assert!(told.stdout.contains(word), "`{word}` is missing:\n{}", told.stdout);
    }
    assert_eq!(overture(workspace, &["run"]).code, Some(2), "with a mistake nothing is started");
    workspace.write(NURTURE, STORY);
    let told = overture(workspace, &["check"]).ok();
    assert!(told.stdout.contains("0 errors"), "{}", told.stdout);
}

pub fn preview_shows_every_mail(workspace: &Workspace) {
    workspace.write("zoe.json", r#"{"email": "zoe@example.com", "first_name": "Zoe", "country": "FR"}"#);
    let zoe = workspace.file("zoe.json").display().to_string();
    let told = overture(workspace, &["preview", "trial-nurture", "--as", &zoe]).ok();
    for word in [super::WELCOME, "Hi Zoe", "deep-dive", "nudge", "case-study"] {
        assert!(told.stdout.contains(word), "`{word}` is missing:\n{}", told.stdout);
    }
}
