use super::sheet::{DAY, NOW, Sheet, compile};
use crate::domain::time::{Instant, Millis};

fn turns(lead: &Sheet, text: &str) -> Option<Instant> {
    compile(text).unwrap().turns_at(lead, NOW)
}

#[test]
fn a_condition_knows_when_time_alone_will_turn_it() {
    let lead = Sheet::default().heard("used", &[10, 5, 1]).heard("demo", &[20]);
    for (text, at) in [
        ("score > 5 && happened('used') && count('used') > 1", None),
        ("happened('used', 7d)", Some(NOW + DAY.times(6))),
        ("count('used', 7d) > 1", Some(NOW + DAY.times(2))),
        ("count('used', 14d) > 2 && happened('demo', 30d)", Some(NOW + DAY.times(4))),
        ("happened('demo', 7d) || happened('never', 7d)", None),
        ("!happened_any(60d)", Some(NOW + DAY.times(59))),
        ("lead.decide_by < today", Some(Instant((NOW.0 / DAY.0 + 1) * DAY.0))),
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
