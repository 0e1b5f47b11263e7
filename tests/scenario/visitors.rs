//! Visitors who are slow, huge or without end on purpose: each loses its own connection, and nobody else waits for it.

use crate::scene::{self, MAIL_THEN_CALL, Scene, browse};
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::Call;
use crate::support::receiver::Receiver;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

/// More than the files a process may have open by default would allow to be held for ever.
const SLOW: usize = 60;
const MEGABYTE: usize = 1 << 20;
/// What an endless body may make a server read before it is cut off.
const PATIENCE: usize = 64 * MEGABYTE;

fn connect(listener: &str) -> TcpStream {
    let address = listener.trim_start_matches("http://");
    let stream = TcpStream::connect(address).expect("the listener takes connections");
    stream.set_read_timeout(Some(SOON)).expect("a read may have a limit");
    stream.set_write_timeout(Some(SOON)).expect("a write may have a limit");
    stream
}

/// All that comes until the connection is closed by the other side; a reset is a close.
fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => break,
            Err(error) => panic!("the connection stays open: {error}"),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends what may be more than the other side wants to read; says how much went out.
fn pour(stream: &mut TcpStream, part: &[u8], most: usize) -> usize {
    let mut sent = 0;
    while sent < most {
        match stream.write(part) {
            Ok(written) => sent += written,
            Err(_) => break,
        }
    }
    sent
}

fn started() -> (Scene, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    (Scene::start(workspace), server, receiver)
}

fn both(scene: &Scene) -> [String; 2] {
    [scene.daemon.public().to_owned(), scene.daemon.private().to_owned()]
}

/// Somebody who asks properly is answered at both doors.
fn all_is_well(scene: &Scene) {
    assert_eq!(browse(&format!("{}/robots.txt", scene.daemon.public())).status, 200);
    assert_eq!(browse(&format!("{}/readyz", scene.daemon.private())).status, 200);
}

#[test]
fn who_never_finishes_a_request_is_sent_away_and_keeps_nobody_waiting() {
    let (scene, _server, _receiver) = started();
    for listener in both(&scene) {
        let beginnings =
            ["", "G", "GET /robots.txt HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "POST /v1/events HTTP/1.1\r\n"];
        let mut slow: Vec<TcpStream> = (0..SLOW).map(|_| connect(&listener)).collect();
        for (number, stream) in slow.iter_mut().enumerate() {
            stream.write_all(beginnings[number % beginnings.len()].as_bytes()).expect("it takes the beginning");
        }
        all_is_well(&scene);
        for stream in &mut slow {
            let told = rest(stream);
            assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{told}");
        }
    }
    all_is_well(&scene);
}

#[test]
fn a_head_without_measure_is_refused() {
    let (scene, _server, _receiver) = started();
    for listener in both(&scene) {
        let long = "x".repeat(MEGABYTE);
        let many: String = (0..20_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
        for head in [
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
            format!("{long} /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
            "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
            "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n".to_owned(),
        ] {
            let mut stream = connect(&listener);
            pour(&mut stream, head.as_bytes(), head.len());
            let _ = stream.shutdown(Shutdown::Write);
            let told = rest(&mut stream);
            assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{}: {told}", &head[..head.len().min(40)]);
        }
    }
    all_is_well(&scene);
}

#[test]
fn a_body_without_end_is_cut_off() {
    let (scene, _server, _receiver) = started();
    let key = scene.key().to_owned();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'a'; 65_536], b"\r\n"].concat();
    for path in ["/v1/events", "/v1/leads/import", "/v1/mail", "/u/x", "/h/x", "/"] {
        for listener in both(&scene) {
            for framing in ["Transfer-Encoding: chunked", "Content-Length: 9999999999"] {
                let mut stream = connect(&listener);
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).expect("it takes the head");
                let sent = pour(&mut stream, &chunk, PATIENCE);
                assert!(sent < PATIENCE, "{listener}{path}, {framing}: it read {sent} octets and went on");
                let told = rest(&mut stream);
                assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{path}: {told}");
            }
        }
    }
    all_is_well(&scene);
    let event =
        json!({"lead": {"email": "ann@example.com"}, "name": "x", "create": true, "data": {"a": "x".repeat(MEGABYTE)}});
    let told = scene.call("POST", "/v1/events", &event);
    assert_eq!((told.status, told.header("content-type")), (413, Some("application/problem+json")));
    let form = Call::new("POST", &format!("{}/u/x", scene.daemon.public())).form(&"a".repeat(MEGABYTE)).attempt();
    assert!(form.is_ok_and(|told| (400..500).contains(&told.status)));
}
