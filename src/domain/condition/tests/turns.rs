use super::sheet::{DAY, NOW, Sheet, compile};
use crate::domain::time::{Instant, Millis};

fn turns(lead: &Sheet, text: &str) -> Option<Instant> {
    compile(text).unwrap().turns_at(lead, NOW)
}

#[test]
fn a_condition_knows_when_time_alone_will_turn_it() {
    let lead = Sheet::default().heard("used", &[10, 5, 1]).heard("demo", &[20]);
    let midnight = Some(Instant((NOW.0 / DAY.0 + 1) * DAY.0));
    for (text, at) in [
        ("score > 5 && happened('used') && count('used') > 1", None),
        ("happened('used', 7d)", Some(NOW + DAY.times(6))),
        ("count('used', 7d) > 1", Some(NOW + DAY.times(2))),
        ("count('used', 14d) > 2 && happened('demo', 30d)", Some(NOW + DAY.times(4))),
        ("happened('demo', 7d) || happened('never', 7d)", None),
        ("!happened_any(60d)", Some(NOW + DAY.times(59))),
        ("lead.decide_by < today", None),
        ("lead.decide_by <= today + 30d || lead.created_at == today", None),
        ("today == \"2026-03-03\"", midnight),
        ("lead.decide_by < today || (today > \"2026-01-01\" ? true : false)", midnight),
        ("(lead.country == 'FR' ? lead.decide_by : today) < today", midnight),
    ] {
        assert_eq!(turns(&lead, text), at, "{text}");
    }
}

#[test]
fn it_turns_at_that_very_millisecond_and_not_before() {
    let lead = Sheet::default().heard("used", &[5]);
    let condition = compile("happened('used', 7d) && count('used', 7d) == 1 && happened_any(7d)").unwrap();
    let at = condition.turns_at(&lead, NOW).unwrap();
    assert!(condition.test(&lead, at - Millis(1)).value);
    assert!(!condition.test(&lead, at).value);
    assert_eq!(condition.turns_at(&lead, at), None);
}

#[test]
fn midnight_matters_once_the_date_beside_today_is_known() {
    let lead = Sheet::default().lead("decide_by", crate::domain::condition::Type::Date.read("2026-05-01").unwrap());
    assert_eq!(turns(&lead, "lead.decide_by <= today + 30d"), Some(Instant((NOW.0 / DAY.0 + 1) * DAY.0)));
}

#[test]
fn it_names_the_levels_that_a_score_is_compared_with() {
    let levels = |text: &str| compile(text).unwrap().needs().levels.clone();
    assert_eq!(
        levels("score >= 80 || (50 <= score && fit > 10.5) || engagement < -5 || score != 80"),
        [-5.0, 10.5, 50.0, 80.0]
    );
    assert_eq!(levels("lead.budget > 100 && count('used') > 3"), [0.0; 0]);
    let mut both = compile("score > 50").unwrap().needs().clone();
    both.merge(compile("score > 20 || score < 50").unwrap().needs());
    assert_eq!(both.levels, [20.0, 50.0]);
}
