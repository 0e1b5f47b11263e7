//! How the daemon says how it is.

use overture::domain::time::Millis;
use serde_json::{Value, json};

use crate::house::{House, START, json_request};

#[tokio::test]
async fn health_readiness_and_metrics_need_no_key_and_say_what_is() {
    let house = House::new().await;
    house.mailed("zoe@corp.example", "tips").await;
    house.ask("POST", "/v1/handoffs", json!({ "lead": "zoe@corp.example", "reason": "asked" })).await.good();
    let knock = async |path: &str| house.knock(json_request("GET", path, &Value::Null)).await;
    assert_eq!(knock("/healthz").await.good()["status"], "ok");
    assert_eq!(knock("/readyz").await.good()["sequences"], 4);
    let text = knock("/metrics").await.text();
    for line in [
        "overture_commits_total ",
        "overture_units_total ",
        "overture_statements_total ",
        "overture_handoffs_running 1",
        "overture_touches_unknown 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("overture_touches_total{channel=\"email\",outcome=\"accepted\"}"), "{text}");
    assert!(!text.contains("corp.example"), "no address in any metric");
    house.app.services.close();
    knock("/readyz").await.problem(503);
    knock("/healthz").await.good();
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_ready() {
    let house = House::new().await;
    house.engine().store.close().await;
    assert!(house.get("/readyz").await.status.is_server_error());
    house.get("/healthz").await.good();
}

#[tokio::test]
async fn services_show_what_they_did_and_what_went_wrong() {
    let house = House::new().await;
    let services = &house.app.services;
    services.ran("sequencer", Some(START + Millis::MINUTE), START);
    services.failed("courier maya", "the relay does not answer", START);
    let told = house.get("/v1/services").await.good();
    assert_eq!(told["services"][0]["last_error"]["error"], "the relay does not answer");
    assert_eq!(told["services"][1]["next_wake"], (START + Millis::MINUTE).to_string());
}
