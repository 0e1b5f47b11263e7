//! A file of rates for made-up people and reps; rates that cannot be are told where they stand.

use serde_json::{Map, Value as Json};

use super::fields::{Fields, Keys, date, entries, parse, unknown};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::compile::syntax::{Entry, Node};
use crate::domain::behaviour::{After, Arrive, Behaviour, Habit, Rate, Reps, Span, Tasks, Then, Way};
use crate::domain::calendar::parse_length;
use crate::domain::playbook::Playbook;
use crate::domain::time::Millis;

const FILE: Keys = Keys { what: "a file of behaviour", known: &["arrive", "people", "delays", "reps"], later: &[] };
const ARRIVE: Keys = Keys { what: "`arrive`", known: &["over", "by"], later: &[] };
const WAY: Keys = Keys { what: "a way to come", known: &["event", "enroll", "share"], later: &[] };
const DELAYS: Keys = Keys { what: "`delays`", known: &["open", "click", "answer", "away"], later: &[] };
const KIND: Keys = Keys {
    what: "a kind of people",
    known: &[
        "share",
        "bounce",
        "scanned",
        "open",
        "click",
        "reply",
        "unsubscribe",
        "complain",
        "out_of_office",
        "then",
    ],
    later: &[],
};
const THEN: Keys = Keys { what: "an item of `then`", known: &["event", "with", "after", "rate", "delay"], later: &[] };
const REPS: Keys = Keys {
    what: "`reps`",
    known: &[
        "in_time",
        "late",
        "not_ready",
        "wrong_person",
        "sees",
        "answers",
        "late_by",
        "takes",
        "opportunity",
        "customer",
        "away",
        "tasks",
    ],
    later: &[],
};
const TASKS: Keys = Keys {
    what: "`tasks` of reps",
    known: &["done", "late", "skipped", "sees", "late_by", "takes", "outcomes"],
    later: &[],
};

/// When people do things, unless the file says otherwise.
struct Delays {
    open: Span,
    click: Span,
    answer: Span,
    away: Span,
}

/// Reads a whole file.
pub fn behaviour(root: &Node, playbook: &Playbook, report: &Report) -> Option<Behaviour> {
    let fields = Fields::of(root, FILE, report)?;
    let delays = delays(&fields);
    let people: Vec<(String, Habit)> = fields
        .need("people")
        .map(|node| entries(node, "people", report))
        .unwrap_or_default()
        .iter()
        .filter_map(|Entry { key, value }| Some((key.text.clone(), habit(value, &delays, report)?)))
        .collect();
    if let Some(node) = fields.get("people") {
        whole(people.iter().map(|(_, habit)| habit.share), (node.place, "the shares of all people"), report);
    }
    Some(Behaviour { arrive: arrive(&fields, playbook), people, reps: reps(&fields, playbook)? })
}

fn arrive(file: &Fields<'_>, playbook: &Playbook) -> Arrive {
    let report = file.report;
    let Some(fields) = file.get("arrive").and_then(|node| Fields::of(node, ARRIVE, report)) else {
        return Arrive::default();
    };
    let ways: Vec<(Way, Rate)> = fields.list("by").into_iter().filter_map(|node| way(node, playbook, report)).collect();
    if let Some(node) = fields.get("by") {
        whole(ways.iter().map(|(_, share)| *share), (node.place, "the shares of all ways to come"), report);
    }
    Arrive { over: fields.parse("over", parse_length), ways }
}

fn way(node: &Node, playbook: &Playbook, report: &Report) -> Option<(Way, Rate)> {
    let fields = Fields::of(node, WAY, report)?;
    let share = fields.need("share").and_then(|node| rate(node, "share", report));
    let way = match (fields.get("event"), fields.get("enroll")) {
        (Some(node), None) => Way::Event(super::event_name(node, "event", report)?),
        (None, Some(node)) => {
            let name = super::fields::scalar(node, "enroll", report)?;
            if !playbook.sequences.contains_key(name) {
                let known = playbook.sequences.keys().map(String::as_str);
                unknown(Code::UnknownSequence, node.place, name, known, report);
                return None;
            }
            Way::Enroll(name.to_owned())
        }
        _ => {
            report.error_with(
                Code::WrongShape,
                fields.place,
                "leads come by an `event` or by `enroll`, one of them",
                "keep one of the two".to_owned(),
            );
            return None;
        }
    };
    Some((way, share?))
}

fn delays(file: &Fields<'_>) -> Delays {
    let fields = file.get("delays").and_then(|node| Fields::of(node, DELAYS, file.report));
    let read = |key: &str, usual: &str| {
        let written = fields.as_ref().and_then(|fields| fields.parse(key, span));
        written.or_else(|| span(usual).ok()).unwrap_or(Span { least: Millis::MINUTE, most: Millis::MINUTE })
    };
    Delays {
        open: read("open", "3m..9h"),
        click: read("click", "20s..4m"),
        answer: read("answer", "1h..30h"),
        away: read("away", "2d..12d"),
    }
}

fn habit(node: &Node, delays: &Delays, report: &Report) -> Option<Habit> {
    let fields = Fields::of(node, KIND, report)?;
    let share = fields.need("share").and_then(|node| rate(node, "share", report));
    let of = |key: &str| fields.get(key).and_then(|node| rate(node, key, report)).unwrap_or_default();
    let habit = Habit {
        share: share?,
        bounce: of("bounce"),
        scanned: of("scanned"),
        open: of("open"),
        click: of("click"),
        reply: of("reply"),
        unsubscribe: of("unsubscribe"),
        complain: of("complain"),
        out_of_office: of("out_of_office"),
        opens_after: delays.open,
        clicks_after: delays.click,
        answers_after: delays.answer,
        away_for: delays.away,
        deeds: fields.list("then").into_iter().filter_map(|node| then(node, report)).collect(),
    };
    if let Some(node) = fields.get("click").filter(|_| habit.click > habit.open) {
        let message =
            format!("{} % click and {} % open; whoever clicks has opened", habit.click.percent(), habit.open.percent());
        report.error_with(Code::BadValue, node.place, message, "raise `open`, or lower `click`".to_owned());
    }
    let answers = ["reply", "unsubscribe", "complain", "out_of_office"];
    at_most_whole(&fields, &answers, "answer a mail with one thing each");
    Some(habit)
}

fn then(node: &Node, report: &Report) -> Option<Then> {
    let fields = Fields::of(node, THEN, report)?;
    let event = fields.need("event").and_then(|node| super::event_name(node, "event", report));
    let after = fields.choice("after", &[("open", After::Open), ("click", After::Click)]);
    let rate = fields.need("rate").and_then(|node| rate(node, "rate", report));
    let delay = fields.parse("delay", span).or_else(|| span("1m..1h").ok());
    let data: Map<String, Json> =
        fields.map("with").iter().filter_map(|one| Some((one.key.text.clone(), one.value.text()?.into()))).collect();
    Some(Then { event: event?, data, after: after.unwrap_or(After::Click), rate: rate?, delay: delay? })
}

fn reps(file: &Fields<'_>, playbook: &Playbook) -> Option<Reps> {
    let report = file.report;
    let fields = Fields::of(file.need("reps")?, REPS, report)?;
    let of = |key: &str| fields.get(key).and_then(|node| rate(node, key, report)).unwrap_or_default();
    at_most_whole(&fields, &["in_time", "late", "not_ready", "wrong_person"], "do one thing about a handoff");
    let read = |key: &str, usual: &str| fields.parse(key, span).or_else(|| span(usual).ok());
    Some(Reps {
        in_time: of("in_time"),
        late: of("late"),
        not_ready: of("not_ready"),
        wrong_person: of("wrong_person"),
        sees_after: read("sees", "40s..4m")?,
        answers_after: read("answers", "1m..6m")?,
        late_by: read("late_by", "12m..5h")?,
        takes: read("takes", "10m..30m")?,
        opportunity: of("opportunity"),
        customer: of("customer"),
        away: away(&fields, playbook),
        tasks: tasks(&fields)?,
    })
}

/// What is done about tasks; the usual, where the file does not say.
fn tasks(reps: &Fields<'_>) -> Option<Tasks> {
    let report = reps.report;
    let fields = match reps.get("tasks") {
        Some(node) => Some(Fields::of(node, TASKS, report)?),
        None => None,
    };
    let of = |key: &str, usual: &str| match &fields {
        Some(fields) => fields.get(key).and_then(|node| rate(node, key, report)).unwrap_or_default(),
        None => Rate::parse(usual).unwrap_or_default(),
    };
    let read = |key: &str, usual: &str| {
        fields.as_ref().and_then(|fields| fields.parse(key, span)).or_else(|| span(usual).ok())
    };
    let words = fields.as_ref().map(|fields| fields.map("outcomes")).unwrap_or_default();
    let outcomes: Vec<(String, Rate)> = words
        .iter()
        .filter_map(|Entry { key, value }| Some((key.text.clone(), rate(value, &key.text, report)?)))
        .collect();
    if let Some(fields) = &fields {
        at_most_whole(fields, &["done", "late", "skipped"], "do one thing about a task");
    }
    if let Some(node) = fields.as_ref().and_then(|fields| fields.get("outcomes")) {
        whole(outcomes.iter().map(|(_, share)| *share), (node.place, "the shares of all outcomes"), report);
    }
    Some(Tasks {
        done: of("done", "80%"),
        late: of("late", "10%"),
        skipped: of("skipped", "4%"),
        sees_after: read("sees", "5m..2h")?,
        late_by: read("late_by", "30m..8h")?,
        takes: read("takes", "5m..15m")?,
        outcomes,
    })
}

fn away(fields: &Fields<'_>, playbook: &Playbook) -> Vec<(String, jiff::civil::Date, jiff::civil::Date)> {
    let report = fields.report;
    let mut all = Vec::new();
    for Entry { key, value } in fields.map("away") {
        if !playbook.staff.reps.contains_key(&key.text) {
            let known = playbook.staff.reps.keys().map(String::as_str);
            unknown(Code::UnknownRep, key.place, &key.text, known, report);
            continue;
        }
        let single = [value.clone()];
        let items = match &value.value {
            crate::compile::syntax::Value::List(items) => items.as_slice(),
            _ => &single,
        };
        let days = |text: &str| {
            let (first, last) = text.split_once("..").unwrap_or((text, text));
            let (first, last) = (date(first.trim())?, date(last.trim())?);
            if first <= last { Ok((first, last)) } else { Err(format!("`{text}` ends before it begins")) }
        };
        let read = items.iter().filter_map(|item| parse(item, "away", report, days));
        all.extend(read.map(|(first, last)| (key.text.clone(), first, last)));
    }
    all
}

/// Reads a rate; one that cannot be is told as such.
fn rate(node: &Node, what: &str, report: &Report) -> Option<Rate> {
    let text = super::fields::scalar(node, what, report)?;
    match Rate::parse(text) {
        Ok(rate) => Some(rate),
        Err(message) => {
            super::fields::unread(node, what, &message, report);
            None
        }
    }
}

/// Tells rates of which each question has one answer and that are over a hundred together.
fn at_most_whole(fields: &Fields<'_>, keys: &[&str], what: &str) {
    let mut sum = 0;
    for node in keys.iter().filter_map(|key| fields.get(key)) {
        sum += node.text().and_then(|text| Rate::parse(text).ok()).map_or(0, |rate| rate.0);
        if sum > Rate::WHOLE.0 {
            let message =
                format!("these people {what}, and {} are {} % together", keys.join(", "), f64::from(sum) / 1_000.0);
            let hint = "lower one, so that all are 100 % at most".to_owned();
            return fields.report.error_with(Code::BadValue, node.place, message, hint);
        }
    }
}

/// Tells shares that are not a hundred together.
fn whole(shares: impl Iterator<Item = Rate>, (place, what): (Place, &str), report: &Report) {
    let sum: u64 = shares.map(|share| u64::from(share.0)).sum();
    // A list whose items could not be read is told already.
    if sum != u64::from(Rate::WHOLE.0) && report.errors() == 0 {
        #[expect(clippy::cast_precision_loss, reason = "a sum of some shares")]
        let percent = sum as f64 / 1_000.0;
        report.error_with(
            Code::BadValue,
            place,
            format!("{what} are {percent} % together; they must be 100 %"),
            "make them 100 % together".to_owned(),
        );
    }
}

fn span(text: &str) -> Result<Span, String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most) = (parse_length(least)?, parse_length(most)?);
    if least <= most { Ok(Span { least, most }) } else { Err(format!("`{text}` ends before it begins")) }
}
