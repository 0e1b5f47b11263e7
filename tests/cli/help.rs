//! Help is how the commands are learnt, so it is read as a whole when it changes.

use crate::support::daemon::{Told, overture};
use crate::support::workspace::Workspace;

fn help(command: &[&str]) -> Told {
    overture(&Workspace::example(), &[command, &["--help"]].concat()).ok()
}

/// The names in a help's list of commands.
fn commands(help: &str) -> Vec<String> {
    let list = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_is_there_and_teaches_by_examples_or_by_what_happens() {
    let top = help(&[]);
    let found = commands(&top.stdout);
    for name in [
        "init",
        "check",
        "preview",
        "send-test",
        "run",
        "demo",
        "leads",
        "enroll",
        "event",
        "mail",
        "why",
        "score",
        "sequence",
        "handoff",
        "touches",
        "unknown",
        "suppress",
        "pause",
        "resume",
        "migrate",
        "doctor",
        "token",
    ] {
        assert!(found.iter().any(|found| found == name), "there is no `{name}`");
    }
    for name in found {
        let said = help(&[&name]).stdout;
        let teaches = ["Example", "Exit codes:"].iter().any(|word| said.contains(word));
        assert!(teaches, "`overture {name} --help` gives no example:\n{said}");
    }
}

#[test]
fn the_first_page_says_how_to_begin() {
    insta::assert_snapshot!(help(&["check"]).stdout);
    let top = help(&[]).stdout;
    for line in ["overture init my-company", "Exit codes: 0 done, 1 the answer is no", "OVERTURE_DATABASE__URL"] {
        assert!(top.contains(line), "{top}");
    }
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_and_exit_code_2() {
    let told = overture(&Workspace::example(), &["chekc"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("'check'"), "{}", told.stderr);
}
