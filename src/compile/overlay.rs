//! One workspace runs on many machines, so the environment may override any key of config/overture.yaml.

use super::diagnostic::{Code, Report};
use super::source::{Place, Source};
use super::syntax::{self, Entry, Key, Node, Style, Value};

const PREFIX: &str = "OVERTURE_";

/// Variables that tell the program something else.
const OURS: [&str; 8] = [
    "OVERTURE_LOG",
    "OVERTURE_WORKSPACE",
    "OVERTURE_TOKEN",
    "OVERTURE_URL",
    "OVERTURE_CONFIG",
    "OVERTURE_JSON",
    "OVERTURE_FAIL_POINT",
    "OVERTURE_CORPORA",
];

/// The variables of the environment that set keys, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay(Vec<(String, String)>);

impl Overlay {
    /// Picks the variables that are meant for the workspace file: `OVERTURE_A__B` sets `a.b`.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let meant = |name: &str| {
            name.len() > PREFIX.len()
                && name.starts_with(PREFIX)
                && !name.starts_with("OVERTURE_TEST_")
                && !OURS.contains(&name)
        };
        let mut kept: Vec<_> = variables.into_iter().filter(|(name, _)| meant(name)).collect();
        kept.sort();
        Self(kept)
    }

    /// Sets the keys. Errors in them later name the variable, and never show its value.
    pub fn apply(&self, root: &mut Node, report: &Report) {
        if self.0.is_empty() {
            return;
        }
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        let source = report.add(Source::new("environment", names.join("\n")));
        let mut at = 0;
        for (name, value) in &self.0 {
            let place = Place { source, start: at, end: at + name.len() };
            at += name.len() + 1;
            if let Some(node) = node(value, place, report) {
                let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
                set(root, &path, node, report);
            }
        }
    }
}

/// A single value as it is; a list or a mapping as YAML.
fn node(value: &str, place: Place, report: &Report) -> Option<Node> {
    if !value.trim_start().starts_with(['[', '{']) {
        return Some(Node { place, value: Value::Scalar { text: value.to_owned(), style: Style::Double } });
    }
    let quiet = Report::default();
    let number = quiet.add(Source::new("", value));
    let Some(mut node) = syntax::read(number, &quiet).filter(|_| quiet.errors() == 0) else {
        report.error_with(
            Code::BadValue,
            place,
            "the value of this variable is a broken list or mapping",
            "write it as in the file: `[one, two]` or `{key: value}`".to_owned(),
        );
        return None;
    };
    move_to(&mut node, place);
    Some(node)
}

fn move_to(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.value {
        Value::Scalar { style, .. } => *style = Style::Double,
        Value::List(items) => items.iter_mut().for_each(|item| move_to(item, place)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key.place = place;
                move_to(&mut entry.value, place);
            }
        }
    }
}

fn set(node: &mut Node, path: &[String], value: Node, report: &Report) {
    let Some((first, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if node.is_nothing() {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else {
        let message = "this variable sets a key inside something that has no keys";
        report.error_with(
            Code::WrongShape,
            value.place,
            message,
            "leave out the last part of its name, or change the file".to_owned(),
        );
        return;
    };
    let place = value.place;
    let same = |entry: &Entry| entry.key.text.replace('-', "_").to_lowercase() == *first;
    let at = entries.iter().position(same).unwrap_or_else(|| {
        let nothing = Node { place, value: Value::Scalar { text: String::new(), style: Style::Plain } };
        entries.push(Entry { key: Key { text: first.clone(), place }, value: nothing });
        entries.len() - 1
    });
    set(&mut entries[at].value, rest, value, report);
}
