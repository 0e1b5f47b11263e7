//! Mails that came back.

use axum::body::Body;
use axum::http::Request;
use overture::domain::suppression::Reason;
use overture::domain::time::Millis;
use overture::store::reports::TouchRow;
use overture::web::private::{Guarding, router};
use serde_json::Value;

use crate::house::{House, Told, ask, count};

async fn ingest(house: &House, message: &str) -> Told {
    let request = Request::post("/v1/mail").header("content-type", "message/rfc822");
    let request = request.body(Body::from(message.replace('\n', "\r\n"))).unwrap();
    ask(router(house.app.clone(), Guarding::Owner), request).await
}

fn reply(touch: &TouchRow, headers: &str, text: &str) -> String {
    let id = touch.message_id.as_deref().unwrap();
    format!(
        "From: Zoe <zoe@corp.example>\nTo: maya@acme.example\nSubject: Re: Hello\nMessage-ID: <r1@corp.example>\n\
             Date: Mon, 05 Jan 2026 09:00:30 +0100\nIn-Reply-To: {id}\n{headers}\n{text}\n"
    )
}

#[tokio::test]
async fn a_persons_reply_ends_the_sequence_and_twice_is_once() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "outbound").await;
    house.pass(Millis::MINUTE).await;
    let told = ingest(&house, &reply(&touch, "", "Tell me more.")).await.good();
    assert_eq!((&told["matched"], &told["event"]), (&Value::Bool(true), &Value::from("replied")));
    assert!(house.lead("zoe@corp.example").await.enrollments.is_empty());
    assert_eq!(ingest(&house, &reply(&touch, "", "Tell me more.")).await.good()["status"], "duplicate");
    assert_eq!(count(&house.events("zoe@corp.example").await, "replied"), 1);
}

#[tokio::test]
async fn a_spoken_stop_unsubscribes() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    ingest(&house, &reply(&touch, "", "Unsubscribe")).await.good();
    let lead = house.lead("zoe@corp.example").await;
    assert_eq!(lead.suppressed, Some(Reason::Unsubscribed));
}

#[tokio::test]
async fn an_out_of_office_pauses_and_is_no_reply() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let told =
        ingest(&house, &reply(&touch, "Auto-Submitted: auto-replied\n", "I am back on 19 January 2026.")).await.good();
    assert_eq!(told["event"], "auto_replied");
    let lead = house.lead("zoe@corp.example").await;
    assert_eq!(lead.enrollments.len(), 1);
    assert!(lead.enrollments[0].paused.is_some() && lead.suppressed.is_none());
}

fn bounce(to: &str, recipient: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail\nMessage-ID: <b1@mx.example>\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nCould not deliver.\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\n\
         Diagnostic-Code: smtp; 550 {status} no such user\n\n--b--\n"
    )
}

#[tokio::test]
async fn a_report_about_the_leads_own_address_suppresses_and_a_forged_or_forwarded_one_does_not() {
    let house = House::new().await;
    for address in ["a@corp.example", "b@corp.example", "c@corp.example"] {
        house.mailed(address, "tips").await;
    }
    let path = async |address: &str| {
        let touch = house.get(&format!("/v1/touches?lead={address}")).await.good()["touches"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        house.engine().seal.return_path(touch.trim_start_matches("tch_"), "acme.example")
    };
    let own = ingest(&house, &bounce(&path("a@corp.example").await, "a@corp.example", "5.1.1")).await.good();
    assert_eq!(own["event"], "bounced");
    assert_eq!(house.lead("a@corp.example").await.suppressed, Some(Reason::HardBounce));
    ingest(&house, &bounce(&path("b@corp.example").await, "elsewhere@forward.example", "5.1.1")).await.good();
    assert_eq!(house.lead("b@corp.example").await.suppressed, None);
    let forged = path("c@corp.example").await.replacen("b+", "b+0", 1);
    let told = ingest(&house, &bounce(&forged, "c@corp.example", "5.1.1")).await.good();
    assert_eq!(told["matched"], false);
    assert_eq!(house.lead("c@corp.example").await.suppressed, None);
}

#[tokio::test]
async fn what_is_no_mail_of_ours_says_why_and_changes_nothing() {
    let house = House::new().await;
    let mut watch = house.watch().await;
    let version = watch.version().await;
    let told = ingest(&house, "From: x@y.example\nSubject: hello\n\nHi\n").await.good();
    assert_eq!((&told["matched"], told["why"].is_string()), (&Value::Bool(false), true));
    ingest(&house, "").await.good();
    assert_eq!(watch.version().await, version);
    let plain = Request::post("/v1/mail").header("content-type", "text/plain").body(Body::from("x")).unwrap();
    ask(router(house.app.clone(), Guarding::Owner), plain).await.problem(415);
}
