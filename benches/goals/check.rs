//! `overture check` on a workspace of 500 sequences, each with eight templates of its own, from the start of the program to its end.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::child;
use super::options::Options;
use super::pair::{Goal, line, median, void};
use super::support::workspace::Workspace;

const TEMPLATES: [&str; 8] = [
    "welcome.md",
    "deep-dive.md",
    "nudge.md",
    "benchmark.md",
    "field-notes.md",
    "crm-note.json",
    "case-study.md",
    "short-tip.md",
];

pub fn run(options: &Options) {
    let count = options.size_or(500);
    let workspace = Workspace::example();
    let sequence = workspace.read("sequences/trial-nurture.yaml");
    for n in 0..count {
        workspace.write(&format!("sequences/many/s{n}.yaml"), &sequence.replace("trial/", &format!("many{n}/")));
        for name in TEMPLATES {
            workspace.write(&format!("templates/many{n}/{name}"), &workspace.read(&format!("templates/trial/{name}")));
        }
    }
    let what = format!("seconds, check of {count} sequences");
    let mut runs = Vec::new();
    for _ in 0..options.rounds.max(3) {
        match once(&workspace) {
            Some(run) => runs.push(run),
            None => return void("", &what, "the files were not taken"),
        }
    }
    let memory = median(runs.iter().map(|(_, memory)| *memory));
    line("", &what, median(runs.iter().map(|(seconds, _)| *seconds)), Goal::AtMost(1.0), &format!("{memory:.0} MB"));
}

/// Seconds, and MB at most.
fn once(workspace: &Workspace) -> Option<(f64, f64)> {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.arg("check").arg(workspace.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("our program starts");
    let mut memory: f64 = 0.0;
    loop {
        memory = child::memory(child.id()).max(memory);
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return status.success().then(|| (began.elapsed().as_secs_f64(), memory));
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
