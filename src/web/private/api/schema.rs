//! Words to write JSON Schemas (2020-12) with.

use serde_json::{Map, Value, json};

pub fn text() -> Value {
    json!({"type": "string"})
}

/// RFC 3339.
pub fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub fn boolean() -> Value {
    json!({"type": "boolean"})
}

pub fn integer() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub fn number() -> Value {
    json!({"type": "number"})
}

/// An object with any members.
pub fn any() -> Value {
    json!({"type": "object"})
}

/// An object whose members, whatever their names, are all of one kind.
pub fn each(schema: &Value) -> Value {
    json!({"type": "object", "additionalProperties": schema})
}

pub fn words<const N: usize>(words: [&str; N]) -> Value {
    json!({"type": "string", "enum": words.as_slice()})
}

pub fn list(schema: &Value) -> Value {
    json!({"type": "array", "items": schema})
}

/// A text of so many characters at most, and not blank.
pub fn short(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most})
}

/// The same, or null.
pub fn maybe(mut schema: Value) -> Value {
    if let Some(kind @ Value::String(_)) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
        return schema;
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// A schema of the document by its name.
pub fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object with these members and no others; a name that ends in `?` may be absent.
#[expect(clippy::needless_pass_by_value, reason = "a schema is written as one list of members")]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let named = members.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone()));
    let properties: Map<String, Value> = named.collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
