//! PostgreSQL: beside SQLite, four daemons beside one, and what a daemon that was killed leaves to the others.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use overture::engine::Scope;

use super::mails::{Field, beside};
use super::options::Options;
use super::pair::{Goal, Run, in_turn, line, skipped, void};
use super::sink::Sink;
use super::stage::{Stage, Ways, postgres};
use crate::support::daemon::{Daemon, overture};
use crate::support::postgres::Postgres;
use crate::support::watch::eventually;

/// Few connections a daemon, so that the relay is what one of them waits for.
const WAYS: Ways = Ways { senders: 10, connections: 1, port: 0 };
const DELAY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_mins(5);
const LEASE: Duration = Duration::from_secs(3);

/// Goal 5.
pub fn run(options: &Options) {
    let Some(server) = postgres() else {
        return skipped("5", "mails/s on PostgreSQL, a fleet, a takeover", "postgresql");
    };
    beside_sqlite(options, server);
    four(options, server);
    takeover(options, server);
}

fn beside_sqlite(options: &Options, server: &Postgres) {
    let mails = options.size_or(5_000);
    let sink = Sink::start(Duration::ZERO);
    let (shared, alone) = (Field::on(&server.database(), mails, sink.port), Field::prepare(mails, sink.port));
    let sink = RefCell::new(sink);
    let pair = in_turn(
        options.rounds,
        || shared.send(&mut sink.borrow_mut(), 0).0,
        || alone.send(&mut sink.borrow_mut(), 0).0,
    );
    let what = "mails/s, PostgreSQL / SQLite, 500 connections";
    if !pair.exact() {
        return void("5", what, "a mail arrived twice, late or never");
    }
    line("5", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.60), &beside(&pair));
}

/// A workspace for another daemon over the same database.
fn another(port: u16, url: &str) -> Stage {
    let stage = Stage::set(Ways { port, ..WAYS }, url);
    stage.workspace.set("database.lease", "3s");
    stage
}

fn four(options: &Options, server: &Postgres) {
    let mails = options.size_or(1_500);
    let sink = Sink::start(DELAY);
    let stage = another(sink.port, &server.database());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let engine = stage.engine().await;
        Stage::seed(&engine, mails, WAYS.senders, true).await;
        // Nobody sends before all are there.
        engine.pause(&Scope::All, "bench").await.expect("the store answers");
        engine.store.close().await;
    });
    stage.keep();
    let sink = RefCell::new(sink);
    let pair = in_turn(
        options.rounds,
        || together(&stage, &mut sink.borrow_mut(), 4, mails),
        || together(&stage, &mut sink.borrow_mut(), 1, mails),
    );
    let what = "mails/s, four daemons / one, a relay of 50 ms";
    if !pair.exact() {
        return void("5", what, "a mail arrived twice, late or never");
    }
    line("5", what, pair.ratio(|run| run.per_second), Goal::AtLeast(3.6), &beside(&pair));
}

fn together(stage: &Stage, sink: &mut Sink, daemons: usize, mails: usize) -> Run {
    stage.restore();
    let others: Vec<Stage> = (1..daemons).map(|_| another(sink.port, &stage.url())).collect();
    let mut fleet: Vec<Daemon> = std::iter::once(stage).chain(&others).map(|stage| stage.start(&[])).collect();
    sink.reset();
    overture(&stage.workspace, &["resume", "everything"]).ok();
    let arrived = sink.wait(mails, PATIENCE);
    let ended = fleet.iter_mut().map(Daemon::term).all(|ended| ended.success());
    Run { per_second: arrived.mails as f64 / arrived.seconds, exact: arrived.exact && ended, ..Run::default() }
}

/// The relay never answers, so that the one who dies has all in hand: claimed, intended and marked. A connection claims one, and two more
/// while it carries that.
fn takeover(options: &Options, server: &Postgres) {
    const MAILS: usize = 3 * WAYS.senders * WAYS.connections;
    let mut sink = Sink::start(Duration::from_hours(1));
    let stage = another(sink.port, &server.database());
    stage.seed_all(MAILS, WAYS.senders);
    stage.keep();
    let longest = (0..options.rounds).map(|_| taken_over(&stage, &mut sink, MAILS)).fold(0.0, f64::max);
    let goal = Goal::AtMost(LEASE.as_secs_f64() + 1.0);
    let beside = format!("the longest of {}; a lease of 3 s, {MAILS} in hand", options.rounds);
    line("5", "seconds from a kill until all it had is taken over", longest, goal, &beside);
}

fn taken_over(stage: &Stage, sink: &mut Sink, mails: usize) -> f64 {
    stage.restore();
    sink.reset();
    let mut dying = stage.start(&[]);
    let tokens = eventually("everything is in hand", Duration::from_secs(30), || {
        let tokens = stage.ask("SELECT token FROM touch WHERE token IS NOT NULL");
        (tokens.len() == mails).then_some(tokens)
    });
    let survivor = another(sink.port, &stage.url());
    let mut survivor = survivor.start(&[]);
    let tokens = tokens.iter().map(|token| format!("'{token}'")).collect::<Vec<_>>().join(", ");
    let left = format!("SELECT CAST(count(*) AS TEXT) FROM touch WHERE token IN ({tokens})");
    dying.kill9();
    let killed = Instant::now();
    eventually("all is taken over", Duration::from_mins(1), || (stage.ask(&left) == ["0"]).then_some(()));
    let seconds = killed.elapsed().as_secs_f64();
    survivor.kill9();
    seconds
}
