use std::collections::BTreeMap;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::seal::webhook::{Headers, verify};

fn secret() -> Secret {
    Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn call_to(url: String) -> Call {
    Call {
        url,
        id: "msg_1".to_owned(),
        timestamp_s: 1_000,
        secrets: vec![secret()],
        body: br#"{"type":"lead.sql"}"#.to_vec(),
        content_type: "application/json".to_owned(),
        headers: vec![("X-Team".to_owned(), "sales".to_owned()), ("webhook-id".to_owned(), "forged".to_owned())],
    }
}

fn local() -> Client {
    Client::new(Guard::new(true, ["localhost"]).unwrap()).unwrap()
}

/// Reads one request whole, answers it with `answer`, and returns what was read.
async fn serve_once(listener: &TcpListener, answer: &[u8]) -> String {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(br#"{"type":"lead.sql"}"#) {
        assert_ne!(socket.read_buf(&mut request).await.unwrap(), 0, "the request ended early");
    }
    let _ = socket.write_all(answer).await;
    String::from_utf8(request).unwrap()
}

/// Calls a server that gives this answer.
async fn answered(answer: &str) -> (String, Answer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("http://{}/hook?key=s3cret", listener.local_addr().unwrap()));
    let client = local();
    tokio::join!(serve_once(&listener, answer.as_bytes()), client.call(&call))
}

fn with(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n{more}\r\nok")
}

#[tokio::test]
async fn a_call_is_signed_over_the_very_bytes_that_arrive() {
    let (request, answer) = answered(&with("204 No Content", "")).await;
    assert_eq!(answer, Answer::Done { status: 204, brought: BTreeMap::default() });
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let found: Vec<&str> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(key, _)| *key == name)
            .map(|(_, v)| v)
            .collect();
        assert_eq!(found.len(), 1, "{name} in {head}");
        found[0]
    };
    let headers = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    assert_eq!(headers.id, "msg_1");
    assert_eq!(verify(&[secret()], headers, body.as_bytes(), 1_000), Ok(()));
    assert_eq!(header("x-team"), "sales");
    assert!(header("user-agent").starts_with("Overture/"));
}

#[tokio::test]
async fn every_status_means_one_thing() {
    let text = "ok".to_owned();
    assert_eq!(answered(&with("410 Gone", "")).await.1, Answer::Gone);
    assert_eq!(answered(&with("404 Not Found", "")).await.1, Answer::Refused { status: 404, text: text.clone() });
    let moved = answered(&with("302 Found", "Location: http://127.0.0.1:1/\r\n")).await.1;
    assert_eq!(moved, Answer::Refused { status: 302, text: text.clone() });
    let busy = answered(&with("503 Busy", "Retry-After: 90\r\n")).await.1;
    assert_eq!(busy, Answer::Retry { status: 503, after: Some(Millis(90_000)), text: text.clone() });
    assert!(busy.slows_down());
    let broken = answered(&with("500 Oops", "")).await.1;
    assert_eq!(broken, Answer::Retry { status: 500, after: None, text });
    assert!(!broken.slows_down());
}

#[tokio::test]
async fn a_date_to_retry_at_is_held_against_the_servers_own_clock() {
    let dates = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n";
    let Answer::Retry { after, .. } = answered(&with("429 Slow", dates)).await.1 else { panic!("no retry") };
    assert_eq!(after, Some(Millis::MINUTE));
}

#[tokio::test]
async fn a_flood_is_read_in_part_and_kept_in_less() {
    let flood = format!("HTTP/1.1 400 Bad\r\nContent-Length: 900000\r\n\r\n{}", "x".repeat(900_000));
    let Answer::Refused { text, .. } = answered(&flood).await.1 else { panic!("not refused") };
    assert_eq!(text, "x".repeat(200));
}

#[tokio::test]
async fn a_dead_endpoint_says_why_and_never_prints_the_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("http://{}/hook?key=s3cret", listener.local_addr().unwrap()));
    drop(listener);
    let Answer::Failed(text) = local().call(&call).await else { panic!("not failed") };
    assert!(text.contains("refused") && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_private_address_is_not_called_in_any_form_unless_it_is_listed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let strict = Client::new(Guard::new(true, []).unwrap()).unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "[::1]"] {
        let answer = strict.call(&call_to(format!("http://{host}:{port}/"))).await;
        assert!(matches!(&answer, Answer::Blocked(why) if why.contains("not a public address")), "{host}: {answer:?}");
    }
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(accepted.is_err(), "a connection was made");
}

#[tokio::test]
async fn a_listed_name_is_resolved_and_called() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("http://localhost:{}/", listener.local_addr().unwrap().port()));
    let (client, answer) = (local(), with("200 OK", ""));
    let (_, answer) = tokio::join!(serve_once(&listener, answer.as_bytes()), client.call(&call));
    assert_eq!(answer, Answer::Done { status: 200, brought: BTreeMap::default() });
}

#[tokio::test]
async fn a_call_that_cannot_be_made_says_what_is_wrong_with_it() {
    let client = local();
    let mut dotted = call_to("http://127.0.0.1:1/".to_owned());
    dotted.id = "msg.1".to_owned();
    let mut smuggled = call_to("http://127.0.0.1:1/".to_owned());
    smuggled.headers = vec![("X-A".to_owned(), "a\r\nX-B: b".to_owned())];
    for (call, word) in [(dotted, "dot"), (smuggled, "X-A"), (call_to("nowhere".to_owned()), "URL")] {
        let answer = client.call(&call).await;
        assert!(matches!(&answer, Answer::Blocked(why) if why.contains(word)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_says_nothing_costs_no_more_than_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("http://{}/", listener.local_addr().unwrap()));
    let guard = Guard::new(true, ["127.0.0.1"]).unwrap();
    let client = Client::build(guard, &Trust::system(), Duration::from_millis(200)).unwrap();
    let Answer::Failed(text) = client.call(&call).await else { panic!("not failed") };
    assert!(text.starts_with("no answer within"), "{text}");
}

#[tokio::test]
async fn a_2xx_counts_even_if_its_body_never_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("http://{}/", listener.local_addr().unwrap()));
    let guard = Guard::new(true, ["127.0.0.1"]).unwrap();
    let client = Client::build(guard, &Trust::system(), Duration::from_secs(2)).unwrap();
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\nbegun";
    let (_, answer) = tokio::join!(serve_once(&listener, begun), client.call(&call));
    assert_eq!(answer, Answer::Done { status: 200, brought: BTreeMap::default() });
}

#[tokio::test]
async fn tls_to_a_plain_port_fails_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = call_to(format!("https://{}/", listener.local_addr().unwrap()));
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").await;
    };
    let client = local();
    let ((), answer) = tokio::join!(server, client.call(&call));
    assert!(matches!(&answer, Answer::Failed(why) if !why.contains("no answer")), "{answer:?}");
}

#[tokio::test]
async fn a_client_has_eight_calls_under_way_and_the_next_waits_until_one_is_over() {
    let client = local();
    let mut places = Vec::new();
    for _ in 0..8 {
        places.push(client.place().now_or_never().unwrap());
    }
    assert!(client.clone().place().now_or_never().is_none(), "it is the client's limit, and not a copy's");
    places.pop();
    assert!(client.place().now_or_never().is_some());
}
