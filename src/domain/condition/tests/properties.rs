use proptest::prelude::*;

use super::sheet::{DAY, NOW, Sheet, compile};
use crate::domain::condition::{Value, Worlds};
use crate::domain::time::{Instant, Millis};

/// Texts that look like conditions often enough to get past the lexer.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("lead.title"),
        Just("lead.employees"),
        Just("lead.tags"),
        Just("event.x"),
        Just("today"),
        Just("score"),
        Just("stage"),
        Just("free_mail_domains"),
        Just("happened("),
        Just("count("),
        Just(".matches("),
        Just(".size()"),
        Just("'a'"),
        Just("\"b"),
        Just("r'\\d'"),
        Just("'\\u00"),
        Just("30d"),
        Just("1.5"),
        Just("9e99"),
        Just("."),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just(","),
        Just("?"),
        Just(":"),
        Just("!"),
        Just("-"),
        Just("+"),
        Just("*"),
        Just("/"),
        Just("%"),
        Just("=="),
        Just("!="),
        Just("<"),
        Just(">="),
        Just(" in "),
        Just("&&"),
        Just("||"),
        Just("="),
        Just("null"),
        Just("true"),
        Just("é"),
        Just("\n"),
        Just("//"),
        Just("''"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Expressions that always parse, and mostly pass the check.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string().replace('-', "")).prop_filter("in range", |n| n.parse::<i64>().is_ok()),
        (0.0..1e300_f64).prop_map(|n| format!("{n:?}")),
        (0..40_000_u32).prop_map(|n| format!("{n}d")),
        "[a-z%é]{0,6}".prop_map(|text| format!("'{text}'")),
        prop::sample::select(vec![
            "lead.anything",
            "event.x",
            "lead.country",
            "lead.employees",
            "lead.customer",
            "lead.decide_by",
            "null",
            "lead.created_at",
            "lead.trial_length",
            "lead.tags",
            "today",
            "score",
            "stage",
            "true",
            "outcome('call')",
            "happened('used', 3d)",
            "count('used', 300w)",
            "happened_any('1s')",
            "free_mail_domains",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 48, 3, |inner| {
        let sign =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"]);
        let call = prop::sample::select(vec!["lower", "upper", "size", "contains", "startsWith", "-", "!"]);
        prop_oneof![
            4 => (inner.clone(), sign, inner.clone()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            2 => (call, inner.clone()).prop_map(|(call, a)| match call {
                "contains" | "startsWith" => format!("{call}({a}, 'a')"),
                _ => format!("{call}({a})"),
            }),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        ".{0,8}".prop_map(|text| Value::text(&text)),
        any::<i64>().prop_map(|at| Value::Instant(Instant(at))),
        any::<i64>().prop_map(|length| Value::Duration(Millis(length))),
        Just(Value::from_iter(["a", "b"])),
    ]
}

fn lead() -> impl Strategy<Value = Sheet> {
    let names =
        prop::sample::select(vec!["anything", "country", "employees", "customer", "decide_by", "created_at", "tags"]);
    let heard = prop::collection::vec(any::<i32>(), 0..4);
    (prop::collection::btree_map(names, value(), 0..7), value(), any::<f64>(), heard).prop_map(
        |(lead, x, score, heard)| {
            let mut sheet = Sheet { score, ..Sheet::default() }.event("x", x);
            sheet.lead = lead.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let mut heard: Vec<_> = heard.into_iter().map(|millis| NOW + DAY + Millis(i64::from(millis))).collect();
            heard.sort_unstable();
            sheet.heard.insert("used".to_owned(), heard);
            sheet
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic_and_every_fault_has_its_place(text in prop_oneof![soup(), any::<String>()]) {
        match compile(&text) {
            Ok(condition) => prop_assert_eq!(condition.text(), text),
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(text.get(fault.span.clone()).is_some(), "{:?}", fault);
                    prop_assert!(!fault.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn every_answer_of_a_lead_is_among_those_that_can_be_given(text in expression(), lead in lead()) {
        for text in [text.clone(), format!("{text} == null"), format!("!({text} == 'a') || {text} in ['b']")] {
            let Ok(condition) = compile(&text) else { continue };
            let (tested, worlds) = (condition.test(&lead, NOW), Worlds::of([&condition]));
            if let Some(worlds) = worlds.filter(|_| tested.fault.is_none()) {
                prop_assert!(worlds.answers().contains(&vec![tested.value]), "{}", text);
            }
        }
    }

    #[test]
    fn no_lead_makes_it_panic_and_the_same_lead_gets_the_same_answer(text in expression(), lead in lead()) {
        for text in [text.clone(), format!("{text} == null"), format!("size([{text}]) == 1")] {
            let Ok(condition) = compile(&text) else { continue };
            let tested = condition.test(&lead, NOW);
            prop_assert!(!tested.value || tested.fault.is_none());
            prop_assert_eq!(&compile(condition.text()).unwrap().test(&lead, NOW), &tested);
            if let Some(turn) = condition.turns_at(&lead, NOW) {
                prop_assert!(turn > NOW);
                prop_assert_eq!(&condition.test(&lead, turn - Millis(1)), &tested);
            }
        }
    }
}
