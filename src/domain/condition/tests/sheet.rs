//! One lead written down for tests.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::condition::{Condition, Deed, Deeds, Facts, Fault, Glob, Scope, Tested, Type, Value};
use crate::domain::time::{Instant, Millis};

/// Monday 2026-03-02, 09:00 in UTC.
pub const NOW: Instant = Instant(1_772_442_000_000);

pub const DAY: Millis = Millis::DAY;

/// The declared names of the tests.
pub struct Names {
    pub lead: BTreeMap<String, Type>,
    pub account: BTreeMap<String, Type>,
    pub steps: Deeds,
}

impl Names {
    pub fn new() -> Self {
        let lead = [
            ("country", Type::Text),
            ("title", Type::Text),
            ("email_domain", Type::Text),
            ("employees", Type::Number),
            ("budget", Type::Number),
            ("customer", Type::Bool),
            ("decide_by", Type::Date),
            ("created_at", Type::Instant),
            ("trial_length", Type::Duration),
            ("tags", Type::List),
            ("anything", Type::Any),
        ];
        let account = [("name", Type::Text), ("industry", Type::Text)];
        Self {
            lead: lead.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect(),
            account: account.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect(),
            steps: [
                ("welcome", Deed::Mail),
                ("call", Deed::Task(vec!["connected".to_owned(), "voicemail".to_owned()])),
            ]
            .map(|(id, deed)| (id.to_owned(), deed))
            .into(),
        }
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope { lead: &self.lead, account: &self.account, steps: Some(&self.steps), event: true }
    }
}

pub fn compile(text: &str) -> Result<Condition, Vec<Fault>> {
    Condition::compile(text, &Names::new().scope())
}

/// What is known; names not set are null, and nothing happened.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub lead: BTreeMap<String, Value>,
    pub event: BTreeMap<String, Value>,
    pub heard: BTreeMap<String, Vec<Instant>>,
    pub clicked: Vec<String>,
    pub machine_opened: bool,
    pub outcome: Value,
    pub score: f64,
}

impl Sheet {
    pub fn lead(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.lead.insert(name.to_owned(), value.into());
        self
    }

    pub fn event(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.event.insert(key.to_owned(), value.into());
        self
    }

    pub fn heard(mut self, event: &str, days_ago: &[i64]) -> Self {
        self.heard.insert(event.to_owned(), days_ago.iter().map(|days| NOW - DAY.times(*days)).collect());
        self
    }

    pub fn test(&self, text: &str) -> Tested {
        compile(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")).test(self, NOW)
    }

    /// The answer, where no fault is expected.
    pub fn says(&self, text: &str) -> bool {
        let tested = self.test(text);
        assert_eq!(tested.fault, None, "{text}");
        tested.value
    }
}

impl Facts for Sheet {
    fn lead(&self, name: &str) -> Value {
        self.lead.get(name).cloned().unwrap_or_default()
    }
    fn account(&self, _: &str) -> Value {
        Value::Null
    }
    fn event(&self, key: &str) -> Value {
        self.event.get(key).cloned().unwrap_or_default()
    }
    fn score(&self) -> f64 {
        self.score
    }
    fn fit(&self) -> f64 {
        10.0
    }
    fn engagement(&self) -> f64 {
        self.score - 10.0
    }
    fn stage(&self) -> &'static str {
        "mql"
    }
    fn temperature(&self) -> &'static str {
        "warm"
    }
    fn opened(&self, step: &str, machines: bool) -> bool {
        step == "welcome" && machines && self.machine_opened
    }
    fn clicked(&self, step: &str, glob: Option<&Glob>) -> bool {
        step == "welcome" && self.clicked.iter().any(|url| glob.is_none_or(|glob| glob.matches(url)))
    }
    fn replied(&self, step: Option<&str>) -> bool {
        step.is_none_or(|step| step == "welcome") && self.heard.contains_key("replied")
    }
    fn done(&self, step: &str) -> bool {
        step == "welcome"
    }
    fn outcome(&self, step: &str) -> Value {
        if step == "call" { self.outcome.clone() } else { Value::Null }
    }
    fn count(&self, event: &str) -> u64 {
        self.recent(event).len() as u64
    }
    fn recent(&self, event: &str) -> &[Instant] {
        self.heard.get(event).map_or(&[], Vec::as_slice)
    }
    fn last_any(&self) -> Option<Instant> {
        self.heard.values().flatten().max().copied()
    }
    fn date_of(&self, at: Instant) -> Date {
        at.to_jiff().to_zoned(TimeZone::UTC).date()
    }
    fn midnight_after(&self, at: Instant) -> Instant {
        Instant((at.0.div_euclid(DAY.0) + 1) * DAY.0)
    }
}
