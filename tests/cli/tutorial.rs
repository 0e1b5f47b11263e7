//! The README's ten minutes, word for word: what it says is typed in, and what it shows comes.

use crate::support::SOON;
use crate::support::process::{AT_ONCE, Process};
use crate::support::workspace::Workspace;
use std::path::Path;
use std::process::{Command, Output};

/// The section of the README.
fn section() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it is there");
    let (_, rest) = readme.split_once("\n## Ten minutes\n").expect("the section is there");
    rest.split_once("\n## ").map_or(rest, |(section, _)| section).to_owned()
}

/// The commands in it: indented lines, a paragraph each.
fn commands(section: &str) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = vec![Vec::new()];
    for line in section.lines() {
        match line.strip_prefix("    ") {
            Some(command) if !command.starts_with(' ') => {
                if let Some(block) = blocks.last_mut() {
                    block.push(command.to_owned());
                }
            }
            _ => blocks.push(Vec::new()),
        }
    }
    // What stands indented inside of fenced blocks is no command.
    blocks.retain(|block| block.iter().any(|line| line.starts_with("overture ")));
    blocks
}

fn bash(folder: &Path, script: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_overture")).parent().expect("a program lies in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-e", "-c", script]).current_dir(folder).env("PATH", path).env("NO_COLOR", "1");
    command.output().expect("bash starts")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_ten_minutes_of_the_readme_go_as_they_are_told() {
    let (section, workspace) = (section(), Workspace::example());
    let blocks = commands(&section);
    let [first, second, own, edit] = blocks.as_slice() else { panic!("four blocks of commands, found {blocks:#?}") };
    assert!(first.len() > 3 && second.len() > 6 && own.len() > 4 && edit.len() > 5, "{blocks:#?}");

    let begin: Vec<&String> = first.iter().filter(|line| !line.starts_with("overture run")).collect();
    let begun = begin.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n");
    let output = bash(workspace.path(), &begun);
    assert!(output.status.success(), "{begun}\n{}", told(&output));
    let folder = workspace.file("my-company");

    let (_, fenced) = section.split_once("answers:\n\n```\n").expect("the answer of a misspelt key is shown");
    let shown = fenced.split_once("```").map_or(fenced, |(shown, _)| shown);
    let misspell = "sed -i 's/^    when:/    whn:/' sequences/trial-nurture.yaml";
    let output = bash(&folder, &format!("{misspell}; overture check"));
    assert_eq!(told(&output).trim_end(), shown.trim_end());
    bash(&folder, "sed -i 's/^    whn:/    when:/' sequences/trial-nurture.yaml");

    // The daemon of the other terminal, on ports that are free.
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.arg("run").current_dir(&folder).env_remove("NOTIFY_SOCKET");
    command.envs([("OVERTURE_LISTEN__PUBLIC", "127.0.0.1:0"), ("OVERTURE_LISTEN__PRIVATE", "127.0.0.1:0")]);
    let daemon = Process::start("overture run", &mut command, AT_ONCE);
    daemon
        .log()
        .wait(SOON, |line| (line.ends_with(" ready") || line.contains("\"ready\"")).then_some(()))
        .expect("it listens");
    for line in second {
        let output = bash(&folder, line);
        assert!(output.status.success(), "{line}\n{}\n{}", told(&output), daemon.log().text());
    }
    let why = bash(&folder, "overture why ana@acme.example");
    assert!(told(&why).contains("outbound-cadence"), "{}", told(&why));
    write_files(&section, &folder);
    own_sequence(&folder, own, edit);
}

/// Writes the files that the section shows with their names in the first line.
fn write_files(section: &str, folder: &Path) {
    for shown in section.split("```yaml\n# sequences/").skip(1) {
        let (name, rest) = shown.split_once('\n').expect("a name stands alone in its line");
        let (text, _) = rest.split_once("```").expect("the block ends");
        std::fs::write(folder.join("sequences").join(name), text).expect("the file can be written");
    }
}

/// A sequence of one's own, put in force, changed while somebody is in it, and taken back.
fn own_sequence(folder: &Path, own: &[String], edit: &[String]) {
    let run = |line: &str| {
        let output = bash(folder, line);
        assert!(output.status.success(), "{line}\n{}", told(&output));
        told(&output)
    };
    let said: Vec<String> = own.iter().map(|line| run(line)).collect();
    assert!(said[3].contains("+ hello added: 0 leads in flight"), "{}", said[3]);
    let versions = || -> serde_json::Value {
        serde_json::from_str(&run("overture sequence history hello --json")).expect("it is JSON")
    };
    let first = versions()["versions"][0]["version"].as_str().expect("a version has a hash").to_owned();
    let mut planned = String::new();
    for line in edit {
        let told = run(&line.replace("9c41d2aa", &first[..8]));
        if line.starts_with("overture plan") {
            planned = told;
        }
    }
    assert!(planned.contains("~ hello changed, version") && planned.contains("1 lead in flight"), "{planned}");
    let all = versions();
    let in_force = all["versions"].as_array().expect("there are versions").iter().find(|one| one["applied"] == true);
    assert_eq!(in_force.map(|one| one["version"].clone()), Some(first.into()), "{all:#}");
}
