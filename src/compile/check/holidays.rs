//! Which days are closed: dates, places, the country of each lead, and the workspace's own lists.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::fields::{Fields, Keys, date, parse, scalar};
use super::team::named;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::compile::syntax::{Entry, Node, Value};
use crate::compile::{ical, names};
use crate::domain::calendar::holidays::{YEARS, holidays_in, places};

const LIST: Keys = Keys { what: "a list of holidays", known: &["ics"], later: &[] };
/// Each lead's own.
const OF_LEAD: &str = "lead.country";

/// The workspace's own lists of holidays, by name.
pub type Lists = BTreeMap<String, BTreeSet<Date>>;

/// What stands under `holidays` of a calendar.
#[derive(Default)]
pub struct Closed {
    pub dates: BTreeSet<Date>,
    /// Whether those of the lead's country close it as well.
    pub of_lead: bool,
    /// The workspace's own lists among them.
    pub own: BTreeSet<String>,
}

/// Reads `holidays` of a calendar; only one that leads are asked for can follow the lead's country.
pub fn holidays(fields: &Fields<'_>, lists: &Lists, has_lead: bool) -> Closed {
    let report = fields.report;
    let mut closed = Closed::default();
    for (text, node) in fields.texts("holidays") {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            closed.dates.extend(parse(node, "holidays", report, date));
        } else if text == OF_LEAD && has_lead {
            closed.of_lead = true;
            ends(node.place, report);
        } else if let Some(list) = lists.get(text) {
            closed.dates.extend(list);
            closed.own.insert(text.to_owned());
        } else if let Some(days) = holidays_in(text) {
            closed.dates.extend(days.iter());
            ends(node.place, report);
        } else {
            unknown(text, node.place, (lists, has_lead), report);
        }
    }
    closed
}

fn unknown(text: &str, place: Place, (lists, has_lead): (&Lists, bool), report: &Report) {
    if text == OF_LEAD {
        let hint = "name a place such as `DE` or `DE-BY`".to_owned();
        let message = "this calendar is no lead's, so it has no `lead.country`";
        return report.error_with(Code::UnknownHolidays, place, message, hint);
    }
    let own = lists.keys().map(String::as_str).chain(has_lead.then_some(OF_LEAD));
    let known: Vec<String> = own.chain(places().map(|place| place as &str)).map(str::to_owned).collect();
    let hint = names::hint(text, known.iter().map(String::as_str)).filter(|hint| hint.starts_with("did"));
    let hint = hint.unwrap_or_else(|| {
        "write a date, a country or region such as `DE` or `DE-BY`, or a list under `holidays` of config/overture.yaml"
            .to_owned()
    });
    report.error_with(Code::UnknownHolidays, place, format!("no holidays are known of `{text}`"), hint);
}

/// From the last year of the data on, those who rely on it are told that it ends.
fn ends(place: Place, report: &Report) {
    let last = *YEARS.end();
    let hint = "use a newer Overture, or write the dates".to_owned();
    let message = format!("holidays by country are known to the end of {last}: later ones do not close this calendar");
    report.warn_from(last, Code::HolidaysEnd, (place, message, hint));
}

/// Reads the workspace's own lists: dates, or an iCalendar file among `files`. Tells the files that no list names.
pub fn lists(root: &Node, files: &BTreeMap<String, usize>, report: &Report) -> Lists {
    let mut used = BTreeSet::new();
    let mut lists = Lists::new();
    let entries = root.get("holidays").filter(|node| !node.is_nothing());
    for Entry { key, value } in entries.map_or(&[][..], |node| super::fields::entries(node, "holidays", report)) {
        let days = match &value.value {
            Value::Map(_) => Fields::of(value, LIST, report).and_then(|list| {
                let node = list.need("ics")?;
                let path = scalar(node, "ics", report)?;
                used.insert(path.to_owned());
                of_file(path, node.place, files, report)
            }),
            Value::List(items) => Some(items.iter().filter_map(|node| parse(node, "holidays", report, date)).collect()),
            Value::Scalar { .. } => parse(value, "holidays", report, date).map(|day| BTreeSet::from([day])),
        };
        lists.insert(named(key, report), days.unwrap_or_default());
    }
    for (path, number) in files.iter().filter(|(path, _)| !used.contains(*path)) {
        let hint = format!("name it in config/overture.yaml: `holidays: {{company: {{ics: {path}}}}}`");
        report.warn(Code::UnreadName, Place::top(*number), "this file is never read", hint);
    }
    lists
}

fn of_file(path: &str, place: Place, files: &BTreeMap<String, usize>, report: &Report) -> Option<BTreeSet<Date>> {
    let Some(number) = files.get(path) else {
        let known = files.keys().map(String::as_str);
        let hint = names::hint(path, known).or_else(|| Some("put it into config/, named *.ics".to_owned()));
        report.error_with(Code::UnreadableFile, place, format!("there is no file {path}"), hint);
        return None;
    };
    Some(ical::days(*number, report))
}
