//! The daemon killed again and again at moments nobody chose, in the middle of mails, events and starts.
//!
//! `OVERTURE_KILLS` says how often on each database, `OVERTURE_SEED` which moments.

use crate::play::{Database, Play};
use crate::support::daemon::{Daemon, overture};
use crate::support::faulty_smtp::{Fault, Stage};
use crate::support::http::{Call, Response};
use crate::support::oracle::{Expected, Pace, Stop, Wait};
use overture::clock::wall;
use overture::domain::time::Millis;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// On each database, unless somebody asks for more.
const USUAL: usize = 100;
/// Kills of one workspace, and workspaces at play at once.
const PART: usize = 100;
const AT_ONCE: usize = 4;
/// Leads told of in one call.
const BATCH: usize = 3;
/// Mails a day of the sender that has a cap: fewer than it is given.
const CAP: u32 = 40;
/// Batches told of in one life at most.
const BATCHES: usize = 4;

#[test]
fn random_kills_double_and_lose_nothing_on_sqlite() {
    all(|| Some(Database::sqlite()));
}

#[test]
fn random_kills_double_and_lose_nothing_on_postgresql() {
    all(Database::postgresql);
}

/// Plays as many kills as were asked for: a part of them in a workspace of its own, so that what is read at the end of each stays small,
/// and some parts at once, since most of each is waiting.
fn all(database: impl Fn() -> Option<Database> + Sync) {
    let (kills, seed) = (setting("OVERTURE_KILLS", USUAL), setting("OVERTURE_SEED", 1));
    let parts = kills.div_ceil(PART);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let one = |_| {
            scope.spawn(|| {
                loop {
                    let part = next.fetch_add(1, Ordering::Relaxed);
                    let Some(database) = (part < parts).then(&database).flatten() else { return };
                    proven(database, PART.min(kills - part * PART), seed + part);
                }
            })
        };
        let played: Vec<_> = (0..AT_ONCE.min(parts)).map(one).collect();
        // Each is waited for, so that what one of them found is told with its own words.
        for one in played {
            if let Err(why) = one.join() {
                std::panic::resume_unwind(why);
            }
        }
    });
}

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Dice that a seed throws the same way each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most
    }
}

/// The server's mood for each message it will be sent: mostly well, often slow, sometimes gone or not now.
fn moods(play: &Play, dice: &mut Dice, messages: usize) {
    for _ in 0..messages {
        let fault = match dice.below(40) {
            0 => Fault::HangUp,
            1 => Fault::reply("451 4.3.0 Try again later"),
            2 => Fault::reply("421 4.3.2 Shutting down"),
            3..15 => Fault::Slow(Duration::from_millis(dice.below(120))),
            _ => Fault::Slow(Duration::ZERO),
        };
        play.server.once(Stage::Dot, fault);
    }
}

struct Api {
    key: String,
}

impl Api {
    fn post(&self, daemon: &str, path: &str, body: &Value) -> std::io::Result<Response> {
        let url = format!("{daemon}{path}");
        Call::new("POST", &url).header("authorization", &self.key).json(body).attempt()
    }

    /// Tells of one more for the sender that has a gap and a cap.
    fn pace(&self, daemon: &str, lead: &str) {
        let event = json!({"lead": {"email": lead}, "name": "paced", "create": true, "key": lead});
        drop(self.post(daemon, "/v1/events", &event));
    }

    /// Tells that leads arrived, each under a key of its own; true if that was acknowledged.
    fn arrive(&self, daemon: &str, leads: &[String]) -> bool {
        let event = |lead: &String| json!({"lead": {"email": lead}, "name": "arrived", "create": true, "key": lead});
        let events: Vec<Value> = leads.iter().map(event).collect();
        self.post(daemon, "/v1/events/batch", &json!({ "events": events })).is_ok_and(|told| told.status == 200)
    }
}

fn proven(database: Database, kills: usize, seed: usize) {
    let kind = database.kind;
    println!("{kills} kills on {kind}, seed {seed}: OVERTURE_KILLS={kills} OVERTURE_SEED={seed}");
    let mut dice = Dice(u64::try_from(seed).unwrap_or_default());
    let mut play = Play::new(database).with_clocks();
    play.workspace.set("senders.growth.per_day", "1000000");
    let zone = play.pace("1s", CAP);
    moods(&play, &mut dice, kills * BATCH * BATCHES);
    let scopes = ["--scope", "read", "--scope", "enroll", "--scope", "send", "--json"];
    let made = overture(&play.workspace, &[&["token", "create", "proof"][..], &scopes].concat()).ok().json();
    let api = Api { key: format!("Bearer {}", made["token"].as_str().expect("a key is shown once")) };

    let mut leads: Vec<String> = Vec::new();
    let (mut stops, mut asked): (Vec<Stop>, Vec<String>) = Default::default();
    let mut daemon = Daemon::doomed(&play.workspace, &[]);
    for kill in 0..kills {
        if kill > 0 {
            daemon.relaunch();
        }
        if dice.below(8) == 0 {
            // In the middle of its start, which also takes over what the last one left.
            std::thread::sleep(Duration::from_millis(dice.below(500)));
        } else {
            daemon.wait_ready();
            asked.extend(live_a_little(&daemon, &api, &mut dice, (&mut leads, &mut stops)));
        }
        daemon.kill9();
    }
    daemon.relaunch();
    daemon.wait_ready();
    // Who was not answered tells again; so does who was.
    for batch in leads.chunks(200) {
        assert!(api.arrive(daemon.private(), batch), "the daemon answers");
    }
    let expected = Expected {
        leads,
        steps: vec!["first", "second", "call"],
        heard_once: vec!["arrived"],
        waits: vec![Wait { before: "first", after: "second", length: Millis::SECOND }],
        paces: vec![Pace { lane: "mail:outbound", gap: Millis::SECOND, cap: Some(CAP), zone }],
        stops,
        perhaps_stopped: asked,
        crashes: kills,
        slack: play.database.slack(),
    };
    let verdict = play.end(&mut daemon, &expected, Duration::from_mins(30));
    println!("{}", verdict.line("kills", kind, kills));
    assert!(verdict.holds(), "seed {seed}:\n{verdict}");
}

/// Tells the daemon of arrivals and now and then of a suppression, until it is killed in the middle of it. Gives the lead of whom a
/// suppression was asked and not acknowledged.
fn live_a_little(
    daemon: &Daemon,
    api: &Api,
    dice: &mut Dice,
    (leads, stops): (&mut Vec<String>, &mut Vec<Stop>),
) -> Option<String> {
    let at = daemon.private().to_owned();
    let new: Vec<String> =
        (0..BATCH * BATCHES).map(|number| format!("lead{}@example.com", leads.len() + number)).collect();
    let stop = (dice.below(4) == 0 && !leads.is_empty())
        .then(|| leads[usize::try_from(dice.below(leads.len() as u64)).unwrap_or_default()].clone());
    let length = Duration::from_millis(dice.below(400));
    let asked = stop.clone();
    let (told, stopped) = std::thread::scope(|scope| {
        let teller = scope.spawn(|| {
            let mut told = 0;
            api.pace(&at, &format!("paced-{}", new[0]));
            for batch in new.chunks(BATCH) {
                told += BATCH;
                if !api.arrive(&at, batch) {
                    break;
                }
            }
            told
        });
        let stopper = scope.spawn(|| {
            let lead = stop?;
            let done = api.post(&at, "/v1/suppressions", &json!({ "target": lead }));
            done.is_ok_and(|told| told.status == 200).then(|| Stop { lead, acknowledged_at: wall() })
        });
        std::thread::sleep(length);
        daemon.kill_now();
        (teller.join().expect("the teller ends"), stopper.join().expect("the stopper ends"))
    });
    leads.extend(new.into_iter().take(told));
    let acknowledged = stopped.is_some();
    stops.extend(stopped);
    asked.filter(|_| !acknowledged)
}
