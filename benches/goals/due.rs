//! How late a mail is: from the instant at which its lead is due until the relay hears MAIL FROM, with nothing else to do and at four
//! fifths of what the machine can send.

use std::collections::BTreeMap;
use std::time::Duration;

use overture::clock::wall;

use super::options::Options;
use super::pair::{Goal, line, share, void};
use super::sink::Sink;
use super::stage::{Stage, Ways};

const WAYS: Ways = Ways { senders: 50, connections: 10, port: 0 };
const PATIENCE: Duration = Duration::from_mins(5);
/// Mails a second that are no load.
const IDLE: f64 = 25.0;
/// The first is due so many milliseconds after the daemon was started.
const AHEAD: i64 = 2_000;

/// Goal 10.
pub fn run(options: &Options) {
    let mails = options.size_or(5_000);
    let mut sink = Sink::start(Duration::ZERO);
    let stage = Stage::set(Ways { port: sink.port, ..WAYS }, "sqlite");
    for sender in 0..WAYS.senders {
        // A first mail without a wait would be on its lane at once; this one comes by the queue of wakes.
        let name = format!("sequences/q{sender}.yaml");
        stage.workspace.write(&name, &stage.workspace.read(&name).replace("steps:\n", "steps:\n  - wait: 1s\n"));
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let engine = stage.engine().await;
        Stage::seed(&engine, mails, WAYS.senders, false).await;
        engine.store.close().await;
    });
    stage.keep();
    let Some(most) = all_at_once(&stage, &mut sink, mails) else {
        return void("10", "ms from due to MAIL FROM", "a mail arrived twice, late or never");
    };
    let few = mails.min(250);
    for (name, rate, mails, goal) in [("idle", IDLE, few, 25.0), ("at 80 % load", most * 0.8, mails, 250.0)] {
        let what = format!("ms from due to MAIL FROM, {name}");
        let Some(late) = in_time(&stage, &mut sink, mails, rate) else {
            void("10", &what, "a mail arrived twice, late or never");
            continue;
        };
        let beside = format!("{mails} mails, {rate:.0}/s; the most is {most:.0}/s");
        line("10", &format!("{what}, p50"), share(&late, 0.50), Goal::None, &beside);
        line("10", &format!("{what}, p99"), share(&late, 0.99), Goal::AtMost(goal), &beside);
    }
}

/// Mails a second where all leads are due at once: from wake to relay.
fn all_at_once(stage: &Stage, sink: &mut Sink, mails: usize) -> Option<f64> {
    stage.restore();
    sink.reset();
    let mut daemon = stage.start(&[]);
    let arrived = sink.wait(mails, PATIENCE);
    let ended = daemon.term();
    (arrived.exact && ended.success()).then(|| arrived.mails as f64 / arrived.seconds)
}

/// How many milliseconds each mail is late where leads become due one after the other.
fn in_time(stage: &Stage, sink: &mut Sink, mails: usize, rate: f64) -> Option<Vec<f64>> {
    stage.restore();
    let (first, apart) = (wall().0 + AHEAD, 1e3 / rate);
    // Those who are not meant wait for a day that does not come.
    let never = first + 86_400_000;
    stage.tell(&format!(
        "CREATE TEMP TABLE turn AS SELECT lead_id, row_number() OVER (ORDER BY due, lead_id) - 1 AS place FROM wake;
         DELETE FROM wake;
         INSERT INTO wake (due, lead_id) SELECT CASE WHEN place < {mails} THEN {first} + CAST(place * {apart} AS INTEGER) ELSE {never} END,
             lead_id FROM turn;"
    ));
    let due = stage.ask("SELECT lead.address || ' ' || wake.due FROM wake JOIN lead ON lead.id = wake.lead_id");
    let due: BTreeMap<usize, i64> = due.iter().filter_map(|row| number_and_instant(row)).collect();
    sink.reset();
    let mut daemon = stage.start(&[]);
    let arrived = sink.wait(mails, PATIENCE);
    let begun = sink.begun();
    let ended = daemon.term();
    // The start is no part of it: what was due before was due too early.
    let meant = due.iter().filter(|(_, at)| **at < never);
    let late: Option<Vec<f64>> =
        meant.map(|(lead, at)| begun.get(*lead).filter(|begun| **begun > 0).map(|begun| (begun - at) as f64)).collect();
    late.filter(|late| late.len() == mails && arrived.mails == mails && ended.success())
}

/// `lead17@bench.example 1790000000000`
fn number_and_instant(row: &str) -> Option<(usize, i64)> {
    let (address, at) = row.split_once(' ')?;
    let number = address.strip_prefix("lead")?.split_once('@')?.0;
    Some((number.parse().ok()?, at.parse().ok()?))
}
