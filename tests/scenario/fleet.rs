//! A fleet on one database: daemons die, hang past their lease, have clocks of their own and lose their database, and still every mail
//! leaves once, and what is one counter for all is never exceeded by any.

use crate::scene::{self, Scene};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::postgres::{Fsync, Postgres};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use crate::support::{SOON, skipped};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const LEADS: usize = 90;
/// Longer than a lease, and than what follows it.
const PAST_THE_LEASE: Duration = Duration::from_secs(33);
const SETTLED: Duration = Duration::from_mins(2);

const TWO_MAILS_AND_A_CALL: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - wait: 2s
  - {id: second, email: scene/second}
  - {id: call, webhook: crm, with: {address: '{{lead.email}}'}}
  - end: done
";

/// A clock that is an hour ahead; `None`, and a word about it, where it cannot be had.
fn an_hour_ahead() -> Option<Vec<(&'static str, String)>> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists());
    let Some(library) = found else {
        skipped("faketime");
        return None;
    };
    Some(vec![("LD_PRELOAD", library.display().to_string()), ("FAKETIME", "+1h".to_owned())])
}

fn leads() -> Vec<String> {
    (0..LEADS).map(|number| format!("lead{number}@example.com")).collect()
}

/// Whether a daemon has the touch in hand.
fn held(touch: &Value) -> bool {
    ["claimed", "intent", "marked"].iter().any(|state| touch["state"] == *state)
}

/// Mails by recipient and subject.
fn mails(server: &FaultySmtp) -> BTreeMap<(String, String), usize> {
    let mut mails = BTreeMap::new();
    for mail in server.taken() {
        *mails.entry((mail.to.concat(), mail.header("subject").unwrap_or_default())).or_default() += 1;
    }
    mails
}

#[test]
fn a_fleet_that_loses_hangs_and_mistakes_its_daemons_sends_everything_once() {
    let Some(postgres) = Postgres::own(Fsync::Off) else { return skipped("postgresql") };
    let Some(ahead) = an_hour_ahead() else { return };
    let ahead: Vec<(&str, &str)> = ahead.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let database = postgres.database();
    let part = || scene::workspace(&database, server.address(), &receiver, TWO_MAILS_AND_A_CALL);
    let steady = Scene::with(part(), &ahead);
    let (mut dying, mut hanging) = (Scene::start(part()), Scene::start(part()));

    // Everybody has mails under way whose answer does not come.
    server.always(Stage::Dot, Fault::Late);
    let leads = leads();
    let third = LEADS / 3;
    for (scene, part) in [&steady, &dying, &hanging].into_iter().zip(leads.chunks(third)) {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        assert_eq!(scene.arrive(&part).expect("every daemon answers").status, 200);
    }
    let under_way = |state: &str| steady.touches().iter().filter(|touch| touch["state"] == state).count();
    eventually("many are under way", SOON, || (under_way("marked") >= 6).then_some(()));
    dying.daemon.kill9();
    hanging.daemon.freeze();
    let (lost_at, marked) = (Instant::now(), under_way("marked"));
    server.mend();
    // The one that is left takes over what the others had in hand.
    eventually("what the dead and the hanging had is taken over", SETTLED, || {
        let of_first = |touch: &&Value| touch["step"] == "first";
        (steady.touches().iter().filter(of_first).filter(|touch| held(touch)).count() == 0).then_some(())
    });
    println!("taken over after {:?}; {marked} were marked when two of three were lost", lost_at.elapsed());
    eventually("the lease is over", SETTLED, || (lost_at.elapsed() > PAST_THE_LEASE).then_some(()));
    // It wakes and believes that it still holds what it held.
    hanging.daemon.go_on();
    postgres.restart(Fsync::Off);
    dying.daemon.restart();

    eventually("all is settled", SETTLED, || {
        let touches = steady.attempt("GET", "/v1/touches?limit=1", &Value::Null).ok().filter(|told| told.status == 200);
        let touches = touches.map(|_| steady.touches())?;
        let over = |touch: &Value| touch["state"] == "accepted" || touch["state"] == "unknown";
        (touches.len() == 3 * LEADS && touches.iter().all(over)).then_some(())
    });
    let (mails, unknown) = (mails(&server), steady.unknown());
    assert!(mails.values().all(|count| *count == 1), "a mail came twice: {mails:?}");
    let missing = 2 * LEADS - mails.len();
    println!("{} mails, {} unknown, {missing} missing", mails.len(), unknown.len());
    assert!(missing <= unknown.len(), "{missing} mails are missing and {} are listed", unknown.len());
    assert!(unknown.len() <= marked, "only what was marked when they were lost is unknown: {}", unknown.len());
    assert_calls(&receiver);
}

/// Everybody is called about, each time under the same id.
fn assert_calls(receiver: &Receiver) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in receiver.requests() {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let lead =
            leads().into_iter().find(|lead| body.contains(&format!("\"{lead}\""))).expect("a call is about a lead");
        ids.entry(lead).or_default().insert(call.header("webhook-id").expect("a call has an id").to_owned());
    }
    assert_eq!(ids.len(), LEADS, "everybody is called about");
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
}

#[test]
fn a_cap_and_the_turns_of_reps_are_one_for_the_whole_fleet() {
    // Below what one rep may have open, so that only the turns decide.
    const ALL: usize = 42;
    const CAP: usize = 15;
    let Some(postgres) = Postgres::shared() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let database = postgres.database();
    let part = || {
        let steps = "at_sql: ignore\nenroll: [{on: arrived}]\nsteps:\n  - {id: hand, handoff: sales}\n  - {id: first, email: scene/first}\n  - end: done\n";
        let workspace = scene::workspace(&database, server.address(), &receiver, steps);
        workspace.set("senders.growth.per_day", &CAP.to_string());
        workspace
    };
    let fleet: Vec<Scene> = (0..3).map(|_| Scene::start(part())).collect();
    let leads = leads()[..ALL].to_vec();
    std::thread::scope(|threads| {
        for (scene, part) in fleet.iter().zip(leads.chunks(ALL / 3)) {
            threads.spawn(move || {
                for lead in part {
                    assert_eq!(scene.arrive(&[lead]).expect("every daemon answers").status, 200);
                }
            });
        }
    });
    server.wait_taken(CAP);
    let scene = &fleet[0];
    let waiting = eventually("everybody is handed over, and who is over the cap waits", SOON, || {
        let touches = scene.touches();
        let of_first: Vec<&Value> = touches.iter().filter(|touch| touch["step"] == "first").collect();
        let accepted = of_first.iter().filter(|touch| touch["state"] == "accepted").count();
        (of_first.len() == ALL && accepted >= CAP).then(|| of_first.len() - accepted)
    });
    assert_eq!((server.taken().len(), waiting), (CAP, ALL - CAP), "the cap holds over the fleet");
    let mut turns: BTreeMap<String, usize> = BTreeMap::new();
    for handoff in scene.rows("/v1/handoffs", "handoffs") {
        *turns.entry(handoff["rep"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    println!("{turns:?}");
    let (least, most) = (turns.values().min().expect("handoffs"), turns.values().max().expect("handoffs"));
    assert_eq!(turns.values().sum::<usize>(), ALL);
    assert!(turns.len() > 1 && most - least <= 1, "round robin over the fleet: {turns:?}");
}

#[test]
fn a_host_that_is_cut_off_from_the_database_sends_nothing_that_another_sends() {
    use crate::support::daemon::Daemon;
    use crate::support::host::Host;
    use crate::support::smtp_sink::SmtpSink;
    let Some(postgres) = Postgres::own(Fsync::Off) else { return skipped("postgresql") };
    let Some(host) = Host::make() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    // The other host has a relay of its own: cut off, it could still send.
    let Some(relay) = SmtpSink::launched(&host.launch(), &["-w", "1"]) else { return };
    let database = postgres.database();
    let here = scene::workspace(&database, server.address(), &receiver, TWO_MAILS_AND_A_CALL);
    let there = {
        let far = host.reach(postgres.address());
        let url = database.replace(&postgres.address().to_string(), &far.to_string());
        assert_ne!(url, database);
        let workspace = scene::workspace(&url, relay.address(), &receiver, TWO_MAILS_AND_A_CALL);
        let calls = host.reach(receiver.address());
        for channel in ["crm", "sales-chat"] {
            workspace.channel(channel, &format!("http://{calls}/{channel}"));
        }
        workspace.set("allow_private", "[127.0.0.0/8, 198.18.0.0/15]");
        workspace
    };
    let scene = Scene::start(here);
    let _far = Daemon::launched(host.launch(), &there, &[]);
    let leads = leads();
    assert_eq!(scene.arrive(&leads.iter().map(String::as_str).collect::<Vec<_>>()).expect("it answers").status, 200);
    eventually("the other host sends as well", SOON, || (!relay.mails().is_empty()).then_some(()));
    host.part();
    let parted = Instant::now();
    eventually("what it had is taken over", SETTLED, || (!scene.touches().iter().any(held)).then_some(()));
    println!("taken over after {:?}", parted.elapsed());
    eventually("the lease is over", SETTLED, || (parted.elapsed() > PAST_THE_LEASE).then_some(()));
    host.join();
    eventually("all is settled", SETTLED, || {
        let touches = scene.touches();
        let over = |touch: &Value| touch["state"] == "accepted" || touch["state"] == "unknown";
        (touches.len() == 3 * LEADS && touches.iter().all(over)).then_some(())
    });
    let mut all = mails(&server);
    for mail in relay.mails() {
        *all.entry((mail.to.concat(), mail.header("subject").unwrap_or_default())).or_default() += 1;
    }
    let twice: Vec<_> = all.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "a mail came twice: {twice:?}");
    let unknown = scene.unknown();
    let missing = 2 * LEADS - all.len();
    println!(
        "{} mails here, {} there, {} unknown, {missing} missing",
        server.taken().len(),
        relay.mails().len(),
        unknown.len()
    );
    assert!(missing <= unknown.len(), "{missing} mails are missing and {} are listed", unknown.len());
    assert!(json!(unknown).as_array().is_some_and(|all| all.len() <= 2 * 8), "only what it had under way: {unknown:?}");
}
