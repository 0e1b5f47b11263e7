//! The relay of every benchmark: it takes all mails, counts whose they are, and is faster than any sender.

use std::cell::RefCell;
use std::io::BufRead;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::child::{self, Role};
use super::talk::Talk;

/// What arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub mails: usize,
    /// Every mail once.
    pub exact: bool,
    /// From the first mail to the last.
    pub seconds: f64,
    /// The first mail, after the last reset.
    pub first: f64,
    pub bytes: usize,
    /// How often it answered: each is a round trip of the sender.
    pub turns: usize,
    pub connections: usize,
    /// Whether the links of the mails it looked at are tracked ones.
    pub tracked: bool,
}

/// A sink in a process of its own.
pub struct Sink {
    role: Role,
    pub port: u16,
}

impl Sink {
    /// A sink that takes so long for each mail.
    pub fn start(delay: Duration) -> Self {
        let mut role = Role::start("sink", &[delay.as_millis().to_string()]);
        let port = role.told()["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { role, port }
    }

    /// Forgets all.
    pub fn reset(&mut self) {
        self.role.ask("reset");
    }

    /// Waits for so many mails, or for as long as it may take.
    pub fn wait(&mut self, mails: usize, within: Duration) -> Arrived {
        let told = self.role.ask(&format!("wait {mails} {}", within.as_secs()));
        let number = |name: &str| usize::try_from(told[name].as_u64().unwrap_or(0)).unwrap_or(0);
        Arrived {
            mails: number("mails"),
            exact: number("mails") == mails && number("once") == mails,
            seconds: told["seconds"].as_f64().unwrap_or(0.0),
            first: told["first"].as_f64().unwrap_or(0.0),
            bytes: number("bytes"),
            turns: number("turns"),
            connections: number("connections"),
            tracked: told["tracked"] == true,
        }
    }

    /// When the last mail of each lead was begun, in milliseconds since 1970; 0 where none was.
    pub fn begun(&mut self) -> Vec<i64> {
        serde_json::from_value(self.role.ask("begun")).expect("a list of instants")
    }
}

#[derive(Default)]
pub struct Counts {
    /// How often each lead got a mail.
    pub leads: Vec<u8>,
    pub mails: usize,
    pub bytes: usize,
    pub turns: usize,
    pub connections: usize,
    pub untracked: usize,
    pub began: Option<Instant>,
    pub first: Option<Instant>,
    pub last: Option<Instant>,
    pub wanted: usize,
    /// When the last mail of each lead was begun, in milliseconds since 1970.
    pub begun: Vec<i64>,
}

pub struct Shared {
    pub counts: RefCell<Counts>,
    pub enough: Notify,
    delay: Duration,
}

/// `DELAY_MS`; orders on standard input, answers on standard output.
pub fn play(arguments: &[String]) {
    let delay = Duration::from_millis(arguments[0].parse().expect("milliseconds"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let shared = Rc::new(Shared { counts: RefCell::default(), enough: Notify::new(), delay });
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        // Hundreds of connections come at once; one that finds the queue full tries again only after a second.
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("the loopback has a port");
        let listener = socket.listen(4_096).expect("a socket listens");
        println!("{}", serde_json::json!({ "port": listener.local_addr().expect("an address").port() }));
        tokio::task::spawn_local(accept(listener, Rc::clone(&shared)));
        obey(&shared).await;
    });
    // A thread may still wait on standard input; nothing is to be saved.
    std::process::exit(0);
}

async fn obey(shared: &Shared) {
    let (tell, mut orders) = tokio::sync::mpsc::unbounded_channel::<String>();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    while let Some(order) = orders.recv().await {
        let words: Vec<&str> = order.split(' ').collect();
        match words[..] {
            ["reset"] => {
                *shared.counts.borrow_mut() = Counts { began: Some(Instant::now()), ..Counts::default() };
                println!("{{}}");
            }
            ["begun"] => println!("{}", serde_json::json!(shared.counts.borrow().begun)),
            ["wait", mails, seconds] => {
                let mails = mails.parse().expect("a number");
                let limit = Duration::from_secs(seconds.parse().expect("seconds"));
                shared.counts.borrow_mut().wanted = mails;
                if shared.counts.borrow().mails < mails {
                    let _ = tokio::time::timeout(limit, shared.enough.notified()).await;
                }
                println!("{}", report(&shared.counts.borrow()));
            }
            _ => panic!("no order: {order}"),
        }
    }
}

fn report(counts: &Counts) -> serde_json::Value {
    let between = |from: Option<Instant>, to: Option<Instant>| {
        from.zip(to).map_or(0.0, |(from, to)| to.saturating_duration_since(from).as_secs_f64())
    };
    serde_json::json!({
        "mails": counts.mails,
        "once": counts.leads.iter().map(|times| usize::from(*times == 1)).sum::<usize>(),
        "seconds": between(counts.first, counts.last),
        "first": between(counts.began, counts.first),
        "bytes": counts.bytes / counts.mails.max(1),
        "turns": counts.turns,
        "connections": counts.connections,
        "tracked": counts.untracked == 0,
        "cpu": child::cpu(std::process::id()),
    })
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    loop {
        let (socket, _) = listener.accept().await.expect("a listener accepts");
        let _ = socket.set_nodelay(true);
        shared.counts.borrow_mut().connections += 1;
        tokio::task::spawn_local(converse(socket, Rc::clone(&shared)));
    }
}

/// One connection; what was said and not understood yet stands in `unread`.
async fn converse(mut socket: TcpStream, shared: Rc<Shared>) {
    let mut talk = Talk::new(shared);
    let mut hello: &[u8] = b"220 sink ESMTP\r\n";
    loop {
        if !hello.is_empty() {
            if socket.write_all(hello).await.is_err() {
                return;
            }
            hello = b"";
        }
        match socket.read_buf(&mut talk.unread).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let took = talk.understand();
        if took > 0 && !talk.shared.delay.is_zero() {
            tokio::time::sleep(talk.shared.delay).await;
        }
        if !talk.answer.is_empty() {
            talk.shared.counts.borrow_mut().turns += 1;
            if socket.write_all(&talk.answer).await.is_err() {
                return;
            }
            talk.answer.clear();
        }
    }
}
