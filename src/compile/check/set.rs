//! `set`: attributes, tags, points and stage; what is written as text gets the type that was declared.

use super::fields::{Fields, Keys, entries, number, parse, scalar, unknown};
use super::steps::Inside;
use crate::compile::diagnostic::Code;
use crate::compile::syntax::{Entry, Key, Node, Value};
use crate::domain::condition::Type;
use crate::domain::sequence::Assign;
use crate::domain::spelling::nearest;
use crate::domain::stage::Stage;

const SCORE: Keys = Keys { what: "`score`", known: &["points", "reason"], later: &["expires", "half_life"] };
const STAGE: Keys = Keys { what: "`stage`", known: &["to", "reason"], later: &[] };

/// Reads all changes of a `set` step.
pub fn assigns(node: &Node, inside: Inside<'_>) -> Vec<Assign> {
    let report = inside.around.report;
    let mut assigns = Vec::new();
    for Entry { key, value } in entries(node, "set", report) {
        match key.text.split_once('.') {
            Some(("lead", "tags")) => assigns.extend(tags(value, inside)),
            Some(("lead", name)) => assigns.extend(attribute(key, name, value, inside)),
            _ => match key.text.as_str() {
                "score" => assigns.extend(points(value, inside)),
                "stage" => assigns.extend(stage(value, inside)),
                other => {
                    let known = inside.around.known.lead.keys().map(|name| format!("lead.{name}")).collect::<Vec<_>>();
                    let near = nearest(other, known.iter().map(String::as_str).chain(["score", "stage", "lead.tags"]));
                    let hint = near.map_or("`set` takes lead.NAME, lead.tags, score and stage".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    });
                    report.error_with(Code::UnknownKey, key.place, format!("`{other}` cannot be set"), hint);
                }
            },
        }
    }
    assigns
}

fn attribute(key: &Key, name: &str, value: &Node, inside: Inside<'_>) -> Option<Assign> {
    let report = inside.around.report;
    let known = inside.around.known.lead;
    let Some(kind) = known.get(name).copied() else {
        unknown(Code::UnknownAttribute, key.place, name, known.keys().map(String::as_str), report);
        return None;
    };
    if matches!(name, "email" | "email_domain") {
        report.error_with(
            Code::BadValue,
            key.place,
            "a lead's address is what it is known by; a step cannot set it",
            "keep another address in an attribute of its own".to_owned(),
        );
        return None;
    }
    if value.is_nothing() {
        return Some(Assign::Attribute { name: name.to_owned(), value: serde_json::Value::Null });
    }
    if let (Type::List, Value::List(items)) = (kind, &value.value) {
        let texts = items.iter().filter_map(|item| scalar(item, name, report)).map(serde_json::Value::from).collect();
        return Some(Assign::Attribute { name: name.to_owned(), value: serde_json::Value::Array(texts) });
    }
    let text = scalar(value, name, report)?;
    let Some(read) = kind.read(text) else {
        report.error_with(
            Code::BadValue,
            value.place,
            format!("`lead.{name}` is {}; `{text}` is not", kind.name()),
            "write a value of its type, or declare another type under `attributes:` in config/overture.yaml".to_owned(),
        );
        return None;
    };
    Some(Assign::Attribute { name: name.to_owned(), value: read.to_json() })
}

/// `+tag` adds, `-tag` takes away.
fn tags(value: &Node, inside: Inside<'_>) -> Vec<Assign> {
    let report = inside.around.report;
    let items = match &value.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![value],
    };
    let read = |text: &str| {
        let sign = text.chars().next().filter(|sign| matches!(sign, '+' | '-'));
        let tag = text.get(1..).unwrap_or_default().trim();
        match sign {
            Some(sign) if !tag.is_empty() => Ok(Assign::Tag { add: sign == '+', tag: tag.to_owned() }),
            _ => Err(format!("write +{text} to add the tag, -{text} to take it away")),
        }
    };
    items.into_iter().filter_map(|node| parse(node, "lead.tags", report, read)).collect()
}

fn points(value: &Node, inside: Inside<'_>) -> Option<Assign> {
    let fields = Fields::of(value, SCORE, inside.around.report)?;
    let points = fields.need("points").and_then(|node| parse(node, "points", fields.report, number));
    let reason = fields.need_text("reason")?.to_owned();
    Some(Assign::Points { points: points?, reason })
}

fn stage(value: &Node, inside: Inside<'_>) -> Option<Assign> {
    let report = inside.around.report;
    let fields = Fields::of(value, STAGE, report)?;
    let node = fields.need("to")?;
    let reason = fields.need_text("reason").map(str::to_owned);
    let name = scalar(node, "to", report)?;
    let Some(to) = Stage::parse(name) else {
        unknown(Code::UnknownStage, node.place, name, Stage::ALL.map(Stage::as_str), report);
        return None;
    };
    Some(Assign::Stage { to, reason: reason? })
}
