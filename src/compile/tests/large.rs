//! Files that no person writes: each is read or refused in a time and a space that grow with its size, and no faster.

use super::{codes, compile, with};
use crate::compile::diagnostic::{Code, render};

const PATH: &str = "sequences/large.yaml";
const HEAD: &str = "kind: nurture\nsend: {from: maya}\nsteps:\n";

#[test]
fn ten_thousand_steps_are_a_sequence() {
    let steps: String = (0..5_000).map(|n| format!("  - {{id: s{n}, email: hello}}\n  - wait: 1d\n")).collect();
    let compiled = compile(&with(PATH, &format!("{HEAD}{steps}")));
    let sequence = &compiled.playbook.expect("it is sound").sequences["large"];
    assert_eq!(sequence.steps.len(), 10_000);
    assert_eq!(sequence.steps[9_998].next, Some(9_999));
}

#[test]
fn thousands_of_branches_in_a_row_join_again() {
    let steps: String =
        (0..2_000).map(|n| format!("  - if: score > {n}\n    then: [{{id: s{n}, email: hello}}]\n")).collect();
    let compiled = compile(&with(PATH, &format!("{HEAD}{steps}  - end: done\n")));
    assert_eq!(compiled.playbook.expect("it is sound").sequences["large"].steps.len(), 4_001);
}

#[test]
fn thousands_of_questions_one_after_the_other_are_read() {
    let ask = |n: usize| format!("  - if: score > {n} && happened(\"e{}\")\n    then: [{{end: x}}]\n", n % 12);
    let steps: String = (0..2_000).map(ask).collect();
    let compiled = compile(&with(PATH, &format!("{HEAD}{steps}  - {{id: a, email: hello}}\n")));
    assert_eq!(compiled.playbook.expect("it is sound").sequences["large"].steps.len(), 4_001);
}

#[test]
fn one_id_thousands_of_times_is_told_each_time_with_the_first_line_and_shown_a_screenful() {
    let steps = "  - {id: a, email: hello}\n".repeat(5_000);
    let compiled = compile(&with(PATH, &format!("{HEAD}{steps}")));
    assert_eq!(codes(&compiled.diagnostics), vec![Code::DuplicateStep; 4_999]);
    let hint = Some("the first is in line 4".to_owned());
    assert!(compiled.diagnostics.iter().all(|one| one.hint == hint));
    let shown = render(&compiled.diagnostics, false);
    assert!(shown.contains("… and 4799 more; mend these first"), "{}", &shown[shown.len() - 200..]);
    assert!(shown.len() < 200_000, "{}", shown.len());
}

#[test]
fn of_a_line_without_end_the_part_at_fault_is_shown() {
    let steps = "{wait: 1d},".repeat(20_000);
    let text = format!("kind: nurture\nsteps: [{steps}{{wait: 1d, wiat: 2d}},{steps}{{end: x}}]\n");
    let compiled = compile(&with(PATH, &text));
    let shown = render(&compiled.diagnostics, false);
    assert_eq!(codes(&compiled.diagnostics), [Code::UnknownKey]);
    assert!(
        shown.contains("{wait: 1d},{wait: 1d, wiat: 2d},{wait: 1d}") && shown.contains("did you mean `wait`?"),
        "{shown}"
    );
    assert!(shown.len() < 5_000, "{}", shown.len());
}

#[test]
fn steps_in_steps_are_refused_where_nobody_could_follow_them() {
    let mut text = HEAD.to_owned();
    for depth in 0..40 {
        let margin = "    ".repeat(depth);
        text.push_str(&format!("{margin}  - if: score > {depth}\n{margin}    then:\n"));
    }
    text.push_str(&format!("{}  - end: x\n", "    ".repeat(40)));
    let compiled = compile(&with(PATH, &text));
    assert_eq!(codes(&compiled.diagnostics), [Code::TooDeep], "{}", render(&compiled.diagnostics, false));
}

#[test]
fn templates_nested_beyond_reason_are_refused_before_anything_recurses_into_them() {
    let begun = "---\nsubject: x\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>";
    let deep = format!("{begun}{}", "<b>".repeat(20_000));
    let blocks = format!("---\nsubject: x\n---\n{}", "{{#if lead.company}}".repeat(20_000));
    for (path, text) in [("templates/deep.mjml", deep), ("templates/deep.md", blocks)] {
        let shown = render(&compile(&with(path, &text)).diagnostics, false);
        assert!(shown.contains("one in another"), "{path}: {}", &shown[..shown.len().min(2_000)]);
    }
}

#[test]
fn partials_that_double_with_every_level_are_refused() {
    let mut files = with("templates/top.md", "---\nsubject: x\n---\n{{> p0}}\n");
    for n in 0..30 {
        let next = n + 1;
        files.insert(format!("templates/partials/p{n}.md"), format!("{{{{> p{next}}}}}{{{{> p{next}}}}}").into_bytes());
    }
    files.insert("templates/partials/p30.md".to_owned(), Vec::new());
    let shown = render(&compile(&files).diagnostics, false);
    assert!(shown.contains("more than 10000 pieces"), "{}", &shown[..shown.len().min(2_000)]);
}
