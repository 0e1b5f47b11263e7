//! Mappings are read by hand, key by key, so that each mistake is told at its place and no key is ever ignored.

use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::source::Place;
use crate::compile::syntax::{Entry, Key, Node, Value};

/// A mapping whose keys are known to be allowed.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    pub report: &'a Report,
    pub place: Place,
    /// What it is, as messages name it, for example `a sender`.
    what: &'static str,
    entries: &'a [Entry],
}

/// The keys a mapping may have, and those that later versions will read.
#[derive(Clone, Copy)]
pub struct Keys {
    pub what: &'static str,
    pub known: &'static [&'static str],
    pub later: &'static [&'static str],
}

impl<'a> Fields<'a> {
    /// Takes a mapping, telling every key that is unknown or not supported yet; `None` when it is no mapping.
    pub fn of(node: &'a Node, keys: Keys, report: &'a Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected {} as a mapping, found {}", keys.what, node.kind());
            let hint = format!("its keys: {}", keys.known.join(", "));
            report.error_with(Code::WrongShape, node.place, message, hint);
            return None;
        };
        for Entry { key, .. } in entries {
            if keys.known.contains(&key.text.as_str()) {
                continue;
            }
            if keys.later.contains(&key.text.as_str()) {
                not_yet(key.place, &format!("`{}` in {}", key.text, keys.what), report);
            } else {
                let message = format!("`{}` is no key of {}", key.text, keys.what);
                report.error_with(
                    Code::UnknownKey,
                    key.place,
                    message,
                    names::hint(&key.text, keys.known.iter().copied()),
                );
            }
        }
        Some(Self { report, place: node.place, what: keys.what, entries })
    }

    pub fn key(&self, key: &str) -> Option<&'a Key> {
        self.entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.key)
    }

    /// The value of a key that may be absent; a key without a value is an error.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|entry| entry.key.text == key)?;
        if entry.value.is_nothing() {
            let message = format!("`{key}` has no value");
            self.report.error_with(
                Code::WrongShape,
                entry.key.place,
                message,
                "give it one, or remove the key".to_owned(),
            );
            return None;
        }
        Some(&entry.value)
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str) -> Option<&'a Node> {
        if self.key(key).is_none() {
            let message = format!("{} needs `{key}`", self.what);
            self.report.error_with(Code::MissingKey, self.place, message, format!("add `{key}: …`"));
        }
        self.get(key)
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        scalar(self.get(key)?, key, self.report)
    }

    pub fn need_text(&self, key: &'static str) -> Option<&'a str> {
        scalar(self.need(key)?, key, self.report)
    }

    /// A single value read by a function whose error is a sentence.
    pub fn parse<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let node = self.get(key)?;
        parse(node, key, self.report, read)
    }

    pub fn flag(&self, key: &str) -> Option<bool> {
        self.choice(key, &[("true", true), ("false", false)])
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.get(key)?;
        let text = scalar(node, key, self.report)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("`{key}` cannot be `{text}`");
            let hint = names::hint(text, choices.iter().map(|(name, _)| *name));
            self.report.error_with(Code::UnknownChoice, node.place, message, hint);
        }
        found
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn list(&self, key: &str) -> Vec<&'a Node> {
        match self.get(key) {
            None => Vec::new(),
            Some(node) => match &node.value {
                Value::List(items) => items.iter().collect(),
                Value::Scalar { .. } => vec![node],
                Value::Map(_) => {
                    let message = format!("expected a list under `{key}`, found a mapping");
                    self.report.error_with(Code::WrongShape, node.place, message, "write `[one, two]`".to_owned());
                    Vec::new()
                }
            },
        }
    }

    /// The texts of a list with their nodes.
    pub fn texts(&self, key: &str) -> Vec<(&'a str, &'a Node)> {
        let items = self.list(key);
        items.into_iter().filter_map(|node| Some((scalar(node, key, self.report)?, node))).collect()
    }

    /// The entries of a mapping of names.
    pub fn map(&self, key: &str) -> &'a [Entry] {
        match self.get(key) {
            None => &[],
            Some(node) => entries(node, key, self.report),
        }
    }

    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }
}

/// The entries of a mapping whose keys are names people chose.
pub fn entries<'a>(node: &'a Node, what: &str, report: &Report) -> &'a [Entry] {
    if let Value::Map(entries) = &node.value {
        return entries;
    }
    let message = format!("expected a mapping under `{what}`, found {}", node.kind());
    report.error_with(Code::WrongShape, node.place, message, "write each as `name: value`, a line each".to_owned());
    &[]
}

/// A single value as text.
pub fn scalar<'a>(node: &'a Node, what: &str, report: &Report) -> Option<&'a str> {
    let text = node.text();
    if text.is_none() {
        let source = report.source(node.place.source);
        let braces = source.text[node.place.start..].starts_with("{{");
        let hint = braces.then(|| "a value that begins with `{{` must be quoted as a whole".to_owned());
        let message = format!("expected a single value for `{what}`, found {}", node.kind());
        report.error_with(Code::WrongShape, node.place, message, hint);
    }
    text
}

/// A single value read by a function whose error is a sentence.
pub fn parse<T>(node: &Node, what: &str, report: &Report, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text = scalar(node, what, report)?;
    match read(text) {
        Ok(value) => Some(value),
        Err(message) => {
            unread(node, what, &message, report);
            None
        }
    }
}

/// Tells a value that cannot be read; where the message says what was expected, that is what to do.
pub fn unread(node: &Node, what: &str, message: &str, report: &Report) {
    let split = message
        .split_once(", found `")
        .filter(|(_, found)| found.strip_suffix('`').is_some_and(|one| !one.contains('`')));
    let (message, hint) = match split {
        Some((expected, _)) => {
            (format!("`{what}` cannot be `{}`", node.text().unwrap_or_default()), Some(expected.to_owned()))
        }
        None => (format!("`{what}`: {message}"), None),
    };
    report.error_with(Code::BadValue, node.place, message, hint);
}

/// Tells that something is described, and not there yet.
pub fn not_yet(place: Place, what: &str, report: &Report) {
    let hint = "remove it for now; nothing that is written is ever silently ignored".to_owned();
    report.error_with(Code::NotYet, place, format!("{what} is not supported yet"), hint);
}

/// Tells a name that is nowhere declared, with the nearest one.
pub fn unknown<'k>(code: Code, place: Place, name: &str, known: impl IntoIterator<Item = &'k str>, report: &Report) {
    let what = match code {
        Code::UnknownTemplate => "template",
        Code::UnknownSender => "sender",
        Code::UnknownChannel => "channel",
        Code::UnknownSequence => "sequence",
        Code::UnknownAttribute => "attribute",
        Code::UnknownStage => "stage",
        Code::UnknownTeam => "team",
        Code::UnknownRep => "rep",
        Code::UnknownCalendar => "calendar",
        _ => "name",
    };
    let hint = names::hint(name, known).or_else(|| declare(code, name));
    report.error_with(code, place, format!("there is no {what} `{name}`"), hint);
}

/// Where to declare the first of its kind.
fn declare(code: Code, name: &str) -> Option<String> {
    let (section, file) = match code {
        Code::UnknownTemplate => return Some(format!("write templates/{name}.md")),
        Code::UnknownSequence => return Some(format!("write sequences/{name}.yaml")),
        Code::UnknownSender => ("senders", "overture"),
        Code::UnknownChannel => ("channels", "overture"),
        Code::UnknownTeam => ("teams", "team"),
        Code::UnknownRep => ("reps", "team"),
        Code::UnknownCalendar => ("calendars", "team"),
        _ => return None,
    };
    Some(format!("declare it under `{section}:` in config/{file}.yaml"))
}

/// Reads a whole number within bounds.
pub fn whole(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a whole number from {least} to {most}, found `{text}`"))
}

/// Reads a finite number.
pub fn number(text: &str) -> Result<f64, String> {
    let number = text.strip_prefix('+').unwrap_or(text).parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("expected a number, found `{text}`"))
}

/// Reads a date.
pub fn date(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| format!("expected a date such as 2026-12-25, found `{text}`"))
}
