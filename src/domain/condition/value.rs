//! Attributes come from forms, files and programs that do not agree on types; this is where a value gets the one declared.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::calendar::parse_length;
use crate::domain::time::{Instant, Millis};

/// The type of an attribute or of an expression; a value of any type may also be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Bool,
    Number,
    Text,
    Date,
    Instant,
    Duration,
    /// Of anything.
    List,
    Any,
}

impl Type {
    /// The name people read in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Date => "a date",
            Self::Instant => "a point in time",
            Self::Duration => "a length of time",
            Self::List => "a list",
            Self::Any => "any value",
        }
    }

    /// Reads a value of this type from text as people write it; blank is null, `None` if it is not of this type.
    pub fn read(self, text: &str) -> Option<Value> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Some(Value::Null);
        }
        match self {
            Self::Bool => read_bool(trimmed),
            Self::Number => read_number(trimmed),
            Self::Text | Self::Any => Some(Value::text(text)),
            Self::Date => trimmed.parse().ok().map(Value::Date),
            Self::Instant => trimmed.parse::<Timestamp>().ok().map(|at| Value::Instant(Instant::from_jiff(at))),
            Self::Duration => parse_length(trimmed).ok().map(Value::Duration),
            Self::List => Some(trimmed.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect()),
        }
    }
}

fn read_bool(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(Value::Bool(true)),
        "false" | "no" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn read_number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse() {
        return Some(Value::Int(whole));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float)
}

/// Writes a length in the largest unit that keeps it whole.
fn show_length(Millis(length): Millis) -> String {
    let units = [("w", Millis::DAY.times(7)), ("d", Millis::DAY), ("h", Millis::HOUR), ("m", Millis::MINUTE)];
    let whole = units.iter().find(|(_, one)| length != 0 && length % one.0 == 0);
    match whole {
        Some((unit, one)) => format!("{}{unit}", length / one.0),
        None if length % 1_000 == 0 => format!("{}s", length / 1_000),
        None => format!("{length}ms"),
    }
}

/// One value of an attribute, of an event's data, or of a part of a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Date(Date),
    Instant(Instant),
    Duration(Millis),
    List(Arc<[Value]>),
}

impl Value {
    /// Text, shared from here on.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The type it has; null has any.
    pub const fn kind(&self) -> Type {
        match self {
            Self::Null => Type::Any,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) | Self::Float(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Date(_) => Type::Date,
            Self::Instant(_) => Type::Instant,
            Self::Duration(_) => Type::Duration,
            Self::List(_) => Type::List,
        }
    }

    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a text value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Brings a value to a declared type where that loses nothing; an error gives the value back as it was.
    pub fn into_type(self, kind: Type) -> Result<Self, Self> {
        match (kind, &self) {
            (_, Self::Null) | (Type::Any, _) => Ok(self),
            _ if self.kind() == kind => Ok(self),
            (_, Self::Text(text)) => kind.read(text).ok_or(self),
            (Type::Text, Self::List(_)) => Err(self),
            (Type::Text, _) => Ok(Self::text(&self.to_string())),
            (Type::Instant, Self::Int(millis)) => Ok(Self::Instant(Instant(*millis))),
            (Type::Duration, Self::Int(millis)) => Ok(Self::Duration(Millis(*millis))),
            _ => Err(self),
        }
    }

    /// The natural JSON: dates and points in time as ISO 8601 text, lengths as `36h` or else in
    /// milliseconds, numbers beyond JSON as null.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Date(_) | Self::Instant(_) => self.to_string().into(),
            Self::Duration(length) => match show_length(*length) {
                text if parse_length(&text) == Ok(*length) => text.into(),
                _ => length.0.into(),
            },
            Self::List(items) => items.iter().map(Self::to_json).collect(),
        }
    }
}

/// Objects, which conditions cannot look into, become the text of their JSON.
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => number.as_f64().map_or(Self::Null, Self::Float),
            },
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(_) => Self::text(&json.to_string()),
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl<'a> FromIterator<&'a str> for Value {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// Dates, points in time and lengths come back as text; [`Value::into_type`] makes them what was declared.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|json| Self::from(&json))
    }
}

/// As a person would write it; items of a list with commas between.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Date(date) => date.fmt(f),
            Self::Instant(at) => at.fmt(f),
            Self::Duration(length) => f.write_str(&show_length(*length)),
            Self::List(items) => items.iter().enumerate().try_for_each(|(place, item)| {
                let comma = if place == 0 { "" } else { ", " };
                write!(f, "{comma}{item}")
            }),
        }
    }
}
