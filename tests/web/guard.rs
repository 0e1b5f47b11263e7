//! Keys to the API.

use axum::body::Body;
use axum::http::Request;
use overture::engine::Right;
use serde_json::{Value, json};

use crate::house::{House, json_request};

fn with(key: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

#[tokio::test]
async fn without_a_good_key_nothing_is_shown_or_done() {
    let house = House::new().await;
    let told = house.knock(json_request("GET", "/v1/leads", &Value::Null)).await;
    told.problem(401);
    assert!(told.header("www-authenticate").starts_with("Bearer"));
    let made_up = format!("ovt_{}", "0".repeat(52));
    for key in ["", "ovt_", "nonsense", &made_up] {
        house.knock(with(key, json_request("GET", "/v1/leads", &Value::Null))).await.problem(401);
    }
    let event = json!({ "lead": { "email": "a@b.co" }, "name": "x", "create": true });
    house.knock(json_request("POST", "/v1/events", &event)).await.problem(401);
    house.get("/v1/leads/a@b.co").await.problem(404);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_after_it_was_revoked() {
    let house = House::new().await;
    let read = house.key(&[Right::Read]).await;
    let enroll = house.key(&[Right::Enroll]).await;
    let lead = json!({ "email": "a@b.co" });
    house.knock(with(&read, json_request("GET", "/v1/leads", &Value::Null))).await.good();
    let told = house.knock(with(&read, json_request("PUT", "/v1/leads", &lead))).await;
    assert!(told.problem(403).contains("`enroll`"));
    house.knock(with(&enroll, json_request("PUT", "/v1/leads", &lead))).await.good();
    house.knock(with(&enroll, json_request("POST", "/v1/pauses", &json!({ "scope": "all" })))).await.problem(403);
    house.knock(with(&enroll, json_request("GET", "/v1/tokens", &Value::Null))).await.problem(403);

    let wanted = json!({ "name": "crm sync", "scopes": ["read", "admin"] });
    let made = house.ask("POST", "/v1/tokens", wanted).await.good();
    let secret = made["token"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("ovt_") && secret.len() == 56);
    let listed = house.knock(with(&secret, json_request("GET", "/v1/tokens", &Value::Null))).await;
    assert!(!listed.text().contains(&secret), "shown once");
    assert_eq!(listed.json()["tokens"].as_array().unwrap().len(), 3);
    let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
    house.ask("DELETE", &path, Value::Null).await.good();
    house.ask("DELETE", &path, Value::Null).await.problem(404);
    house.knock(with(&secret, json_request("GET", "/v1/tokens", &Value::Null))).await.problem(401);
}

#[tokio::test]
async fn a_key_names_whom_it_is_for_and_real_scopes() {
    let house = House::new().await;
    let ask = async |wanted: Value| house.ask("POST", "/v1/tokens", wanted).await.problem(422);
    assert!(ask(json!({ "name": "x", "scopes": ["raed"] })).await.contains("did you mean `read`"));
    assert!(ask(json!({ "name": "x", "scopes": [] })).await.contains("at least one"));
    assert!(ask(json!({ "name": " ", "scopes": ["read"] })).await.contains("`name`"));
}

#[tokio::test]
async fn looking_with_a_key_changes_no_row_and_writing_notes_its_use() {
    let house = House::new().await;
    let key = house.key(&[Right::Read, Right::Enroll]).await;
    let mut watch = house.watch().await;
    let version = watch.version().await;
    for path in ["/v1/leads", "/v1/touches", "/v1/handoffs", "/v1/services"] {
        house.knock(with(&key, json_request("GET", path, &Value::Null))).await.good();
    }
    assert_eq!(watch.version().await, version);
    house.knock(with(&key, json_request("PUT", "/v1/leads", &json!({ "email": "a@b.co" })))).await.good();
    let tokens = house.get("/v1/tokens").await.good();
    assert_eq!(tokens["tokens"][0]["last_used_at"], house.engine().now().to_string());
}
