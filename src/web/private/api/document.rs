//! The table as an OpenAPI document (3.1): made anew from the code each time, so that it tells what this program does.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema::of;
use super::{Good, Told, answers, bodies, table, tried};

const ABOUT: &str = "What programs may ask of Overture: tell facts about leads, bring leads in, put them into sequences and take them out, \
hand them to sales, stop what must not happen, and ask why. Every request but health, readiness and metrics carries \
`Authorization: Bearer ovt_…`; `overture token create NAME` makes such a key. Instants are RFC 3339. Every error is a problem (RFC 9457).";

/// The whole document.
pub fn document() -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for operation in table::table() {
        let told = operation.told;
        let path = told.path.replace("{*", "{");
        paths.entry(path).or_default().insert(method_of(&told), described(&told));
    }
    let schemas: BTreeMap<&str, Value> =
        [bodies::schemas(), answers::schemas(), tried::schemas()].into_iter().flatten().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Overture",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8026", "description": "listen.private of config/overture.yaml"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "ovt_…"}},
        },
    })
}

fn described(told: &Told) -> Value {
    let mut shape = json!({
        "operationId": name_of(told),
        "summary": told.summary,
        "tags": [tag_of(told.path)],
        "parameters": parameters(told),
        "responses": responses(told),
    });
    match told.right {
        Some(right) => shape["description"] = format!("The key needs the scope `{}`.", right.as_str()).into(),
        None => shape["security"] = json!([]),
    }
    if let Some(body) = &told.takes {
        let content = json!({body.kind: {"schema": body.schema, "example": body.example}});
        shape["requestBody"] = json!({"required": true, "content": content});
    }
    shape
}

/// `get_leads_lead_why`: what generated clients call it.
fn name_of(told: &Told) -> String {
    let plain = told.path.trim_start_matches("/v1").trim_end_matches(".json");
    let words = plain.split(['/', '{', '}', '*']).filter(|word| !word.is_empty());
    words.fold(method_of(told), |name, word| format!("{name}_{word}"))
}

fn method_of(told: &Told) -> String {
    told.method.as_str().to_ascii_lowercase()
}

fn tag_of(path: &str) -> &str {
    let rest = path.strip_prefix("/v1/").unwrap_or("daemon");
    rest.split('/').next().unwrap_or(rest)
}

fn parameters(told: &Told) -> Vec<Value> {
    let mut all = Vec::new();
    for piece in told.path.split('{').skip(1) {
        let name = piece.split('}').next().unwrap_or(piece).trim_start_matches('*');
        let (schema, example) = table::part(name);
        all.push(json!({"name": name, "in": "path", "required": true, "schema": schema, "example": example}));
    }
    for (name, schema, example) in &told.asks {
        let mut shape = json!({"name": name, "in": "query", "schema": schema});
        if let Some(example) = example {
            shape["example"] = example.clone();
        }
        all.push(shape);
    }
    if told.once {
        let about = "sent again under the same key within 24 h, the same request is done once and answered twice";
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
        all.push(json!({"name": "Idempotency-Key", "in": "header", "description": about, "schema": schema}));
    }
    all
}

fn responses(told: &Told) -> BTreeMap<String, Value> {
    let (kind, schema) = match told.gives {
        Good::Json(name) => ("application/json", of(name)),
        Good::Other(kind) => (kind, json!({"type": "string"})),
    };
    let mut all = BTreeMap::new();
    all.insert("200".to_owned(), json!({"description": "it was done", "content": {kind: {"schema": schema}}}));
    let keys: &[u16] = if told.right.is_some() { &[401, 403] } else { &[] };
    for status in told.problems.iter().chain(keys) {
        all.insert(status.to_string(), problem(meaning(*status)));
    }
    all.insert("default".to_owned(), problem("it could not be done"));
    all
}

fn problem(meaning: &str) -> Value {
    json!({"description": meaning, "content": {"application/problem+json": {"schema": of("Problem")}}})
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "the body cannot be read",
        401 => "there is no key, or it is not known",
        403 => "the key lacks the scope",
        404 => "what was asked about is not there",
        409 => "it does not go with how things stand",
        413 => "the body is larger than this address takes",
        415 => "the body is of another kind",
        422 => "what was asked for makes no sense",
        _ => "not now; try again",
    }
}
