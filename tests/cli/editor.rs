//! What an editor is given: schemas that a real language server reads, completions of shells, a check that goes on.

use crate::support::daemon::{begin, overture};
use crate::support::language_server::LanguageServer;
use crate::support::workspace::Workspace;
use crate::support::{SOON, skipped};
use serde_json::Value;
use std::process::Command;

/// A workspace as `init` makes it, in a folder of its own.
fn fresh() -> Workspace {
    let workspace = Workspace::example();
    for part in ["config", "sequences", "templates"] {
        std::fs::remove_dir_all(workspace.file(part)).expect("it can be emptied");
    }
    overture(&workspace, &["init"]).ok();
    workspace
}

#[test]
fn a_language_server_finds_no_fault_with_what_init_writes() {
    let workspace = fresh();
    let Some(mut server) = LanguageServer::start(workspace.path()) else { return };
    let mut opened = 0;
    for folder in ["config", "sequences"] {
        for entry in walkdir::WalkDir::new(workspace.file(folder)).into_iter().filter_map(Result::ok) {
            if entry.path().extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("a file is text");
            assert!(text.starts_with("# yaml-language-server: $schema=../"), "{}", entry.path().display());
            let found = server.open(entry.path(), &text);
            assert!(found.is_empty(), "{}: {found:#?}", entry.path().display());
            opened += 1;
        }
    }
    assert!(opened >= 6, "{opened}");
    overture(&workspace, &["check"]).ok();
}

#[test]
fn a_language_server_completes_steps_and_explains_keys() {
    let workspace = fresh();
    let Some(mut server) = LanguageServer::start(workspace.path()) else { return };
    let path = workspace.file("sequences/mine.yaml");
    let head = "# yaml-language-server: $schema=../.overture/schemas/sequence.json\n";
    let text = format!("{head}kind: \nsteps:\n  - wait: {{for: 'clicked(\"a\")', up_to: 3d}}\n  - \n");
    server.open(&path, &text);

    let kinds = server.complete(&path, (4, 4));
    for kind in ["email", "webhook", "task", "wait", "if", "else", "split", "set", "handoff", "enroll", "end"] {
        assert!(kinds.iter().any(|label| label == kind), "`{kind}` is not among {kinds:?}");
    }
    assert_eq!(server.complete(&path, (1, 6)), ["cadence", "nurture", "transactional"]);
    let shown = server.hover(&path, (3, text.lines().nth(3).and_then(|line| line.find("up_to")).unwrap_or(0) + 1));
    assert!(shown.contains("How long the condition is waited for at most"), "{shown}");
}

/// A kind of file, a text with a slip in it, the line it is in from 1, and what is told of it.
const SLIPS: [(&str, &str, u64, &str); 16] = [
    ("sequence", "kind: nurture\nsned: {from: growth}\nsteps: [{end: x}]", 2, "sned"),
    ("sequence", "kind: nurture\nsteps:\n  - id: call\n    task: call\n    title: x\n    overdu: skip\n", 6, "overdu"),
    ("sequence", "kind: nurture\nsteps:\n  - wiat: 2d\n", 3, "wiat"),
    ("sequence", "kind: nurture\nsteps:\n  - wait: soon\n", 3, "pattern"),
    ("sequence", "kind: nuture\nsteps: [{end: x}]", 1, "\"nurture\""),
    ("sequence", "title: x\nsteps: [{end: x}]", 1, "Missing property \"kind\""),
    ("sequence", "kind: nurture\nsteps: []", 2, "too few items"),
    ("sequence", "kind: nurture\nsteps:\n  - email: hello", 3, "Missing property \"id\""),
    ("sequence", "kind: nurture\nsteps:\n  - wait: 2d\n    end: x", 4, "not allowed"),
    ("sequence", "kind: nurture\nsteps:\n  - if: score > 5", 3, "Missing property \"then\""),
    ("sequence", "kind: nurture\nsend: {hours: 9-17}\nsteps: [{end: x}]", 2, "pattern"),
    ("sequence", "kind: nurture\nenroll:\n  - on: x\n    every: '0 9 * * 1'\nsteps: [{end: x}]", 4, "not allowed"),
    ("config", "zone: Europe/Berlin\npublic_url: https://x.example\nsend: later", 3, "\"sandbox\""),
    ("scoring", "fit:\n  - {name: x, points: 5}", 2, "Missing property \"when\""),
    ("scoring", "bands: {cool: 5}", 1, "cool"),
    ("team", "reps:\n  ines: {name: Ines, calendar: berlin}", 2, "Missing property \"email\""),
];

#[test]
fn a_language_server_finds_slips_where_they_are() {
    let workspace = fresh();
    let Some(mut server) = LanguageServer::start(workspace.path()) else { return };
    for (n, (kind, text, line, part)) in SLIPS.into_iter().enumerate() {
        let path = workspace.file(&format!("sequences/slip{n}.yaml"));
        let head = format!("# yaml-language-server: $schema=../.overture/schemas/{kind}.json\n");
        let found = server.open(&path, &format!("{head}{text}\n"));
        let told = found.iter().any(|one| {
            one["range"]["start"]["line"] == line && one["message"].as_str().is_some_and(|text| text.contains(part))
        });
        assert!(told, "{text}\n{found:#?}");
    }
}

/// Every example of a key of these mappings fits where it stands.
#[test]
fn a_language_server_takes_the_examples_of_the_descriptions() {
    let workspace = fresh();
    let Some(mut server) = LanguageServer::start(workspace.path()) else { return };
    let schema: Value = serde_json::from_str(&workspace.read(".overture/schemas/sequence.json")).expect("it is JSON");
    let mut text = "# yaml-language-server: $schema=../.overture/schemas/sequence.json\n".to_owned();
    let (properties, steps) = (&schema["properties"], &schema["definitions"]["a-step"]["oneOf"]);
    for (key, value) in examples(properties).into_iter().filter(|(key, _)| key != "kind") {
        text.push_str(&format!("{key}: {value}\n"));
    }
    text.push_str("kind: nurture\nsteps:\n");
    for kind in steps.as_array().into_iter().flatten() {
        let fields = examples(&kind["properties"]);
        let needs: Vec<&str> = kind["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if needs.iter().all(|key| fields.iter().any(|(known, _)| known == key)) {
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            text.push_str(&format!("  - {{{}}}\n", fields.join(", ")));
        }
    }
    assert!(text.lines().count() > 14, "{text}");
    let found = server.open(&workspace.file("sequences/examples.yaml"), &text);
    assert!(found.is_empty(), "{text}\n{found:#?}");
}

fn examples(properties: &Value) -> Vec<(String, Value)> {
    let keys = properties.as_object().into_iter().flatten();
    keys.filter_map(|(key, about)| Some((key.clone(), about["examples"].get(0)?.clone()))).collect()
}

#[test]
fn init_again_makes_the_schemas_anew_and_leaves_the_files() {
    let workspace = fresh();
    let schema = workspace.read(".overture/schemas/sequence.json");
    assert_eq!(overture(&workspace, &["schema", "sequence"]).ok().stdout, schema);
    workspace.write(".overture/schemas/sequence.json", "{}");
    let again = overture(&workspace, &["init", "--json"]).ok().json();
    assert_eq!(again["copied"], serde_json::json!([]));
    assert_eq!(workspace.read(".overture/schemas/sequence.json"), schema);
}

#[test]
fn a_check_that_watches_prints_anew_at_a_change_and_ends_on_ctrl_c() {
    let workspace = Workspace::example();
    let mut watch = begin(&workspace, &["check", "--watch"]);
    let seen = |text: &'static str| move |log: &str| log.contains(text).then_some(());
    watch.log().wait(SOON, seen("0 errors, 0 warnings")).expect("the first check is printed");
    workspace.write("sequences/slip.yaml", "kind: nuture\nsteps: [{end: x}]\n");
    watch.log().wait(SOON, seen("did you mean `nurture`?")).expect("the slip is told");
    watch.log().wait(SOON, seen("1 error, 0 warnings")).expect("and counted");
    assert!(watch.exited().is_none());
    watch.signal("INT");
    watch.wait(SOON);
}

#[test]
fn mistakes_become_annotations_of_a_change_on_github() {
    let workspace = Workspace::example();
    workspace.write("sequences/slip.yaml", "kind: nuture\nsteps: [{end: x}]\n");
    let told = overture(&workspace, &["check", "--format", "github"]);
    assert_eq!(told.code, Some(1));
    let line = told.stdout.lines().find(|line| line.starts_with("::error ")).unwrap_or_default();
    assert!(line.contains("sequences/slip.yaml,line=1,endLine=1,col=7,endColumn=12,title=OV"), "{line}");
    assert!(line.ends_with("`kind` cannot be `nuture`%0Adid you mean `nurture`?"), "{line}");
}

#[test]
fn bad_options_are_told_with_what_there_is() {
    let workspace = Workspace::example();
    let cases = [
        (["check", "--format", "yaml"], "[possible values: text, json, github]"),
        (["schema", "sequenze", "--json"], "a similar value exists: 'sequence'"),
        (["completions", "tcsh", "--json"], "[possible values: bash, elvish, fish, powershell, zsh]"),
    ];
    for (words, part) in cases {
        let told = overture(&workspace, &words);
        assert_eq!(told.code, Some(2), "{words:?}");
        assert!(told.stderr.contains(part), "{}", told.stderr);
    }
    let nothing = overture(&workspace, &["schema"]);
    assert_eq!(nothing.code, Some(2));
}

#[test]
fn every_shell_gets_completions_and_bash_takes_them() {
    let workspace = Workspace::example();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = overture(&workspace, &["completions", shell]).ok().stdout;
        assert!(script.contains("send-test") && script.contains("overture"), "{shell}");
    }
    workspace.write("overture.bash", &overture(&workspace, &["completions", "bash"]).ok().stdout);
    let asked = "source overture.bash; COMP_WORDS=(overture che); COMP_CWORD=1; _overture overture che overture; \
                 echo \"${COMPREPLY[*]}\"";
    match Command::new("bash").args(["-c", asked]).current_dir(workspace.path()).output() {
        Ok(told) => assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "check"),
        Err(_) => skipped("bash"),
    }
}
