//! As much of HTTP/1.1 as both ends of a measurement need: messages with a length, over connections that stay open.

use std::rc::Rc;
use std::time::{Duration, Instant};

use overture::clock::wall;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::child::Role;

/// One message as it came.
pub struct Message {
    pub head: String,
    pub body: Vec<u8>,
    /// When its first byte was read.
    pub came: Instant,
    /// The same in milliseconds since 1970.
    pub came_at: i64,
}

impl Message {
    /// Reads one message; nothing if the other side left.
    pub async fn read(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Self> {
        let mut first = (!unread.is_empty()).then(|| (Instant::now(), wall().0));
        let mut searched = 0;
        loop {
            let end = unread[searched..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| searched + at + 4);
            if let Some(end) = end {
                let head = String::from_utf8_lossy(&unread[..end]).into_owned();
                let length = field(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
                while unread.len() < end + length {
                    if socket.read_buf(unread).await.ok()? == 0 {
                        return None;
                    }
                }
                let body = unread[end..end + length].to_vec();
                unread.drain(..end + length);
                let (came, came_at) = first?;
                return Some(Self { head, body, came, came_at });
            }
            searched = unread.len().saturating_sub(3);
            if socket.read_buf(unread).await.ok()? == 0 {
                return None;
            }
            first.get_or_insert_with(|| (Instant::now(), wall().0));
        }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// What an answer begins with.
    pub fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or_default()
    }
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A listener for hundreds at once.
pub fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("the loopback has a port");
    socket.listen(4_096).expect("a socket listens")
}

/// Takes calls, answers each by 204, and hands it on; for a thread of its own tasks.
pub async fn receive(listener: TcpListener, heard: Rc<dyn Fn(Message)>) {
    loop {
        let (mut socket, _) = listener.accept().await.expect("a listener accepts");
        let _ = socket.set_nodelay(true);
        let heard = Rc::clone(&heard);
        tokio::task::spawn_local(async move {
            let mut unread = Vec::new();
            while let Some(message) = Message::read(&mut socket, &mut unread).await {
                heard(message);
                if socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                    return;
                }
            }
        });
    }
}

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    pub seconds: f64,
    /// Answers with the status that was wanted.
    pub good: usize,
}

/// Asks `address` for paths over so many connections from a process of its own, and counts the answers of a status.
pub fn load(address: &str, paths: &[String], connections: usize, status: u16) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("paths");
    std::fs::write(&file, paths.join("\n")).expect("a file can be written");
    let address = address.trim_start_matches("http://").to_owned();
    let arguments = [address, file.display().to_string(), connections.to_string(), status.to_string()];
    let told = Role::start("load", &arguments).told();
    Loaded {
        seconds: told["seconds"].as_f64().unwrap_or(f64::NAN),
        good: told["good"].as_u64().and_then(|good| usize::try_from(good).ok()).unwrap_or(0),
    }
}

/// `ADDRESS FILE CONNECTIONS STATUS`
pub fn play(arguments: &[String]) {
    let paths = std::fs::read_to_string(&arguments[1]).expect("the paths can be read");
    let requests: Vec<String> = paths.lines().map(|path| get(path, &arguments[0])).collect();
    let connections: usize = arguments[2].parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let (requests, next) = (Rc::new(requests), Rc::new(std::cell::Cell::new(0)));
    let local = tokio::task::LocalSet::new();
    let (seconds, good) = local.block_on(&runtime, async {
        let began = Instant::now();
        let one = |_| {
            let (requests, next) = (Rc::clone(&requests), Rc::clone(&next));
            tokio::task::spawn_local(ask_all(arguments[0].clone(), requests, next, arguments[3].clone()))
        };
        let all: Vec<_> = (0..connections).map(one).collect();
        let mut good = 0;
        for one in all {
            good += one.await.expect("a connection ends well");
        }
        (began.elapsed().as_secs_f64(), good)
    });
    println!("{}", serde_json::json!({ "seconds": seconds, "good": good }));
}

fn get(path: &str, host: &str) -> String {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\n\r\n")
}

async fn ask_all(
    address: String,
    requests: Rc<Vec<String>>,
    next: Rc<std::cell::Cell<usize>>,
    status: String,
) -> usize {
    let mut socket = connect(&address).await;
    let (mut unread, mut good) = (Vec::new(), 0);
    while let Some(request) = requests.get(next.replace(next.get() + 1)) {
        socket.write_all(request.as_bytes()).await.expect("the server reads");
        let answer = Message::read(&mut socket, &mut unread).await.expect("the server answers");
        good += usize::from(answer.status() == status);
    }
    good
}

/// Connects to a server that may have begun a moment ago.
pub async fn connect(address: &str) -> TcpStream {
    for _ in 0..100 {
        if let Ok(socket) = TcpStream::connect(address).await {
            socket.set_nodelay(true).expect("a socket can be set");
            return socket;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens at {address}");
}
