//! Getting no more mail.

use axum::body::Body;
use axum::http::Request;
use overture::domain::suppression::Reason;
use overture::domain::time::Millis;

use crate::house::{House, ask, count};

async fn post(house: &House, path: &str, kind: Option<&str>, body: &'static str) -> u16 {
    let mut request = Request::builder().method("POST").uri(path);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    ask(house.public(), request.body(Body::from(body)).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_one_click_post_acts_before_its_200_whatever_the_client_sends() {
    let one_click = "List-Unsubscribe=One-Click";
    let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let ways = [
        (Some("application/x-www-form-urlencoded"), one_click),
        (Some("multipart/form-data; boundary=b"), parts),
        (Some("text/plain"), "anything"),
        (Some("multipart/form-data"), "\u{1}\u{2}"),
        (None, ""),
    ];
    let house = House::new().await;
    for (n, (kind, body)) in ways.into_iter().enumerate() {
        let address = format!("lead{n}@corp.example");
        let touch = house.mailed(&address, "tips").await;
        assert_eq!(post(&house, &house.path_in(&touch, 'u', 0), kind, body).await, 200);
        let lead = house.lead(&address).await;
        assert!(lead.opted_out.contains("product-tips"), "{kind:?}");
        assert!(lead.enrollments.is_empty() && lead.suppressed.is_none(), "{kind:?}");
    }
}

#[tokio::test]
async fn outside_of_a_topic_or_on_request_it_is_everything() {
    let house = House::new().await;
    let cadence = house.mailed("a@corp.example", "outbound").await;
    assert_eq!(post(&house, &house.path_in(&cadence, 'u', 0), None, "").await, 200);
    assert_eq!(house.lead("a@corp.example").await.suppressed, Some(Reason::Unsubscribed));
    let nurture = house.mailed("b@corp.example", "tips").await;
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(post(&house, &house.path_in(&nurture, 'u', 0), form, "scope=all").await, 200);
    assert_eq!(house.lead("b@corp.example").await.suppressed, Some(Reason::Unsubscribed));
    let found = house.get("/v1/suppressions").await.good();
    assert_eq!(found["suppressions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_queued_leaves_after_an_unsubscribe_and_twice_is_once() {
    let house = House::new().await;
    let touch = house.mailed("a@corp.example", "tips").await;
    let path = house.path_in(&touch, 'u', 0);
    for _ in 0..2 {
        assert_eq!(post(&house, &path, None, "").await, 200);
    }
    house.pass(Millis::DAY.times(20)).await;
    let events = house.events("a@corp.example").await;
    assert_eq!((count(&events, "unsubscribed"), count(&events, "sent")), (1, 1));
}

#[tokio::test]
async fn the_page_shows_the_choice_and_runs_no_script() {
    let house = House::new().await;
    let touch = house.mailed("a@corp.example", "tips").await;
    let page = house.visit("GET", &house.path_in(&touch, 'u', 0)).await;
    let text = page.text();
    assert_eq!(page.status.as_u16(), 200);
    assert!(text.contains("product-tips") && text.contains("No more mail at all"), "{text}");
    assert!(!text.contains("<script") && !text.contains("a@corp.example"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(house.visit("PUT", &house.path_in(&touch, 'u', 0)).await.status.as_u16(), 405);
}
