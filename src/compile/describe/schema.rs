//! JSON Schema for editors. It is draft 7, which every YAML language server reads; nothing in it means something else in 2020-12.

use serde_json::{Map, Value, json};

use super::read::json;
use super::shape::Shape;
use super::{FILES, Form, Key, KindOf, Language, Mapping, language};

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";
/// What the parser reads as text may look like a number or a yes to others.
const SCALAR: [&str; 3] = ["string", "number", "boolean"];

/// The schema of a kind of file; `None` if there is no such kind.
pub fn schema(file: &str) -> Option<Value> {
    let (_, root) = FILES.iter().find(|(name, _)| *name == file)?;
    let language = language();
    let mappings = language.within(root);
    let mut whole = object(&language, mappings.first()?);
    let rest = mappings.iter().skip(1).map(|mapping| (slug(&mapping.what), object(&language, mapping)));
    whole["$schema"] = DRAFT.into();
    whole["title"] = format!("Overture: {root}").into();
    whole["definitions"] = Value::Object(rest.collect());
    Some(whole)
}

fn object(language: &Language, mapping: &Mapping) -> Value {
    let described = json!({ "description": plainly(&mapping.is), "markdownDescription": mapping.is });
    if mapping.kinds.is_empty() {
        let keys: Vec<&Key> = mapping.keys.iter().collect();
        let needed = keys.iter().filter(|key| key.needed).map(|key| key.written()).collect();
        let mut object = with(described, fields(language, &keys, needed));
        if let Some((pattern, key)) = &mapping.others {
            object["patternProperties"] = json!({ pattern: one(language, key) });
        }
        return object;
    }
    let kinds: Vec<Value> = mapping.kinds.iter().map(|kind| of_kind(language, mapping, kind)).collect();
    with(described, json!({ "type": "object", "oneOf": kinds }))
}

fn of_kind(language: &Language, mapping: &Mapping, kind: &KindOf) -> Value {
    let keys: Vec<&Key> =
        kind.keys.iter().filter_map(|name| mapping.keys.iter().find(|key| key.name == *name)).collect();
    let must = |key: &Key| key.needed || key.name == kind.key || kind.needed.contains(&key.name);
    let needed = keys.iter().filter(|key| must(key)).map(|key| key.written()).collect();
    let described = json!({ "title": kind.key, "description": plainly(&kind.is), "markdownDescription": kind.is });
    with(described, fields(language, &keys, needed))
}

fn fields(language: &Language, keys: &[&Key], needed: Vec<&str>) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.written().to_owned(), one(language, key))).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !needed.is_empty() {
        object["required"] = needed.into();
    }
    object
}

/// What may stand under a key, with what an editor shows beside it.
fn one(language: &Language, key: &Key) -> Value {
    let mut value = shaped(language, &key.shape, key);
    if !key.suggest.is_empty() {
        value = json!({ "anyOf": [{ "enum": key.suggest }, value] });
    }
    value["description"] = plainly(&told(key, false)).into();
    value["markdownDescription"] = told(key, true).into();
    if let Some(usual) = &key.usual {
        value["default"] = json(usual);
    }
    if let Some(example) = &key.example {
        value["examples"] = json!([json(example)]);
    }
    value
}

fn told(key: &Key, markdown: bool) -> String {
    let mut told = key.is.clone();
    for (word, meaning) in key.words.iter().filter(|_| markdown) {
        told.push_str(&format!("\n- `{word}`: {meaning}"));
    }
    if let Some(usual) = &key.usual {
        let gap = if markdown && !key.words.is_empty() { "\n\n" } else { " " };
        told.push_str(&format!("{gap}Usually `{usual}`."));
    }
    told
}

fn shaped(language: &Language, shape: &Shape, key: &Key) -> Value {
    match shape {
        Shape::Plain(name) => single(language, name),
        Shape::Whole(least, Some(most)) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Whole(least, None) => json!({ "type": "integer", "minimum": least }),
        Shape::These => {
            let (words, meanings): (Vec<&String>, Vec<&String>) =
                key.words.iter().map(|(word, meaning)| (word, meaning)).unzip();
            json!({ "enum": words, "enumDescriptions": meanings, "markdownEnumDescriptions": meanings })
        }
        Shape::OneOf(words) => json!({ "enum": words }),
        Shape::Mapping(what) => json!({ "$ref": format!("#/definitions/{}", slug(what)) }),
        Shape::List(inner) => list(language, inner, key),
        Shape::Map(inner) => json!({ "type": "object", "additionalProperties": shaped(language, inner, key) }),
        Shape::Steps { least } => {
            json!({ "type": "array", "minItems": least, "items": { "$ref": "#/definitions/a-step" } })
        }
        Shape::Nothing => json!({ "type": "null" }),
        Shape::Any(several) => {
            let several: Vec<Value> = several.iter().map(|shape| shaped(language, shape, key)).collect();
            json!({ "anyOf": several })
        }
    }
}

fn list(language: &Language, inner: &Shape, key: &Key) -> Value {
    let item = shaped(language, inner, key);
    let items = json!({ "type": "array", "items": item });
    if inner.is_single() { json!({ "anyOf": [item, items] }) } else { items }
}

fn single(language: &Language, name: &str) -> Value {
    match language.plain(name).map(|plain| &plain.form) {
        Some(Form::Pattern(pattern)) => json!({ "type": "string", "pattern": pattern }),
        Some(Form::Number) => json!({ "type": "number" }),
        Some(Form::Flag) => json!({ "type": "boolean" }),
        Some(Form::Condition) => json!({ "type": ["string", "boolean"] }),
        Some(Form::Text) | None => json!({ "type": SCALAR }),
    }
}

/// The name of a mapping in the schema: its words, joined.
fn slug(what: &str) -> String {
    what.replace('`', "").replace(' ', "-")
}

/// A text without the marks of Markdown.
fn plainly(text: &str) -> String {
    text.replace('`', "")
}

fn with(mut one: Value, other: Value) -> Value {
    if let (Value::Object(into), Value::Object(more)) = (&mut one, other) {
        into.extend(more);
    }
    one
}
