//! Leads, and what they go through.

use overture::domain::time::Millis;
use serde_json::{Value, json};

use crate::house::{House, START, count};

#[tokio::test]
async fn a_lead_is_made_changed_listed_and_explained() {
    let house = House::new().await;
    let wanted = json!({ "email": " Zoe@Corp.example", "attributes": { "plan": "gold", "seats": "12", "account.employees": 80 }, "tags": ["fair", "fair"] });
    let lead = house.ask("PUT", "/v1/leads", wanted.clone()).await.good();
    assert_eq!((&lead["created"], &lead["email"]), (&json!(true), &json!("zoe@corp.example")));
    assert_eq!(lead["attributes"], json!({ "plan": "gold", "seats": 12, "account.employees": 80, "tags": ["fair"] }));
    let before = house.events("zoe@corp.example").await.len();
    assert_eq!(house.ask("PUT", "/v1/leads", wanted).await.good()["created"], false);
    assert_eq!(house.events("zoe@corp.example").await.len(), before, "the same again changes nothing");
    let less = json!({ "email": "zoe@corp.example", "attributes": { "plan": null } });
    assert_eq!(house.ask("PUT", "/v1/leads", less).await.good()["attributes"]["plan"], Value::Null);

    let id = lead["id"].as_str().unwrap();
    assert_eq!(house.get(&format!("/v1/leads/{id}")).await.good()["email"], "zoe@corp.example");
    let why = house.get(&format!("/v1/leads/{id}/why")).await.good();
    assert!(why["history"][0]["text"].as_str().unwrap().starts_with("came to be"));
    let events = house.get(&format!("/v1/leads/{id}/events?limit=1")).await.good();
    assert_eq!((events["events"].as_array().unwrap().len(), &events["next"]), (1, &json!(1)));
    let score = house.get(&format!("/v1/leads/{id}/score?at={START}")).await.good();
    assert_eq!(score["score"]["total"], 0.0);
    house.get(&format!("/v1/leads/{id}/score?at=noon")).await.problem(422);
}

#[tokio::test]
async fn an_attribute_that_is_not_declared_or_of_another_type_is_named_with_the_nearest() {
    let house = House::new().await;
    for (attributes, says) in [
        (json!({ "paln": "gold" }), "did you mean `plan`"),
        (json!({ "account.employes": 3 }), "did you mean `employees`"),
        (json!({ "seats": "many" }), "`seats` must be a number"),
        (json!({ "plan": { "a": 1 } }), "must be text"),
        (json!({ "zone": "Mars/Base" }), "`Mars/Base` is no time zone"),
        (json!({ "email": "x@y.zz" }), "no attribute"),
    ] {
        let told =
            house.ask("PUT", "/v1/leads", json!({ "email": "zoe@corp.example", "attributes": attributes })).await;
        assert!(told.problem(422).contains(says), "{}", told.text());
    }
    house.ask("PUT", "/v1/leads", json!({ "email": "nobody" })).await.problem(422);
}

#[tokio::test]
async fn a_lead_takes_in_another_and_who_asks_for_that_one_is_told_of_it() {
    let house = House::new().await;
    for email in ["zoe@old.example", "zoe@corp.example"] {
        house.ask("PUT", "/v1/leads", json!({ "email": email, "attributes": { "plan": email } })).await.good();
    }
    let old = house.get("/v1/leads/zoe@old.example").await.good();
    let path = "/v1/leads/zoe@corp.example/merge";
    assert!(
        house.ask("POST", path, json!({ "from": "zeo@old.example" })).await.problem(404).contains("`zeo@old.example`")
    );
    assert!(house.ask("POST", path, json!({ "from": "nobody" })).await.problem(404).contains("`nobody`"));
    house.ask("POST", path, json!({})).await.problem(422);
    let nobody = house.ask("POST", "/v1/leads/who@corp.example/merge", json!({ "from": "zoe@old.example" })).await;
    assert!(nobody.problem(404).contains("`who@corp.example`"), "{}", nobody.text());
    let merged = house.ask("POST", path, json!({ "from": "zoe@old.example" })).await.good();
    assert_eq!((&merged["merged"], &merged["attributes"]["plan"]), (&json!(true), &json!("zoe@corp.example")));
    assert_eq!(house.ask("POST", path, json!({ "from": "zoe@old.example" })).await.good()["merged"], false);
    for name in [old["id"].as_str().unwrap(), "zoe@old.example"] {
        let lead = house.get(&format!("/v1/leads/{name}")).await.good();
        assert_eq!((&lead["id"], &lead["aliases"][0]["id"]), (&merged["id"], &old["id"]));
    }
    let history = house.get("/v1/leads/zoe@old.example/why").await.good()["history"].clone();
    let of = |entry: &Value| (entry["event"].as_str().unwrap().to_owned(), entry["of"].clone());
    let told: Vec<_> = history.as_array().unwrap().iter().map(of).collect();
    assert!(
        told.contains(&("created".to_owned(), json!("zoe@old.example")))
            && told.contains(&("merged".to_owned(), Value::Null)),
        "{told:?}"
    );
    house.ask("PUT", "/v1/leads", json!({ "email": "zoe@old.example" })).await.good();
    assert_eq!(house.get("/v1/leads").await.good()["leads"].as_array().unwrap().len(), 1);

    // Who must not be reached takes nobody in who can be.
    house.ask("PUT", "/v1/leads", json!({ "email": "tom@corp.example" })).await.good();
    let bounce = json!({ "lead": { "email": "tom@corp.example" }, "name": "bounced", "actor": "system", "data": { "hard": true } });
    house.ask("POST", "/v1/events", bounce).await.good();
    let told = house.ask("POST", "/v1/leads/tom@corp.example/merge", json!({ "from": "zoe@corp.example" })).await;
    assert!(told.problem(409).contains("merge it into zoe@corp.example"), "{}", told.text());
}

#[tokio::test]
async fn lists_go_on_where_they_stopped() {
    let house = House::new().await;
    for n in 0..7 {
        house.ask("PUT", "/v1/leads", json!({ "email": format!("lead{n}@corp.example") })).await.good();
        house.pass(Millis::SECOND).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/leads?limit=3".to_owned());
    loop {
        let page = house.get(&path).await.good();
        seen.extend(page["leads"].as_array().unwrap().iter().map(|lead| lead["email"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/leads?limit=3&cursor={next}");
    }
    let wanted: Vec<String> = (0..7).rev().map(|n| format!("lead{n}@corp.example")).collect();
    assert_eq!(seen, wanted);
    assert_eq!(house.get("/v1/leads?stage=lead").await.good()["leads"].as_array().unwrap().len(), 7);
    assert_eq!(house.get("/v1/leads?attention=true").await.good()["leads"], json!([]));
    house.ask("PUT", "/v1/leads", json!({ "email": "n3@corp.example", "tags": ["fair", "vip"] })).await.good();
    let tagged = house.get("/v1/leads?tag=vip").await.good();
    assert_eq!(
        (tagged["leads"].as_array().unwrap().len(), &tagged["leads"][0]["email"]),
        (1, &json!("n3@corp.example"))
    );
    house.get("/v1/leads?tag=vip&stage=lead").await.problem(422);
    house.get("/v1/leads?limit=0").await.problem(422);
    house.get("/v1/leads?sort=up").await.problem(422);
    assert!(house.get("/v1/leads?stage=qsl").await.problem(422).contains("`sql`"));
}

#[tokio::test]
async fn a_lead_enters_a_sequence_once_and_is_taken_out() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let wanted = json!({ "lead": "zoe@corp.example", "sequence": "tips" });
    assert!(house.ask("POST", "/v1/enrollments", wanted.clone()).await.problem(409).contains("already"));
    let unknown = json!({ "lead": "zoe@corp.example", "sequence": "tip" });
    assert!(house.ask("POST", "/v1/enrollments", unknown).await.problem(404).contains("`tips`"));
    house.ask("POST", "/v1/enrollments", json!({ "lead": "x@y.zz", "sequence": "tips" })).await.problem(404);
    for query in ["lead=zoe@corp.example", "sequence=tips&state=running", "sequence=tips&state=active"] {
        let found = house.get(&format!("/v1/enrollments?{query}")).await.good();
        assert_eq!(found["enrollments"][0]["state"], "active", "{query}");
    }
    house.get("/v1/enrollments").await.problem(422);
    let sequence = house.get("/v1/sequences/tips").await.good();
    assert_eq!(sequence["steps"][0]["touches"]["accepted"], 1);
    assert_eq!(house.get("/v1/sequences").await.good()["sequences"][2]["enrollments"]["active"], 1);
    let found = house.get("/v1/touches?lead=zoe@corp.example&state=accepted").await.good();
    assert_eq!(found["touches"][0]["id"], touch.id.to_string());
    let sender = house.get("/v1/senders").await.good()["senders"][0].clone();
    assert_eq!((&sender["name"], &sender["used_today"], &sender["cap"]), (&json!("maya"), &json!(1), &json!(50)));

    house.ask("DELETE", "/v1/enrollments", wanted.clone()).await.good();
    house.ask("DELETE", "/v1/enrollments", wanted.clone()).await.problem(409);
    house.ask("POST", "/v1/enrollments", wanted).await.problem(409);
    let again = json!({ "lead": "zoe@corp.example", "sequence": "tips", "again": true });
    house.ask("POST", "/v1/enrollments", again).await.good();
    assert_eq!(
        house.get("/v1/enrollments?lead=zoe@corp.example").await.good()["enrollments"].as_array().unwrap().len(),
        2
    );
}

/// By the clock of Tokyo the day is over, by that of New York it has not begun, when it begins in Berlin.
#[tokio::test]
async fn a_mail_that_waits_for_its_window_goes_by_the_zone_the_lead_has_by_then() {
    let house = House::new().await;
    let lead = |zone: &str| json!({ "email": "zoe@corp.example", "attributes": { "zone": zone } });
    house.ask("PUT", "/v1/leads", lead("Asia/Tokyo")).await.good();
    let wanted = json!({ "lead": "zoe@corp.example", "sequence": "zoned" });
    house.ask("POST", "/v1/enrollments", wanted).await.good();
    house.pass(Millis::HOUR).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 0);
    house.ask("PUT", "/v1/leads", lead("America/New_York")).await.good();
    house.pass(Millis::HOUR.times(4)).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 0, "it is eight o'clock there");
    house.pass(Millis::HOUR).await;
    assert_eq!(count(&house.events("zoe@corp.example").await, "sent"), 1);
}

#[tokio::test]
async fn only_what_may_not_have_arrived_is_sent_again_by_hand() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let path = format!("/v1/touches/{}", touch.id);
    assert_eq!(house.get(&path).await.good()["state"], "accepted");
    assert!(house.ask("POST", &format!("{path}/resend"), Value::Null).await.problem(409).contains("accepted"));
    house.ask("POST", &format!("{path}/release"), json!({ "skip": true })).await.problem(409);
    house.ask("POST", "/v1/touches/tch_none/resend", Value::Null).await.problem(404);
    assert!(house.get("/v1/touches?state=unkown").await.problem(422).contains("`unknown`"));
}

#[tokio::test]
async fn a_stage_moves_by_a_named_act() {
    let house = House::new().await;
    house.ask("PUT", "/v1/leads", json!({ "email": "zoe@corp.example" })).await.good();
    let path = "/v1/leads/zoe@corp.example/stage";
    house.ask("POST", path, json!({ "stage": "customer", "reason": "signed" })).await.good();
    assert_eq!(house.lead("zoe@corp.example").await.stage.as_str(), "customer");
    house.ask("POST", path, json!({ "stage": "customer", "reason": " " })).await.problem(422);
    house.ask("POST", path, json!({ "stage": "king", "reason": "so" })).await.problem(422);
}
