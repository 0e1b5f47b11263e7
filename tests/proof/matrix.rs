//! A crash at every named place while a mail server is well or is not: whatever the place and whatever the server, nobody has a mail twice,
//! nobody misses one in silence, and who was suppressed while the daemon lay dead gets nothing more. One sender has a gap and fewer mails a
//! day than it is given, and some handoffs have a clock that runs out meanwhile.
//!
//! A third of the cells, so that each place and each server has its turn; all of them with `OVERTURE_MATRIX=whole`.

use crate::play::{AROUND_THE_CLOCK, Database, Play};
use crate::support::daemon::Daemon;
use crate::support::faulty_smtp::{Fault, Stage};
use crate::support::oracle::{Expected, Pace, Stop, Wait};
use overture::domain::time::Millis;
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

/// The places a running daemon comes by; those of an import and of a migration are played by themselves.
const PLACES: [&str; 10] = [
    "wake.claimed",
    "claim.committed",
    "intent.committed",
    "data.accepted",
    "mark.committed",
    "body.written",
    "reply.read",
    "outcome.committed",
    "outbox.claimed",
    "outbox.settled",
];
const LEADS: usize = 6;
/// Leads of the sender that has a gap and a cap, and its cap.
const PACED: usize = 4;
const CAP: u32 = 3;
/// Cells at play at once: most of a cell is waiting.
const AT_ONCE: usize = 4;

/// How the mail server takes the first messages.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Healthy,
    DropsAfterTheDot,
    NotNow,
    Never,
    ShutsDown,
    Late,
}

const MODES: [Mode; 6] =
    [Mode::Healthy, Mode::DropsAfterTheDot, Mode::NotNow, Mode::Never, Mode::ShutsDown, Mode::Late];

impl Mode {
    fn fault(self) -> Option<Fault> {
        match self {
            Self::Healthy => None,
            Self::DropsAfterTheDot => Some(Fault::HangUp),
            Self::NotNow => Some(Fault::reply("451 4.3.0 Try again later")),
            Self::Never => Some(Fault::reply("554 5.6.0 Message content rejected")),
            Self::ShutsDown => Some(Fault::reply("421 4.3.2 Shutting down")),
            Self::Late => Some(Fault::Slow(Duration::from_millis(250))),
        }
    }
}

#[test]
fn no_crash_with_any_server_doubles_or_loses_a_mail_on_sqlite() {
    matrix(Database::sqlite());
}

#[test]
fn no_crash_with_any_server_doubles_or_loses_a_mail_on_postgresql() {
    if let Some(database) = Database::postgresql() {
        matrix(database);
    }
}

fn leads() -> Vec<String> {
    (0..LEADS).map(|number| format!("lead{number}@example.com")).collect()
}

fn matrix(database: Database) {
    let mut begun = Play::new(database).out_of_hours();
    begun.pace("1s", CAP);
    let country = |place: usize| if place.is_multiple_of(3) { "DE" } else { AROUND_THE_CLOCK };
    let leads = leads().into_iter().enumerate().map(|(place, lead)| (lead, country(place)));
    begun.enroll("proof", &leads.collect::<Vec<_>>());
    let paced = (0..PACED).map(|number| (format!("paced{number}@example.com"), "DE"));
    begun.enroll("paced", &paced.collect::<Vec<_>>());
    let whole = std::env::var_os("OVERTURE_MATRIX").is_some_and(|how| how == "whole");
    let mut cells = VecDeque::new();
    for (row, place) in PLACES.iter().enumerate() {
        let modes = MODES.iter().enumerate().filter(|(column, _)| whole || (row + column) % 3 == 0);
        cells.extend(modes.map(|(_, mode)| (*place, *mode)));
    }
    let (cells, broken) = (Mutex::new(cells), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = cells.lock().expect("no cell panics with it").pop_front();
                    let Some((place, mode)) = next else { return };
                    let told = cell(begun.copy(), place, mode);
                    broken.lock().expect("no cell panics with it").extend(told);
                }
            });
        }
    });
    let broken = broken.into_inner().expect("no cell panics with it");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// One crash: what broke, if anything did.
fn cell(mut play: Play, place: &str, mode: Mode) -> Option<String> {
    let (leads, zone) = (leads(), play.pace("1s", CAP));
    for fault in (0..2).filter_map(|_| mode.fault()) {
        play.server.once(Stage::Dot, fault);
    }
    // Not the first time it is passed, if it is passed often: by then there is something to lose.
    let point = if place == "wake.claimed" { place.to_owned() } else { format!("{place}:3") };
    let mut daemon = Daemon::doomed(&play.workspace, &[("OVERTURE_FAIL_POINT", &point)]);
    let ended = daemon.wait_end();
    let stopped = leads[0].clone();
    let acknowledged_at = play.suppress(&stopped);
    daemon.relaunch();
    daemon.wait_ready();
    let expected = Expected {
        leads,
        steps: vec!["first", "second", "call"],
        heard_once: vec![],
        waits: vec![Wait { before: "first", after: "second", length: Millis::SECOND }],
        paces: vec![Pace { lane: "mail:outbound", gap: Millis::SECOND, cap: Some(CAP), zone }],
        stops: vec![Stop { lead: stopped, acknowledged_at }],
        perhaps_stopped: vec![],
        // One crash, and two answers that may have been lost.
        crashes: 3,
        slack: play.database.slack(),
    };
    let verdict = play.end(&mut daemon, &expected, Duration::from_mins(1));
    println!("{}", verdict.line(&format!("matrix-{place}-{mode:?}"), play.database.kind, 1));
    let mut broken = vec![];
    if ended.code().is_some() {
        broken.push("it did not crash".to_owned());
    }
    if !verdict.holds() {
        broken.push(verdict.to_string());
    }
    broken.extend(idle(&play));
    let name = format!("{place} with a server that is {mode:?} on {}", play.database.kind);
    (!broken.is_empty()).then(|| format!("{name}: {}", broken.join("; ")))
}

/// What a cell did not come by, so that its verdict would say nothing of it: two mails that keep their distance, and two rungs.
fn idle(play: &Play) -> Vec<String> {
    let copies = play.server.journal();
    let paced = copies.iter().filter(|copy| copy.mail.to.concat().starts_with("paced")).count();
    let calls = play.receiver.requests();
    let rung =
        |call: &Value| Some((call["data"]["handoff"]["id"].to_string(), call["data"]["rung"]["number"].as_u64()?));
    let rungs: BTreeSet<_> = calls.iter().filter_map(|call| rung(&call.json())).collect();
    let mut idle = vec![];
    if paced < 2 {
        idle.push(format!("{paced} mails of the paced sender"));
    }
    if rungs.len() < 2 {
        idle.push(format!("{} rungs", rungs.len()));
    }
    idle
}
