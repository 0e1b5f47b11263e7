//! Suppressions and pauses.

use overture::domain::time::Millis;
use serde_json::{Value, json};

use crate::house::{House, count};

#[tokio::test]
async fn a_suppressed_address_or_domain_gets_nothing_until_it_is_lifted() {
    let house = House::new().await;
    house.mailed("zoe@corp.example", "tips").await;
    house.ask("POST", "/v1/suppressions", json!({ "target": "ZOE@corp.example" })).await.good();
    let lead = house.lead("zoe@corp.example").await;
    assert!(lead.enrollments.is_empty());
    house.pass(Millis::DAY.times(20)).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 1);
    house.ask("POST", "/v1/suppressions", json!({ "target": "other.example", "reason": "complaint" })).await.good();
    house.ask("PUT", "/v1/leads", json!({ "email": "a@other.example" })).await.good();
    let enroll = json!({ "lead": "a@other.example", "sequence": "tips" });
    assert!(house.ask("POST", "/v1/enrollments", enroll.clone()).await.problem(409).contains("suppressed"));
    house.ask("DELETE", "/v1/suppressions/other.example", Value::Null).await.good();
    house.ask("POST", "/v1/enrollments", enroll).await.good();
    house.ask("DELETE", "/v1/suppressions/other.example", Value::Null).await.problem(404);
    house.ask("POST", "/v1/suppressions", json!({ "target": "no domain" })).await.problem(422);
    house.ask("POST", "/v1/suppressions", json!({ "target": "a@b.co", "reason": "erased" })).await.problem(422);
    let odd = house.ask("POST", "/v1/suppressions", json!({ "target": "a@b.co", "reason": "complant" })).await;
    assert!(odd.problem(422).contains("did you mean `complaint`?"), "{}", odd.text());
}

#[tokio::test]
async fn a_pause_holds_what_it_names_until_it_is_resumed() {
    let house = House::new().await;
    for scope in ["all", "sender:maya", "sequence:tips", "channel:crm"] {
        assert_eq!(house.ask("POST", "/v1/pauses", json!({ "scope": scope })).await.good()["status"], "paused");
    }
    assert_eq!(house.ask("POST", "/v1/pauses", json!({ "scope": "all" })).await.good()["status"], "was paused");
    assert_eq!(house.get("/v1/pauses").await.good()["pauses"].as_array().unwrap().len(), 4);
    assert_eq!(house.get("/v1/senders").await.good()["senders"][0]["paused"], true);
    house.ask("PUT", "/v1/leads", json!({ "email": "zoe@corp.example" })).await.good();
    house.ask("POST", "/v1/enrollments", json!({ "lead": "zoe@corp.example", "sequence": "tips" })).await.good();
    house.pass(Millis::HOUR).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 0);
    for scope in ["all", "sender:maya", "sequence:tips", "channel:crm"] {
        house.ask("DELETE", &format!("/v1/pauses/{scope}"), Value::Null).await.good();
    }
    house.ask("DELETE", "/v1/pauses/all", Value::Null).await.problem(404);
    house.pass(Millis::HOUR).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 1);
}

#[tokio::test]
async fn a_pause_names_what_is_in_the_files_or_one_lead() {
    let house = House::new().await;
    house.mailed("zoe@corp.example", "tips").await;
    house.ask("POST", "/v1/pauses", json!({ "scope": "lead:zoe@corp.example" })).await.good();
    assert!(house.lead("zoe@corp.example").await.enrollments[0].paused.is_some());
    house.ask("DELETE", "/v1/pauses/lead:zoe@corp.example", Value::Null).await.good();
    assert!(house.lead("zoe@corp.example").await.enrollments[0].paused.is_none());
    for (scope, says) in [("sender:mayo", "`maya`"), ("sequence:tip", "`tips`"), ("channel:crn", "`crm`")] {
        assert!(house.ask("POST", "/v1/pauses", json!({ "scope": scope })).await.problem(404).contains(says));
    }
    house.ask("POST", "/v1/pauses", json!({ "scope": "everything" })).await.problem(422);
}
