//! config/scoring.yaml: who a lead is, what a lead does, and what follows from the sum.

use std::collections::BTreeSet;

use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys, number, parse, unknown, whole};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::Node;
use crate::domain::calendar::parse_length;
use crate::domain::condition::Condition;
use crate::domain::score::{EngagementRule, FitRule, Scoring, TEMPERATURES};
use crate::domain::stage::Stage;
use crate::domain::time::Millis;

const FILE: Keys = Keys {
    what: "the scoring file",
    known: &["range", "fit", "engagement", "bands", "hot_when", "lifecycle", "announce_rescored"],
    later: &[],
};
const FIT: Keys = Keys { what: "a fit rule", known: &["name", "group", "when", "points"], later: &[] };
const ENGAGEMENT: Keys = Keys {
    what: "an engagement rule",
    known: &["name", "on", "when", "points", "at_most", "times", "half_life", "expires"],
    later: &["group"],
};

/// The stages a rule may lift a lead to.
const RISEN: [&str; 6] = ["iql", "mql", "pql", "sql", "opportunity", "customer"];

/// Reads the scoring file; what is broken is told and left out.
pub fn scoring(root: &Node, version: String, speaks: Speaks<'_>, report: &Report) -> Scoring {
    let mut scoring = Scoring::empty(version);
    let Some(fields) = Fields::of(root, FILE, report) else { return scoring };
    if let Some(range) = fields.parse("range", range) {
        scoring.range = range;
    }
    scoring.fit = fields.list("fit").into_iter().filter_map(|node| fit(node, speaks, report)).collect();
    let heard = Speaks { event: true, ..speaks };
    scoring.engagement =
        fields.list("engagement").into_iter().filter_map(|node| engagement(node, heard, report)).collect();
    unique(&fields, report);
    if fields.key("bands").is_some() {
        scoring.bands = bands(&fields, report);
    }
    scoring.hot_when = fields.get("hot_when").and_then(|node| condition(node, "hot_when", speaks, report));
    scoring.announce_rescored = fields.flag("announce_rescored").unwrap_or_default();
    lifecycle(&mut scoring, &fields, speaks);
    scoring
}

fn fit(node: &Node, speaks: Speaks<'_>, report: &Report) -> Option<FitRule> {
    let fields = Fields::of(node, FIT, report)?;
    let (name, points) = named(&fields);
    let group = fields.text("group").map(str::to_owned);
    let when = fields.need("when").and_then(|node| condition(node, "when", speaks, report));
    Some(FitRule { name: name?, group, when: when?, points: points? })
}

fn engagement(node: &Node, speaks: Speaks<'_>, report: &Report) -> Option<EngagementRule> {
    let fields = Fields::of(node, ENGAGEMENT, report)?;
    let (name, points) = named(&fields);
    let on = fields.need("on").and_then(|node| super::event_name(node, "on", report));
    let when = match fields.get("when") {
        Some(node) => Some(condition(node, "when", speaks, report)?),
        None => None,
    };
    Some(EngagementRule {
        name: name?,
        on: on?,
        when,
        points: points?,
        at_most: fields.parse("at_most", at_most),
        times: fields.parse("times", times),
        half_life: fields.parse("half_life", length),
        expires: fields.parse("expires", length),
    })
}

fn named(fields: &Fields<'_>) -> (Option<String>, Option<f64>) {
    let name = fields.need_text("name").map(str::to_owned);
    let points = fields.need("points").and_then(|node| parse(node, "points", fields.report, number));
    (name, points)
}

fn unique(fields: &Fields<'_>, report: &Report) {
    let mut seen = BTreeSet::new();
    for rule in fields.list("fit").into_iter().chain(fields.list("engagement")) {
        let Some(name) = rule.get("name") else { continue };
        if name.text().is_some_and(|text| !seen.insert(text)) {
            let hint = "a line of the score must say which rule gave it".to_owned();
            report.error_with(Code::BadName, name.place, "two rules have this name", hint);
        }
    }
}

fn bands(fields: &Fields<'_>, report: &Report) -> Vec<(String, f64)> {
    let mut bands: Vec<(String, f64)> = Vec::new();
    for entry in fields.map("bands") {
        if !TEMPERATURES.contains(&entry.key.text.as_str()) {
            unknown(Code::UnknownChoice, entry.key.place, &entry.key.text, TEMPERATURES, report);
            continue;
        }
        let Some(from) = parse(&entry.value, &entry.key.text, report, number) else { continue };
        if bands.last().is_some_and(|(_, last)| from <= *last) {
            let hint = "order them cold, warm, hot, each from a higher score".to_owned();
            report.error_with(Code::Bands, entry.value.place, "this band does not begin above the one before it", hint);
        }
        bands.push((entry.key.text.clone(), from));
    }
    bands
}

fn lifecycle(scoring: &mut Scoring, fields: &Fields<'_>, speaks: Speaks<'_>) {
    let report = fields.report;
    let mut rules: Vec<(Stage, Condition)> = Vec::new();
    for entry in fields.map("lifecycle") {
        let rule = condition(&entry.value, &entry.key.text, speaks, report);
        match Stage::parse(&entry.key.text) {
            Some(Stage::Recycled) => scoring.recycled = rule,
            Some(stage) if RISEN.contains(&stage.as_str()) => rules.extend(rule.map(|rule| (stage, rule))),
            Some(_) => {
                let message = format!("no rule can move a lead to `{}`", entry.key.text);
                let hint = format!("rules lead to: {}, recycled", RISEN.join(", "));
                report.error_with(Code::UnknownStage, entry.key.place, message, hint);
            }
            None => unknown(
                Code::UnknownStage,
                entry.key.place,
                &entry.key.text,
                RISEN.into_iter().chain(["recycled"]),
                report,
            ),
        }
    }
    rules.sort_by_key(|(stage, _)| *stage);
    scoring.lifecycle = rules;
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let wrong = || format!("expected a range such as 0..100, found `{text}`");
    let (low, high) = text.split_once("..").ok_or_else(wrong)?;
    let (low, high) = (number(low.trim()).map_err(|_| wrong())?, number(high.trim()).map_err(|_| wrong())?);
    if low < high { Ok((low, high)) } else { Err(wrong()) }
}

fn at_most(text: &str) -> Result<(f64, Millis), String> {
    let wrong = || format!("expected points in a time, such as `30 in 30d`, found `{text}`");
    let (points, window) = text.split_once(" in ").ok_or_else(wrong)?;
    Ok((number(points.trim()).map_err(|_| wrong())?, length(window).map_err(|_| wrong())?))
}

fn times(text: &str) -> Result<(u32, Millis), String> {
    let wrong = || format!("expected a count within a time, such as `3 within 24h`, found `{text}`");
    let (count, window) = text.split_once(" within ").ok_or_else(wrong)?;
    let count = whole(count.trim(), 1, crate::domain::lead::RECENT.try_into().unwrap_or(u32::MAX))?;
    Ok((count, length(window).map_err(|_| wrong())?))
}

/// Reads a length of time longer than nothing.
pub fn length(text: &str) -> Result<Millis, String> {
    let length = parse_length(text.trim())?;
    if length.0 > 0 { Ok(length) } else { Err(format!("`{text}` is no time at all")) }
}
