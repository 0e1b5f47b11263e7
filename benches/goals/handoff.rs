//! How soon sales hears: from a demo request over the API to the first byte of the handoff's webhook, and how late a rung of a clock is.

use std::rc::Rc;
use std::time::{Duration, Instant};

use overture::domain::time::Instant as At;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::hooks::posted;
use super::http::{self, Message, connect};
use super::options::Options;
use super::pair::{Goal, line, share, void};
use super::stage::{Stage, Ways};
use crate::support::daemon::overture;

const WAYS: Ways = Ways { senders: 1, connections: 1, port: 25 };
/// At most so long for one webhook; whoever waits longer has found a mistake.
const PATIENCE: Duration = Duration::from_secs(10);
/// Half of it, and all of it, are rungs.
const SLA: i64 = 2_000;

/// Goal 9, its second half, and of goal 10 the rungs.
pub fn run(options: &Options) {
    let requests = options.size_or(500);
    let handed = play(requests, false);
    let what = "ms from demo_requested to the handoff's webhook";
    if handed.len() < requests {
        return void("9", what, "somebody never heard");
    }
    let beside = format!("{requests} one after the other, SQLite FULL");
    line("9", &format!("{what}, p50"), share(&handed, 0.50), Goal::AtMost(2.0), &beside);
    line("9", &format!("{what}, p99"), share(&handed, 0.99), Goal::AtMost(9.0), &beside);
    let requests = requests.min(200);
    let late = play(requests, true);
    let what = "ms a rung of a clock comes late";
    if late.len() < requests {
        return void("10", what, "a rung never came");
    }
    let beside = format!("{requests} clocks, from its instant to the webhook's first byte");
    line("10", &format!("{what}, p50"), share(&late, 0.50), Goal::None, &beside);
    line("10", &format!("{what}, p99"), share(&late, 0.99), Goal::AtMost(25.0), &beside);
}

/// Asks for demos one after the other, and gives the milliseconds until each handoff was told, or that each first rung came late.
fn play(requests: usize, rungs: bool) -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = http::listen();
        let address = listener.local_addr().expect("an address");
        let stage = Stage::set(WAYS, "sqlite");
        for channel in ["crm", "sales-chat"] {
            stage.workspace.channel(channel, &format!("http://{address}/{channel}"));
        }
        always_open(&stage, rungs);
        let key = key(&stage);
        let mut daemon = stage.start(&[]);
        let (tell, mut calls) = mpsc::unbounded_channel();
        tokio::task::spawn_local(http::receive(listener, Rc::new(move |message| drop(tell.send(message)))));
        let (mut socket, mut unread) = (connect(daemon.private().trim_start_matches("http://")).await, Vec::new());
        let mut found = Vec::new();
        for number in 0..requests {
            let lead = format!("lead{number}@bench.example");
            let event =
                json!({"lead": {"email": lead}, "name": "demo_requested", "create": true, "key": lead}).to_string();
            let asked = Instant::now();
            let call = posted("/v1/events", &format!("authorization: {key}\r\n"), &event);
            socket.write_all(call.as_bytes()).await.expect("the daemon reads");
            let answer = Message::read(&mut socket, &mut unread).await.expect("the daemon answers");
            assert_eq!(answer.status(), "200", "{}", String::from_utf8_lossy(&answer.body));
            if !rungs {
                let Some(told) = of("handoff.opened", Some(&lead), &mut calls).await else { break };
                found.push(told.0.came.duration_since(asked).as_secs_f64() * 1e3);
            }
            // Not in step with whatever beats in the daemon; where rungs are measured, so seldom that they do not meet.
            let pause = if rungs { 40 } else { 2 };
            tokio::time::sleep(Duration::from_millis(pause + number as u64 % 5)).await;
        }
        while rungs && found.len() < requests {
            let Some((message, call)) = of("sla.reminder", None, &mut calls).await else { break };
            let opened = call["data"]["handoff"]["opened_at"].as_str().and_then(|at| at.parse().ok());
            if message.head.starts_with("POST /crm ") {
                let due = At::from_jiff(opened.expect("an instant")).0 + SLA / 2;
                found.push((message.came_at - due) as f64);
            }
        }
        daemon.kill9();
        found
    })
}

/// The next call of a kind, about a lead if one is named.
async fn of(kind: &str, lead: Option<&str>, calls: &mut mpsc::UnboundedReceiver<Message>) -> Option<(Message, Value)> {
    let found = async {
        while let Some(message) = calls.recv().await {
            let call: Value = serde_json::from_slice(&message.body).expect("a call is JSON");
            if call["type"] == kind && lead.is_none_or(|lead| call["data"]["lead"]["email"] == lead) {
                return Some((message, call));
            }
        }
        None
    };
    tokio::time::timeout(PATIENCE, found).await.ok().flatten()
}

/// Reps answer around the clock; where rungs are measured they come within seconds.
fn always_open(stage: &Stage, rungs: bool) {
    let team = stage.workspace.read("config/team.yaml");
    let always = "days: mon-sun, hours: [00:00-24:00]}";
    let calendar = |line: &str| match line.split_once(", days:") {
        Some((zone, _)) if line.contains("{zone:") => format!("{zone}, {always}"),
        _ => line.to_owned(),
    };
    let team: String = team.lines().map(|line| calendar(line) + "\n").collect();
    let (head, _) = team.split_once("slas:").expect("the team has clocks");
    let within = if rungs { format!("{}s", SLA / 1_000) } else { "1h".to_owned() };
    let ladder = "[{at: 50%, remind: assignee}, {at: 100%, alert: manager}]";
    let clocks = format!(
        "slas:\n  all:\n    applies: 'true'\n    respond_within: {within}\n    counts: [contacted]\n    ladder: {ladder}\n"
    );
    stage.workspace.write("config/team.yaml", &(head.to_owned() + &clocks));
}

/// What the API asks for.
fn key(stage: &Stage) -> String {
    let scopes = ["token", "create", "bench", "--scope", "enroll", "--json"];
    let made = overture(&stage.workspace, &scopes).ok().json();
    format!("Bearer {}", made["token"].as_str().expect("a key is shown once"))
}
