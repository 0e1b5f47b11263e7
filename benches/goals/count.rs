//! Instructions of the hot functions: they repeat where times do not, so a change that makes a mail dearer shows the same day.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use overture::domain::address::EmailAddress;
use overture::domain::decide::{Ask, newborn};
use overture::domain::id::{LeadId, TouchId, encode};
use overture::domain::time::Instant;
use overture::engine::{Engine, Target};
use overture::render::{About, MailContext, Renderer, Track, mime};
use overture::seal::{Purpose, Seal};
use serde_json::Map;

use super::decide;
use super::options::Options;
use super::pair::{Goal, line, skipped};
use super::stage::{Stage, Ways, attributes};

/// By how much a count may grow before it is said aloud.
const TOLERANCE: f64 = 1.03;

/// A function, how often it is called in the short run and in the long one: the difference leaves what it costs to start.
const COUNTED: [(&str, usize, usize); 5] =
    [("decide", 100, 400), ("render", 100, 400), ("verify", 1_000, 4_000), ("record", 200, 600), ("claim", 200, 600)];

/// A build without optimisations is counted over fewer calls: it takes ten times as long for each.
const SHARE: usize = if cfg!(debug_assertions) { 4 } else { 1 };

/// Goal 15: counts again and compares with what is checked in.
pub fn run(_: &Options) {
    if !Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skipped("15", "instructions of the hot functions", "valgrind");
    }
    let (known, compiler) = kept();
    let ours = rustc();
    // Another compiler makes other code: then the ratios are shown, and nobody is blamed for them.
    let wanted = if compiler == ours { Goal::AtMost(TOLERANCE) } else { Goal::None };
    let mut counted = Vec::new();
    for (name, short, long) in COUNTED {
        let (short, long) = (short / SHARE, long / SHARE);
        let (few, many) = std::thread::scope(|threads| {
            let few = threads.spawn(|| callgrind(name, short));
            let many = callgrind(name, long);
            (few.join().expect("it was counted"), many)
        });
        let count = (many - few) / (long - short) as f64;
        let what = format!("instructions of {name} / what is checked in");
        let beside = format!("{count:.0}");
        match known.get(name) {
            Some(before) => line("15", &what, count / before, wanted, &beside),
            None => line("15", &format!("instructions of {name}"), count, Goal::None, "none is checked in"),
        }
        counted.push(format!("{name} = {count:.0}\n"));
    }
    if !known.is_empty() && compiler != ours {
        println!("      checked in under {compiler}, counted under {ours}: differences may be the compiler's");
    }
    if std::env::var_os("OVERTURE_BENCH_KEEP").is_some() {
        let text = format!(
            "# Instructions a call, by callgrind; `OVERTURE_BENCH_KEEP=1 {}` writes this file.\ncompiler = {ours}\n",
            KEPT.1
        );
        std::fs::write(file(), text + &counted.concat()).expect("the file can be written");
    }
}

/// Each kind of build has counts of its own: where an optimised one takes too long, growth shows in the other as well.
const KEPT: (&str, &str) = if cfg!(debug_assertions) {
    ("benches/instructions.dev.txt", "cargo bench --profile dev --bench goals -- count")
} else {
    ("benches/instructions.txt", "cargo bench -- count")
};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(KEPT.0)
}

/// What is checked in, and under which compiler.
fn kept() -> (BTreeMap<String, f64>, String) {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let pairs = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let mut pairs: BTreeMap<String, String> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let compiler = pairs.remove("compiler").unwrap_or_default();
    (pairs.into_iter().filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect(), compiler)
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("the compiler answers");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// All instructions of this program calling a function so often.
fn callgrind(name: &str, times: usize) -> f64 {
    let program = std::env::current_exe().expect("this program has a path");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output = valgrind.args(["role:count", name, &times.to_string()]).output().expect("valgrind starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("callgrind counted nothing:\n{said}"))
}

/// `NAME TIMES`: calls a function so often.
pub fn play(arguments: &[String]) {
    let times: usize = arguments[1].parse().expect("a number");
    match arguments[0].as_str() {
        "decide" => drop(std::hint::black_box(decide::year(times, &decide::playbook()))),
        "render" => render(times),
        "verify" => verify(times),
        "record" => block_on(async |engine, stage| record(&engine, &stage, times).await),
        "claim" => block_on(async |engine, stage| claim(&engine, &stage, times).await),
        other => panic!("nothing is counted by the name {other}"),
    }
}

fn render(times: usize) {
    let playbook = decide::playbook();
    let sequence = &playbook.sequences["year"];
    let template = &sequence.templates["bench/offer"];
    let (renderer, seal) = (Renderer::new(), Seal::new(&[7; 32]));
    let sender = &playbook.settings.senders["s0"];
    let (none, now) = (Map::new(), Instant(1_795_161_600_000));
    for number in 0..times {
        let address = EmailAddress::parse(&format!("lead{number}@bench.example")).expect("an address");
        let mut lead = newborn(LeadId(encode(7)), address, None, now);
        lead.attributes = attributes(number).into_iter().collect();
        let about = About {
            lead: &lead,
            account: &none,
            sender: Some(sender),
            company: &playbook.settings.company,
            step: &none,
            handoff: None,
            zone: "UTC",
        };
        let mail = MailContext {
            about,
            touch: &TouchId(encode(number as u128)),
            to: &lead.address,
            from: sender,
            sequence: "year",
            step: "m0",
            bulk: true,
            thread: None,
            track: Track { opens: true, clicks: true },
            seal: &seal,
            public_url: "http://127.0.0.1:8025",
            date: now,
        };
        let rendered = renderer.mail(template, &mail).expect("the mail can be rendered");
        std::hint::black_box(mime::bytes(&rendered.message).expect("the mail can be written"));
    }
}

fn verify(times: usize) {
    let seal = Seal::new(&[7; 32]);
    let token = seal.sign(Purpose::Click, &encode(7), 3, 20_000);
    for _ in 0..times {
        std::hint::black_box(seal.open(Purpose::Click, std::hint::black_box(&token)).expect("it is ours"));
    }
}

/// One thread, so that nothing waits for anything in a way that differs from run to run.
fn block_on(work: impl AsyncFnOnce(Arc<Engine>, Stage)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, "sqlite");
    runtime.block_on(async {
        let engine = stage.engine().await;
        work(engine, stage).await;
    });
}

/// Leads come in and enter a sequence: load, decide, save, in commits of a hundred.
async fn record(engine: &Engine, _: &Stage, times: usize) {
    for from in (0..times).step_by(100) {
        let unit = |number: usize| {
            let address = EmailAddress::parse(&format!("lead{number}@bench.example")).expect("an address");
            let enroll = Ask::Enroll { sequence: "q0".to_owned(), by: "bench".to_owned(), again: false };
            engine.by_hand(Target::Address { address, create: true }, enroll, "bench")
        };
        let units = (from..(from + 100).min(times)).map(unit).collect();
        engine.record(units).await.expect("the store takes leads");
    }
}

/// As many touches wait whatever the number that is claimed, eight at a time.
async fn claim(engine: &Engine, _: &Stage, times: usize) {
    Stage::seed(engine, 600, 1, true).await;
    for _ in (0..times).step_by(8) {
        assert_eq!(engine.claim("mail:s0", 8).await.expect("the store answers").len(), 8);
    }
}
