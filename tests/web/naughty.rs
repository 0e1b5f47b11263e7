//! Strings made to break programs, in every field of a lead: shown as they are in JSON, and as nothing but text on pages.

use overture::web::dashboard::{Pages, router};
use serde_json::{Map, Value, json};

use crate::corpora::corpus;
use crate::house::{House, ask, json_request};

const OURS: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title><h1>x",
    "<!--",
    "]]>",
    "{{lead.email}}",
    "=cmd|' /C calc'!A0",
    "\u{202e}gnp.exe",
    "x\r\nSet-Cookie: a=b",
    "\u{1b}[2J\u{7}",
];

/// Attributes of a lead that are texts.
const FIELDS: [&str; 6] = ["plan", "first_name", "last_name", "company", "title", "industry"];

fn strings() -> Vec<String> {
    let mut all: Vec<String> = OURS.map(str::to_owned).into();
    if let Some(file) = corpus("injection-strings/blns.json") {
        let text = std::fs::read_to_string(file).expect("the strings can be read");
        let more: Vec<String> = serde_json::from_str(&text).expect("the strings are JSON");
        all.extend(more.into_iter().filter(|text| !text.trim().is_empty()));
    }
    all
}

/// The tags of a page with the names of their attributes: what a value may not add to.
fn structure(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default();
        let unquoted: String = inside.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        let names = unquoted.split_whitespace().map(|word| word.split('=').next().unwrap_or_default());
        tags.push(names.collect::<Vec<_>>().join(" "));
    }
    tags
}

async fn page(house: &House, path: &str) -> String {
    let pages = router(Pages::new(house.app.engine.clone()));
    let mut request = json_request("GET", path, &Value::Null);
    request.headers_mut().insert("host", "127.0.0.1".parse().unwrap());
    let told = ask(pages, request).await;
    assert_eq!(told.status.as_u16(), 200, "{path}");
    told.text()
}

async fn named(house: &House, address: &str, value: &str) -> Option<(Value, String)> {
    let attributes: Map<String, Value> = FIELDS.iter().map(|field| ((*field).to_owned(), json!(value))).collect();
    let told = house.ask("PUT", "/v1/leads", json!({"email": address, "attributes": attributes, "tags": []})).await;
    if told.status == 422 {
        return None;
    }
    told.good();
    house.ask("POST", "/v1/handoffs", json!({"lead": address, "reason": "asked"})).await.good();
    let lead = house.get(&format!("/v1/leads/{address}")).await.good();
    let id = lead["id"].as_str().unwrap().to_owned();
    Some((lead, page(house, &format!("/leads/{id}")).await))
}

#[tokio::test]
async fn a_naughty_string_is_itself_in_json_and_text_on_every_page() {
    let house = House::new().await;
    let (_, control) = named(&house, "control@corp.example", "Plain words").await.expect("plain words are taken");
    let control = structure(&control);
    let mut taken = 0;
    for (number, value) in strings().iter().enumerate() {
        let Some((lead, shown)) = named(&house, &format!("n{number}@corp.example"), value).await else { continue };
        taken += 1;
        for field in FIELDS {
            let kept = lead["attributes"][field].as_str().unwrap_or_default();
            assert_eq!(kept, value.as_str(), "{field}");
        }
        assert_eq!(structure(&shown), control, "{value:?} changed the page");
        let why = house.get(&format!("/v1/leads/n{number}@corp.example/why")).await.good();
        assert!(why["history"].as_array().is_some_and(|history| !history.is_empty()));
    }
    assert!(taken >= OURS.len() - 1, "nearly all are taken");
    for path in ["/", "/leads"] {
        let html = page(&house, path).await;
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}");
    }
}
