use std::fmt::Write as _;

use super::sheet::{Names, compile};
use crate::domain::condition::{Condition, Scope};

/// Faults as people see them: the text, its underline, the message, the hint.
fn told(text: &str) -> String {
    let mut told = format!("{text}\n");
    for fault in compile(text).expect_err(text) {
        let (before, marked) = (text[..fault.span.start].chars().count(), text[fault.span].chars().count());
        let line = format!("{}{} {}", " ".repeat(before), "^".repeat(marked.max(1)), fault.message);
        writeln!(told, "{line}{}", fault.hint.map(|hint| format!("; {hint}")).unwrap_or_default()).unwrap();
    }
    told
}

#[test]
fn every_mistake_is_told_where_it_was_made() {
    let texts = [
        "lead.contry == 'FR'",
        "lead.industry == 'x' && acount.name == 'y'",
        "country == 'FR'",
        "scor >= 50",
        "lead.employees == '5'",
        "lead.employees",
        "lead.title = 'x'",
        "lead.title == 'x' and score > 5",
        "!lead.title == 'x'",
        "1 < score < 5",
        "stage == 'sqll'",
        "stage in ['mql', 'costumer']",
        "lead.tags.contains('vip')",
        "lead.country in 'FR'",
        "lead.country in [1]",
        "lead.decide_by < 'soon'",
        "lead.decide_by <= today + 30",
        "lead.decide_by <= today + 36h",
        "lead.title.matches('(a')",
        "lead.title.matches(lead.country)",
        "lead.title.starts_with('x')",
        "has(lead.title)",
        "happend('x')",
        "happened('x', '30')",
        "happened('x', 3bd)",
        "happened_any()",
        "happened('x', 0d)",
        "count('x')",
        "opened(welcome)",
        "opened('welcom')",
        "opened('welcome', 'robots')",
        "clicked('welcome', '/pricing')",
        "lead.title == \"x",
        "lead.title == 'a\\d'",
        "lead.title == \u{201c}x\u{201d}",
        "score >= ",
        "(score >= 5",
        "score >= 5)",
        "score >= 99999999999999999999",
        "lead.tags[0] == 'x'",
        "event.utm.source == 'x'",
        "score >= 1.5h",
        "true ? 1 : 'x'",
        "",
    ];
    insta::assert_snapshot!(texts.map(told).join("\n"));
}

#[test]
fn events_and_steps_are_refused_where_there_are_none() {
    let (names, none) = (Names::new(), std::collections::BTreeMap::new());
    let scope = Scope { steps: Some(&none), event: false, ..names.scope() };
    let faults = Condition::compile("event.path == 'x' || done('welcome')", &scope).unwrap_err();
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "there is no event at hand here (`event.…` is for triggers and for engagement rules with `on:`)",
            "no step here has the id \"welcome\" (steps can only be asked about in the file of their sequence)",
        ]
    );
    assert!(Condition::compile("done('any')", &Scope { steps: None, ..scope }).is_ok());
}

#[test]
fn depth_is_bounded_and_breadth_is_not() {
    for deep in [
        format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}true", "!".repeat(100_000)),
        format!("1{} > 0", " + 1".repeat(100_000)),
        format!("lead.title{} == 'x'", ".lower()".repeat(100_000)),
        format!("{}1", "true ? 1 : ".repeat(100_000)),
        format!("{}1", "[".repeat(100_000)),
    ] {
        let faults = compile(&deep).unwrap_err();
        assert!(faults[0].message.contains("nest deeper than 64"), "{faults:?}");
    }
    assert!(compile(&format!("true{}", " || score > 5".repeat(2_000))).is_ok());
    assert!(compile(&format!("{}true{}", "(".repeat(60), ")".repeat(60))).is_ok());
}
