//! What a condition sees of a lead at one instant.

use std::cell::OnceCell;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::domain::calendar::{ZoneHints, local};
use crate::domain::condition::{Facts, Glob, Type, Value};
use crate::domain::enrollment::Enrollment;
use crate::domain::lead::Lead;
use crate::domain::playbook::{Playbook, Settings};
use crate::domain::score::Score;
use crate::domain::time::Instant;

/// A lead as conditions see it: with its score at an instant, and with an enrollment and an event where there is one at hand.
///
/// Most conditions ask for little of it, so score, temperature and zone are found when they are first asked for.
pub struct View<'a> {
    lead: &'a Lead,
    playbook: &'a Playbook,
    now: Instant,
    score: OnceCell<Score>,
    temperature: OnceCell<&'a str>,
    zone: OnceCell<TimeZone>,
    last_any: Option<Instant>,
    enrollment: Option<&'a Enrollment>,
    event: Option<&'a Map<String, Json>>,
}

impl<'a> View<'a> {
    pub const fn new(lead: &'a Lead, playbook: &'a Playbook, now: Instant) -> Self {
        Self {
            lead,
            playbook,
            now,
            score: OnceCell::new(),
            temperature: OnceCell::new(),
            zone: OnceCell::new(),
            last_any: lead.last_human_at,
            enrollment: None,
            event: None,
        }
    }

    #[must_use]
    pub const fn within(mut self, enrollment: &'a Enrollment) -> Self {
        self.enrollment = Some(enrollment);
        self
    }

    /// Counts coming to the present stage as a sign of life, so that silence is measured from there.
    #[must_use]
    pub fn since_stage(mut self) -> Self {
        self.last_any = self.last_any.max(Some(self.lead.stage_since));
        self
    }

    #[must_use]
    pub const fn about(mut self, event: &'a Map<String, Json>) -> Self {
        self.event = Some(event);
        self
    }

    pub fn scored(&self) -> Score {
        *self.score.get_or_init(|| self.playbook.scoring.score(&self.lead.ledger, self.now))
    }

    /// The band of the score, or hot where the rule for it holds.
    pub fn heat(&self) -> &'a str {
        self.temperature.get_or_init(|| {
            let scoring = &self.playbook.scoring;
            let band = scoring.band(self.scored().total);
            // The rule is about the lead alone, and means the band where it asks for the temperature.
            let plain = View { temperature: OnceCell::from(band), ..View::new(self.lead, self.playbook, self.now) };
            let is_hot = scoring.hot_when.as_ref().is_some_and(|hot| hot.test(&plain, self.now).value);
            if is_hot { "hot" } else { band }
        })
    }

    fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(|| lead_zone(self.lead, &self.playbook.settings, None))
    }
}

/// The zone a lead lives in: its own, its country's only one, its account's, the fallback, the workspace's.
pub fn lead_zone(lead: &Lead, settings: &Settings, fallback: Option<&str>) -> TimeZone {
    zone_hints(lead, settings, fallback).resolve().0
}

/// What is known about where a lead lives.
pub fn zone_hints<'a>(lead: &'a Lead, settings: &'a Settings, fallback: Option<&'a str>) -> ZoneHints<'a> {
    let text = |name| lead.attributes.get(name).and_then(Json::as_str);
    ZoneHints {
        own: text("zone"),
        country: text("country"),
        account: text("account.zone"),
        fallback,
        workspace: &settings.zone,
    }
}

fn typed(value: Option<&Json>, declared: Option<Type>) -> Value {
    let Some(value) = value else { return Value::Null };
    Value::from(value).into_type(declared.unwrap_or(Type::Any)).unwrap_or(Value::Null)
}

impl Facts for View<'_> {
    fn lead(&self, name: &str) -> Value {
        match name {
            "email" => Value::text(self.lead.address.as_str()),
            "email_domain" => Value::text(self.lead.address.domain()),
            "tags" if !self.lead.attributes.contains_key("tags") => Value::List([].into()),
            _ => typed(self.lead.attributes.get(name), self.playbook.settings.lead_attributes.get(name).copied()),
        }
    }

    fn account(&self, name: &str) -> Value {
        if matches!(name, "id" | "domain") {
            return self.lead.account.as_deref().map_or(Value::Null, Value::text);
        }
        let declared = self.playbook.settings.account_attributes.get(name).copied();
        typed(self.lead.attributes.get(&format!("account.{name}")), declared)
    }

    fn event(&self, key: &str) -> Value {
        self.event.and_then(|data| data.get(key)).map_or(Value::Null, Value::from)
    }

    fn score(&self) -> f64 {
        self.scored().total
    }

    fn fit(&self) -> f64 {
        self.scored().fit
    }

    fn engagement(&self) -> f64 {
        self.scored().engagement
    }

    fn stage(&self) -> &str {
        self.lead.stage.as_str()
    }

    fn temperature(&self) -> &str {
        self.heat()
    }

    fn opened(&self, step: &str, machines: bool) -> bool {
        let facts = self.enrollment.and_then(|enrollment| enrollment.steps.get(step));
        facts.is_some_and(|facts| facts.opened || (machines && facts.opened_by_machine))
    }

    fn clicked(&self, step: &str, glob: Option<&Glob>) -> bool {
        let facts = self.enrollment.and_then(|enrollment| enrollment.steps.get(step));
        facts.is_some_and(|facts| facts.clicked.iter().any(|url| glob.is_none_or(|glob| glob.matches(url))))
    }

    fn replied(&self, step: Option<&str>) -> bool {
        let Some(enrollment) = self.enrollment else { return false };
        enrollment.steps.iter().any(|(id, facts)| facts.replied && step.is_none_or(|step| step == id))
    }

    fn done(&self, step: &str) -> bool {
        self.enrollment.and_then(|enrollment| enrollment.steps.get(step)).is_some_and(|facts| facts.done_at.is_some())
    }

    fn outcome(&self, step: &str) -> Value {
        let facts = self.enrollment.and_then(|enrollment| enrollment.steps.get(step));
        facts.and_then(|facts| facts.outcome.as_deref()).map_or(Value::Null, Value::text)
    }

    fn count(&self, event: &str) -> u64 {
        self.lead.heard.get(event).map_or(0, |heard| heard.count)
    }

    fn recent(&self, event: &str) -> &[Instant] {
        self.lead.heard.get(event).map_or(&[], |heard| &heard.recent)
    }

    fn last_any(&self) -> Option<Instant> {
        self.last_any
    }

    fn date_of(&self, at: Instant) -> Date {
        local::clock(self.zone(), at).date()
    }

    fn midnight_after(&self, at: Instant) -> Instant {
        local::day_start(self.zone(), local::day_number(self.zone(), at) + 1, at)
    }
}
