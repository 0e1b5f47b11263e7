use super::{compile, with};
use crate::compile::diagnostic::{Code, render};
use crate::domain::sequence::{Act, Sequence};

fn steps(yaml: &str) -> Sequence {
    let text = format!("kind: nurture\nsend: {{from: maya}}\nsteps:\n{yaml}");
    let compiled = compile(&with("sequences/hello.yaml", &text));
    let playbook = compiled.playbook.unwrap_or_else(|| panic!("{}", render(&compiled.diagnostics, false)));
    (*playbook.sequences["hello"]).clone()
}

/// The steps as one line each: index, id, kind, and where it goes on.
fn shape(sequence: &Sequence) -> Vec<String> {
    let to = |next: Option<usize>| next.map_or("-".to_owned(), |next| next.to_string());
    let show = |(n, step): (usize, &crate::domain::sequence::Step)| {
        let ways = match &step.act {
            Act::Branch { arms, otherwise } => {
                let arms: Vec<_> = arms.iter().map(|arm| to(arm.then)).collect();
                format!("[{}] else {}", arms.join(" "), to(*otherwise))
            }
            _ => to(step.next),
        };
        format!("{n} {} {} {ways}", step.id, step.act.kind())
    };
    sequence.steps.iter().enumerate().map(show).collect()
}

#[test]
fn steps_are_laid_out_flat_with_all_ways_tied() {
    let sequence = steps(
        "  - wait: 1d\n  - if: happened(\"a\")\n    then:\n      - wait: 2d\n      - if: happened(\"b\")\n        then: [{end: b}]\n  \
         - else if: happened(\"c\")\n    then: []\n  - else:\n      - id: mail\n        email: hello\n  - wait: 3d\n",
    );
    assert_eq!(
        shape(&sequence),
        [
            "0 #1 wait 1",
            "1 #2 if [2 6] else 5",
            "2 #2.then.1 wait 3",
            "3 #2.then.2 if [4] else 6",
            "4 #2.then.2.then.1 end -",
            "5 mail email 6",
            "6 #5 wait -",
        ]
    );
}

#[test]
fn a_branch_without_else_goes_on_with_the_step_after_it() {
    let sequence = steps("  - if: happened(\"a\")\n    then:\n      - end: a\n  - wait: 1d\n");
    assert_eq!(shape(&sequence), ["0 #1 if [1] else 2", "1 #1.then.1 end -", "2 #2 wait -"]);
}

#[test]
fn what_is_set_gets_the_declared_type_and_stays_what_was_written() {
    let sequence = steps(
        "  - set: {lead.country: NO, lead.plan: 010, lead.employees: 1e3, lead.consent: yes, lead.tags: [+a, -b]}\n",
    );
    let Act::Set(assigns) = &sequence.steps[0].act else { panic!("set") };
    insta::assert_debug_snapshot!(assigns);
}

#[test]
fn only_what_leaves_or_is_asked_of_a_person_needs_an_id() {
    let sequence = steps("  - set: {lead.plan: pro}\n  - handoff: {reason: finished}\n  - wait: 1d\n");
    assert_eq!(shape(&sequence), ["0 #1 set 1", "1 #2 handoff 2", "2 #3 wait -"]);
}

#[test]
fn notes_of_a_task_are_a_text_of_any_kind_and_need_no_subject() {
    for (path, text) in [
        ("templates/notes.md", "Ask for **{{lead.email}}**.\n"),
        ("templates/notes.txt", "Ask for {{lead.email}}.\n"),
        ("templates/notes.html", "<p>Ask for {{lead.email}}.</p>\n"),
    ] {
        let mut files = with(path, text);
        let sequence =
            "kind: nurture\nsend: {from: maya}\nsteps:\n  - {id: a, task: call, title: Call, notes: notes}\n";
        files.insert("sequences/hello.yaml".to_owned(), sequence.as_bytes().to_vec());
        let compiled = compile(&files);
        assert!(compiled.playbook.is_some(), "{path}: {}", render(&compiled.diagnostics, false));
        files.remove(path);
        files.insert("templates/notes.json".to_owned(), b"{\"a\": 1}".to_vec());
        let shown = render(&compile(&files).diagnostics, false);
        assert!(shown.contains("notes are read by a person"), "{shown}");
    }
}

#[test]
fn a_step_after_the_end_is_warned_about() {
    let compiled = compile(&with("sequences/hello.yaml", "kind: transactional\nsteps:\n  - end: done\n  - wait: 1d\n"));
    assert_eq!(super::codes(&compiled.diagnostics), [Code::Unreachable]);
    assert!(compiled.playbook.is_some());
}

#[test]
fn a_split_lays_its_ways_side_by_side_and_goes_on_after_them() {
    let sequence = steps(
        "  - id: way\n    split:\n      calm: {weight: 3, steps: [{id: a, email: hello}, {wait: 1d}]}\n      \
         quick: {steps: [{end: quick}]}\n      none: {}\n  - id: after\n    email: hello\n",
    );
    let Act::Split(ways) = &sequence.steps[0].act else { panic!("a split") };
    let told: Vec<_> = ways.iter().map(|way| (way.name.as_str(), way.weight, way.then)).collect();
    assert_eq!(told, [("calm", 3, Some(1)), ("quick", 1, Some(3)), ("none", 1, Some(4))]);
    assert_eq!(sequence.steps[2].next, Some(4));
    assert_eq!(sequence.steps[4].id, "after");
}

#[test]
fn a_mail_in_variants_is_one_experiment_until_a_text_or_a_weight_changes() {
    let mail = "---\nsubject: S\n---\nHi.\n\n{{company.postal_address}} [x]({{unsubscribe_url}})\n";
    let of = |text: &str, weight: u32| {
        let steps = format!(
            "kind: nurture\nsend: {{from: maya}}\nsteps:\n  - id: a\n    email:\n      \
             variants: {{plain: hello, warm: {{template: warm, weight: {weight}}}}}\n      winner: {{by: replied}}\n"
        );
        let mut files = with("sequences/hello.yaml", &steps);
        files.insert("templates/warm.md".to_owned(), text.as_bytes().to_vec());
        let compiled = compile(&files);
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        let sequence = compiled.playbook.unwrap().sequences["hello"].clone();
        let (_, experiment) = sequence.experiments().next().unwrap();
        experiment.clone()
    };
    let first = of(mail, 1);
    let told: Vec<_> =
        first.variants.iter().map(|one| (one.name.as_str(), one.template.as_str(), one.weight)).collect();
    assert_eq!(told, [("plain", "hello", 1), ("warm", "warm", 1)]);
    let winner = first.winner.as_ref().unwrap();
    assert_eq!(
        (winner.by.as_str(), winner.at_least, winner.confidence.to_string()),
        ("replied", 100, "0.95".to_owned())
    );
    assert_eq!(of(mail, 1).id, first.id);
    assert_ne!(of(&mail.replace("Hi", "Ho"), 1).id, first.id);
    assert_ne!(of(mail, 2).id, first.id);
}

#[test]
fn a_wait_for_a_condition_says_how_long_at_most() {
    let sequence = steps("  - id: read\n    wait: {for: 'happened(\"x\")', up_to: 3d}\n");
    assert!(matches!(&sequence.steps[0].act, Act::WaitFor { when, .. } if when.text() == "happened(\"x\")"));
    let compiled = compile(&with("sequences/hello.yaml", "kind: nurture\nsteps:\n  - wait: {for: 'true'}\n"));
    assert_eq!(super::codes(&compiled.diagnostics), [Code::MissingKey]);
}

#[test]
fn a_pool_is_a_sender_to_a_sequence_and_carries_what_its_members_carry_together() {
    let told = |from: &str| {
        let steps = "steps:\n  - {id: first, email: hello}\n  - end: done\n";
        let text = format!("kind: nurture\nlimits: {{new_per_day: 140}}\nsend: {{from: {from}}}\n{steps}");
        let mut files = with("sequences/hello.yaml", &text);
        let settings = String::from_utf8(files["config/overture.yaml"].clone()).unwrap();
        let maya = "{maya: {from: Maya <maya@acme.example>}}";
        let both = "{maya: {from: maya@acme.example, per_day: 100}, tom: {from: tom@acme.example, per_day: 100}}";
        let settings = settings.replace(maya, both) + "pools: {team: [maya, tom], half: [tom]}\n";
        files.insert("config/overture.yaml".to_owned(), settings.into_bytes());
        super::codes(&compile(&files).diagnostics)
    };
    assert_eq!(told("team"), []);
    assert_eq!(told("half"), [Code::TooManyMails]);
    assert_eq!(told("taem"), [Code::UnknownSender]);
}
