use std::collections::BTreeMap;

use super::compile;
use super::shipped::shipped;
use crate::domain::condition::{Facts, Glob, Value};
use crate::domain::playbook::Playbook;
use crate::domain::score::{Ledger, Line, Scoring};
use crate::domain::time::Instant;

const NOW: Instant = Instant(1_780_000_000_000);

/// A lead as its attributes and one event at hand.
struct Person<'a> {
    lead: &'a [(&'a str, Value)],
    event: BTreeMap<&'a str, Value>,
}

impl Facts for Person<'_> {
    fn lead(&self, name: &str) -> Value {
        self.lead.iter().find(|(known, _)| *known == name).map_or(Value::Null, |(_, value)| value.clone())
    }
    fn account(&self, _: &str) -> Value {
        Value::Null
    }
    fn event(&self, key: &str) -> Value {
        self.event.get(key).cloned().unwrap_or_default()
    }
    fn score(&self) -> f64 {
        0.0
    }
    fn fit(&self) -> f64 {
        0.0
    }
    fn engagement(&self) -> f64 {
        0.0
    }
    fn stage(&self) -> &'static str {
        "lead"
    }
    fn temperature(&self) -> &'static str {
        "cold"
    }
    fn opened(&self, _: &str, _: bool) -> bool {
        false
    }
    fn clicked(&self, _: &str, _: Option<&Glob>) -> bool {
        false
    }
    fn replied(&self, _: Option<&str>) -> bool {
        false
    }
    fn done(&self, _: &str) -> bool {
        false
    }
    fn outcome(&self, _: &str) -> Value {
        Value::Null
    }
    fn count(&self, _: &str) -> u64 {
        0
    }
    fn recent(&self, _: &str) -> &[Instant] {
        &[]
    }
    fn last_any(&self) -> Option<Instant> {
        None
    }
    fn date_of(&self, _: Instant) -> jiff::civil::Date {
        jiff::civil::Date::constant(2026, 6, 1)
    }
    fn midnight_after(&self, at: Instant) -> Instant {
        at
    }
}

/// The sum of the model's rules for a person who did these things once each.
fn score(scoring: &Scoring, lead: &[(&str, Value)], did: &[(&str, &[(&'static str, &str)])]) -> f64 {
    let nothing = Person { lead, event: BTreeMap::new() };
    let mut best: BTreeMap<String, f64> = BTreeMap::new();
    for rule in scoring.fit.iter().filter(|rule| rule.when.test(&nothing, NOW).value) {
        let group = rule.group.clone().unwrap_or_else(|| rule.name.clone());
        let points = best.entry(group).or_insert(rule.points);
        *points = points.max(rule.points);
    }
    let mut lines: Vec<Line> = best.into_iter().map(|(rule, points)| line(rule, Ledger::Fit, points)).collect();
    for (name, data) in did {
        let event = data.iter().map(|(key, value)| (*key, Value::text(value))).collect();
        let about = Person { lead, event };
        let rules = scoring.engagement.iter().filter(|rule| rule.on == *name && rule.times.is_none());
        let counting = rules.filter(|rule| rule.when.as_ref().is_none_or(|when| when.test(&about, NOW).value));
        lines.extend(counting.map(|rule| line(rule.name.clone(), Ledger::Engagement, rule.points)));
    }
    scoring.score(&lines, NOW).total
}

fn line(rule: String, ledger: Ledger, points: f64) -> Line {
    Line { rule, ledger, points, at: NOW, event: 1, half_life: None, ends: None, model: String::new(), by_step: false }
}

fn model() -> Playbook {
    compile(&shipped()).playbook.unwrap()
}

#[test]
fn a_vp_of_a_large_company_in_a_target_industry_who_saw_prices_and_asked_for_a_demo_has_80() {
    let lead = [
        ("title", Value::text("VP Operations")),
        ("employees", Value::Int(300)),
        ("industry", Value::text("Logistics")),
        ("email_domain", Value::text("halden.example")),
    ];
    let did: [(&str, &[(&'static str, &str)]); 2] =
        [("page_viewed", &[("path", "/pricing/teams")]), ("demo_requested", &[])];
    assert!((score(&model().scoring, &lead, &did) - 80.0).abs() < 1e-9);
}

#[test]
fn a_manager_who_opened_one_mail_has_6_and_with_the_size_of_the_company_11() {
    let model = model();
    let title = ("title", Value::text("Marketing Manager"));
    let domain = ("email_domain", Value::text("small.example"));
    let did: [(&str, &[(&'static str, &str)]); 1] = [("opened", &[])];
    assert!((score(&model.scoring, &[title.clone(), domain.clone()], &did) - 6.0).abs() < 1e-9);
    let sized = [title, domain, ("employees", Value::Int(20))];
    assert!((score(&model.scoring, &sized, &did) - 11.0).abs() < 1e-9);
}
