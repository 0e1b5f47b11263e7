//! The other side of a mail: the least that a sender can do, a loop of connections that write the same mail with PIPELINING.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::child::{self, Role};
use super::pair::Run;
use super::sink::Sink;

/// Sends so many mails of so many bytes as fast as it goes.
pub fn run(sink: &mut Sink, mails: usize, connections: usize, bytes: usize) -> Run {
    sink.reset();
    let arguments = [usize::from(sink.port), mails, connections, bytes].map(|number| number.to_string());
    let mut role = Role::start("bare", &arguments);
    let arrived = sink.wait(mails, std::time::Duration::from_mins(5));
    let told = role.told();
    Run {
        per_second: arrived.mails as f64 / arrived.seconds,
        cpu: told["cpu"].as_f64().unwrap_or(f64::NAN) / mails as f64 * 1e6,
        memory: told["memory"].as_f64().unwrap_or(f64::NAN),
        exact: arrived.exact,
        ..Run::default()
    }
}

/// The same by Postfix's own generator of load; `None` where it is not installed.
pub fn source(sink: &mut Sink, mails: usize, connections: usize, bytes: usize) -> Option<Run> {
    const PROGRAM: &str = "/usr/sbin/smtp-source";
    if !Path::new(PROGRAM).exists() {
        return None;
    }
    sink.reset();
    let [mails_text, connections, bytes] = [mails, connections, bytes].map(|number| number.to_string());
    let mut child = Command::new(PROGRAM)
        // One connection a session, and a number before each recipient.
        .args(["-d", "-N", "-s", &connections, "-m", &mails_text, "-l", &bytes])
        .args(["-f", "a@bench.example", "-t", "lead@bench.example"])
        .arg(format!("inet:127.0.0.1:{}", sink.port))
        .spawn()
        .ok()?;
    let arrived = sink.wait(mails, std::time::Duration::from_mins(5));
    let ended = child.wait().is_ok_and(|status| status.success());
    let per_second = arrived.mails as f64 / arrived.seconds;
    Some(Run { per_second, exact: arrived.exact && ended, ..Run::default() })
}

/// `PORT MAILS CONNECTIONS BYTES`
pub fn play(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let (port, mails, connections, bytes) = (number(0), number(1), number(2), number(3));
    let port = u16::try_from(port).expect("a port");
    let body = Arc::new(body(bytes));
    let next = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut all = Vec::new();
        for _ in 0..connections {
            all.push(tokio::spawn(connection(port, mails, Arc::clone(&next), Arc::clone(&body))));
        }
        for one in all {
            one.await.expect("a connection ends well");
        }
    });
    let pid = std::process::id();
    println!("{}", serde_json::json!({ "cpu": child::cpu(pid), "memory": child::memory(pid) }));
}

pub fn body(bytes: usize) -> Vec<u8> {
    let mut text = b"From: a@bench.example\r\nTo: b@bench.example\r\nSubject: the same each time\r\n\r\n".to_vec();
    while text.len() < bytes {
        text.extend_from_slice(&[b'x'; 74]);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b".\r\n");
    text
}

async fn connection(port: u16, mails: usize, next: Arc<AtomicUsize>, body: Arc<Vec<u8>>) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the sink listens");
    socket.set_nodelay(true).expect("a socket can be set");
    let mut unread = Vec::new();
    replies(&mut socket, &mut unread, 1).await;
    socket.write_all(b"EHLO bench.example\r\n").await.expect("the sink reads");
    replies(&mut socket, &mut unread, 1).await;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= mails {
            break;
        }
        let envelope = format!("MAIL FROM:<a@bench.example>\r\nRCPT TO:<lead{number}@bench.example>\r\nDATA\r\n");
        socket.write_all(envelope.as_bytes()).await.expect("the sink reads");
        replies(&mut socket, &mut unread, 3).await;
        socket.write_all(&body).await.expect("the sink reads");
        replies(&mut socket, &mut unread, 1).await;
    }
    socket.write_all(b"QUIT\r\n").await.expect("the sink reads");
    replies(&mut socket, &mut unread, 1).await;
}

/// Reads so many whole replies.
pub async fn replies(socket: &mut TcpStream, unread: &mut Vec<u8>, mut wanted: usize) {
    loop {
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            assert!(matches!(unread[0], b'2' | b'3'), "the sink refused");
            wanted -= usize::from(unread[3] != b'-');
            unread.drain(..=end);
            if wanted == 0 {
                return;
            }
        }
        let mut piece = [0; 1024];
        let read = socket.read(&mut piece).await.expect("the sink speaks");
        assert!(read > 0, "the sink hung up");
        unread.extend_from_slice(&piece[..read]);
    }
}
