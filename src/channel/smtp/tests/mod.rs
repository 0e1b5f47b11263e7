//! Faults no real server makes on demand, played by a script in the same process; and one real server.

mod faults;
mod login;
mod offers;
mod secured;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::channel::trust::Trust;

/// One step of a scripted server.
pub enum Step {
    Say(&'static str),
    Raw(Vec<u8>),
    /// Reads one line, which must begin so.
    Hear(&'static str),
    /// The next bytes that arrive together must hold all of these, and are then read line by line as usual.
    Together(&'static [&'static str]),
    /// Reads a message up to and with its final dot.
    Message,
    /// Reads until the client hangs up; nothing may come.
    Nothing,
    /// Says nothing more, but stays until the client hangs up.
    Silence,
}

pub use Step::{Hear, Message, Nothing, Raw, Say, Silence, Together};

/// The beginning of every conversation that has PIPELINING.
pub fn pipelined(rest: Vec<Step>) -> Vec<Step> {
    greeted("250-sink\r\n250-PIPELINING\r\n250-SIZE 10000\r\n250 8BITMIME\r\n", rest)
}

pub fn greeted(ehlo: &'static str, rest: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![Say("220 sink\r\n"), Hear("EHLO "), Say(ehlo)];
    steps.extend(rest);
    steps
}

pub async fn listener() -> (TcpListener, Account) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = Account {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        security: Security::None,
        credentials: None,
        ehlo_name: "client.example.com".to_owned(),
        trust: Arc::new(Trust::system()),
        dial: Dial::Network,
    };
    (listener, account)
}

/// Accepts one client and follows the script; returns every message it read.
pub async fn serve(listener: &TcpListener, script: Vec<Step>) -> Vec<String> {
    let (socket, _) = listener.accept().await.unwrap();
    follow(socket, script).await.1
}

pub async fn follow<S: AsyncRead + AsyncWrite + Unpin>(socket: S, script: Vec<Step>) -> (S, Vec<String>) {
    let mut socket = BufReader::new(socket);
    let mut messages = Vec::new();
    for step in script {
        match step {
            Say(text) => socket.write_all(text.as_bytes()).await.unwrap(),
            Raw(bytes) => socket.write_all(&bytes).await.unwrap(),
            Hear(start) => {
                let line = line(&mut socket).await;
                assert!(line.starts_with(start), "heard {line:?} instead of {start}");
            }
            Together(parts) => {
                let arrived = String::from_utf8(socket.fill_buf().await.unwrap().to_vec()).unwrap();
                assert!(parts.iter().all(|part| arrived.contains(part)), "{arrived:?}");
            }
            Message => messages.push(message(&mut socket).await),
            Nothing => assert_eq!(rest(&mut socket).await, 0),
            Silence => {
                rest(&mut socket).await;
            }
        }
        socket.flush().await.unwrap();
    }
    (socket.into_inner(), messages)
}

async fn line(socket: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut line = String::new();
    socket.read_line(&mut line).await.unwrap();
    line
}

async fn message(socket: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut message = String::new();
    loop {
        let line = line(socket).await;
        assert!(!line.is_empty(), "the client hung up inside a message");
        if line == ".\r\n" {
            return message;
        }
        message.push_str(&line);
    }
}

async fn rest(socket: &mut (impl AsyncReadExt + Unpin)) -> usize {
    let mut bytes = Vec::new();
    // A reset is a hang-up too.
    let _ = socket.read_to_end(&mut bytes).await;
    bytes.len()
}

pub fn envelope() -> Envelope {
    Envelope { from: "b+token@example.com".to_owned(), to: "lead@example.net".to_owned() }
}

/// Time-outs no healthy conversation in one process comes near.
pub fn patient() -> Timeouts {
    Timeouts::default()
}

/// Every limit as short as a silent server should cost a test.
pub fn hasty() -> Timeouts {
    let short = Duration::from_millis(200);
    Timeouts { connect: short, command: short, data: short, block: short, final_dot: short, quit: short }
}

pub async fn opened(account: &Account, timeouts: Timeouts) -> Result<Session, Failure> {
    Session::open(account, &timeouts).await
}

pub fn refusal(offer: Offer) -> Reply {
    match offer {
        Offer::Refused(reply) => reply,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn a_session_and_its_work_can_move_between_threads() {
    fn movable<T: Send>(_: &T) {}
    // That this compiles is the test.
    let _ = |account: &Account, session: &mut Session, envelope: &Envelope| {
        movable(session);
        movable(&Session::open(account, &patient()));
        movable(&session.offer(envelope, 1));
        movable(&session.write(b"x"));
    };
}
