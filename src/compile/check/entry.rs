//! Who enters a sequence, how often, and how many.

use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys, scalar, whole};
use super::scoring::length;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::syntax::Node;
use crate::domain::calendar::Cron;
use crate::domain::condition::Deeds;
use crate::domain::sequence::{Again, InFlight, Limits, Trigger};
use crate::domain::time::Millis;
use crate::domain::touch::rank;

const TRIGGER: Keys = Keys { what: "a trigger", known: &["on", "when", "every", "segment", "catch_up"], later: &[] };
const LIMITS: Keys = Keys { what: "`limits`", known: &["active", "new_per_day"], later: &[] };
/// Larger than any list of leads.
const MANY: u32 = 1_000_000_000;

/// Reads one item of `enroll`: an event, or a segment on a cron schedule.
pub fn trigger(node: &Node, speaks: Speaks<'_>, report: &Report) -> Option<Trigger> {
    let fields = Fields::of(node, TRIGGER, report)?;
    let no_steps = Deeds::new();
    let speaks = Speaks { event: true, steps: &no_steps, ..speaks };
    if fields.key("every").is_none() && fields.key("segment").is_none() {
        let on = fields.need("on").and_then(|node| super::event_name(node, "on", report))?;
        let when = match fields.get("when") {
            Some(node) => Some(condition(node, "when", speaks, report)?),
            None => None,
        };
        misplaced(&fields, &["catch_up"], "`every`");
        return Some(Trigger::Event { on, when });
    }
    misplaced(&fields, &["on", "when"], "an event, and this trigger has `every` and `segment`");
    fields.need("every");
    fields.need("segment");
    let cron = fields.parse("every", Cron::parse);
    let about_nothing = Speaks { event: false, ..speaks };
    let segment = fields.get("segment").and_then(|node| condition(node, "segment", about_nothing, report));
    let catch_up = fields.parse("catch_up", length).unwrap_or(Millis::HOUR);
    Some(Trigger::Every { cron: cron?, segment: segment?, catch_up })
}

fn misplaced(fields: &Fields<'_>, keys: &[&str], to: &str) {
    for key in keys.iter().filter_map(|key| fields.key(key)) {
        fields.report.error_with(
            Code::UnknownKey,
            key.place,
            format!("`{}` belongs to {to}", key.text),
            "a trigger has `on` (and `when`), or `every` and `segment`".to_owned(),
        );
    }
}

pub fn again(fields: &Fields<'_>) -> Again {
    let read = |text: &str| match text {
        "never" => Ok(Again::Never),
        "always" => Ok(Again::Always),
        text => length(text)
            .map(Again::After)
            .map_err(|_| format!("expected never, always or a time such as 90d, found `{text}`")),
    };
    fields.parse("again", read).unwrap_or(Again::Never)
}

/// The group in which a lead is in one sequence at a time.
pub fn exclusive(fields: &Fields<'_>) -> Option<String> {
    let node = fields.get("exclusive")?;
    let text = scalar(node, "exclusive", fields.report)?;
    if !names::is_plain(text) {
        let hint = "lower-case letters, digits, `-` and `_`, at most 64".to_owned();
        let message = format!("`{text}` cannot be the name of a group");
        fields.report.error_with(Code::BadName, node.place, message, hint);
    }
    Some(text.to_owned())
}

pub fn priority(fields: &Fields<'_>) -> i32 {
    let read = |text: &str| whole(text, 0, 100).map(|number| i32::try_from(number).unwrap_or(rank::USUAL_PRIORITY));
    fields.parse("priority", read).unwrap_or(rank::USUAL_PRIORITY)
}

pub fn limits(fields: &Fields<'_>) -> Limits {
    let Some(fields) = fields.get("limits").and_then(|node| Fields::of(node, LIMITS, fields.report)) else {
        return Limits::default();
    };
    let number = |key| fields.parse(key, |text| whole(text, 1, MANY));
    Limits { active: number("active"), new_per_day: number("new_per_day") }
}

pub fn in_flight(fields: &Fields<'_>) -> InFlight {
    let choices = [("adopt", InFlight::Adopt), ("pin", InFlight::Pin), ("finish", InFlight::Finish)];
    fields.choice("in_flight", &choices).unwrap_or_default()
}
