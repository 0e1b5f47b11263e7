//! `*.test.yaml`: what happens to a lead and what is expected, checked against the sequences and attributes there are.

mod deeds;
mod expected;
mod times;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::fields::{Fields, Keys, scalar, unknown};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::compile::syntax::{Entry, Node, Value};
use crate::domain::address::EmailAddress;
use crate::domain::calendar::zone_named;
use crate::domain::playbook::Settings;
use crate::domain::routing::Staff;
use crate::domain::scenario::{Scenario, StepName, Suite};
use crate::domain::sequence::{Act, Sequence, Task};

const FILE: Keys = Keys { what: "a file of tests", known: &["sequence", "zone", "start", "lead", "tests"], later: &[] };
const TEST: Keys = Keys {
    what: "a test",
    known: &["name", "zone", "start", "lead", "enroll", "events", "refused", "until", "expect"],
    later: &[],
};

/// What a test may name.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    pub settings: &'a Settings,
    pub staff: &'a Staff,
    pub bands: &'a [(String, f64)],
    pub sequences: &'a BTreeMap<String, Sequence>,
    /// Whether the file of a sequence has errors: what it lacks is not told again where a test names it.
    pub is_broken: &'a dyn Fn(&str) -> bool,
    pub report: &'a Report,
}

/// A test as it is read: what it may name, its sequence, its zone and its start.
#[derive(Clone, Copy)]
struct Inside<'a> {
    stage: Stage<'a>,
    home: &'a str,
    clock: &'a times::Clock,
}

/// Reads one file; `path` is its own, `name` the sequence it is about unless it says another.
pub fn suite((path, name): (&str, &str), root: &Node, stage: Stage<'_>) -> Option<Suite> {
    let report = stage.report;
    let fields = Fields::of(root, FILE, report)?;
    let sequence = fields.text("sequence").unwrap_or(name).to_owned();
    if !stage.sequences.contains_key(&sequence) {
        if (stage.is_broken)(&sequence) {
            return None;
        }
        let place = fields.get("sequence").map_or(fields.place, |node| node.place);
        unknown(Code::UnknownSequence, place, &sequence, stage.sequences.keys().map(String::as_str), report);
        return None;
    }
    let Some(Value::List(tests)) = fields.need("tests").map(|node| &node.value) else {
        if let Some(node) = fields.get("tests") {
            report.error_with(
                Code::WrongShape,
                node.place,
                format!("expected a list of tests, found {}", node.kind()),
                "begin each test with `- name: …`".to_owned(),
            );
        }
        return None;
    };
    let scenarios = tests.iter().filter_map(|node| scenario(node, &fields, &sequence, stage)).collect();
    Some(Suite { file: path.to_owned(), sequence, scenarios })
}

fn scenario(node: &Node, file: &Fields<'_>, home: &str, stage: Stage<'_>) -> Option<Scenario> {
    let report = stage.report;
    let fields = Fields::of(node, TEST, report)?;
    let name = fields.need_text("name")?.to_owned();
    let zone = fields.parse("zone", zone).or_else(|| file.parse("zone", zone));
    let zone = zone.unwrap_or_else(|| zone_named(&stage.settings.zone).unwrap_or(TimeZone::UTC));
    let start = fields.get("start").or_else(|| file.get("start"));
    let Some(start) = start else {
        let hint = "add `start: 2026-03-02 09:00`, for this test or for the whole file".to_owned();
        report.error_with(Code::MissingKey, fields.place, "a test needs `start`", hint);
        return None;
    };
    let start = super::fields::parse(start, "start", report, |text| times::local(text, &zone))?;
    let clock = times::Clock { zone: zone.clone(), start };
    let inside = Inside { stage, home, clock: &clock };
    let mut attributes = BTreeMap::new();
    let shared = file.get("lead").and_then(|node| lead(node, stage, &mut attributes));
    let own = fields.get("lead").and_then(|node| lead(node, stage, &mut attributes));
    let address = own.or(shared).or_else(|| EmailAddress::parse("zoe@example.com").ok())?;
    let events = fields.list("events");
    Some(Scenario {
        name,
        line: report.source(node.place.source).position(node.place.start).0,
        sequence: home.to_owned(),
        address,
        attributes,
        start,
        enters_at_start: yes_or_no(&fields, "enroll").unwrap_or(true),
        happenings: events.into_iter().filter_map(|node| deeds::happening(node, inside)).collect(),
        refused: fields.texts("refused").into_iter().filter_map(|(text, node)| refused(text, node, inside)).collect(),
        until: fields.parse("until", |text| clock.instant(text)),
        expected: expected::expected(fields.need("expect")?, inside)?,
        zone,
    })
}

/// A step whose touch somebody else takes, or refuses.
fn refused(text: &str, node: &Node, inside: Inside<'_>) -> Option<StepName> {
    let name = inside.step(text, node.place)?;
    let act = inside.act(&name);
    if matches!(act, Some(Act::Email { .. } | Act::Webhook { .. })) {
        return Some(name);
    }
    let message = format!("`{text}` asks nobody who could refuse it");
    inside.stage.report.error_with(Code::UnknownStep, node.place, message, "name a mail or a webhook".to_owned());
    None
}

fn zone(text: &str) -> Result<TimeZone, String> {
    zone_named(text).ok_or_else(|| format!("`{text}` is no zone of the IANA database, such as Europe/Paris"))
}

fn yes_or_no(fields: &Fields<'_>, key: &str) -> Option<bool> {
    fields.choice(key, &[("yes", true), ("no", false), ("true", true), ("false", false)])
}

/// Reads the attributes of a lead into those there are, and its address if it names one.
fn lead(node: &Node, stage: Stage<'_>, into: &mut BTreeMap<String, Json>) -> Option<EmailAddress> {
    let mut address = None;
    for Entry { key, value } in super::fields::entries(node, "lead", stage.report) {
        if key.text == "email" {
            address = super::fields::parse(value, "email", stage.report, EmailAddress::parse);
        } else if let Some(read) = attribute(&key.text, key.place, value, stage) {
            into.insert(key.text.clone(), read);
        }
    }
    address
}

/// Reads a value as the declared type of its attribute; `account.NAME` is one of the lead's account.
fn attribute(name: &str, place: Place, value: &Node, stage: Stage<'_>) -> Option<Json> {
    let (settings, report) = (stage.settings, stage.report);
    let (known, bare) = match name.strip_prefix("account.") {
        Some(bare) => (&settings.account_attributes, bare),
        None => (&settings.lead_attributes, name),
    };
    let Some(kind) = known.get(bare).filter(|_| !matches!(name, "email" | "email_domain")) else {
        unknown(Code::UnknownAttribute, place, name, known.keys().map(String::as_str), report);
        return None;
    };
    if value.is_nothing() {
        return Some(Json::Null);
    }
    if let Value::List(items) = &value.value {
        return Some(items.iter().filter_map(|item| scalar(item, name, report)).map(Json::from).collect());
    }
    let text = scalar(value, name, report)?;
    let read = kind.read(text);
    if read.is_none() {
        report.error_with(
            Code::BadValue,
            value.place,
            format!("`{name}` is {}; `{text}` is not", kind.name()),
            "write a value of its type, or declare another type under `attributes:` in config/overture.yaml".to_owned(),
        );
    }
    read.map(|value| value.to_json())
}

impl<'a> Inside<'a> {
    fn act(&self, name: &StepName) -> Option<&'a Act> {
        self.stage.sequences.get(&name.sequence)?.step(&name.step).map(|(_, step)| &step.act)
    }

    /// The task of a step, if it is one.
    fn task(&self, name: &StepName) -> Option<&'a Task> {
        match self.act(name) {
            Some(Act::Task(task)) => Some(task),
            _ => None,
        }
    }

    /// A step by its id, or by SEQUENCE/ID for one of another sequence.
    fn step(&self, text: &str, place: Place) -> Option<StepName> {
        let (stage, report) = (self.stage, self.stage.report);
        let (sequence, step) = text.rsplit_once('/').unwrap_or((self.home, text));
        let found = stage.sequences.get(sequence);
        if (stage.is_broken)(sequence) && found.is_none_or(|found| found.step(step).is_none()) {
            return None;
        }
        let Some(found) = found else {
            unknown(Code::UnknownSequence, place, sequence, stage.sequences.keys().map(String::as_str), report);
            return None;
        };
        if found.step(step).is_none() {
            let named = found.steps.iter().map(|one| one.id.as_str()).filter(|id| !id.starts_with('#'));
            let hint = crate::compile::names::hint(step, named);
            report.error_with(Code::UnknownStep, place, format!("`{sequence}` has no step `{step}`"), hint);
            return None;
        }
        Some(StepName { sequence: sequence.to_owned(), step: step.to_owned() })
    }
}
