//! When a sequence may send, from whom, and in whose time.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::fields::{Fields, Keys, scalar, unknown};
use super::holidays::holidays;
use super::known::Known;
use super::team::{days, hours, never_opens, zone};
use crate::compile::diagnostic::Code;
use crate::compile::names;
use crate::compile::syntax::Value;
use crate::domain::calendar::{Calendar, Hours, Weekdays};
use crate::domain::sequence::{Kind, Sending, Tracking, ZoneRule};

const SEND: Keys = Keys {
    what: "`send`",
    known: &["from", "days", "hours", "zone", "fallback_zone", "holidays", "thread", "track"],
    later: &[],
};

/// Reads `send`. Without days and hours, transactional mail may go at any time, all else on weekdays from 9 to 17.
pub fn sending(fields: &Fields<'_>, kind: Kind, known: Known<'_>) -> Sending {
    let report = fields.report;
    let mut sending = default_sending(kind);
    let Some(fields) = fields.get("send").and_then(|node| Fields::of(node, SEND, report)) else { return sending };
    if let Some(node) = fields.get("from") {
        sending.from = scalar(node, "from", report).map(str::to_owned);
        if let (Some(from), Some(names)) = (&sending.from, known.names)
            && !names.senders.contains(from)
        {
            unknown(Code::UnknownSender, node.place, from, names.senders.iter().map(String::as_str), report);
        }
    }
    let (usual_days, usual_hours) = usual(kind);
    let days = days(&fields).unwrap_or(usual_days);
    let hours = hours(&fields).unwrap_or_else(|| vec![usual_hours]);
    let closed = holidays(&fields, known.holidays, true);
    sending.calendar = Calendar::new(TimeZone::UTC, days, &hours, closed.dates);
    sending.lead_holidays = closed.of_lead;
    sending.own_holidays = closed.own;
    sending.zone = zone_rule(&fields);
    if let Some(node) = fields.get("fallback_zone")
        && zone(node, report).is_some()
    {
        sending.fallback_zone = node.text().map(str::to_owned);
    }
    sending.thread = fields.flag("thread").unwrap_or(false);
    sending.track = tracking(&fields);
    let place = fields.key("hours").map_or(fields.place, |key| key.place);
    never_opens(&sending.calendar, place, report);
    sending
}

/// Whether a sender may be meant that could not be read: what stands in `send` was told.
pub fn is_misspelt(fields: &Fields<'_>) -> bool {
    let send = fields.entries().iter().find(|entry| entry.key.text == "send");
    send.is_some_and(|entry| match &entry.value.value {
        Value::Map(keys) => keys.iter().any(|entry| !SEND.known.contains(&entry.key.text.as_str())),
        _ => true,
    })
}

fn usual(kind: Kind) -> (Weekdays, Hours) {
    match (kind, Weekdays::parse("mon-fri"), Hours::parse("09:00-17:00")) {
        (Kind::Cadence | Kind::Nurture, Ok(days), Ok(hours)) => (days, hours),
        _ => (Weekdays::ALL, Hours::WHOLE_DAY),
    }
}

fn default_sending(kind: Kind) -> Sending {
    let (days, hours) = usual(kind);
    let calendar = Calendar::new(TimeZone::UTC, days, &[hours], BTreeSet::new());
    Sending {
        from: None,
        calendar,
        lead_holidays: false,
        own_holidays: BTreeSet::new(),
        zone: ZoneRule::Lead,
        fallback_zone: None,
        thread: false,
        track: Tracking::default(),
    }
}

/// `[opens, clicks]`, one of them, or `off`.
fn tracking(fields: &Fields<'_>) -> Tracking {
    if fields.key("track").is_none() {
        return Tracking::default();
    }
    let mut track = Tracking { opens: false, clicks: false };
    for (text, node) in fields.texts("track") {
        match text {
            "opens" => track.opens = true,
            "clicks" => track.clicks = true,
            "off" => {}
            other => {
                let message = format!("`track` cannot be `{other}`");
                let hint = names::hint(other, ["opens", "clicks", "off"]);
                fields.report.error_with(Code::UnknownChoice, node.place, message, hint);
            }
        }
    }
    track
}

fn zone_rule(fields: &Fields<'_>) -> ZoneRule {
    let Some(node) = fields.get("zone") else { return ZoneRule::Lead };
    match node.text() {
        Some("lead") => ZoneRule::Lead,
        Some("sender") => ZoneRule::Sender,
        _ => match zone(node, fields.report) {
            Some(_) => ZoneRule::Named(node.text().unwrap_or_default().to_owned()),
            None => ZoneRule::Lead,
        },
    }
}
