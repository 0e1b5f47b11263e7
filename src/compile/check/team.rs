//! config/team.yaml: who answers, when they work, who gets what, and under which clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys, date, not_yet, parse, scalar, unknown, whole};
use super::holidays::{Lists, holidays};
use super::sla;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::source::Place;
use crate::compile::syntax::{Entry, Key, Node, Value};
use crate::domain::calendar::{Calendar, Hours, Weekdays, zone_named};
use crate::domain::routing::{Rep, Staff, Team};

const FILE: Keys = Keys {
    what: "the team file",
    known: &["calendars", "reps", "teams", "routing", "handoff", "slas"],
    later: &["same_account_same_rep"],
};
const CALENDAR: Keys = Keys { what: "a calendar", known: &["zone", "days", "hours", "holidays"], later: &[] };
const REP: Keys =
    Keys { what: "a rep", known: &["name", "email", "calendar", "away", "max_open"], later: &["phone", "weight"] };
const TEAM: Keys = Keys {
    what: "a team",
    known: &["title", "calendar", "members", "route", "fallback", "manager"],
    later: &["weights"],
};
const RULE: Keys = Keys { what: "a routing rule", known: &["when", "team"], later: &["rep"] };
const HANDOFF: Keys = Keys { what: "`handoff`", known: &["alert"], later: &["email"] };

/// What the team file may name of other files.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    pub speaks: Speaks<'a>,
    pub channels: &'a BTreeSet<String>,
    pub senders: &'a BTreeSet<String>,
    pub sequences: &'a BTreeSet<String>,
    pub templates: &'a BTreeMap<String, crate::compile::template::Parsed>,
    pub holidays: &'a Lists,
}

/// Reads the team file; what is broken is told and left out.
pub fn team(root: &Node, outside: Outside<'_>, report: &Report) -> Staff {
    let mut staff = Staff::default();
    let Some(fields) = Fields::of(root, FILE, report) else { return staff };
    let declared =
        |key: &str| -> BTreeSet<&str> { fields.map(key).iter().map(|entry| entry.key.text.as_str()).collect() };
    let (calendars, reps, teams) = (declared("calendars"), declared("reps"), declared("teams"));
    for Entry { key, value } in fields.map("calendars") {
        if let Some(calendar) = calendar(value, outside.holidays, report) {
            staff.calendars.insert(named(key, report), calendar);
        }
    }
    for Entry { key, value } in fields.map("reps") {
        if let Some(rep) = rep(value, &calendars, report) {
            staff.reps.insert(named(key, report), rep);
        }
    }
    for Entry { key, value } in fields.map("teams") {
        let names = Declared { calendars: &calendars, reps: &reps, channels: outside.channels };
        if let Some(team) = one_team(key, value, names, report) {
            staff.teams.insert(named(key, report), team);
        }
    }
    staff.routing = routing(&fields, &teams, outside.speaks);
    if let Some(handoff) = fields.get("handoff").and_then(|node| Fields::of(node, HANDOFF, report)) {
        for (name, node) in handoff.texts("alert") {
            staff.alert.extend(channel(name, node, outside.channels, report));
        }
    }
    for Entry { key, value } in fields.map("slas") {
        let promise = sla::promise(key, value, outside, report);
        if let (Some(promise), Some(node)) = (&promise, value.get("respond_within")) {
            sla::fits_a_day(promise, node, &staff, report);
        }
        staff.slas.extend(promise);
    }
    staff
}

fn calendar(node: &Node, lists: &Lists, report: &Report) -> Option<Calendar> {
    let fields = Fields::of(node, CALENDAR, report)?;
    let zone = fields.need("zone").and_then(|node| zone(node, report));
    let days = days(&fields).unwrap_or(Weekdays::ALL);
    let hours = hours(&fields).unwrap_or_else(|| vec![Hours::WHOLE_DAY]);
    let closed = holidays(&fields, lists, false);
    let calendar = Calendar::new(zone?, days, &hours, closed.dates);
    never_opens(&calendar, fields.place, report);
    Some(calendar)
}

fn rep(node: &Node, calendars: &BTreeSet<&str>, report: &Report) -> Option<Rep> {
    let fields = Fields::of(node, REP, report)?;
    let name = fields.need_text("name").map(str::to_owned);
    let email = fields.need("email").and_then(|node| super::overture::address(node, "email", report));
    let calendar = one_of(&fields, "calendar", (Code::UnknownCalendar, calendars));
    let away = fields.list("away").into_iter().filter_map(|node| {
        let text = node.text().unwrap_or_default();
        if text.contains("://") {
            not_yet(node.place, "an iCalendar address for absences", report);
            return None;
        }
        parse(node, "away", report, absence)
    });
    let away = away.collect();
    let max_open = fields.parse("max_open", |text| whole(text, 1, 1_000_000));
    Some(Rep { name: name?, email: email?, calendar: calendar?, away, max_open })
}

#[derive(Clone, Copy)]
struct Declared<'a> {
    calendars: &'a BTreeSet<&'a str>,
    reps: &'a BTreeSet<&'a str>,
    channels: &'a BTreeSet<String>,
}

fn one_team(key: &Key, node: &Node, names: Declared<'_>, report: &Report) -> Option<Team> {
    let fields = Fields::of(node, TEAM, report)?;
    let calendar = one_of(&fields, "calendar", (Code::UnknownCalendar, names.calendars));
    if let Some(route) = fields.get("route").filter(|node| node.text() != Some("round_robin")) {
        match route.text() {
            Some("owner" | "least_loaded" | "first_to_claim") => not_yet(route.place, "this way to route", report),
            _ => drop(fields.choice("route", &[("round_robin", ())])),
        }
    }
    fields.need("members");
    let mut members = Vec::new();
    for (name, node) in fields.texts("members") {
        if names.reps.contains(name) {
            members.push(name.to_owned());
        } else {
            unknown(Code::UnknownRep, node.place, name, names.reps.iter().copied(), report);
        }
    }
    let fallback = if fields.key("fallback").is_some() {
        one_of(&fields, "fallback", (Code::UnknownRep, names.reps))
    } else if fields.get("members").is_some_and(|node| matches!(&node.value, Value::List(all) if all.is_empty())) {
        let hint = "name those who take its leads: `members: [NAME]`".to_owned();
        report.error_with(
            Code::BadValue,
            key.place,
            "nobody is in this team: whoever is handed to it reaches no one",
            hint,
        );
        // It is there all the same, so that whoever names it is not told so too.
        Some(String::new())
    } else {
        let hint = "name the rep who takes what nobody else can: `fallback: NAME`".to_owned();
        let message = "this team has no fallback; its first member takes what arrives when nobody is free";
        report.warn(Code::NoFallback, key.place, message, hint);
        members.first().cloned()
    };
    let manager = fields.get("manager").and_then(|node| {
        let name = scalar(node, "manager", report)?;
        channel(name, node, names.channels, report)
    });
    let title = fields.text("title").unwrap_or(&key.text).to_owned();
    Some(Team { title, calendar: calendar?, members, fallback: fallback?, manager })
}

fn routing(
    fields: &Fields<'_>,
    teams: &BTreeSet<&str>,
    speaks: Speaks<'_>,
) -> Vec<(Option<crate::domain::condition::Condition>, String)> {
    let report = fields.report;
    let rules = fields.list("routing");
    let mut routing = Vec::new();
    for (n, node) in rules.iter().enumerate() {
        let Some(rule) = Fields::of(node, RULE, report) else { continue };
        let when = rule.get("when");
        if n + 1 == rules.len() && when.is_some_and(|node| node.text() != Some("true")) {
            let hint = "add a last rule without `when`, so that every lead has a team".to_owned();
            report.error_with(Code::LastRule, node.place, "the last routing rule must apply always", hint);
        }
        let when = when.and_then(|node| condition(node, "when", speaks, report));
        routing.extend(one_of(&rule, "team", (Code::UnknownTeam, teams)).map(|team| (when, team)));
    }
    if rules.is_empty() && !teams.is_empty() {
        let hint = "add `routing: [{team: …}]`".to_owned();
        report.error_with(Code::LastRule, fields.place, "there are teams and no routing rule", hint);
    }
    routing
}

fn one_of(fields: &Fields<'_>, key: &'static str, (code, known): (Code, &BTreeSet<&str>)) -> Option<String> {
    let node = fields.need(key)?;
    let name = scalar(node, key, fields.report)?;
    if known.contains(name) {
        return Some(name.to_owned());
    }
    unknown(code, node.place, name, known.iter().copied(), fields.report);
    None
}

/// A channel by its name.
pub fn channel(name: &str, node: &Node, channels: &BTreeSet<String>, report: &Report) -> Option<String> {
    if channels.contains(name) {
        return Some(name.to_owned());
    }
    unknown(Code::UnknownChannel, node.place, name, channels.iter().map(String::as_str), report);
    None
}

/// The key of a mapping of names, told if it has characters that a name may not have.
pub fn named(key: &Key, report: &Report) -> String {
    if !names::is_plain(&key.text) {
        let hint = "lower-case letters, digits, `-` and `_`, at most 64".to_owned();
        report.error_with(Code::BadName, key.place, format!("`{}` cannot be a name", key.text), hint);
    }
    key.text.clone()
}

pub fn zone(node: &Node, report: &Report) -> Option<jiff::tz::TimeZone> {
    let name = scalar(node, "zone", report)?;
    let zone = zone_named(name);
    if zone.is_none() {
        let hint = "write an IANA name such as Europe/Berlin or America/New_York".to_owned();
        report.error_with(Code::UnknownZone, node.place, format!("there is no time zone `{name}`"), hint);
    }
    zone
}

/// The days under `days`: `mon-fri`, or a list.
pub fn days(fields: &Fields<'_>) -> Option<Weekdays> {
    let texts: Vec<&str> = fields.texts("days").into_iter().map(|(text, _)| text).collect();
    fields.key("days")?;
    match Weekdays::parse(&texts.join(",")) {
        Ok(days) => Some(days),
        Err(message) => {
            let place = fields.get("days").map_or(fields.place, |node| node.place);
            let hint = "write them like `mon-fri`, or `[mon, wed, fri]`".to_owned();
            fields.report.error_with(Code::BadValue, place, format!("`days`: {message}"), hint);
            None
        }
    }
}

/// The hours under `hours`; none where there is no such key, or where some of them cannot be read.
pub fn hours(fields: &Fields<'_>) -> Option<Vec<Hours>> {
    fields.get("hours")?;
    let read: Vec<Option<Hours>> =
        fields.list("hours").into_iter().map(|node| parse(node, "hours", fields.report, Hours::parse)).collect();
    read.into_iter().collect()
}

pub fn never_opens(calendar: &Calendar, place: Place, report: &Report) {
    if calendar.never_opens() {
        let hint = "give it at least one day and some hours".to_owned();
        report.error_with(Code::NeverOpens, place, "this window never opens", hint);
    } else if let Some(since) = calendar.stays_closed_from() {
        let message = format!("this window does not open from {since} on for two years: every day of it is a holiday");
        report.error_with(Code::NeverOpens, place, message, "take some of the holidays out".to_owned());
    }
}

fn absence(text: &str) -> Result<(Date, Date), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (date(first.trim())?, date(last.trim())?);
    if first <= last { Ok((first, last)) } else { Err(format!("`{text}` ends before it begins")) }
}
