//! Facts from outside.

use axum::body::Body;
use axum::http::Request;
use overture::domain::time::Millis;
use overture::web::private::{Guarding, router};
use serde_json::{Value, json};

use crate::house::{House, START, Told, ask, count, json_request};

fn viewed(address: &str) -> Value {
    json!({ "lead": { "email": address }, "name": "pricing_viewed", "data": { "path": "/pricing" }, "create": true })
}

async fn with_key(house: &House, key: &str, path: &str, body: &Value) -> Told {
    let mut request = json_request("POST", path, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    ask(router(house.app.clone(), Guarding::Owner), request).await
}

#[tokio::test]
async fn an_event_is_acknowledged_once_it_is_durable_and_scores() {
    let house = House::new().await;
    let told = house.ask("POST", "/v1/events", viewed("zoe@corp.example")).await.good();
    assert_eq!((&told["status"], &told["created"]), (&json!("recorded"), &json!(true)));
    assert_eq!(count(&house.events("zoe@corp.example").await, "pricing_viewed"), 1);
    let lead = house.get("/v1/leads/zoe@corp.example").await.good();
    assert_eq!((&lead["score"]["total"], &lead["id"]), (&json!(15.0), &told["lead"]));
    let by_id = json!({ "lead": { "id": told["lead"] }, "name": "page_viewed" });
    assert_eq!(house.ask("POST", "/v1/events", by_id).await.good()["created"], false);
}

#[tokio::test]
async fn an_unknown_lead_is_made_only_when_asked() {
    let house = House::new().await;
    let mut event = viewed("zoe@corp.example");
    event["create"] = false.into();
    house.ask("POST", "/v1/events", event).await.problem(404);
    let by_id = json!({ "lead": { "id": "lead_00000000000000000000000000" }, "name": "x", "create": true });
    house.ask("POST", "/v1/events", by_id).await.problem(404);
    house.get("/v1/leads/zoe@corp.example").await.problem(404);
}

#[tokio::test]
async fn a_fact_from_the_future_is_refused_and_an_old_one_triggers_nothing() {
    let house = House::new().await;
    let at = |at| {
        let mut event = viewed("zoe@corp.example");
        event["occurred_at"] = format!("{at}").into();
        event
    };
    house.ask("POST", "/v1/events", at(START + Millis::MINUTE.times(6))).await.problem(422);
    house.ask("POST", "/v1/events", at(START + Millis::MINUTE.times(4))).await.good();
    house.ask("POST", "/v1/events", at(START - Millis::DAY.times(31))).await.good();
    let events = house.events("zoe@corp.example").await;
    assert_eq!(count(&events, "pricing_viewed"), 2);
    let told = house
        .ask(
            "POST",
            "/v1/events",
            json!({ "lead": { "email": "zoe@corp.example" }, "name": "x", "occurred_at": "tomorrow" }),
        )
        .await;
    assert!(told.problem(422).contains("occurred_at"));
}

#[tokio::test]
async fn the_same_key_twice_is_one_fact() {
    let house = House::new().await;
    let mut event = viewed("zoe@corp.example");
    event["key"] = "crm-77".into();
    assert_eq!(house.ask("POST", "/v1/events", event.clone()).await.good()["status"], "recorded");
    assert_eq!(house.ask("POST", "/v1/events", event).await.good()["status"], "duplicate");
    assert_eq!(count(&house.events("zoe@corp.example").await, "pricing_viewed"), 1);
}

#[tokio::test]
async fn an_idempotency_key_replays_its_answer_for_a_day_and_takes_no_other_body() {
    let house = House::new().await;
    let event = viewed("zoe@corp.example");
    let first = with_key(&house, "k1", "/v1/events", &event).await;
    let again = with_key(&house, "k1", "/v1/events", &event).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(count(&house.events("zoe@corp.example").await, "pricing_viewed"), 1);
    let other = viewed("other@corp.example");
    assert!(with_key(&house, "k1", "/v1/events", &other).await.problem(422).contains("Idempotency-Key"));
    house.get("/v1/leads/other@corp.example").await.problem(404);
    house.pass(Millis::HOUR.times(25)).await;
    let later = with_key(&house, "k1", "/v1/events", &other).await;
    assert_eq!((later.status.as_u16(), later.header("idempotent-replayed")), (200, ""), "the key is free again");
    with_key(&house, &"k".repeat(300), "/v1/events", &event).await.problem(422);
}

#[tokio::test]
async fn of_two_at_the_same_time_under_one_key_both_get_one_answer() {
    let house = House::new().await;
    let event = viewed("zoe@corp.example");
    let (a, b) =
        tokio::join!(with_key(&house, "k1", "/v1/events", &event), with_key(&house, "k1", "/v1/events", &event));
    assert_eq!(count(&house.events("zoe@corp.example").await, "pricing_viewed"), 1);
    assert_eq!((a.status.as_u16(), b.status.as_u16()), (200, 200));
    assert_eq!(a.body, b.body);
}

#[tokio::test]
async fn a_batch_answers_each_event_by_itself() {
    let house = House::new().await;
    let mut lost = viewed("nobody@corp.example");
    lost["create"] = false.into();
    let events =
        json!([viewed("a@corp.example"), { "nonsense": 1 }, lost, viewed("b@corp.example"), viewed("a@corp.example")]);
    let told = house.ask("POST", "/v1/events/batch", json!({ "events": events })).await.good();
    let status: Vec<Value> =
        told["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(status, [json!("recorded"), json!(422), json!(404), json!("recorded"), json!("recorded")]);
    assert_eq!(count(&house.events("a@corp.example").await, "pricing_viewed"), 2);
    let many = vec![json!({ "lead": { "email": "a@b.co" }, "name": "x" }); 1_001];
    assert!(house.ask("POST", "/v1/events/batch", json!({ "events": many })).await.problem(422).contains("1000"));
    let most = vec![json!({ "lead": { "email": "a@corp.example" }, "name": "x" }); 1_000];
    let told = with_key(&house, "k", "/v1/events/batch", &json!({ "events": most })).await.good();
    assert_eq!(told["results"].as_array().unwrap().len(), 1_000);
    with_key(&house, "k", "/v1/events/batch", &json!({ "events": most })).await.good();
    let recorded = house.lead("a@corp.example").await.heard["x"].count;
    assert_eq!(recorded, 1_000, "the repetition was not recorded");
}

#[tokio::test]
async fn what_makes_no_sense_is_told_precisely() {
    let house = House::new().await;
    let event = |change: Value| {
        let mut event = viewed("zoe@corp.example");
        event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        event
    };
    for (change, says) in [
        (json!({ "lead": { "email": "not an address" } }), "address"),
        (json!({ "lead": {} }), "either"),
        (json!({ "name": "two words" }), "`name`"),
        (json!({ "name": "sent" }), "only Overture"),
        (json!({ "actor": "robot" }), "robot"),
        (json!({ "occured_at": "2026-01-01T00:00:00Z" }), "occured_at"),
        (json!({ "data": [] }), "map"),
    ] {
        let told = house.ask("POST", "/v1/events", event(change)).await;
        assert!(told.problem(422).contains(says), "{} says nothing of {says}", told.text());
    }
    let raw = |kind: &str, body: &str| {
        let request =
            Request::post("/v1/events").header("content-type", kind).body(Body::from(body.to_owned())).unwrap();
        ask(router(house.app.clone(), Guarding::Owner), request)
    };
    raw("application/json", "{\"lead\": ").await.problem(400);
    raw("text/plain", "{}").await.problem(415);
}
