//! Mails from the queue to the relay with everything on: claim, render, rewrite, sign, intent, mark, SMTP, outcome.

use std::cell::RefCell;
use std::time::Duration;

use super::bare;
use super::child;
use super::disk::{Shim, flushes};
use super::options::Options;
use super::pair::{Goal, Pair, Run, in_turn, line, middle, skipped, void};
use super::sink::Sink;
use super::stage::{Stage, Ways};

const SENDERS: usize = 50;
const EACH: usize = 10;
const CONNECTIONS: usize = SENDERS * EACH;
const PATIENCE: Duration = Duration::from_mins(5);

/// Goals 1 and 4: at full speed.
pub fn run(options: &Options) {
    let mails = options.size_or(20_000);
    let mut sink = Sink::start(Duration::ZERO);
    let field = Field::prepare(mails, sink.port);
    // The first run tells how large a mail is, so that the bare loop sends as much.
    let bytes = field.send(&mut sink, 0).1;
    let sink = RefCell::new(sink);
    let pair = in_turn(
        options.rounds,
        || field.send(&mut sink.borrow_mut(), 0).0,
        || bare::run(&mut sink.borrow_mut(), mails, CONNECTIONS, bytes),
    );
    let what = "mails/s, SQLite FULL, 500 connections, / bare loop";
    if !pair.exact() {
        return void("1", what, "a mail arrived twice, late or never");
    }
    // What claims, intents and marks leave of the bare loop (`price`) is 0.40.
    line("1", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.30), &beside(&pair));
    let ours = |of: fn(&Run) -> f64| middle(&pair.ours, of);
    line(
        "1",
        "CPU us a mail",
        ours(|run| run.cpu),
        Goal::None,
        &format!("bare {:.0}", middle(&pair.theirs, |run| run.cpu)),
    );
    line("1", "peak memory, MB", ours(|run| run.memory), Goal::None, "");
    let first = ours(|run| run.first) * 1e3;
    line(
        "12",
        "start to first mail, ms",
        first,
        Goal::AtMost(300.0),
        &format!("{mails} waiting, 500 connections open"),
    );
    line("4", "round trips a mail", ours(|run| run.turns.unwrap_or(f64::NAN)), Goal::AtMost(2.05), "");
    line("4", "connections", ours(|run| run.connections.unwrap_or(f64::NAN)), Goal::AtMost(500.0), "the pool has 500");
    line("4", "disk flushes a 1000 mails", ours(|run| run.fsyncs.unwrap_or(f64::NAN)) * 1e3, Goal::AtMost(10.0), "");
    let sink = RefCell::new(sink.into_inner());
    against_postfix(options, &field, &sink, bytes);
    let slow = in_turn(
        options.rounds,
        || field.send(&mut sink.borrow_mut(), 4_000).0,
        || field.send(&mut sink.borrow_mut(), 0).0,
    );
    let what = "mails/s with +4 ms a flush / without";
    if !slow.exact() {
        return void("4", what, "a mail arrived twice, late or never");
    }
    line("4", what, slow.ratio(|run| run.per_second), Goal::AtLeast(0.80), &beside(&slow));
}

/// Goal 1: beside Postfix's own generator of load, which keeps nothing either.
fn against_postfix(options: &Options, field: &Field, sink: &RefCell<Sink>, bytes: usize) {
    let what = "mails/s, SQLite FULL, 500 connections, / smtp-source";
    let source = || bare::source(&mut sink.borrow_mut(), field.mails, CONNECTIONS, bytes);
    if source().is_none() {
        return skipped("1", what, "smtp-source (postfix)");
    }
    let pair = in_turn(options.rounds, || field.send(&mut sink.borrow_mut(), 0).0, || source().unwrap_or_default());
    if !pair.exact() {
        return void("1", what, "a mail arrived twice, late or never");
    }
    line("1", what, pair.ratio(|run| run.per_second), Goal::AtLeast(1.0), &beside(&pair));
}

/// Goal 3: a relay that takes its time for each mail; the bound is what so many connections can do at all.
pub fn slow(options: &Options) {
    const DELAY: Duration = Duration::from_millis(50);
    let mails = options.size_or(20_000);
    let mut sink = Sink::start(DELAY);
    let field = Field::prepare(mails, sink.port);
    let bytes = field.send(&mut sink, 0).1;
    let sink = RefCell::new(sink);
    let pair = in_turn(
        options.rounds,
        || field.send(&mut sink.borrow_mut(), 0).0,
        || bare::run(&mut sink.borrow_mut(), mails, CONNECTIONS, bytes),
    );
    let what = "mails/s, a relay of 50 ms, 500 connections, / bare loop";
    if !pair.exact() {
        return void("3", what, "a mail arrived twice, late or never");
    }
    line("3", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.65), &beside(&pair));
    let bound = CONNECTIONS as f64 / DELAY.as_secs_f64();
    let rate = middle(&pair.ours, |run| run.per_second);
    line("3", "the same / the bound of 10,000/s", rate / bound, Goal::None, "");
    let flushes = middle(&pair.ours, |run| run.fsyncs.unwrap_or(f64::NAN)) * 1e3;
    line("3", "disk flushes a 1000 mails", flushes, Goal::AtMost(40.0), "");
    line("3", "peak memory, MB", middle(&pair.ours, |run| run.memory), Goal::AtMost(64.0), "");
}

pub fn beside(pair: &Pair) -> String {
    let rate = |runs: &[Run]| middle(runs, |run| run.per_second);
    format!("{:.0}/s beside {:.0}/s", rate(&pair.ours), rate(&pair.theirs))
}

/// A workspace with so many mails due, and how to send them.
pub struct Field {
    stage: Stage,
    mails: usize,
    shim: Option<Shim>,
}

impl Field {
    pub fn prepare(mails: usize, port: u16) -> Self {
        Self::on("sqlite", mails, port)
    }

    /// The same on any database.
    pub fn on(database: &str, mails: usize, port: u16) -> Self {
        let stage = Stage::set(Ways { senders: SENDERS, connections: EACH, port }, database);
        stage.seed_all(mails, SENDERS);
        Self::of(stage, mails)
    }

    /// What was prepared by somebody else.
    pub fn of(stage: Stage, mails: usize) -> Self {
        stage.keep();
        Self { stage, mails, shim: Shim::build() }
    }

    /// Sends all from the start of a daemon to its end; also gives the size of a mail.
    pub fn send(&self, sink: &mut Sink, flush_us: u32) -> (Run, usize) {
        self.stage.restore();
        sink.reset();
        let (shim, slow) = (self.shim.as_ref().map(Shim::path).unwrap_or_default(), flush_us.to_string());
        let environment: &[(&str, &str)] = match self.shim {
            Some(_) => &[("LD_PRELOAD", shim.as_str()), ("BENCH_FLUSH_US", slow.as_str())],
            None => &[],
        };
        let mut daemon = self.stage.start(environment);
        let arrived = sink.wait(self.mails, PATIENCE);
        let (cpu, memory) = (child::cpu(daemon.id()), child::memory(daemon.id()));
        let ended = daemon.term();
        let count = |number: f64| number / self.mails as f64;
        let run = Run {
            per_second: arrived.mails as f64 / arrived.seconds,
            cpu: count(cpu) * 1e6,
            memory,
            fsyncs: flushes(&daemon.log().text()).map(count),
            turns: Some(count(arrived.turns as f64)),
            connections: Some(arrived.connections as f64),
            first: arrived.first,
            exact: arrived.exact && arrived.tracked && ended.success(),
        };
        if std::env::var_os("BENCH_SHOW").is_some() {
            eprintln!("{run:?} first {:.3} {} bytes\n{}", arrived.first, arrived.bytes, daemon.log().text());
        }
        (run, arrived.bytes)
    }
}
