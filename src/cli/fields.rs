//! Values of an answer, as text for a table: what is absent is a dash.

use serde_json::Value;

use super::paper::{Paper, inert};
use crate::domain::time::Instant;

const NOTHING: &str = "–";

/// A text, number or truth as it is read; a list with commas.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::String(text) => inert(text),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The beginning of a hash.
pub fn cut(value: &Value, length: usize) -> String {
    text(value).chars().take(length).collect()
}

/// Points with at most one decimal.
pub fn points(value: &Value) -> String {
    let points = value.as_f64().unwrap_or(0.0);
    let round = (points * 10.0).round() / 10.0;
    // Minus nothing is nothing.
    if round == 0.0 { "0".to_owned() } else { round.to_string() }
}

/// An instant, local.
pub fn time(value: &Value, paper: &Paper) -> String {
    instant(value).map_or_else(|| NOTHING.to_owned(), |at| paper.time(at))
}

pub fn instant(value: &Value) -> Option<Instant> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(Instant::from_jiff)
}

/// Counts by name, `active 3, finished 1`.
pub fn counts(value: &Value) -> String {
    let counts: Vec<String> =
        value.as_object().into_iter().flatten().map(|(name, count)| format!("{name} {count}")).collect();
    if counts.is_empty() { NOTHING.to_owned() } else { counts.join(", ") }
}

/// Bytes in the unit that reads well.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(text(&json!(["a", "b"])), "a, b");
        assert_eq!(text(&json!("")), "–");
        assert_eq!(points(&json!(14.96)), "15");
        assert_eq!(points(&json!(-0.01)), "0");
        assert_eq!(counts(&json!({ "active": 3, "exited": 1 })), "active 3, exited 1");
    }
}
