//! What the API document promises, held against every request and answer of every test here.

use std::sync::LazyLock;

use overture::web::private::document;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Holds one exchange against the document.
///
/// # Panics
/// If the answer has a status, a kind or a shape that the document does not tell of, or a body was taken that it forbids.
pub fn exchange(method: &str, target: &str, body: &Value, answer: (u16, &str, &[u8])) {
    let (status, kind, bytes) = answer;
    let Some(operation) = operation(method, target) else { return };
    let what = format!("{method} {target} answered {status}");
    let told = &operation["responses"];
    let response = told.get(status.to_string()).unwrap_or(&told["default"]);
    let kind = kind.split(';').next().unwrap_or_default();
    let schema = response["content"].get(kind).map(|content| &content["schema"]);
    let schema = schema.unwrap_or_else(|| panic!("{what} as {kind}, of which the document does not tell"));
    let value = match kind {
        "application/json" | "application/problem+json" => serde_json::from_slice(bytes).expect("it is JSON"),
        _ => Value::String(String::from_utf8_lossy(bytes).into_owned()),
    };
    if let Err(fault) = fits(&value, schema, "answer") {
        panic!("{what}, and {fault}\n{value:#}");
    }
    let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
    if status < 300 && !taken.is_null() {
        assert_eq!(fits(body, taken, "body"), Ok(()), "{what}: it took what the document forbids");
    }
}

fn operation(method: &str, target: &str) -> Option<&'static Value> {
    let path = target.split('?').next().unwrap_or(target);
    let paths = DOCUMENT["paths"].as_object().expect("a document has paths");
    let exact = paths.get(path);
    let found = exact.or_else(|| paths.iter().find(|(pattern, _)| matches(pattern, path)).map(|(_, found)| found));
    found?.get(method.to_ascii_lowercase())
}

/// A name at the end may hold slashes.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    let same = pattern.iter().zip(&path).all(|(wanted, found)| wanted.starts_with('{') || wanted == found);
    same && (pattern.len() == path.len() || (pattern.last() == Some(&"{name}") && path.len() > pattern.len()))
}

/// As much of JSON Schema as the document uses.
pub fn fits(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    for (word, rule) in schema {
        match word.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
                let named = DOCUMENT["components"]["schemas"].get(name);
                fits(value, named.unwrap_or_else(|| panic!("the document has no schema {name}")), at)?;
            }
            "type" => kind(value, rule, at)?,
            "enum" => {
                let known = rule.as_array().is_some_and(|known| known.contains(value));
                known.then_some(()).ok_or_else(|| format!("{at} is {value}, which is none of {rule}"))?;
            }
            "anyOf" | "oneOf" => {
                let ways = rule.as_array().expect("a list of schemas");
                let good = ways.iter().filter(|way| fits(value, way, at).is_ok()).count();
                let enough = if word == "oneOf" { good == 1 } else { good > 0 };
                enough.then_some(()).ok_or_else(|| format!("{at} fits {good} of {rule}"))?;
            }
            "required" => {
                let missing = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
                if let Some(name) = missing.filter(|_| value.is_object()).find(|name| value.get(name).is_none()) {
                    return Err(format!("{at} lacks `{name}`"));
                }
            }
            "properties" => {
                for (name, inner) in rule.as_object().into_iter().flatten() {
                    value.get(name).map_or(Ok(()), |value| fits(value, inner, &format!("{at}.{name}")))?;
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties");
                let more = value.as_object().into_iter().flatten();
                for (name, value) in more.filter(|(name, _)| known.is_none_or(|known| known.get(*name).is_none())) {
                    if rule == &Value::Bool(false) {
                        return Err(format!("{at} has `{name}`, of which the document does not tell"));
                    }
                    fits(value, rule, &format!("{at}.{name}"))?;
                }
            }
            "items" => {
                for (n, value) in value.as_array().into_iter().flatten().enumerate() {
                    fits(value, rule, &format!("{at}[{n}]"))?;
                }
            }
            "format" if rule == "date-time" && value.is_string() => {
                let read = value.as_str().unwrap_or_default().parse::<jiff::Timestamp>();
                read.map_err(|_| format!("{at} is {value} and no instant"))?;
            }
            "maxItems" => within(value.as_array().map(Vec::len), |n| Some(n as u64) <= rule.as_u64(), at, rule)?,
            "minItems" => within(value.as_array().map(Vec::len), |n| Some(n as u64) >= rule.as_u64(), at, rule)?,
            "minLength" => {
                within(value.as_str().map(|t| t.chars().count()), |n| Some(n as u64) >= rule.as_u64(), at, rule)?;
            }
            "maxLength" => {
                within(value.as_str().map(|t| t.chars().count()), |n| Some(n as u64) <= rule.as_u64(), at, rule)?;
            }
            "minimum" => within(value.as_f64(), |n| Some(n) >= rule.as_f64(), at, rule)?,
            "maximum" => within(value.as_f64(), |n| Some(n) <= rule.as_f64(), at, rule)?,
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap_or_default()).expect("a pattern can be read");
                within(value.as_str(), |text| pattern.is_match(text), at, rule)?;
            }
            "format" | "description" | "default" => {}
            other => panic!("the document uses `{other}`, which this test does not know"),
        }
    }
    Ok(())
}

fn within<T>(measured: Option<T>, good: impl FnOnce(T) -> bool, at: &str, rule: &Value) -> Result<(), String> {
    if measured.is_none_or(good) { Ok(()) } else { Err(format!("{at} is beyond {rule}")) }
}

fn kind(value: &Value, rule: &Value, at: &str) -> Result<(), String> {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let names: Vec<&str> = rule
        .as_array()
        .map_or_else(|| rule.as_str().into_iter().collect(), |names| names.iter().filter_map(Value::as_str).collect());
    let good = names.iter().any(|name| *name == found || (*name == "number" && found == "integer"));
    if good { Ok(()) } else { Err(format!("{at} is {value} and not {rule}")) }
}
