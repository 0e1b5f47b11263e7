//! What a promise costs by itself: the bare loop with claims and a durable row a mail, and the same with intents and marks, which the
//! product cannot leave out. It says how near to the bare loop anything that keeps the promise can come.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::bare::{self, replies};
use super::child::{self, Role};
use super::ledger::{Ledger, Order};
use super::options::Options;
use super::pair::{Goal, Run, line, median, middle, void};
use super::sink::Sink;

const CONNECTIONS: usize = 500;
/// Mails one connection claims at once, as a courier does.
const TAKE: usize = 8;
const BYTES: usize = 10_000;

/// What goals 1, 3 and 4 can come to.
pub fn run(options: &Options) {
    let mails = options.size_or(20_000);
    full_speed(options.rounds, mails);
    slow_relay(options.rounds, mails);
}

fn full_speed(rounds: usize, mails: usize) {
    let mut sink = Sink::start(Duration::ZERO);
    let sides = sides(rounds, &mut sink, mails);
    let what = "mails/s, claim and durable outcome, / bare loop";
    if !sides.iter().flatten().all(|run| run.exact) {
        return void("1", what, "a mail arrived twice, late or never");
    }
    let [bare, rows, marks] = &sides;
    let rate = |runs: &[Run]| middle(runs, |run| run.per_second);
    let beside = |runs: &[Run]| format!("{:.0}/s beside {:.0}/s", rate(runs), rate(bare));
    line("1", what, ratio(rows, bare, |run| run.per_second), Goal::None, &beside(rows));
    let what = "mails/s, the same with intent and mark, / bare loop";
    line("1", what, ratio(marks, bare, |run| run.per_second), Goal::None, &beside(marks));
    let cpu = |runs: &[Run]| middle(runs, |run| run.cpu);
    let all = format!("bare {:.0} us, outcome {:.0} us, intent and mark {:.0} us", cpu(bare), cpu(rows), cpu(marks));
    line("1", "CPU a mail, intent and mark / outcome alone", ratio(marks, rows, |run| run.cpu), Goal::None, &all);
    commits("4", [rows, marks]);
}

fn slow_relay(rounds: usize, mails: usize) {
    let mut sink = Sink::start(Duration::from_millis(50));
    let sides = sides(rounds, &mut sink, mails);
    let what = "mails/s, a relay of 50 ms, intent and mark / bare loop";
    if !sides.iter().flatten().all(|run| run.exact) {
        return void("3", what, "a mail arrived twice, late or never");
    }
    let [bare, rows, marks] = &sides;
    let beside = format!("outcome alone {:.2}", ratio(rows, bare, |run| run.per_second));
    line("3", what, ratio(marks, bare, |run| run.per_second), Goal::None, &beside);
    commits("3", [rows, marks]);
}

fn commits(goal: &str, [rows, marks]: [&[Run]; 2]) {
    let commits = |runs: &[Run]| middle(runs, |run| run.fsyncs.unwrap_or(f64::NAN)) * 1e3;
    let beside = format!("outcome alone {:.1}", commits(rows));
    line(goal, "commits a 1000 mails with intent and mark", commits(marks), Goal::None, &beside);
}

fn ratio(ours: &[Run], theirs: &[Run], of: fn(&Run) -> f64) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| of(ours) / of(theirs)))
}

/// Bare, with a row, with a row, an intent and a mark: A B C, C B A.
fn sides(rounds: usize, sink: &mut Sink, mails: usize) -> [Vec<Run>; 3] {
    let mut sides: [Vec<Run>; 3] = Default::default();
    for round in 0..rounds {
        let mut order = [0, 1, 2];
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            sides[side].push(match side {
                0 => bare::run(sink, mails, CONNECTIONS, BYTES),
                side => kept(sink, mails, side == 2),
            });
        }
    }
    sides
}

fn kept(sink: &mut Sink, mails: usize, marks: bool) -> Run {
    sink.reset();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let numbers = [usize::from(sink.port), mails, usize::from(marks)].map(|number| number.to_string());
    let arguments = [&numbers[..], &[folder.path().display().to_string()]].concat();
    let mut role = Role::start("price", &arguments);
    let arrived = sink.wait(mails, Duration::from_mins(5));
    let told = role.told();
    let number = |name: &str| told[name].as_f64().unwrap_or(f64::NAN);
    Run {
        per_second: arrived.mails as f64 / arrived.seconds,
        cpu: number("cpu") / mails as f64 * 1e6,
        memory: number("memory"),
        fsyncs: Some(number("commits") / mails as f64),
        exact: arrived.exact && told["kept"] == mails,
        ..Run::default()
    }
}

/// `PORT MAILS MARKS FOLDER`
pub fn play(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let (port, mails, marks) = (u16::try_from(number(0)).expect("a port"), number(1), number(2) == 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut ledger = Ledger::create(Path::new(&arguments[3]), mails).await;
        let before = child::cpu(std::process::id());
        let (orders, inbox) = mpsc::unbounded_channel();
        let keeping = tokio::spawn(async move {
            ledger.keep(inbox).await;
            ledger
        });
        let body = std::sync::Arc::new(bare::body(BYTES));
        let one = |_| tokio::spawn(connection((port, marks), orders.clone(), std::sync::Arc::clone(&body)));
        let all: Vec<_> = (0..CONNECTIONS).map(one).collect();
        drop(orders);
        for one in all {
            one.await.expect("a connection ends well");
        }
        let mut ledger = keeping.await.expect("the ledger is kept to its end");
        let pid = std::process::id();
        let told = serde_json::json!({
            "cpu": child::cpu(pid) - before,
            "memory": child::memory(pid),
            "commits": ledger.commits,
            "kept": ledger.outcomes().await,
        });
        println!("{told}");
    });
}

async fn connection((port, marks): (u16, bool), orders: mpsc::UnboundedSender<Order>, body: std::sync::Arc<Vec<u8>>) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the sink listens");
    socket.set_nodelay(true).expect("a socket can be set");
    let mut unread = Vec::new();
    replies(&mut socket, &mut unread, 1).await;
    socket.write_all(b"EHLO bench.example\r\n").await.expect("the sink reads");
    replies(&mut socket, &mut unread, 1).await;
    loop {
        let claimed = ask(&orders, |answer| Order::Claim(TAKE, answer)).await;
        if claimed.is_empty() {
            break;
        }
        if marks {
            ask(&orders, |answer| Order::Intend(claimed.clone(), answer)).await;
        }
        for number in claimed {
            let envelope = format!("MAIL FROM:<a@bench.example>\r\nRCPT TO:<lead{number}@bench.example>\r\nDATA\r\n");
            socket.write_all(envelope.as_bytes()).await.expect("the sink reads");
            replies(&mut socket, &mut unread, 3).await;
            if marks {
                ask(&orders, |answer| Order::Mark(number, answer)).await;
            }
            socket.write_all(&body).await.expect("the sink reads");
            replies(&mut socket, &mut unread, 1).await;
            orders.send(Order::Done(number)).expect("the ledger is kept");
        }
    }
    socket.write_all(b"QUIT\r\n").await.expect("the sink reads");
    replies(&mut socket, &mut unread, 1).await;
}

async fn ask<A>(orders: &mpsc::UnboundedSender<Order>, order: impl FnOnce(oneshot::Sender<A>) -> Order) -> A {
    let (answer, answered) = oneshot::channel();
    orders.send(order(answer)).expect("the ledger is kept");
    answered.await.expect("the ledger answers")
}
