//! YAML as a tree of our own, since an error needs the place of every key and value, and serde keeps none.

mod read;
mod trouble;

pub use read::read;

use super::source::{Place, Source};

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Scalar { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
    Block,
}

/// One key of a mapping with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub value: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub place: Place,
}

impl Node {
    /// The text of a scalar that is not nothing.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_nothing() => Some(text),
            _ => None,
        }
    }

    /// Whether no value was written: `key:`, `key: ~` or `key: null`.
    pub fn is_nothing(&self) -> bool {
        match &self.value {
            Value::Scalar { text, style: Style::Plain } => matches!(text.as_str(), "" | "~" | "null"),
            _ => false,
        }
    }

    /// What it is, as messages name it.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_nothing() => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Where a stretch of a scalar's text stands in its file; the whole scalar where quoting hides it.
    pub fn within(&self, source: &Source, start: usize, end: usize) -> Place {
        let Value::Scalar { text, style } = &self.value else { return self.place };
        let raw = source.text.get(self.place.start..self.place.end).unwrap_or_default();
        let (raw, skip) = match style {
            Style::Plain => (raw, 0),
            Style::Single | Style::Double => (raw.get(1..).unwrap_or_default(), 1),
            Style::Block => return self.place,
        };
        match (offset(raw, text, *style, start), offset(raw, text, *style, end)) {
            (Some(from), Some(to)) => {
                let base = self.place.start + skip;
                self.place.at(base + from, base + to.max(from))
            }
            _ => self.place,
        }
    }
}

/// The byte of the raw text that the byte `wanted` of the read text was made of.
fn offset(raw: &str, text: &str, style: Style, wanted: usize) -> Option<usize> {
    let (mut at, mut read) = (0, 0);
    while read < wanted {
        let c = raw[at..].chars().next()?;
        let expected = text[read..].chars().next()?;
        let raw_length = match (style, c) {
            (Style::Single, '\'') => 2,
            (Style::Double, '\\') => 1 + raw[at + 1..].chars().next()?.len_utf8(),
            _ if c != expected => return None,
            _ => c.len_utf8(),
        };
        at += raw_length;
        read += expected.len_utf8();
        raw.get(at..)?;
    }
    Some(at)
}
