use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{compile, small, with};
use crate::compile::diagnostic::{render, to_json};
use crate::compile::{Files, Overlay, revision, workspace};
use crate::domain::sequence::Act;

/// The workspace at the root of the repository.
pub fn shipped() -> Files {
    fn gather(folder: &Path, root: &Path, files: &mut Files) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, root, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Files::new();
    for folder in ["config", "sequences", "templates"] {
        gather(&root.join(folder), root, &mut files);
    }
    files
}

#[test]
fn the_shipped_workspace_has_no_errors_and_no_warnings() {
    let compiled = compile(&shipped());
    assert_eq!(render(&compiled.diagnostics, false), "");
    let playbook = compiled.playbook.unwrap();
    assert_eq!(
        playbook.sequences.keys().collect::<Vec<_>>(),
        ["keep-in-touch", "outbound-cadence", "re-engagement", "trial-nurture"]
    );
    assert_eq!(compiled.tests.len(), 4, "each has tests");
    assert_eq!(playbook.staff.slas.len(), 2);
    assert!(playbook.windows.contains_key("demo_requested"));
    assert!(playbook.scoring.thresholds.contains(&80.0));
}

#[test]
fn a_stored_version_compiles_to_the_same_steps() {
    let compiled = compile(&shipped());
    let playbook = compiled.playbook.unwrap();
    assert_eq!(compiled.revisions.len(), 4);
    for stored in &compiled.revisions {
        let again = revision(stored).unwrap();
        let current = &playbook.sequences[&stored.name];
        assert_eq!(again.version, current.version);
        assert_eq!(format!("{:?}", again.steps), format!("{:?}", current.steps));
        assert_eq!(again.templates, current.templates);
    }
}

#[test]
fn a_changed_template_is_a_new_version_of_the_sequences_that_use_it_and_of_no_other() {
    let versions = |files: &Files| {
        let playbook = compile(files).playbook.unwrap();
        playbook.sequences.values().map(|one| (one.name.clone(), one.version.clone())).collect::<Vec<_>>()
    };
    let mut files = shipped();
    let before = versions(&files);
    files.get_mut("templates/outbound/first.md").unwrap().extend(b"\nPS: hello\n");
    let after = versions(&files);
    let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
    assert_eq!(changed, ["outbound-cadence"]);
}

#[test]
fn every_way_through_the_trial_nurture_reaches_its_end() {
    let playbook = compile(&shipped()).playbook.unwrap();
    let sequence = &playbook.sequences["trial-nurture"];
    let (index, branch) = sequence.steps.iter().enumerate().find(|(_, step)| step.act.kind() == "if").unwrap();
    let Act::Branch { arms, otherwise } = &branch.act else { panic!("a branch") };
    let starts = arms.iter().map(|arm| arm.then).chain([*otherwise]);
    for mut at in starts {
        let mut last = index;
        while let Some(step) = at {
            last = step;
            at = sequence.steps[step].next;
        }
        assert_eq!(sequence.steps[last].act.kind(), "end");
    }
}

#[test]
fn all_errors_of_all_files_come_in_one_run() {
    let mut files = small();
    files.insert(
        "config/scoring.yaml".into(),
        b"rnage: 0..100\nfit:\n  - {name: x, when: 'lead.titel == 1', points: many}\n".to_vec(),
    );
    files.insert("sequences/hello.yaml".into(), b"kind: nurtur\nsteps:\n  - id: first\n    email: helo\n".to_vec());
    files.insert("sequences/other.yaml".into(), b"kind: cadence\nsteps:\n  - {wiat: 2d}\n  - email: [\n".to_vec());
    files.insert("templates/hello.md".into(), b"---\nsubject: {{lead.firstname}}\n---\n{{#if lead.plan}}\n".to_vec());
    let compiled = compile(&files);
    assert!(compiled.playbook.is_none());
    insta::assert_snapshot!(render(&compiled.diagnostics, false));
    insta::assert_json_snapshot!(to_json(&compiled.diagnostics)[0]);
}

#[test]
fn a_variable_of_the_environment_overrides_a_key_and_its_errors_name_it_and_not_its_value() {
    let overlay = |pairs: &[(&str, &str)]| {
        Overlay::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    };
    let sound = overlay(&[
        ("OVERTURE_LISTEN__PUBLIC", "127.0.0.1:9000"),
        ("OVERTURE_SENDERS__MAYA__PER_DAY", "7"),
        ("OVERTURE_ALLOW_PRIVATE", "[127.0.0.1, 10.0.0.0/8]"),
        ("OVERTURE_LOG", "debug"),
        ("HOME", "/root"),
    ]);
    let compiled = workspace(&small(), &sound);
    assert_eq!(compiled.daemon.as_ref().unwrap().public.port(), 9000);
    assert_eq!(compiled.daemon.as_ref().unwrap().allow_private.len(), 2);
    assert_eq!(compiled.playbook.unwrap().settings.senders["maya"].per_day, Some(7));

    let compiled = workspace(&small(), &overlay(&[("OVERTURE_DATABASE__URRL", "postgres://u:hunter2@h/d")]));
    let shown = render(&compiled.diagnostics, false);
    assert!(shown.contains("OVERTURE_DATABASE__URRL") && shown.contains("`url`"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_make_compiling_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        text in "[-:\\[\\]{}#&*!|>'\"%@`a-z0-9 \n\t.,()=/\\\\]{0,300}",
        path in 0..5_usize,
    ) {
        let path = ["config/overture.yaml", "config/team.yaml", "sequences/hello.yaml", "templates/hello.md", "templates/x.json"][path];
        let mut files = small();
        files.insert(path.to_owned(), bytes);
        let _ = render(&compile(&files).diagnostics, false);
        let _ = render(&compile(&with(path, &text)).diagnostics, false);
    }

    #[test]
    fn no_cut_or_doubled_line_of_a_real_file_makes_compiling_panic(
        file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), insert in "[-:{}\\[\\]\"'#!&*\n ]{0,4}", cut in 0..40_usize,
    ) {
        let mut files = shipped();
        let path = file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
        let bytes = files.get_mut(&path).unwrap();
        let from = at.index(bytes.len());
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, insert.bytes());
        let compiled = compile(&files);
        let _ = render(&compiled.diagnostics, false);
        let _ = to_json(&compiled.diagnostics);
    }
}
