//! The clocks of config/team.yaml: what was promised, and what happens on the way to breaking it.

use super::conditions::condition;
use super::fields::{Fields, Keys, parse, scalar, unknown};
use super::team::Outside;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::{Key, Node};
use crate::compile::template::Use;
use crate::domain::routing::{AfterHours, Promise, Rung, RungAct, Staff, Team};
use crate::domain::sla::{Allowed, RungAt};
use crate::domain::time::Millis;

const SLA: Keys = Keys {
    what: "an SLA",
    known: &["applies", "respond_within", "counts", "after_hours", "ladder"],
    later: &["pauses"],
};
const AFTER_HOURS: Keys = Keys { what: "`after_hours`", known: &["email", "from"], later: &[] };
const RUNG: Keys = Keys { what: "a rung", known: &["at", "remind", "alert", "return_to"], later: &["reassign"] };

/// Reads one SLA.
pub fn promise(key: &Key, node: &Node, outside: Outside<'_>, report: &Report) -> Option<Promise> {
    let fields = Fields::of(node, SLA, report)?;
    let name = super::team::named(key, report);
    let applies = fields.need("applies").and_then(|node| condition(node, "applies", outside.speaks, report));
    let respond_within =
        fields.need("respond_within").and_then(|node| parse(node, "respond_within", report, Allowed::parse));
    fields.need("counts");
    let counts =
        fields.list("counts").into_iter().filter_map(|node| super::event_name(node, "counts", report)).collect();
    let after_hours = fields.get("after_hours").and_then(|node| after_hours(node, outside, report));
    let ladder = fields.list("ladder").into_iter().filter_map(|node| rung(node, outside, report)).collect();
    Some(Promise { name, applies: applies?, respond_within: respond_within?, counts, after_hours, ladder })
}

/// Tells a promise that no day of a team holds: its clock always runs into another one.
pub fn fits_a_day(promise: &Promise, node: &Node, staff: &Staff, report: &Report) {
    let Allowed::Working(length) = promise.respond_within else { return };
    let day = |team: &Team| Some((team.title.clone(), staff.calendars.get(&team.calendar)?.working_day()));
    let short = staff.teams.values().filter_map(day).find(|(_, day)| *day < length);
    if let Some((team, day)) = short {
        let (length, day) = (node.text().unwrap_or_default(), hours(day));
        let message = format!("{length} is longer than the working day of {team}, which has {day}");
        let hint = "promise less, or write business days: `1bd`".to_owned();
        report.warn(Code::LongSla, node.place, message, hint);
    }
}

/// A length as files write it.
fn hours(length: Millis) -> String {
    let minutes = length.0 / Millis::MINUTE.0;
    if minutes % 60 == 0 { format!("{}h", minutes / 60) } else { format!("{minutes}m") }
}

fn after_hours(node: &Node, outside: Outside<'_>, report: &Report) -> Option<AfterHours> {
    let fields = Fields::of(node, AFTER_HOURS, report)?;
    let from = fields.need("from").and_then(|node| {
        let name = scalar(node, "from", report)?;
        if !outside.senders.contains(name) {
            unknown(Code::UnknownSender, node.place, name, outside.senders.iter().map(String::as_str), report);
        }
        Some(name.to_owned())
    });
    let node = fields.need("email")?;
    let name = scalar(node, "email", report)?;
    let Some(parsed) = outside.templates.get(name) else {
        unknown(Code::UnknownTemplate, node.place, name, outside.templates.keys().map(String::as_str), report);
        return None;
    };
    parsed.fits(Use::Acknowledgement, node.place, report);
    Some(AfterHours { template: parsed.template.clone(), from: from? })
}

fn rung(node: &Node, outside: Outside<'_>, report: &Report) -> Option<Rung> {
    let fields = Fields::of(node, RUNG, report)?;
    let at = fields.need("at").and_then(|node| parse(node, "at", report, RungAt::parse));
    let acts: Vec<RungAct> =
        [remind(&fields), alert(&fields), return_to(&fields, outside)].into_iter().flatten().collect();
    let later = ["reassign"].iter().any(|key| fields.key(key).is_some());
    let known = ["remind", "alert", "return_to"].iter().filter(|key| fields.key(key).is_some()).count();
    if known != 1 && !later {
        let message = "a rung does one thing: `remind`, `alert` or `return_to`";
        let hint = "write each as a rung of its own: `- {at: 50%, remind: assignee}`".to_owned();
        report.error_with(Code::MissingKey, fields.place, message, hint);
    }
    Some(Rung { at: at?, act: acts.into_iter().next()? })
}

fn remind(fields: &Fields<'_>) -> Option<RungAct> {
    fields.choice("remind", &[("assignee", ())])?;
    Some(RungAct::RemindAssignee)
}

fn alert(fields: &Fields<'_>) -> Option<RungAct> {
    fields.choice("alert", &[("manager", ())])?;
    Some(RungAct::AlertManager)
}

/// `recycled` moves the stage; the name of a sequence also enrolls.
fn return_to(fields: &Fields<'_>, outside: Outside<'_>) -> Option<RungAct> {
    let node = fields.get("return_to")?;
    let name = scalar(node, "return_to", fields.report)?;
    if name == "recycled" {
        return Some(RungAct::ReturnTo(None));
    }
    if !outside.sequences.contains(name) {
        let known = outside.sequences.iter().map(String::as_str).chain(["recycled"]);
        unknown(Code::UnknownSequence, node.place, name, known, fields.report);
        return None;
    }
    Some(RungAct::ReturnTo(Some(name.to_owned())))
}
