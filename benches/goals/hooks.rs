//! Webhooks, signed and durable, against a loop that posts the same bodies and keeps nothing; and how soon sales hears of a demo request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::BufRead;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use super::child::{self, Role};
use super::http::{self, Message, connect};
use super::mails::beside;
use super::options::Options;
use super::pair::{Goal, Run, in_turn, line, middle, void};
use super::stage::{Stage, Ways};

const WAYS: Ways = Ways { senders: 1, connections: 1, port: 25 };
/// As many as the product has under way on one channel.
const CONNECTIONS: usize = 8;
const SEQUENCE: &str = "title: Call\nkind: cadence\nowner: tom\nsend: {from: s0, days: mon-sun, hours: 00:00-24:00}\nsteps:\n  \
    - {id: call, webhook: crm, with: {name: '{{lead.first_name}}', company: '{{lead.company}}', plan: '{{lead.plan}}'}}\n  - end: done\n";

/// Goal 9, its first half.
pub fn run(options: &Options) {
    let calls = options.size_or(5_000);
    let receiver = RefCell::new(Receiver::start());
    let stage = Stage::set(WAYS, "sqlite");
    stage.workspace.write("sequences/q0.yaml", SEQUENCE);
    stage.workspace.channel("crm", &format!("http://127.0.0.1:{}/crm", receiver.borrow().port));
    stage.seed_all(calls, 1);
    stage.keep();
    // The first run tells how large a call is.
    let bytes = ours(&stage, &mut receiver.borrow_mut(), calls).1;
    let pair = in_turn(
        options.rounds,
        || ours(&stage, &mut receiver.borrow_mut(), calls).0,
        || bare(&mut receiver.borrow_mut(), calls, bytes),
    );
    let what = "webhooks/s, signed and durable, / bare loop";
    if !pair.exact() {
        return void("9", what, "a call arrived twice, late or never");
    }
    line("9", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.80), &beside(&pair));
    let cpu = |runs: &[Run]| middle(runs, |run| run.cpu);
    line("9", "CPU us a webhook", cpu(&pair.ours), Goal::None, &format!("bare {:.0}", cpu(&pair.theirs)));
}

fn ours(stage: &Stage, receiver: &mut Receiver, calls: usize) -> (Run, usize) {
    stage.restore();
    receiver.role.ask("reset");
    let mut daemon = stage.start(&[]);
    let (run, bytes) = receiver.wait(calls);
    let cpu = child::cpu(daemon.id()) / calls as f64 * 1e6;
    let ended = daemon.term();
    (Run { cpu, exact: run.exact && ended.success(), ..run }, bytes)
}

fn bare(receiver: &mut Receiver, calls: usize, bytes: usize) -> Run {
    receiver.role.ask("reset");
    let arguments = [usize::from(receiver.port), calls, bytes].map(|number| number.to_string());
    let mut role = Role::start("post", &arguments);
    let (run, _) = receiver.wait(calls);
    let cpu = role.told()["cpu"].as_f64().unwrap_or(f64::NAN) / calls as f64 * 1e6;
    Run { cpu, ..run }
}

/// `PORT CALLS BYTES`: posts as fast as it goes.
pub fn post(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let (calls, body) = (number(1), "x".repeat(number(2)));
    let address = format!("127.0.0.1:{}", arguments[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let next = Rc::new(Cell::new(0));
        let one = |_| {
            let (next, address, body) = (Rc::clone(&next), address.clone(), body.clone());
            tokio::task::spawn_local(async move {
                let (mut socket, mut unread) = (connect(&address).await, Vec::new());
                while next.get() < calls {
                    let call = posted("/crm", &format!("webhook-id: call{}\r\n", next.replace(next.get() + 1)), &body);
                    socket.write_all(call.as_bytes()).await.expect("the receiver reads");
                    Message::read(&mut socket, &mut unread).await.expect("the receiver answers");
                }
            })
        };
        for one in (0..CONNECTIONS).map(one).collect::<Vec<_>>() {
            one.await.expect("a connection ends well");
        }
    });
    println!("{}", json!({ "cpu": child::cpu(std::process::id()) }));
}

/// A call as it goes over the wire.
pub fn posted(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench.example\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// A receiver in a process of its own.
struct Receiver {
    role: Role,
    port: u16,
}

impl Receiver {
    fn start() -> Self {
        let mut role = Role::start("receiver", &[]);
        let port = role.told()["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { role, port }
    }

    /// Waits for so many calls; also gives the size of a body.
    fn wait(&mut self, calls: usize) -> (Run, usize) {
        let told = self.role.ask(&format!("wait {calls}"));
        let number = |name: &str| told[name].as_f64().unwrap_or(f64::NAN);
        let exact = told["calls"] == calls && told["ids"] == calls;
        let run = Run { per_second: number("calls") / number("seconds"), exact, ..Run::default() };
        (run, told["bytes"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0))
    }
}

#[derive(Default)]
struct Heard {
    ids: BTreeSet<String>,
    calls: usize,
    bytes: usize,
    span: Option<(Instant, Instant)>,
    wanted: usize,
}

/// Counts calls; orders on standard input, answers on standard output.
pub fn receive() {
    const PATIENCE: Duration = Duration::from_mins(5);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let (heard, enough) = (Rc::new(RefCell::new(Heard::default())), Rc::new(Notify::new()));
        let listener = http::listen();
        println!("{}", json!({ "port": listener.local_addr().expect("an address").port() }));
        let (of_calls, reached) = (Rc::clone(&heard), Rc::clone(&enough));
        let hear = move |message: Message| {
            let mut heard = of_calls.borrow_mut();
            heard.calls += 1;
            heard.bytes += message.body.len();
            heard.ids.insert(message.field("webhook-id").unwrap_or_default().to_owned());
            heard.span = Some((heard.span.map_or(message.came, |(first, _)| first), message.came));
            if heard.calls == heard.wanted {
                reached.notify_one();
            }
        };
        tokio::task::spawn_local(http::receive(listener, Rc::new(hear)));
        let (tell, mut orders) = tokio::sync::mpsc::unbounded_channel::<String>();
        std::thread::spawn(move || {
            std::io::stdin().lock().lines().map_while(Result::ok).for_each(|line| drop(tell.send(line)));
        });
        while let Some(order) = orders.recv().await {
            let Some(wanted) = order.strip_prefix("wait ") else {
                *heard.borrow_mut() = Heard::default();
                println!("{{}}");
                continue;
            };
            let wanted = wanted.parse().expect("a number");
            heard.borrow_mut().wanted = wanted;
            if heard.borrow().calls < wanted {
                let _ = tokio::time::timeout(PATIENCE, enough.notified()).await;
            }
            let heard = heard.borrow();
            let seconds = heard.span.map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64());
            let (calls, ids, bytes) = (heard.calls, heard.ids.len(), heard.bytes / heard.calls.max(1));
            println!("{}", json!({ "calls": calls, "ids": ids, "seconds": seconds, "bytes": bytes }));
        }
    });
    std::process::exit(0);
}
