//! Attributes as they come from programs and lists, brought to the types that were declared.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::domain::calendar::zone_named;
use crate::domain::condition::{Type, Value};
use crate::domain::playbook::Settings;
use crate::web::extract::nearest;

/// Longest text of one attribute, in octets: a lead is read and written whole.
const LONGEST: usize = 4_000;

/// Types each value; null and blank stay null. `tags` are not among them: they come beside.
///
/// # Errors
/// Names the attribute that is not declared or has another type, and what to do.
pub fn typed(given: &Map<String, Json>, settings: &Settings) -> Result<Map<String, Json>, String> {
    let mut set = Map::new();
    for (name, value) in given {
        set.insert(name.clone(), one(name, value, settings)?);
    }
    Ok(set)
}

fn one(name: &str, value: &Json, settings: &Settings) -> Result<Json, String> {
    match name {
        "email" | "email_domain" => return Err(format!("`{name}` is the lead's address and no attribute")),
        "tags" => return Err("`tags` stand beside `attributes`, as a list of texts".to_owned()),
        _ => {}
    }
    let kind = declared(name, settings)?;
    if matches!(value, Json::Object(_)) {
        return Err(format!("`{name}` must be {}, not an object", kind.name()));
    }
    short(name, value)?;
    let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
    let read = if blank { Value::Null } else { Value::from(value) };
    let of_type = read.into_type(kind).map_err(|_| format!("`{name}` must be {}", kind.name()))?;
    if let ("zone", Value::Text(zone)) = (name, &of_type)
        && zone_named(zone).is_none()
    {
        return Err(format!("`{zone}` is no time zone: `zone` is an IANA name such as Europe/Berlin"));
    }
    Ok(of_type.to_json())
}

/// Refuses a text that is too long.
///
/// # Errors
/// Names the attribute and the limit.
pub fn short(name: &str, value: &Json) -> Result<(), String> {
    let long = value.as_str().is_some_and(|text| text.len() > LONGEST);
    if long { Err(format!("`{name}` is longer than {LONGEST} octets")) } else { Ok(()) }
}

fn declared(name: &str, settings: &Settings) -> Result<Type, String> {
    let (known, bare): (&BTreeMap<String, Type>, &str) = match name.strip_prefix("account.") {
        Some(bare) => (&settings.account_attributes, bare),
        None => (&settings.lead_attributes, name),
    };
    known.get(bare).copied().ok_or_else(|| {
        let near = nearest(bare, known.keys().map(String::as_str));
        format!("`{name}` is not declared in config/overture.yaml{near}")
    })
}

/// Tags without blanks at their ends, each once.
///
/// # Errors
/// Says which tag is too long or holds what would break a list.
pub fn tags(given: &[String]) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in given.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if tag.len() > 100 || tag.chars().any(|c| c.is_control() || matches!(c, ',' | ';')) {
            return Err("a tag has at most 100 octets, and no comma, semicolon or line end".to_owned());
        }
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

/// The tags of a row, and those that all rows of its list get.
///
/// # Errors
/// As [`tags`].
pub fn with_common(given: &[String], common: &[String]) -> Result<Vec<String>, String> {
    let mut all = if given.is_empty() { Vec::new() } else { tags(given)? };
    for tag in common {
        if !all.contains(tag) {
            all.push(tag.clone());
        }
    }
    Ok(all)
}
