//! The words helpers make of values: pure texts in, texts out.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::locale;

/// A value as it reads in a sentence; lists with commas.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Each word with a capital; the rest of it stays.
pub fn title(text: &str) -> String {
    let mut after_space = true;
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        made.push_str(&if after_space { c.to_uppercase().to_string() } else { c.to_string() });
        after_space = c.is_whitespace() || c == '-';
    }
    made
}

/// At most `most` characters, cut between words where there is one in the second half, with an ellipsis.
pub fn truncate(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most).collect();
    let at_word = kept.rfind(char::is_whitespace).filter(|at| *at * 2 > kept.len());
    let cut = at_word.or_else(|| kept.char_indices().last().map(|(at, _)| at)).unwrap_or(0);
    format!("{}…", kept[..cut].trim_end())
}

/// A date (`2026-03-01`), an instant (RFC 3339) or milliseconds since 1970, in the zone and the language, as strftime writes it.
pub fn date(value: &Value, form: Option<&str>, (zone, locale): (&str, &str)) -> Result<String, String> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let text = shown(value);
    let at = read_date(value, &text, &zone).ok_or_else(|| format!("`{text}` is no date"))?;
    locale::date(&at, form, locale)
}

fn read_date(value: &Value, text: &str, zone: &TimeZone) -> Option<Zoned> {
    if let Some(millis) = value.as_i64() {
        return Some(Timestamp::from_millisecond(millis).ok()?.to_zoned(zone.clone()));
    }
    if let Ok(at) = text.trim().parse::<Timestamp>() {
        return Some(at.to_zoned(zone.clone()));
    }
    text.trim().parse::<Date>().ok()?.to_zoned(zone.clone()).ok()
}

/// Whether two values are the same to a reader of the template: `5` and `5.0` are, absent is only absent.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        #[expect(clippy::float_cmp, reason = "equality is what the template asked for")]
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The address with these parameters added to its query.
pub fn with_query(base: &str, parameters: &[(&str, String)]) -> Result<String, String> {
    let mut address = url::Url::parse(base).map_err(|error| format!("`url`: `{base}` is no address: {error}"))?;
    if !parameters.is_empty() {
        address.query_pairs_mut().extend_pairs(parameters);
    }
    Ok(address.into())
}

/// Writes a text into HTML, also between quotes: byte for byte what Handlebars makes of it.
pub fn html(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'<' | b'>' | b'"' | b'&' | b'\'' | b'`' | b'=')) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'&' => "&amp;",
            b'\'' => "&#x27;",
            b'`' => "&#x60;",
            _ => "&#x3D;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// A text as the inside of a JSON string.
pub fn json_inside(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A text as one part of a URL's path or query: everything but unreserved characters is percent-encoded (RFC 3986 section 2.3).
pub fn url_part(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            made.push(char::from(byte));
        } else {
            made.push('%');
            made.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_date_is_written_in_the_leads_zone() {
        let at = json!("2026-03-01T23:30:00Z");
        assert_eq!(date(&at, None, ("Europe/Berlin", "en")).unwrap(), "2 March 2026");
        assert_eq!(date(&json!("2026-03-01"), Some("%a %-d.%-m."), ("Asia/Tokyo", "en")).unwrap(), "Sun 1.3.");
        assert!(date(&json!("soon"), None, ("UTC", "")).is_err());
        assert!(date(&at, Some("%!"), ("UTC", "")).is_err());
    }

    #[test]
    fn words_are_cut_and_capitalised_as_people_do() {
        assert_eq!(truncate("a rather long company name", 16), "a rather long…");
        assert_eq!(truncate("Ünïcödë", 4), "Ünï…");
        assert_eq!(title("anna-maria o'neill"), "Anna-Maria O'neill");
        assert_eq!(url_part("a b&c=é/"), "a%20b%26c%3D%C3%A9%2F");
        assert_eq!(json_inside("a\"b\n"), "a\\\"b\\n");
    }
}
