//! What conditions can answer together, with nobody at hand.

use std::collections::BTreeSet;

use super::sheet::compile;
use crate::domain::condition::{Answers, Condition, Worlds};

fn all(texts: &[&str]) -> Vec<Condition> {
    texts.iter().map(|text| compile(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))).collect()
}

/// The answers as `y` and `n`, in order.
fn answers(texts: &[&str]) -> Vec<String> {
    let conditions = all(texts);
    shown(&Worlds::of(&conditions).expect("few worlds").answers())
}

fn shown(answers: &BTreeSet<Answers>) -> Vec<String> {
    answers.iter().map(|one| one.iter().map(|yes| if *yes { 'y' } else { 'n' }).collect()).collect()
}

#[test]
fn one_condition_may_be_the_same_for_everybody() {
    for (text, expected) in [
        ("true", &["y"][..]),
        ("1 + 1 == 2 && !false", &["y"]),
        ("score > 5 && score < 3", &["n"]),
        ("score > 5 || score <= 5", &["y"]),
        ("lead.employees > 5 || lead.employees <= 5", &["n", "y"]),
        ("lead.country == 'DE' && lead.country == 'FR'", &["n"]),
        ("lead.country in ['DE', 'FR'] && !(lead.country in ['FR', 'DE'])", &["n"]),
        ("!(lead.country == 'DE') || lead.country == 'DE'", &["y"]),
        ("stage in ['lead', 'mql'] && stage == 'sql'", &["n"]),
        ("temperature == 'cold' || temperature == 'warm' || temperature == 'hot'", &["y"]),
        ("count('used') >= 0", &["y"]),
        ("count('used') > 0 && count('used') < 2 && count('used') != 1", &["n"]),
        ("opened('welcome') ? score > 3 : score <= 3", &["n", "y"]),
        ("lead.title.contains('VP') && !lead.title.contains('VP')", &["n"]),
        ("lower(lead.title) == 'vp' && lower(lead.title) == 'ceo'", &["n"]),
        ("lead.country == account.name && lead.country == 'x'", &["n", "y"]),
        ("lead.decide_by > '2026-01-01' && lead.decide_by < '2025-01-01'", &["n"]),
        ("score == null", &["n"]),
        ("lead.country == null", &["n", "y"]),
    ] {
        assert_eq!(answers(&[text]), expected, "{text}");
    }
}

#[test]
fn several_conditions_are_answered_about_one_lead() {
    assert_eq!(answers(&["score>5", "5 < score"]), ["nn", "yy"]);
    assert_eq!(answers(&["score > 5", "score <= 5"]), ["ny", "yn"]);
    assert_eq!(answers(&["score > 5", "score > 3"]), ["nn", "ny", "yy"]);
    assert_eq!(answers(&["lead.country == 'DE'", "lead.country == 'FR'"]), ["nn", "ny", "yn"]);
    assert_eq!(answers(&["happened('used')", "happened('used', '3d')"]), ["nn", "ny", "yn", "yy"]);
    let many: Vec<String> = (0..200).map(|n| format!("score > {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(answers(&many).len(), 201);
    let wide = (0..13).map(|n| format!("happened('e{n}')")).collect::<Vec<_>>().join(" && ");
    assert!(Worlds::of(&all(&[&wide])).is_none(), "more than are tried");
}

#[test]
fn what_people_do_is_not_done_before_anybody_acts() {
    let before = |text: &str| shown(&Worlds::of(&all(&[text])).unwrap().before_anybody_acts());
    for human in [
        "opened('welcome')",
        "clicked('welcome')",
        "replied()",
        "happened('used')",
        "happened_any('3d')",
        "count('used') > 0",
        "outcome('call') == 'connected'",
    ] {
        assert_eq!(before(human), ["n"], "{human}");
    }
    for other in ["opened('welcome', 'machines')", "done('welcome')", "score > 5", "lead.country == 'DE'"] {
        assert_eq!(before(other), ["n", "y"], "{other}");
    }
}

#[test]
fn an_open_by_a_machine_turns_what_no_person_keeps_from_turning() {
    let turns = |text: &str| {
        let turned = Worlds::of(&all(&[text])).unwrap().turned_by_machines();
        turned.iter().map(|(before, after)| (before[0], after[0])).collect::<Vec<_>>()
    };
    let machine = "opened('welcome', 'machines')";
    for (text, expected) in [
        (machine.to_owned(), vec![(false, true)]),
        (format!("!{machine}"), vec![(true, false)]),
        (format!("!!{machine}"), vec![(false, true)]),
        (format!("true == {machine}"), vec![(false, true)]),
        (format!("{machine} && lead.country == 'DE'"), vec![(false, true)]),
        (format!("score >= 0 && {machine}"), vec![(false, true)]),
        (format!("{machine} ? score > 5 : score <= 5"), vec![(false, true), (true, false)]),
        (format!("{machine} && clicked('welcome')"), vec![]),
        (format!("{machine} || true"), vec![]),
        ("opened('welcome')".to_owned(), vec![]),
    ] {
        assert_eq!(turns(&text), expected, "{text}");
    }
}
