//! What a person at a terminal sees and is asked, who sits at a real one as far as the program can tell.

use crate::support::daemon::overture;
use crate::support::workspace::Workspace;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a command at a pseudo-terminal and types an answer; nothing where no such terminal can be had.
fn at_a_terminal(workspace: &Workspace, arguments: &str, answer: &str) -> Option<(bool, String)> {
    let line = format!("{} {arguments} --workspace {}", env!("CARGO_BIN_EXE_overture"), workspace.path().display());
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("NO_COLOR", "1");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take().expect("it is a pipe").write_all(answer.as_bytes()).expect("it can be typed");
    let output = child.wait_with_output().expect("it ends");
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn a_terminal_that_does_not_know_its_width_gets_whole_lines() {
    let workspace = Workspace::example();
    overture(&workspace, &["leads", "set", "ana@acme.example", "first_name=Ana"]).ok();
    let Some((done, said)) = at_a_terminal(&workspace, "leads list", "") else { return };
    assert!(done && said.lines().any(|line| line.starts_with("ana@acme.example  ") && line.contains("cold")), "{said}");
}

#[test]
fn apply_asks_at_a_terminal_and_does_nothing_without_a_yes() {
    let workspace = Workspace::example();
    overture(&workspace, &["event", "ana@acme.example", "met_us", "--create"]).ok();
    overture(&workspace, &["enroll", "outbound-cadence", "ana@acme.example"]).ok();
    let file = workspace.read("sequences/outbound-cadence.yaml");
    assert!(file.contains("wait: 5bd"), "{file}");
    workspace.write("sequences/outbound-cadence.yaml", &file.replace("wait: 5bd", "wait: 6bd"));
    let planned = || overture(&workspace, &["plan"]).ok().stdout;
    assert!(planned().contains("outbound-cadence changed"), "{}", planned());

    let unasked = overture(&workspace, &["apply"]);
    assert_eq!(unasked.code, Some(1), "nobody is there to ask: {unasked:?}");
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    let Some((done, said)) = at_a_terminal(&workspace, "apply", "n\n") else { return };
    assert!(!done && said.contains("? [y/N]") && said.contains("nothing was applied"), "{said}");
    assert!(planned().contains("outbound-cadence changed"), "{}", planned());
    let (done, said) = at_a_terminal(&workspace, "apply", "y\n").expect("there was one before");
    assert!(done && said.contains("? [y/N]") && said.contains("applied; 1 lead in flight"), "{said}");
    assert!(planned().contains("nothing to apply"), "{}", planned());
}
