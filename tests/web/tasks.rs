//! The inbox of those who carry tasks out.

use overture::domain::time::Millis;
use serde_json::{Value, json};

use crate::house::{House, count};

async fn inbox(house: &House, query: &str) -> Vec<Value> {
    let page = house.get(&format!("/v1/tasks?{query}")).await.good();
    page["tasks"].as_array().unwrap().clone()
}

/// A house where these leads are to be called.
async fn with_calls<const N: usize>(leads: [&str; N]) -> House {
    let house = House::new().await;
    for lead in leads {
        house.ask("PUT", "/v1/leads", json!({ "email": lead, "attributes": { "plan": lead } })).await.good();
        house.ask("POST", "/v1/enrollments", json!({ "lead": lead, "sequence": "calls" })).await.good();
    }
    house
}

#[tokio::test]
async fn a_task_is_listed_with_its_words_filled_done_once_and_explained() {
    let house = with_calls(["zoe@corp.example"]).await;
    let [task] = inbox(&house, "owner=ines&kind=call").await.try_into().unwrap();
    assert_eq!((&task["title"], &task["missing"]), (&json!("Call zoe@corp.example"), &Value::Null));
    assert_eq!(
        (&task["due_at"], &task["outcomes"]),
        (&json!("2026-01-06T08:00:00Z"), &json!(["connected", "voicemail"]))
    );
    let path = format!("/v1/tasks/{}", task["id"].as_str().unwrap());
    assert!(house.get(&path).await.good()["notes"].as_str().unwrap().contains("https://acme.example/guide"));
    let refused = house.ask("POST", &format!("{path}/done"), json!({ "outcome": "conected" })).await;
    assert!(refused.problem(409).contains("it is one of: connected, voicemail"));
    house.ask("POST", &format!("{path}/done"), json!({ "outcome": "connected", "by": "ines" })).await.good();
    house.ask("POST", &format!("{path}/done"), json!({ "outcome": "connected" })).await.problem(409);
    assert_eq!(inbox(&house, "").await, [] as [Value; 0]);
    assert_eq!(inbox(&house, "state=done").await[0]["ended_by"], "ines");
    let events = house.events("zoe@corp.example").await;
    assert_eq!((count(&events, "task_asked"), count(&events, "task_done"), count(&events, "rep_called")), (1, 1, 1));
    let why = house.get("/v1/leads/zoe@corp.example/why").await.good().to_string();
    assert!(why.contains("`call` was done by ines: connected"), "{why}");
    house.get("/v1/tasks/tsk_x").await.problem(404);
    house.get("/v1/tasks?state=opne").await.problem(422);
}

#[tokio::test]
async fn a_title_that_lacks_a_value_is_shown_without_it_and_says_so() {
    let house = with_calls(["zoe@corp.example"]).await;
    house.ask("PUT", "/v1/leads", json!({ "email": "zoe@corp.example", "attributes": { "plan": null } })).await.good();
    let [task] = inbox(&house, "").await.try_into().unwrap();
    assert_eq!(task["title"], "call: zoe@corp.example");
    assert!(task["missing"].as_str().unwrap().contains("lead.plan"));
}

#[tokio::test]
async fn a_task_is_put_off_given_away_and_skipped() {
    let house = with_calls(["zoe@corp.example"]).await;
    let path = format!("/v1/tasks/{}", inbox(&house, "").await[0]["id"].as_str().unwrap());
    house.ask("POST", &format!("{path}/snooze"), json!({ "for": "4h" })).await.good();
    house.ask("POST", &format!("{path}/assign"), json!({ "to": "tom" })).await.good();
    assert_eq!(inbox(&house, "").await.len(), 0);
    assert_eq!(inbox(&house, "state=snoozed&owner=tom").await.len(), 1);
    house.pass(Millis::HOUR.times(4)).await;
    assert_eq!(inbox(&house, "owner=tom").await.len(), 1);
    for wrong in [json!({}), json!({ "for": "soon" }), json!({ "for": "1h", "until": "2026-01-07T08:00:00Z" })] {
        house.ask("POST", &format!("{path}/snooze"), wrong).await.problem(422);
    }
    house.ask("POST", &format!("{path}/skip"), json!({})).await.good();
    assert_eq!(inbox(&house, "state=skipped").await[0]["outcome"], "skipped");
}

#[tokio::test]
async fn an_act_on_many_reaches_those_that_its_filter_names_and_no_others() {
    let house = with_calls(["ana@corp.example", "bo@corp.example"]).await;
    let ids: Vec<Value> = inbox(&house, "").await.iter().map(|task| task["id"].clone()).collect();
    let path = format!("/v1/tasks/{}/snooze", ids[0].as_str().unwrap());
    house.ask("POST", &path, json!({ "for": "4h" })).await.good();
    let skip = |filter: Value| json!({ "act": "skip", "filter": filter });
    for wrong in [json!({ "state": "done" }), json!({ "state": "bogus" }), json!({ "limit": 0 })] {
        house.ask("POST", "/v1/tasks/bulk", skip(wrong)).await.problem(422);
    }
    let told = house.ask("POST", "/v1/tasks/bulk", skip(json!({ "state": "snoozed" }))).await.good();
    assert_eq!(told["results"], json!([{ "task": ids[0], "status": "done" }]));
    assert_eq!(inbox(&house, "").await[0]["id"], ids[1]);
}

#[tokio::test]
async fn many_tasks_are_ended_at_once_each_answered_by_itself() {
    let house = with_calls(["ana@corp.example", "bo@corp.example", "cy@corp.example"]).await;
    let ids: Vec<Value> = inbox(&house, "").await.iter().map(|task| task["id"].clone()).collect();
    let told = house.ask("POST", "/v1/tasks/bulk", json!({ "act": "skip", "tasks": [ids[0]] })).await.good();
    assert_eq!(told["results"], json!([{ "task": ids[0], "status": "done" }]));
    let again = json!({ "act": "done", "tasks": [ids[0], ids[1]], "outcome": "voicemail" });
    let told = house.ask("POST", "/v1/tasks/bulk", again).await.good();
    assert_eq!((&told["results"][0]["status"], &told["results"][1]["status"]), (&json!("refused"), &json!("done")));
    let rest = json!({ "act": "skip", "filter": { "owner": "ines" } });
    let told = house.ask("POST", "/v1/tasks/bulk", rest).await.good();
    assert_eq!((told["results"].as_array().unwrap().len(), &told["next"]), (1, &Value::Null));
    house.ask("POST", "/v1/tasks/bulk", json!({ "act": "skip" })).await.problem(422);
    let stray = json!({ "act": "skip", "tasks": ["tsk_x", ids[2]] });
    let told = house.ask("POST", "/v1/tasks/bulk", stray).await.good();
    let stray = json!({ "task": "tsk_x", "status": "refused", "reason": "there is no such task" });
    assert_eq!(told["results"][1], stray, "the others are answered all the same: {told}");
    house.ask("POST", "/v1/tasks/bulk", json!({ "act": "burn", "tasks": ids })).await.problem(422);
}
