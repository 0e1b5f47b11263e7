//! Sequences and the scoring model, written as people write them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::calendar::{Calendar, Cron, Hours, Pause, Weekdays, parse_length, zone_named};
use crate::domain::condition::{Condition, Scope, Type};
use crate::domain::playbook::{Company, Playbook, Settings};
use crate::domain::routing::Staff;
use crate::domain::score::{EngagementRule, FitRule, Scoring};
use crate::domain::sequence::{
    Act, Again, Arm, AtSql, Copy, InFlight, Kind, Limits, OnFailure, OnUnknown, Sending, Sequence, Step, Stop,
    Tracking, Trigger, ZoneRule,
};
use crate::domain::stage::Stage;
use crate::domain::time::Millis;

fn declared() -> BTreeMap<String, Type> {
    let texts = ["title", "industry", "country", "region", "zone", "first_name", "email_domain", "email"];
    let mut all: BTreeMap<String, Type> = texts.map(|name| (name.to_owned(), Type::Text)).into();
    for (name, kind) in
        [("employees", Type::Number), ("decide_by", Type::Date), ("tags", Type::List), ("odd", Type::Any)]
    {
        all.insert(name.to_owned(), kind);
    }
    all
}

pub fn when(text: &str) -> Condition {
    let scope = Scope { lead: &declared(), account: &BTreeMap::new(), steps: None, event: true };
    Condition::compile(text, &scope).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

pub fn length(text: &str) -> Millis {
    parse_length(text).unwrap()
}

/// A calendar of these hours from Monday to Friday in a zone, with the 6th of March 2026 (a Friday) a holiday.
pub fn weekdays(zone: &str, hours: &[&str]) -> Calendar {
    let hours: Vec<Hours> = hours.iter().map(|hours| Hours::parse(hours).unwrap()).collect();
    let holidays = ["2026-03-06".parse().unwrap()].into();
    Calendar::new(zone_named(zone).unwrap(), Weekdays::parse("mon-fri").unwrap(), &hours, holidays)
}

/// A sequence whose steps follow each other, sending from 09:00 to 17:00 in the lead's zone.
pub fn sequence(name: &str, kind: Kind, steps: Vec<(&str, Act)>) -> Sequence {
    let count = steps.len();
    let steps = steps.into_iter().enumerate().map(|(index, (id, act))| Step {
        id: id.to_owned(),
        act,
        next: Some(index + 1).filter(|next| *next < count),
        line: index + 1,
    });
    Sequence {
        name: name.to_owned(),
        version: format!("{name}-1"),
        title: name.to_owned(),
        kind,
        topic: None,
        owner: None,
        enroll: Vec::new(),
        again: Again::Never,
        exclusive: None,
        priority: 50,
        limits: Limits::default(),
        in_flight: InFlight::Adopt,
        send: Sending {
            from: Some("growth".to_owned()),
            calendar: weekdays("UTC", &["09:00-17:00"]),
            lead_holidays: false,
            own_holidays: BTreeSet::new(),
            zone: ZoneRule::Lead,
            fallback_zone: None,
            thread: true,
            track: Tracking::default(),
        },
        stop: Stop::default(),
        at_sql: if kind == Kind::Nurture { AtSql::Exit } else { AtSql::Ignore },
        goal: None,
        max_lateness: length("24h"),
        on_unknown: OnUnknown::Proceed,
        steps: steps.collect(),
        templates: BTreeMap::new(),
    }
}

impl Sequence {
    pub fn on(mut self, event: &str) -> Self {
        self.enroll.push(Trigger::Event { on: event.to_owned(), when: None });
        self
    }

    /// Enrolls whoever is in the segment at nine.
    pub fn at_nine(mut self, segment: &str) -> Self {
        let cron = Cron::parse("0 9 * * *").unwrap();
        self.enroll.push(Trigger::Every { cron, segment: when(segment), catch_up: Millis::HOUR });
        self
    }

    pub fn limits(mut self, active: u32, new_per_day: u32) -> Self {
        self.limits = Limits { active: Some(active), new_per_day: Some(new_per_day) };
        self
    }

    pub fn goal(mut self, event: &str) -> Self {
        self.goal = Some(event.to_owned());
        self
    }

    pub fn stop_on(mut self, event: &str) -> Self {
        self.stop.on.insert(event.to_owned());
        self
    }

    pub fn stop_when(mut self, text: &str) -> Self {
        self.stop.when = Some(when(text));
        self
    }

    pub fn topic(mut self, topic: &str) -> Self {
        self.topic = Some(topic.to_owned());
        self
    }

    pub fn again(mut self, again: Again) -> Self {
        self.again = again;
        self
    }

    pub fn exclusive(mut self, group: &str, priority: i32) -> Self {
        self.exclusive = Some(group.to_owned());
        self.priority = priority;
        self
    }

    pub fn at_sql(mut self, at_sql: AtSql) -> Self {
        self.at_sql = at_sql;
        self
    }
}

pub fn email() -> Act {
    Act::Email { copy: Copy::One("copy".to_owned()) }
}

pub fn hook(on_failure: OnFailure) -> Act {
    Act::Webhook { channel: "crm".to_owned(), with: BTreeMap::new(), on_failure }
}

pub fn wait(text: &str) -> Act {
    Act::Wait(Pause::parse(text).unwrap())
}

pub fn handoff(reason: &str) -> Act {
    Act::Handoff { reason: reason.to_owned(), when: None }
}

/// A branch: where to go if the condition holds, and else.
pub fn branch(text: &str, then: usize, otherwise: usize) -> Act {
    Act::Branch { arms: vec![Arm { when: when(text), then: Some(then) }], otherwise: Some(otherwise) }
}

/// The mail, two days, the mail: what most tests run.
pub fn two_mails(name: &str, kind: Kind) -> Sequence {
    sequence(name, kind, vec![("first", email()), ("pause", wait("2d")), ("second", email())])
}

pub fn book(sequences: Vec<Sequence>) -> Playbook {
    let sequences: Vec<Arc<Sequence>> = sequences.into_iter().map(Arc::new).collect();
    Playbook {
        settings: settings(),
        scoring: Arc::new(scoring()),
        staff: Arc::new(Staff::default()),
        sequences: sequences.iter().map(|sequence| (sequence.name.clone(), sequence.clone())).collect(),
        versions: sequences.iter().map(|sequence| (sequence.version.clone(), sequence.clone())).collect(),
        templates: BTreeMap::new(),
        windows: BTreeMap::new(),
    }
}

fn settings() -> Settings {
    Settings {
        company: Company::default(),
        zone: "UTC".to_owned(),
        public_url: "http://localhost".to_owned(),
        lead_attributes: declared(),
        account_attributes: BTreeMap::new(),
        holidays: BTreeMap::new(),
        consent_required: false,
        frequency_cap: None,
        senders: BTreeMap::new(),
        pools: BTreeMap::new(),
        channels: BTreeSet::new(),
        alerts: None,
    }
}

fn fit(name: &str, group: &str, text: &str, points: f64) -> FitRule {
    let group = (!group.is_empty()).then(|| group.to_owned());
    FitRule { name: name.to_owned(), group, when: when(text), points }
}

pub fn engagement(name: &str, on: &str, points: f64) -> EngagementRule {
    EngagementRule {
        name: name.to_owned(),
        on: on.to_owned(),
        when: None,
        points,
        at_most: None,
        times: None,
        half_life: None,
        expires: None,
    }
}

/// The scoring model that is shipped.
pub fn scoring() -> Scoring {
    let (day, month) = (length("24h"), length("30d"));
    Scoring {
        version: "model-1".to_owned(),
        range: (0.0, 100.0),
        fit: vec![
            fit("C-level", "title", "lead.title.matches('(?i)\\\\b(ceo|cto|cfo|coo|cmo|chief)\\\\b')", 20.0),
            fit("VP", "title", "lead.title.matches('(?i)\\\\b(vp|vice president)\\\\b')", 15.0),
            fit("Director", "title", "lead.title.matches('(?i)\\\\b(director|head of)\\\\b')", 10.0),
            fit("Manager", "title", "lead.title.matches('(?i)\\\\b(manager|lead)\\\\b')", 5.0),
            fit("200 or more employees", "size", "lead.employees >= 200", 15.0),
            fit("50 to 199 employees", "size", "lead.employees >= 50", 10.0),
            fit("10 to 49 employees", "size", "lead.employees >= 10", 5.0),
            fit("target industry", "industry", "lower(lead.industry) in ['software', 'fintech', 'logistics']", 10.0),
            fit("adjacent industry", "industry", "lower(lead.industry) in ['retail', 'manufacturing']", 5.0),
            fit("free-mail address", "", "lead.email_domain in free_mail_domains", -10.0),
            fit("student or retired", "", "lead.title.matches('(?i)\\\\b(student|retired)\\\\b')", -20.0),
        ],
        engagement: vec![
            EngagementRule {
                when: Some(when("event.path.startsWith('/pricing')")),
                at_most: Some((30.0, month)),
                half_life: Some(month),
                ..engagement("pricing page", "page_viewed", 15.0)
            },
            EngagementRule { expires: Some(length("90d")), ..engagement("demo request", "demo_requested", 25.0) },
            EngagementRule { at_most: Some((5.0, month)), ..engagement("mail opened", "opened", 1.0) },
            EngagementRule { at_most: Some((15.0, month)), ..engagement("link clicked", "clicked", 3.0) },
            EngagementRule {
                times: Some((3, day)),
                at_most: Some((10.0, length("7d"))),
                ..engagement("busy visitor", "page_viewed", 10.0)
            },
            engagement("unsubscribed", "unsubscribed", -30.0),
        ],
        bands: [("cold", 0.0), ("warm", 30.0), ("hot", 70.0)].map(|(name, from)| (name.to_owned(), from)).into(),
        hot_when: Some(when("happened('demo_requested', 7d) || lead.decide_by <= today + 30d")),
        lifecycle: vec![
            (Stage::Mql, when("score >= 50")),
            (Stage::Pql, when("happened('trial_started') && count('feature_used', 14d) >= 3")),
            (Stage::Sql, when("score >= 80 || happened('demo_requested', 30d)")),
        ],
        announce_rescored: false,
        thresholds: vec![50.0, 80.0],
        recycled: Some(when("stage in ['mql', 'sql'] && !happened_any(60d)")),
    }
}
