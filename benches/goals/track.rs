//! A pixel and a click, each one durable event, against servers that say the same bytes and keep nothing.

use std::process::{Command, Stdio};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use overture::seal::{Purpose, Seal};

use super::child::{self, Role};
use super::http::{self, load};
use super::options::Options;
use super::pair::{Goal, Pair, Run, in_turn, line, middle, skipped, void};
use super::sink::Sink;
use super::stage::{Stage, Ways};
use crate::support::free_port;
use crate::support::process::{AT_ONCE, Process};

const CONNECTIONS: usize = 64;
const WAYS: Ways = Ways { senders: 10, connections: 5, port: 0 };
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    event: &'static str,
    status: u16,
    rate: f64,
}

const KINDS: [Kind; 2] = [
    Kind { name: "pixels", event: "opened", status: 200, rate: 0.75 },
    Kind { name: "clicks", event: "clicked", status: 302, rate: 0.60 },
];

/// Goal 8.
pub fn run(options: &Options) {
    let hits = options.size_or(10_000);
    let sent = Sent::prepare((hits / 5).max(1));
    for kind in KINDS {
        let paths = sent.paths(kind, hits);
        let pair = in_turn(options.rounds, || sent.hit(kind, &paths), || bare(kind, &paths));
        against(kind, "a bare server", &pair, false);
        if !there("nginx") {
            skipped("8", &format!("{} a second, durable, / nginx", kind.name), "nginx");
            continue;
        }
        let pair = in_turn(options.rounds, || sent.hit(kind, &paths), || nginx(kind, &paths));
        against(kind, "nginx", &pair, true);
    }
}

fn against(kind: Kind, whom: &str, pair: &Pair, goals: bool) {
    let what = format!("{} a second, durable, / {whom}", kind.name);
    if !pair.exact() {
        return void("8", &what, "an answer was wrong, or an event is missing");
    }
    let rate = |runs: &[Run]| middle(runs, |run| run.per_second);
    let beside = format!("{:.0}/s beside {:.0}/s; every event kept", rate(&pair.ours), rate(&pair.theirs));
    let (least, most) = if goals { (Goal::AtLeast(kind.rate), Goal::AtMost(1.7)) } else { (Goal::None, Goal::None) };
    line("8", &what, pair.ratio(|run| run.per_second), least, &beside);
    let cpu = |runs: &[Run]| middle(runs, |run| run.cpu);
    let beside = format!("{:.0} us beside {:.0} us", cpu(&pair.ours), cpu(&pair.theirs));
    line("8", &format!("CPU of {}, durable, / {whom}", kind.name), pair.ratio(|run| run.cpu), most, &beside);
}

/// A workspace whose mails were sent, and the tokens in them.
struct Sent {
    stage: Stage,
    seal: Seal,
    /// Touches with the number of one of their links.
    touches: Vec<(String, u16)>,
}

impl Sent {
    fn prepare(mails: usize) -> Self {
        let mut sink = Sink::start(std::time::Duration::ZERO);
        let stage = Stage::set(Ways { port: sink.port, ..WAYS }, "sqlite");
        let seal = stage.seed_all(mails, WAYS.senders).seal.clone();
        let mut daemon = stage.start(&[]);
        assert!(sink.wait(mails, std::time::Duration::from_mins(5)).exact, "every mail comes once");
        assert!(daemon.term().success(), "the daemon drains");
        stage.keep();
        let touches = stage.ask("SELECT id || ' ' || links FROM touch WHERE state = 'accepted' ORDER BY id");
        assert_eq!(touches.len(), mails, "every mail is accepted");
        let touch = |row: &String| {
            let (id, links) = row.split_once(' ').expect("two columns");
            let links: Vec<(u16, String)> = serde_json::from_str(links).expect("links are a list");
            (id.to_owned(), links.first().expect("a mail has links").0)
        };
        Self { touches: touches.iter().map(touch).collect(), stage, seal }
    }

    /// All touches in turn.
    fn paths(&self, kind: Kind, hits: usize) -> Vec<String> {
        let path = |(touch, link): &(String, u16)| match kind.status {
            200 => format!("/o/{}.gif", self.seal.sign(Purpose::Open, touch, 0, 20_000)),
            _ => format!("/c/{}", self.seal.sign(Purpose::Click, touch, *link, 20_000)),
        };
        self.touches.iter().cycle().take(hits).map(path).collect()
    }

    fn hit(&self, kind: Kind, paths: &[String]) -> Run {
        self.stage.restore();
        let mut daemon = self.stage.start(&[]);
        let run = measured(kind, daemon.public(), daemon.id(), paths);
        let ended = daemon.term();
        let kept = format!("SELECT CAST(count(*) AS TEXT) FROM event WHERE name = '{}'", kind.event);
        let kept = self.stage.ask(&kept) == [paths.len().to_string()];
        Run { exact: run.exact && kept && ended.success(), ..run }
    }
}

fn measured(kind: Kind, address: &str, pid: u32, paths: &[String]) -> Run {
    let before = child::cpu(pid);
    let loaded = load(address, paths, CONNECTIONS, kind.status);
    let hits = paths.len() as f64;
    Run {
        per_second: hits / loaded.seconds,
        cpu: (child::cpu(pid) - before) / hits * 1e6,
        exact: loaded.good == paths.len(),
        ..Run::default()
    }
}

fn bare(kind: Kind, paths: &[String]) -> Run {
    let mut role = Role::start("dot", &[]);
    let port = role.told()["port"].as_u64().expect("a port");
    measured(kind, &format!("127.0.0.1:{port}"), role.id(), paths)
}

/// The same answers, and nothing else.
pub fn play() {
    const NO_STORE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
    let dot = || async { ([(header::CONTENT_TYPE, "image/gif"), NO_STORE], PIXEL) };
    let away =
        || async { (StatusCode::FOUND, [(header::LOCATION, "https://example.com/p/0?plan=pro&city=Oslo"), NO_STORE]) };
    let router = Router::new().route("/o/{file}", get(dot)).route("/c/{token}", get(away));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.spawn(async move {
        let listener = http::listen();
        println!("{}", serde_json::json!({ "port": listener.local_addr().expect("an address").port() }));
        axum::serve(listener, router).await
    });
    // It ends with its standard input.
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    std::process::exit(0);
}

fn there(program: &str) -> bool {
    Command::new(program)
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|told| told.success())
}

fn nginx(kind: Kind, paths: &[String]) -> Run {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let port = free_port();
    let settings = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;\nevents {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 1000000; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n\
         uwsgi_temp_path t4; scgi_temp_path t5; server {{ listen 127.0.0.1:{port};\n\
         location /o/ {{ empty_gif; }} location /c/ {{ return 302 https://example.com/p/0?plan=pro; }} }} }}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), settings).expect("a file can be written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
    let server = Process::start("nginx", &mut command, AT_ONCE);
    measured(kind, &format!("127.0.0.1:{port}"), server.id(), paths)
}
