use super::sheet::{DAY, NOW, Sheet, compile};
use crate::domain::condition::{Type, Value};
use crate::domain::time::Millis;

#[test]
fn the_conditions_of_the_shipped_examples_are_answered() {
    let lead = Sheet { score: 60.0, outcome: "connected".into(), ..Sheet::default() }
        .lead("country", "FR")
        .lead("title", "Chief Revenue Officer")
        .lead("email_domain", "gmail.com")
        .lead("decide_by", "2026-03-20")
        .event("path", "/pricing/teams")
        .heard("feature_used", &[10, 5, 1])
        .heard("trial_started", &[40]);
    for text in [
        r#"lead.country in ["FR", "DE", "GB"]"#,
        r#"outcome("call") == "connected""#,
        r#"lead.title.matches("(?i)\\b(ceo|cto|cfo|coo|cmo|chief)\\b")"#,
        r#"matches(lead.title, r"(?i)\bchief\b")"#,
        "lead.email_domain in free_mail_domains",
        r#"event.path.startsWith("/pricing")"#,
        r#"happened("demo_requested", "7d") || happened("pricing_inquiry", "7d") || lead.decide_by <= today + 30d"#,
        "score >= 50 && fit >= 10",
        r#"happened("trial_started") && count("feature_used", "14d") >= 3"#,
        r#"stage in ["mql", "sql"] && !happened_any("12h")"#,
        r#"temperature == "warm" && done("welcome")"#,
    ] {
        assert!(lead.says(text), "{text}");
    }
    for text in [
        "score >= 80 || happened(\"demo_requested\", \"30d\")",
        r#"stage == "recycled" && !happened("replied", "90d")"#,
        r#"clicked("welcome") || opened("welcome") || replied("welcome") || replied()"#,
        r#"stage in ["opportunity", "customer"]"#,
        r#"happened("trial_started", 30d)"#,
    ] {
        assert!(!lead.says(text), "{text}");
    }
}

#[test]
fn operators_bind_and_compute_as_in_cel() {
    let lead = Sheet::default();
    for text in [
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
        "true || false && false",
        "!(true && false) ? 2 > 1 : 1 > 2",
        "7 / 2 == 3 && 7.0 / 2 == 3.5 && -7 % 3 == -1",
        "1 == 1.0 && 2 in [1.0, 2.0] && 9007199254740993 > 9007199254740992.0",
        "0.5 < 1 && 1 > .5 && 1e3 == 1000 && - 2 < -1.5",
        "'a' + \"b\" == 'ab' && 'a' < 'b'",
        "\"a\\\"b\\u00e9\\n\\x41\\101\" == 'a\"b\u{e9}\\nAA' && r'\\d' == '\\\\d'",
        "'''it's''' == \"it's\" // and a remark",
        "today + 30d - today == 30d && today - 1w < today && 2 * 12h == 1d && 3d / 2 == 36h",
        "today == '2026-03-02' && today > \"2026-03-01\" && today in ['2026-03-02']",
        "size([1, 2,]) == 2 && size('h\u{e9}') == 2 && 'A\u{c9}'.lower() == 'a\u{e9}' && upper('x') == 'X'",
        "[1, 'a', null] == [1.0, 'a', null] && [1] != [2]",
        "'outbound'.contains('bound') && 'outbound'.endsWith('bound')",
    ] {
        assert!(lead.says(text), "{text}");
    }
}

#[test]
fn values_are_read_as_the_type_that_was_declared() {
    let lead = Sheet::default()
        .lead("employees", "300")
        .lead("customer", "yes")
        .lead("decide_by", "2026-03-31")
        .lead("created_at", "2026-03-01T23:30:00Z")
        .lead("trial_length", "2w")
        .lead("tags", "vip, beta")
        .lead("country", Value::Int(49));
    for text in [
        "lead.employees >= 200 && lead.customer",
        "lead.decide_by == '2026-03-31' && lead.decide_by - today < 30d",
        "lead.created_at < today && lead.created_at == '2026-03-01' && lead.created_at < '2026-03-01T23:31:00Z'",
        "lead.trial_length == 14d && lead.trial_length > '13d'",
        "'vip' in lead.tags && size(lead.tags) == 2",
        "lead.country == '49'",
    ] {
        assert!(lead.says(text), "{text}");
    }
    let tested = Sheet::default().lead("employees", "many").test("lead.employees > 5");
    assert_eq!((tested.value, tested.fault.as_deref()), (false, Some("`lead.employees` does not hold a number")));
}

#[test]
fn any_fault_that_decides_is_no_and_says_why() {
    let lead = Sheet::default().event("amount", "12").lead("anything", Value::Int(i64::MAX));
    for (text, fault) in [
        ("1 / 0 == 1", "`1 / 0` divides by zero"),
        ("1 % 0 == 1 || false", "`1 % 0` divides by zero"),
        ("!(1.5 / 0 > 1)", "`1.5 / 0` divides by zero"),
        ("lead.anything + 1 > 0", "`lead.anything + 1` is too large"),
        ("event.amount > 10", "`event.amount > 10` compares text with a number"),
        ("event.amount", "`event.amount` is text, not yes or no"),
        ("1 in event.amount", "`event.amount` is text, not a list"),
        ("lead.anything.contains('x')", "`lead.anything` is a number, not text"),
        ("today + 36500d * 100 > today", "`today + 36500d * 100` leaves the calendar"),
    ] {
        let tested = lead.test(text);
        assert_eq!((tested.value, tested.fault.as_deref()), (false, Some(fault)), "{text}");
    }
    assert!(lead.says("1 / 0 == 1 || true") && lead.says("true || 1 / 0 == 1"));
    assert!(!lead.says("1 / 0 == 1 && false") && !lead.says("false && 1 / 0 == 1"));
    assert!(lead.says("event.amount != 10"));
}

#[test]
fn machine_opens_and_globs_count_only_where_asked() {
    let lead = Sheet {
        machine_opened: true,
        clicked: vec!["https://acme.example/pricing?utm=1".to_owned()],
        ..Sheet::default()
    };
    assert!(lead.says("opened('welcome', 'machines') && !opened('welcome')"));
    assert!(lead.says("clicked('welcome') && clicked('welcome', '*/pricing*')"));
    assert!(!lead.says("clicked('welcome', 'https://acme.example/pricing')"));
    assert!(!lead.says("clicked('welcome', '*/pricing*demo*')"));
}

#[test]
fn needs_name_everything_that_is_asked_with_the_longest_window() {
    let text = "happened('a', 7d) || count('a', '30d') > 2 || happened('b') || happened_any(60d) \
        || opened('welcome', 'machines') || lead.country == account.name || event.path == 'x' || today > '2026-01-01'";
    let needs = compile(text).unwrap().needs().clone();
    assert_eq!((needs.events["a"].ever, needs.events["a"].within), (false, Some(DAY.times(30))));
    assert_eq!((needs.events["b"].ever, needs.events["b"].within), (true, None));
    assert_eq!(needs.any_within, Some(DAY.times(60)));
    assert!(needs.machine_opens && needs.today && needs.steps.contains("welcome"));
    assert!(needs.lead.contains("country") && needs.account.contains("name") && needs.event_keys.contains("path"));
    let mut both = compile("happened('a')").unwrap().needs().clone();
    both.merge(&needs);
    assert_eq!((both.events["a"].ever, both.events["a"].within), (true, Some(DAY.times(30))));
}

#[test]
fn values_are_natural_json_and_come_back() {
    let json = serde_json::json!([null, true, 3, 2.5, "x", ["y"]]);
    let value = Value::from(&json);
    assert_eq!(value.to_json(), json);
    assert_eq!(serde_json::from_value::<Value>(json).unwrap(), value);
    for (kind, value) in [
        (Type::Date, Type::Date.read("2026-03-31").unwrap()),
        (Type::Instant, Value::Instant(NOW)),
        (Type::Duration, Value::Duration(Millis::HOUR.times(36))),
        (Type::Duration, Value::Duration(Millis(-1_001))),
    ] {
        assert_eq!(Value::from(&value.to_json()).into_type(kind), Ok(value));
    }
    assert_eq!(Type::Number.read(" "), Some(Value::Null));
    assert_eq!(Type::Bool.read("perhaps"), None);
}
