//! Lists of leads.

use overture::domain::time::Millis;
use serde_json::{Value, json};

use crate::house::{House, count};

fn list() -> Value {
    json!({
        "tag": "fair",
        "enroll": "tips",
        "rows": [
            { "line": 2, "email": "a@corp.example", "attributes": { "plan": "gold", "seats": "3" } },
            { "line": 3, "email": "not an address" },
            { "line": 4, "email": "A@corp.example", "attributes": { "plan": "tin", "seats": "" }, "tags": ["vip"] },
            { "line": 5, "email": "b@corp.example", "attributes": { "seats": "many" } },
            { "line": 6, "email": "gone@corp.example" },
            { "line": 7, "email": "c@corp.example", "attributes": { "colour": "red" } },
        ],
    })
}

fn results(told: &Value) -> Vec<(u64, &str)> {
    let rows = told["results"].as_array().unwrap();
    rows.iter().map(|row| (row["line"].as_u64().unwrap(), row["result"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn every_row_of_a_list_is_answered_and_the_same_list_again_changes_nothing() {
    let house = House::new().await;
    house.ask("POST", "/v1/suppressions", json!({ "target": "gone@corp.example" })).await.good();
    let first = house.ask("POST", "/v1/leads/import", list()).await.good();
    let wanted = [(2, "created"), (3, "refused"), (4, "changed"), (5, "refused"), (6, "created"), (7, "refused")];
    assert_eq!(results(&first), wanted);
    let row = |n: usize| first["results"][n].clone();
    assert!(row(1)["reason"].as_str().unwrap().contains('@'));
    assert!(row(3)["reason"].as_str().unwrap().contains("`seats` must be a number"));
    assert!(row(5)["reason"].as_str().unwrap().contains("not declared"));
    assert_eq!((&row(4)["suppressed"], &row(0)["enrolled"]), (&json!(true), &json!(true)));
    assert!(row(4)["reason"].as_str().unwrap().contains("suppressed"));
    let lead = house.lead("a@corp.example").await;
    assert_eq!((&lead.attributes["plan"], &lead.attributes["seats"]), (&json!("gold"), &json!(3)), "no cell overwrote");
    assert_eq!(lead.attributes["tags"], json!(["fair", "vip"]));

    let mut watch = house.watch().await;
    let version = watch.version().await;
    let second = house.ask("POST", "/v1/leads/import", list()).await.good();
    let wanted = [(2, "unchanged"), (3, "refused"), (4, "unchanged"), (5, "refused"), (6, "unchanged"), (7, "refused")];
    assert_eq!(results(&second), wanted);
    assert_eq!(watch.version().await, version, "nothing was written");
    house.pass(Millis::HOUR).await;
    assert_eq!(count(&house.events("a@corp.example").await, "sent"), 1);
    assert_eq!(count(&house.events("gone@corp.example").await, "sent"), 0);
}

#[tokio::test]
async fn a_list_replaces_values_only_when_told_to() {
    let house = House::new().await;
    house.ask("POST", "/v1/leads/import", list()).await.good();
    let row = json!({ "line": 1, "email": "a@corp.example", "attributes": { "plan": "silver", "seats": "" } });
    let mut wanted = json!({ "rows": [row] });
    let told = house.ask("POST", "/v1/leads/import", wanted.clone()).await.good();
    assert_eq!(results(&told), [(1, "unchanged")]);
    wanted["overwrite"] = true.into();
    let told = house.ask("POST", "/v1/leads/import", wanted).await.good();
    assert_eq!(results(&told), [(1, "changed")]);
    let lead = house.lead("a@corp.example").await;
    assert_eq!((&lead.attributes["plan"], &lead.attributes["seats"]), (&json!("silver"), &json!(3)));
}

#[tokio::test]
async fn a_thousand_rows_come_in_at_once_and_one_more_does_not() {
    let house = House::new().await;
    let rows = |n: usize| -> Vec<Value> {
        (0..n).map(|n| json!({ "line": n, "email": format!("lead{n}@corp.example"), "attributes": { "plan": "x".repeat(300) } })).collect()
    };
    let told = house.ask("POST", "/v1/leads/import", json!({ "rows": rows(1_000) })).await.good();
    assert!(results(&told).iter().all(|(_, result)| *result == "created"));
    assert_eq!(count(&house.events("lead999@corp.example").await, "imported"), 1);
    house.ask("POST", "/v1/leads/import", json!({ "rows": rows(1_001) })).await.problem(422);
    house.ask("POST", "/v1/leads/import", json!({ "rows": [], "enroll": "tipps" })).await.problem(404);
}
