//! Help is how the commands are learnt, so it is read as a whole when it changes.

use crate::support::daemon::{Told, overture, overture_with};
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
        "explain",
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

/// A line is ragged if the first word of the next would have had room in it, though no sentence and no list ended there.
fn ragged(text: &str, width: usize) -> Option<(&str, &str)> {
    let prose = |line: &&str| !line.is_empty() && !line.starts_with(' ') && !line.contains("  ");
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter_map(|pair| if let [a, b] = pair { Some((*a, *b)) } else { None });
    pairs.filter(|(a, b)| prose(a) && prose(b) && !a.ends_with(['.', ':', ')'])).find(|(a, b)| {
        let word = b.split(' ').next().unwrap_or_default();
        a.chars().count() + 1 + word.chars().count() <= width
    })
}

#[test]
fn what_help_says_fills_a_terminal_of_any_width_without_ragged_lines() {
    let workspace = Workspace::example();
    let mut asked: Vec<Vec<String>> = vec![vec![]];
    for name in commands(&help(&[]).stdout) {
        let inner = commands(&help(&[&name]).stdout);
        asked.extend(inner.into_iter().map(|inner| vec![name.clone(), inner]));
        asked.push(vec![name]);
    }
    for width in [60, 80] {
        for command in &asked {
            let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
            let told = overture_with(&workspace, &words, &[("COLUMNS", &width.to_string())], b"").ok();
            let (_, after) = told.stdout.split_once("Print help").expect("every help tells of itself");
            assert_eq!(ragged(after, width), None, "at {width}: overture {command:?}\n{after}");
            let long = after.lines().find(|line| line.chars().count() > width && line.trim().contains(' '));
            assert_eq!(long, None, "at {width}: overture {command:?}");
        }
    }
}
