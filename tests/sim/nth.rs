//! Each write of a story fails once, in every way a database fails: whoever asked is told, asks again, and nothing is lost or doubled.

use super::step::{At, Fault as Weather, Knobs, Script, Step, Trace, Word};
use super::support::postgres::Postgres;
use super::world::World;
use overture::store::{Access, Fault, Location, Store};
use std::sync::atomic::{AtomicU64, Ordering};

/// A story with everything in it that writes, on a day when all else is well.
fn story() -> Trace {
    let quiet = Script { stall: None, fault: Weather::None };
    let refused = Script { stall: None, fault: Weather::Refuse { at: At::Dot, which: 0 } };
    let engine = 0;
    let tell = |who, word| Step::Tell { engine, who, word };
    let steps = vec![
        tell(0, Word::Arrived),
        Step::Enroll { engine, who: 1, sequence: 0 },
        Step::Enroll { engine, who: 2, sequence: 1 },
        Step::Wake { engine },
        Step::Claim { engine, lane: 0, wanted: 4 },
        Step::Carry { engine, script: quiet, settle: true },
        Step::Carry { engine, script: refused, settle: true },
        Step::Work { engine },
        tell(0, Word::Clicked),
        Step::Pass(70_000),
        Step::Work { engine },
        Step::Batch { engine, from: 0, count: 3, poison: true },
        Step::Pause { engine, scope: 3 },
        Step::Next,
        Step::Work { engine },
        Step::Resume { engine, scope: 3 },
        Step::Work { engine },
        tell(1, Word::DemoRequested),
        Step::Work { engine },
        Step::Act { engine, who: 1, act: 0 },
        Step::Pass(600_000),
        Step::Keep { engine },
        Step::Work { engine },
        Step::Act { engine, who: 1, act: 1 },
        tell(2, Word::Replied),
        Step::Suppress { engine, who: 0, domain: false },
        Step::Next,
        Step::Work { engine },
        Step::Next,
        Step::Work { engine },
        Step::Merge { engine, who: 2, into: 1 },
        Step::Work { engine },
    ];
    let knobs = Knobs { engines: 1, people: 3, caps: [5, 5], gaps: [0, 0], pipelining: true, start_hour: 9 };
    Trace { seed: 1, knobs, steps }
}

/// What came of the story with one write failing.
struct Played {
    /// The story ended before that write came.
    clean: bool,
    /// How often somebody was told.
    failures: usize,
    mails: usize,
}

/// Plays the story on SQLite, or on an empty PostgreSQL; its `n`-th write fails.
fn play(postgres: Option<&str>, fault: Fault, n: u64) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let played = runtime.block_on(async {
        let mut world = World::new(postgres, story(), None).await;
        world.weak = true;
        world.daemon(0).await;
        world.house.store.faults().arm(fault, n);
        world.play().await;
        let clean = world.house.store.faults().disarm();
        assert_eq!(world.notes.broken, [], "{fault:?} at write {n}, in step {}", world.notes.step);
        // Whatever was the matter is over with the next commit, if the story did not make one.
        world.house.store.begin().await.expect("the store is well").commit().await.expect("it is");
        assert_eq!(world.house.store.trouble(), None, "{fault:?} at write {n}: nothing is the matter any more");
        let mails = world.model.mails.iter().filter(|known| known.mail.taken).count();
        Played { clean, failures: world.notes.failures, mails }
    });
    runtime.shutdown_background();
    played
}

/// Whether no write is to be left out.
fn all_of_them() -> bool {
    std::env::var("OVERTURE_NTH").is_ok_and(|wanted| wanted == "all")
}

/// The ways in which the `n`-th write fails: one each, in turn; all of them where `OVERTURE_NTH` is `all`.
fn ways(n: u64) -> Vec<Fault> {
    let all = [Fault::Reset, Fault::Unknown, Fault::Busy, Fault::Full, Fault::Io];
    let turn = usize::try_from(n % 5).expect("less than five");
    if all_of_them() { all.to_vec() } else { vec![all[turn]] }
}

/// A database with the schema and nothing in it, for each play to have its own copy of.
fn template(postgres: &Postgres) -> String {
    let url = postgres.database();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let location = Location::Postgres { url: url.clone(), connections: 1 };
        let store = Store::open(&location, Access::Write).await.expect("a store opens");
        store.migrate(|_| ()).await.expect("the schema is made");
        store.close().await;
    });
    url
}

/// Plays the story with its writes `first`, `first + stride` … failing, until it ends before such a write comes.
fn every(postgres: Option<&Postgres>, (first, stride): (u64, u64)) {
    let postgres = postgres.map(|server| (server, template(server)));
    let start = |fault, n| {
        let database = postgres.as_ref().map(|(server, template)| (server, server.copy_of(template)));
        let played = play(database.as_ref().map(|(_, url)| url.as_str()), fault, n);
        if let Some((server, url)) = database {
            server.discard(&url);
        }
        played
    };
    let well = start(Fault::Reset, u64::MAX);
    assert!(well.clean && well.failures == 0 && well.mails > 4, "the story itself is sound: {} mails", well.mails);
    let (next, played) = (AtomicU64::new(first), AtomicU64::new(0));
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                loop {
                    let n = next.fetch_add(stride, Ordering::Relaxed);
                    for fault in ways(n) {
                        let one = start(fault, n);
                        if one.clean {
                            return;
                        }
                        assert!(one.failures > 0, "{fault:?} at write {n}: nobody was told");
                        played.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let played = played.into_inner();
    println!("write failures {played} · lost 0 · doubled 0 · invariants broken 0");
    assert!(played > 100 / stride, "the story writes");
}

#[test]
fn any_write_that_fails_once_costs_nothing_and_somebody_is_told() {
    every(None, (1, 1));
}

/// A database is made for each play, which takes its time: where not all are asked for, it is every 29th write, from another one each time.
#[test]
fn any_write_that_fails_once_on_postgresql_costs_nothing_and_somebody_is_told() {
    let Some(postgres) = Postgres::shared() else { return };
    let stride = if all_of_them() { 1 } else { 29 };
    let first = 1 + overture::clock::wall().0.unsigned_abs() % stride;
    println!("from write {first} on, each {stride}th");
    every(Some(postgres), (first, stride));
}
