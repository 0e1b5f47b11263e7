//! Claims on PostgreSQL: with ten thousand and with many ahead of their time, and with an old transaction that keeps what is dead from
//! being removed.

use std::time::Instant as Clock;

use overture::domain::time::{Instant, Millis};
use overture::store::touches::Claim;
use overture::store::{Access, Location, Store};
use sqlx::{Connection, PgConnection};

use super::options::Options;
use super::pair::{Goal, line, median, skipped};
use super::stage::{Copies, Stage, Ways, postgres};

const FEW: usize = 10_000;
/// Touches and wakes of one claim.
const TAKE: usize = 500;
/// Claims that are committed one after the other; the last half of them counts.
const CLAIMS: usize = 20;

/// Goal 6 on PostgreSQL.
pub fn run(options: &Options) {
    let Some(server) = postgres() else { return skipped("6", "claims on PostgreSQL", "postgresql") };
    let many = options.size_or(200_000);
    let (few, crowd) = (Crowd::gather(FEW, &server.database()), Crowd::gather(many, &server.database()));
    let mut times = [const { Vec::new() }; 3];
    for round in 0..options.rounds {
        let mut order = [0, 1, 2];
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            times[side].push(match side {
                0 => few.claims(false),
                1 => crowd.claims(false),
                _ => crowd.claims(true),
            });
        }
    }
    for (kind, name) in ["wakes", "touches"].into_iter().enumerate() {
        for (ours, theirs, how) in
            [(1, 0, format!("{many} waiting / {FEW}")), (2, 1, "an old transaction / none".to_owned())]
        {
            let ratio = median(times[ours].iter().zip(&times[theirs]).map(|(ours, theirs)| ours[kind] / theirs[kind]));
            let beside = format!("{:.2} ms", median(times[ours].iter().map(|took| took[kind] * 1e3)));
            let what = format!("PostgreSQL, claim of {TAKE} {name}, {how}");
            line("6", &what, ratio, Goal::AtMost(1.5), &beside);
        }
    }
}

/// A database in which many wait for a time that has not come, and enough for all claims whose time has.
struct Crowd {
    stage: Stage,
    now: Instant,
}

impl Crowd {
    fn gather(waiting: usize, url: &str) -> Self {
        let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, url);
        let due = TAKE * CLAIMS;
        let engine = stage.seed_all(TAKE, 1);
        let (now, tomorrow) = (engine.now(), engine.now().0 + Millis::DAY.0);
        let (before, later) = (format!("{} + i", now.0 - 1_000_000), format!("{tomorrow} + i * 7"));
        stage.crowd(&Copies { tag: 1, lane: "mail:s0", count: due, ready_at: &before });
        stage.crowd(&Copies { tag: 2, lane: "mail:s0", count: waiting, ready_at: &later });
        stage.tell(&format!(
            "INSERT INTO lead SELECT (jsonb_populate_record(l, jsonb_build_object('id', lpad(CAST(i AS TEXT), 26, '0'),
                 'address', 'waits' || i || '@bench.example'))).* FROM lead AS l, generate_series(1, {waiting} + {due}) AS i
                 WHERE l.id = (SELECT min(id) FROM lead);
             DELETE FROM wake;
             INSERT INTO wake SELECT CASE WHEN i <= {due} THEN {before} ELSE {later} END, lpad(CAST(i AS TEXT), 26, '0')
                 FROM generate_series(1, {waiting} + {due}) AS i"
        ));
        stage.tell("VACUUM ANALYZE");
        stage.keep();
        Self { stage, now }
    }

    /// Seconds of a claim of wakes and of one of touches, each committed; the median of the later ones.
    fn claims(&self, old: bool) -> [f64; 2] {
        self.stage.restore();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime.block_on(async {
            let url = self.stage.url();
            let mut reader = PgConnection::connect(&url).await.expect("the database opens");
            if old {
                let look = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM lane";
                sqlx::raw_sql(look).execute(&mut reader).await.expect("an old transaction begins");
            }
            let location = Location::Postgres { url, connections: 2 };
            let store = Store::open(&location, Access::Write).await.expect("the store opens");
            let mut times = [Vec::new(), Vec::new()];
            for number in 0..CLAIMS {
                let took = self.claim(&store).await;
                for (times, took) in times.iter_mut().zip(took).filter(|_| number >= CLAIMS / 2) {
                    times.push(took);
                }
            }
            store.close().await;
            let _ = reader.close().await;
            times.map(median)
        })
    }

    async fn claim(&self, store: &Store) -> [f64; 2] {
        let claim =
            Claim { lane: "mail:s0", limit: TAKE, token: "bench", lease: Millis::MINUTE, reserved_day: Some(1) };
        let mut tx = store.begin().await.expect("a transaction begins");
        let began = Clock::now();
        assert_eq!(tx.claim_wakes(TAKE, self.now).await.expect("wakes are claimed").len(), TAKE);
        tx.commit().await.expect("it is committed");
        let wakes = began.elapsed().as_secs_f64();
        let mut tx = store.begin().await.expect("a transaction begins");
        let began = Clock::now();
        assert_eq!(tx.claim(&claim, self.now).await.expect("touches are claimed").len(), TAKE);
        tx.commit().await.expect("it is committed");
        [wakes, began.elapsed().as_secs_f64()]
    }
}
