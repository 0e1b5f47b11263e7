//! The parts themselves: a test that trusts a mail server should know that it is one.

use crate::support::SOON;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Login, Stage};
use crate::support::http::{self, Call};
use crate::support::postgres::{Fsync, Postgres};
use crate::support::receiver::{Answer, Receiver};
use crate::support::smtp_sink::SmtpSink;
use crate::support::workspace::with_key;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

/// A client that says line after line, each after the answer to the one before.
struct Client {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Client {
    fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(SOON)).expect("a socket has a time-out");
        Self { reader: BufReader::new(stream.try_clone().expect("a socket can be shared")), stream }
    }

    /// The last line of an answer; nothing if the server hung up.
    fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).unwrap_or(0);
            if read == 0 {
                return None;
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Some(line.trim_end().to_owned());
            }
        }
    }

    fn say(&mut self, line: &str) -> Option<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).ok()?;
        self.hear()
    }

    /// Goes as far as the answer to DATA.
    fn begin(server: SocketAddr, to: &str) -> (Self, Option<String>) {
        let mut client = Self::connect(server);
        client.hear();
        client.say("EHLO client.test");
        client.say("MAIL FROM:<b+token@northwind.example> SIZE=99");
        client.say(&format!("RCPT TO:<{to}>"));
        let answer = client.say("DATA");
        (client, answer)
    }

    fn send(server: SocketAddr, to: &str) -> Option<String> {
        let (mut client, _) = Self::begin(server, to);
        client.say(&format!(
            "To: Ann <{to}>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <t.1@x>\r\n\r\nHello\r\n..\r\n\r\n."
        ))
    }
}

#[test]
fn the_sink_keeps_a_mail_with_its_envelope() {
    let Some(sink) = SmtpSink::start() else { return };
    let answer = Client::send(sink.address(), "ann@example.com").expect("the sink answers");
    assert!(answer.starts_with("250"), "{answer}");
    let mails = sink.wait_for(1);
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("b+token@northwind.example", &["ann@example.com".to_owned()][..])
    );
    assert_eq!(String::from_utf8_lossy(&mail.raw).lines().next(), Some("To: Ann <ann@example.com>"));
    assert_eq!(
        (mail.subject(), mail.shown_to(), mail.message_id()),
        ("Grüße".into(), "ann@example.com".into(), "<t.1@x>".into())
    );
    assert_eq!(mail.text(), "Hello\r\n.\r\n\r\n");
}

#[test]
fn the_sink_refuses_as_told() {
    let Some(sink) = SmtpSink::with(&["-f", "RCPT", "-B", "550 5.1.1 no such user"]) else { return };
    let mut client = Client::connect(sink.address());
    client.hear();
    client.say("HELO client.test");
    client.say("MAIL FROM:<a@b.example>");
    assert_eq!(client.say("RCPT TO:<c@d.example>").as_deref(), Some("550 5.1.1 no such user"));
    assert!(sink.mails().is_empty());
}

#[test]
fn the_faulty_server_remembers_a_mail_it_could_not_answer_for() {
    let server = FaultySmtp::start();
    server.once(Stage::Dot, Fault::HangUp);
    assert_eq!(Client::send(server.address(), "ann@example.com"), None);
    assert_eq!(Client::send(server.address(), "ann@example.com").as_deref(), Some("250 2.0.0 Ok: queued"));
    let taken = server.wait_taken(2);
    assert_eq!(taken[0], taken[1]);
    assert_eq!(
        (taken[0].text().as_str(), taken[0].html().as_str()),
        ("Hello\r\n.\r\n\r\n", "<html><body>Hello<br/>.<br/><br/></body></html>")
    );
    assert!(taken[0].targets("href").is_empty());
    assert_eq!(server.begun().len(), 2);
}

#[test]
fn the_faulty_server_says_354_after_it_refused_the_recipient() {
    let server = FaultySmtp::start();
    server.refuse("ann@example.com", "550 5.1.1 no such user");
    server.once(Stage::Data, Fault::reply("354 go on"));
    let (mut client, answer) = Client::begin(server.address(), "ann@example.com");
    assert_eq!(answer.as_deref(), Some("354 go on"));
    assert_eq!(client.say(".").as_deref(), Some("554 5.5.1 Error: no valid recipients"));
    assert!(server.taken().is_empty() && server.begun() == [("b+token@northwind.example".to_owned(), vec![])]);
    server.mend();
    assert!(Client::send(server.address(), "ann@example.com").is_some_and(|answer| answer.starts_with("250")));
}

#[test]
fn the_faulty_server_answers_late_or_never() {
    let server = FaultySmtp::start();
    server.once(Stage::Data, Fault::Silence);
    server.once(Stage::Dot, Fault::Late);
    std::thread::scope(|scope| {
        let silent = scope.spawn(|| Client::begin(server.address(), "ann@example.com").1);
        let said_data = |commands: Vec<String>| commands.iter().any(|command| command == "DATA");
        crate::support::watch::eventually("DATA is said", SOON, || said_data(server.commands()).then_some(()));
        server.hang_up();
        assert_eq!(silent.join().expect("the client ends"), None);
        let late = scope.spawn(|| Client::send(server.address(), "bob@example.com"));
        server.wait_taken(1);
        assert!(!late.is_finished());
        server.release();
        assert!(late.join().expect("the client ends").is_some_and(|answer| answer.starts_with("250")));
    });
}

#[test]
fn the_faulty_server_wants_the_login_it_offers() {
    let server = FaultySmtp::start();
    server.wants(Login { offers: "LOGIN", user: "maya", password: "secret" });
    server.hide("PIPELINING");
    server.always(Stage::Quit, Fault::HangUp);
    let mut client = Client::connect(server.address());
    client.hear();
    assert_eq!(client.say("EHLO client.test").as_deref(), Some("250 AUTH LOGIN"));
    assert_eq!(client.say("MAIL FROM:<a@b>").as_deref(), Some("530 5.7.0 Authentication required"));
    assert_eq!(
        client.say("AUTH PLAIN AG1heWEAc2VjcmV0").as_deref(),
        Some("504 5.5.4 Unrecognized authentication type")
    );
    client.say("AUTH LOGIN");
    client.say("bWF5YQ==");
    assert_eq!(client.say("c2VjcmV0").as_deref(), Some("235 2.7.0 Ok"));
    assert_eq!(client.say("QUIT"), None);
}

#[test]
fn the_receiver_answers_by_its_list_and_keeps_what_it_got() {
    let receiver = Receiver::start();
    receiver.answer([Answer::With(503, "retry-after", "7".into()), Answer::HangUp, Answer::Status(410)]);
    let url = receiver.url("/hook?a=1");
    let call = || Call::new("POST", &url).header("webhook-id", "msg_1").json(&serde_json::json!({"stage": "sql"}));
    let first = call().send();
    assert_eq!((first.status, first.header("Retry-After")), (503, Some("7")));
    assert!(call().attempt().is_err());
    assert_eq!(
        (call().send().status, http::get(&url).status, Call::new("POST", &url).form("a=b").send().status),
        (410, 200, 200)
    );
    let requests = receiver.wait_for(5);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str(), requests[0].header("Webhook-Id")),
        ("POST", "/hook?a=1", Some("msg_1"))
    );
    assert_eq!(requests[2].json()["stage"], "sql");
    assert_eq!(requests[4].body, b"a=b");
}

#[test]
fn a_silent_receiver_holds_its_caller() {
    let receiver = Receiver::start();
    receiver.answer([Answer::Silence]);
    let url = receiver.url("/");
    std::thread::scope(|scope| {
        let call = scope.spawn(|| Call::new("GET", &url).attempt());
        receiver.wait_for(1);
        assert!(!call.is_finished());
        drop(receiver);
        assert!(call.join().expect("the caller ends").is_err());
    });
}

#[test]
fn every_test_has_a_database_of_its_own() {
    let Some(postgres) = Postgres::shared() else { return };
    let (one, other) = (postgres.database(), postgres.database());
    postgres.sql(&one, "CREATE TABLE lead (id BIGINT); INSERT INTO lead VALUES (7)");
    assert_eq!(postgres.sql(&one, "SELECT id FROM lead"), "7\n");
    assert_eq!(postgres.sql(&other, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'lead'"), "0\n");
}

#[test]
fn a_database_goes_away_and_comes_back() {
    let Some(postgres) = Postgres::own(Fsync::On) else { return };
    let url = postgres.database();
    postgres.sql(&url, "CREATE TABLE lead (id BIGINT); INSERT INTO lead VALUES (7)");
    postgres.stop();
    postgres.restart(Fsync::Off);
    assert_eq!(postgres.sql(&url, "SELECT id FROM lead"), "7\n");
}

#[test]
fn a_setting_is_changed_and_its_neighbours_are_not() {
    let before = "zone: Berlin   # where\nsenders:\n  growth:\n    gap: 2s # at least\n    # smtp:\n  other:\n    gap: 3s\n\n# Next.\nsend: sandbox\n";
    let after = ["senders.growth.gap=0s", "senders.growth.smtp={port: 1}", "send=live", "listen.public=x"].iter().fold(
        before.to_owned(),
        |text, change| {
            let (key, value) = change.split_once('=').expect("a change has a value");
            with_key(&text, key, value)
        },
    );
    assert_eq!(
        after,
        "zone: Berlin   # where\nsenders:\n  growth:\n    gap: 0s\n    smtp: {port: 1}\n    # smtp:\n  other:\n    gap: 3s\n\n# Next.\nsend: live\nlisten: {public: x}\n"
    );
}
