//! The buttons of an alert.

use overture::domain::time::Millis;
use overture::seal::Seal;
use overture::seal::deed::{Button, Deed};
use serde_json::{Value, json};

use crate::house::{House, START};

async fn handed(house: &House) -> String {
    house.ask("PUT", "/v1/leads", json!({ "email": "zoe@corp.example" })).await.good();
    let asked = json!({ "lead": "zoe@corp.example", "reason": "asked for prices" });
    house.ask("POST", "/v1/handoffs", asked).await.good();
    let found = house.get("/v1/handoffs?state=waiting").await.good();
    found["handoffs"][0]["id"].as_str().unwrap().trim_start_matches("hnd_").to_owned()
}

fn button(seal: &Seal, handoff: &str, deed: Deed) -> String {
    let expires_at = (START + Millis::DAY).0;
    let button = Button { handoff: handoff.to_owned(), rep: "ines".to_owned(), deed, expires_at };
    format!("/h/{}", seal.sign_button(&button))
}

async fn state(house: &House) -> (Value, Value) {
    let found = house.get("/v1/handoffs").await.good();
    (found["handoffs"][0]["state"].clone(), found["handoffs"][0]["sla"].clone())
}

#[tokio::test]
async fn looking_at_a_button_changes_nothing_and_pressing_it_acts() {
    let house = House::new().await;
    let handoff = handed(&house).await;
    let claim = button(&house.engine().seal, &handoff, Deed::Claim);
    let mut watch = house.watch().await;
    let version = watch.version().await;
    let page = house.visit("GET", &claim).await;
    assert!(page.text().contains("asked for prices") && page.text().contains("corp.example"), "{}", page.text());
    house.visit("HEAD", &claim).await;
    assert_eq!(watch.version().await, version);
    assert_eq!(state(&house).await, (json!("open"), json!("running")));

    assert_eq!(house.visit("POST", &claim).await.status.as_u16(), 200);
    assert_eq!(state(&house).await, (json!("claimed"), json!("running")), "the clock goes on");
    house.pass(Millis::MINUTE).await;
    let contacted = button(&house.engine().seal, &handoff, Deed::Contacted);
    assert_eq!(house.visit("POST", &contacted).await.status.as_u16(), 200);
    assert_eq!(state(&house).await, (json!("answered"), json!("met")));
}

#[tokio::test]
async fn a_button_of_somebody_else_an_old_one_and_one_of_a_closed_handoff_do_nothing() {
    let house = House::new().await;
    let handoff = handed(&house).await;
    let foreign = button(&Seal::new(&[9; 32]), &handoff, Deed::Claim);
    assert_eq!(house.visit("POST", &foreign).await.status.as_u16(), 404);
    assert_eq!(house.visit("GET", &foreign[..foreign.len() - 2]).await.status.as_u16(), 404);
    let wrong = button(&house.engine().seal, &handoff, Deed::WrongPerson);
    assert_eq!(house.visit("POST", &wrong).await.status.as_u16(), 200);
    assert_eq!(house.lead("zoe@corp.example").await.stage.as_str(), "disqualified");
    let claim = button(&house.engine().seal, &handoff, Deed::Claim);
    for method in ["GET", "POST"] {
        assert_eq!(house.visit(method, &claim).await.status.as_u16(), 409);
    }
    house.engine().clock.set(START + Millis::DAY.times(2));
    assert_eq!(house.visit("POST", &claim).await.status.as_u16(), 410);
}

#[tokio::test]
async fn acts_come_over_the_api_as_well() {
    let house = House::new().await;
    let handoff = handed(&house).await;
    let path = format!("/v1/handoffs/hnd_{handoff}");
    assert!(house.get(&path).await.good()["dossier"].is_object());
    let act = |act: &str| json!({ "act": act, "by": "ines" });
    house.ask("POST", &format!("{path}/act"), act("dance")).await.problem(422);
    house.ask("POST", &format!("{path}/act"), act("not_ready")).await.problem(422);
    let back = json!({ "act": "not_ready", "by": "ines", "reason": "budget next year" });
    house.ask("POST", &format!("{path}/act"), back).await.good();
    assert_eq!(house.lead("zoe@corp.example").await.stage.as_str(), "recycled");
    house.ask("POST", &format!("{path}/act"), act("claim")).await.problem(409);
    house.ask("POST", "/v1/handoffs/hnd_x/act", act("claim")).await.problem(404);
}
