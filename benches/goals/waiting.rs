//! What it costs that others wait: a claim with ten thousand and with a million ahead of their time, and a daemon at rest beside them.

use std::time::{Duration, Instant as Clock};

use overture::domain::time::{Instant, Millis};
use overture::store::touches::Claim;
use overture::store::{Access, Location, Store};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::child;
use super::options::Options;
use super::pair::{Goal, line, median};
use super::stage::{Stage, Ways};

const FEW: usize = 10_000;
const ROUNDS: usize = 60;
/// Touches and wakes of one claim.
const TAKE: usize = 500;

/// Goals 6 and 12.
pub fn run(options: &Options) {
    let many = options.size_or(1_000_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (few, crowd) = (Crowd::gather(FEW, &runtime), Crowd::gather(many, &runtime));
    let mut ratios = [Vec::new(), Vec::new()];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // A B, B A: whatever the machine does meanwhile meets both.
        let measured = runtime.block_on(async {
            if round % 2 == 0 {
                let first = few.claims().await;
                (first, crowd.claims().await)
            } else {
                let second = crowd.claims().await;
                (few.claims().await, second)
            }
        });
        for (kind, ratios) in ratios.iter_mut().enumerate() {
            ratios.push(measured.1[kind] / measured.0[kind]);
            times[kind].push(measured.1[kind] * 1e3);
        }
    }
    for (kind, name) in ["wakes", "touches"].into_iter().enumerate() {
        let what = format!("claim of {TAKE} {name}, {many} waiting / {FEW} waiting");
        let beside = format!("{:.2} ms", median(times[kind].iter().copied()));
        line("6", &what, median(ratios[kind].iter().copied()), Goal::AtMost(1.5), &beside);
    }
    let bytes = (crowd.size() - few.size()) as f64 / (many - FEW) as f64 / 2.0;
    line("12", "bytes on disk a waiting row (wake and outbox)", bytes, Goal::AtMost(64.0), "");
    let Crowd { stage, store, .. } = crowd;
    runtime.block_on(store.close());
    // Its lock on the folder goes with it.
    drop(store);
    at_rest(&stage, many);
}

fn at_rest(stage: &Stage, many: usize) {
    const REST: Duration = Duration::from_secs(10);
    // What is due goes to the sandbox first: a daemon at rest has nothing to do.
    let mut daemon = stage.start(&[("OVERTURE_SEND", "sandbox")]);
    std::thread::sleep(Duration::from_secs(10));
    let before = child::cpu(daemon.id());
    std::thread::sleep(REST);
    let spent = (child::cpu(daemon.id()) - before) * 1e3 / REST.as_secs_f64();
    let beside = format!("{many} waiting");
    line("12", "CPU ms a second at rest", spent, Goal::AtMost(1.0), &beside);
    line("12", "memory at rest, MB", child::resident(daemon.id()), Goal::AtMost(32.0), &beside);
    daemon.term();
}

/// A store in which many wait for a time that has not come, and some whose time has.
struct Crowd {
    stage: Stage,
    store: Store,
    now: Instant,
}

impl Crowd {
    fn gather(waiting: usize, runtime: &tokio::runtime::Runtime) -> Self {
        let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, "sqlite");
        let now = runtime.block_on(async {
            let engine = stage.engine().await;
            Stage::seed(&engine, TAKE, 1, true).await;
            let now = engine.now();
            engine.store.close().await;
            let options = SqliteConnectOptions::new().filename(stage.data().join("overture.db"));
            let mut direct = SqliteConnection::connect_with(&options).await.expect("the database opens");
            for insert in [WAKES, TOUCHES] {
                let waiting = i64::try_from(waiting).expect("a number of rows");
                let query = sqlx::query(insert).bind(waiting).bind(now.0 + Millis::DAY.0);
                query.execute(&mut direct).await.expect("rows can be written");
            }
            let due = sqlx::query(DUE).bind(i64::try_from(TAKE).expect("a number of rows")).bind(now.0 - 1);
            due.execute(&mut direct).await.expect("rows can be written");
            direct.close().await.expect("the database closes");
            now
        });
        let location = Location::Sqlite { dir: stage.data() };
        let store = runtime.block_on(Store::open(&location, Access::Write)).expect("the store opens");
        Self { stage, store, now }
    }

    /// Seconds of a claim of wakes and of one of touches; both are undone.
    async fn claims(&self) -> [f64; 2] {
        let claim =
            Claim { lane: "mail:s0", limit: TAKE, token: "bench", lease: Millis::MINUTE, reserved_day: Some(1) };
        let mut tx = self.store.begin().await.expect("a transaction begins");
        let began = Clock::now();
        assert_eq!(tx.claim_wakes(TAKE, self.now).await.expect("wakes are claimed").len(), TAKE);
        let wakes = began.elapsed().as_secs_f64();
        let began = Clock::now();
        assert_eq!(tx.claim(&claim, self.now).await.expect("touches are claimed").len(), TAKE);
        let touches = began.elapsed().as_secs_f64();
        tx.rollback().await.expect("it is undone");
        [wakes, touches]
    }

    fn size(&self) -> u64 {
        std::fs::metadata(self.stage.data().join("overture.db")).map_or(0, |file| file.len())
    }
}

const DUE: &str = "INSERT OR IGNORE INTO wake (due, lead_id) SELECT $2 - rowid % 7, id FROM lead LIMIT $1";
const WAKES: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    INSERT INTO wake (due, lead_id) SELECT $2 + i * 7, printf('%026d', i) FROM n";
const TOUCHES: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    INSERT INTO outbox (lane, ready_at, touch_id) SELECT 'mail:s0', $2 + i * 7, printf('%026d', i) FROM n";
