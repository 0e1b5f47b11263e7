//! What the answer to a call brings: the plain values of a JSON object, as far as a lead can carry them.

use serde_json::Value;

use crate::domain::touch::Brought;

/// The most values one answer brings.
const VALUES: usize = 32;
/// The most characters of one.
const LENGTH: usize = 1_000;

/// Reads the body of a 2xx answer. Values that a template cannot name, lists, objects and longer texts are left out; a body that is no JSON
/// object brings nothing.
pub(super) fn brought(content_type: &str, body: &[u8]) -> Brought {
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media != "application/json" && !media.ends_with("+json") {
        return Brought::new();
    }
    let Ok(Value::Object(all)) = serde_json::from_slice(body) else { return Brought::new() };
    let fits = |value: &Value| match value {
        Value::String(text) => text.chars().count() <= LENGTH,
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    all.into_iter().filter(|(name, value)| is_name(name) && fits(value)).take(VALUES).collect()
}

/// Letters, digits and underscores, as attributes are named.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, VALUES, brought};
    use serde_json::json;

    #[test]
    fn plain_values_of_an_object_are_brought_and_nothing_else() {
        let body = json!({
            "meeting_url": "https://meet.example/1", "seats": 3, "trial": true, "none": null, "list": [1], "more": {"a": 1},
            "with-dash": "x", "1st": "x", "": "x", "long": "x".repeat(LENGTH + 1), "just": "x".repeat(LENGTH),
        });
        let got = brought("application/json; charset=utf-8", body.to_string().as_bytes());
        assert_eq!(got.keys().map(String::as_str).collect::<Vec<_>>(), ["just", "meeting_url", "seats", "trial"]);
        assert_eq!(got["meeting_url"], "https://meet.example/1");
    }

    #[test]
    fn what_is_no_object_of_json_brings_nothing() {
        let many: serde_json::Map<_, _> = (0..VALUES * 2).map(|n| (format!("v{n}"), json!(n))).collect();
        assert_eq!(brought("application/problem+json", json!(many).to_string().as_bytes()).len(), VALUES);
        for (content_type, body) in [
            ("text/plain", "{\"a\":1}"),
            ("application/json", "[1]"),
            ("application/json", "{\"a\":1"),
            ("", ""),
            ("application/json", "\u{0}"),
        ] {
            assert!(brought(content_type, body.as_bytes()).is_empty(), "{content_type} {body}");
        }
    }
}
