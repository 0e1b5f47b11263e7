//! The descriptions are YAML of this folder, read by the reader of all files and carried in the program.

use serde_json::{Map, Value as Json};

use super::shape::Shape;
use super::{Form, Key, KindOf, Language, Mapping, Plain};
use crate::compile::diagnostic::Report;
use crate::compile::source::Source;
use crate::compile::syntax::{self, Entry, Node, Style, Value};

const PLAIN: &str = include_str!("shapes.yaml");
const MAPPINGS: [&str; 6] = [
    include_str!("sequence.yaml"),
    include_str!("config.yaml"),
    include_str!("scoring.yaml"),
    include_str!("team.yaml"),
    include_str!("test.yaml"),
    include_str!("behaviour.yaml"),
];
const CONDITIONS: &str = include_str!("conditions.yaml");
const TEMPLATES: &str = include_str!("templates.yaml");

/// Names and calls of conditions or templates.
#[derive(Debug, Default)]
pub struct Speech {
    pub about: Vec<String>,
    /// The keys of the front matter, and what they are.
    pub keys: Vec<(String, String)>,
    /// How each is written, and what it means.
    pub names: Vec<(String, String)>,
    pub calls: Vec<(String, String)>,
}

/// Reads all descriptions.
pub fn language() -> Language {
    Language {
        plain: tree(PLAIN).iter().map(plain).collect(),
        mappings: MAPPINGS.iter().flat_map(|text| tree(text)).map(|entry| mapping(&entry)).collect(),
        conditions: calls(CONDITIONS),
        templates: calls(TEMPLATES),
    }
}

/// The entries of a text that is a mapping; none if it cannot be read.
fn tree(text: &str) -> Vec<Entry> {
    let report = Report::default();
    let number = report.add(Source::new("", text));
    match syntax::read(number, &report).map(|node| node.value) {
        Some(Value::Map(entries)) => entries,
        _ => Vec::new(),
    }
}

fn plain(entry: &Entry) -> Plain {
    let form = match (text(&entry.value, "pattern"), text(&entry.value, "json").as_deref()) {
        (Some(pattern), _) => Form::Pattern(pattern),
        (None, Some("number")) => Form::Number,
        (None, Some("flag")) => Form::Flag,
        (None, Some("condition")) => Form::Condition,
        (None, _) => Form::Text,
    };
    let example = text(&entry.value, "example").unwrap_or_default();
    Plain { name: entry.key.text.clone(), is: is(&entry.value), form, example }
}

fn mapping(entry: &Entry) -> Mapping {
    let node = &entry.value;
    let kind = |entry: &Entry| KindOf {
        key: entry.key.text.clone(),
        is: is(&entry.value),
        keys: texts(&entry.value, "keys"),
        needed: texts(&entry.value, "needed"),
    };
    let others = node.get("others").and_then(|node| {
        let pattern = text(node, "pattern")?;
        Some((pattern, key("", node)))
    });
    Mapping {
        what: entry.key.text.clone(),
        is: is(node),
        #[cfg(test)]
        by_hand: text(node, "by_hand").is_some(),
        kinds: entries(node, "kinds").iter().map(kind).collect(),
        keys: entries(node, "keys").iter().map(|entry| key(&entry.key.text, &entry.value)).collect(),
        others,
    }
}

fn key(name: &str, node: &Node) -> Key {
    Key {
        name: name.to_owned(),
        is: is(node),
        shape: text(node, "shape").map_or(Shape::These, |text| Shape::parse(&text)),
        words: pairs(node, "words"),
        suggest: texts(node, "suggest"),
        usual: text(node, "usual"),
        needed: text(node, "needed").is_some(),
        example: text(node, "example"),
    }
}

fn calls(file: &str) -> Speech {
    let mut calls = Speech::default();
    for Entry { key, value } in tree(file) {
        match (key.text.as_str(), &value.value) {
            ("about", Value::List(items)) => {
                calls.about = items.iter().filter_map(Node::text).map(str::to_owned).collect();
            }
            ("keys", Value::Map(entries)) => calls.keys = entries.iter().filter_map(pair).collect(),
            ("names", Value::Map(entries)) => calls.names = entries.iter().filter_map(pair).collect(),
            ("calls", Value::Map(entries)) => calls.calls = entries.iter().filter_map(pair).collect(),
            _ => {}
        }
    }
    calls
}

fn is(node: &Node) -> String {
    text(node, "is").unwrap_or_default()
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text).map(str::to_owned)
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    match node.get(key).map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn entries<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    match node.get(key).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

fn pairs(node: &Node, key: &str) -> Vec<(String, String)> {
    entries(node, key).iter().filter_map(pair).collect()
}

fn pair(entry: &Entry) -> Option<(String, String)> {
    Some((entry.key.text.clone(), entry.value.text()?.to_owned()))
}

/// A value as an editor would read it from YAML: plain words get the types of YAML's core schema.
pub fn json(yaml: &str) -> Json {
    let report = Report::default();
    let number = report.add(Source::new("", yaml));
    syntax::read(number, &report).map_or_else(|| Json::from(yaml), |node| to_json(&node))
}

/// A tree with the types of YAML's core schema.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, style: Style::Plain } => typed(text),
        Value::Scalar { text, .. } => Json::from(text.as_str()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.text.clone(), to_json(&entry.value)));
            Json::Object(entries.collect::<Map<String, Json>>())
        }
    }
}

fn typed(text: &str) -> Json {
    let number = || {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let text = text.strip_prefix('+').unwrap_or(text);
        let whole = text.parse::<i64>().map(Json::from).ok();
        whole.or_else(|| text.parse::<f64>().ok().map(Json::from)).filter(|_| numeric)
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ => number().unwrap_or_else(|| Json::from(text)),
    }
}
