//! Pools of senders over real SMTP: new leads are shared, each keeps its sender, and one that stopped or left takes nobody with it.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::config::Environment;
use overture::daemon;
use overture::domain::decide::Ask;
use overture::engine::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

on_both_databases!(
    new_leads_are_shared_and_each_keeps_its_sender_for_all_its_mails,
    a_sender_that_stopped_gets_no_new_leads_and_keeps_those_it_has,
    who_loses_its_sender_gets_another_one_and_is_told,
);

const STEPS: &str =
    "steps:\n  - {id: first, email: scene/first}\n  - wait: 1d\n  - {id: second, email: scene/second}\n  - end: done\n";
const MAYA: &str = "maya@northwind.example";
const TOM: &str = "tom@northwind.example";

fn bench(database: &str) -> (FaultySmtp, Bench) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    workspace.set("pools", "{team: [growth, outbound]}");
    for sender in ["growth", "outbound"] {
        workspace.set(&format!("senders.{sender}.per_day"), "400");
        workspace.set(&format!("senders.{sender}.gap"), "0s");
    }
    let file = workspace.read("sequences/scene.yaml");
    workspace.write("sequences/scene.yaml", &file.replace("from: growth", "from: team"));
    (server, Bench::at("2026-01-12T08:00:00Z", workspace))
}

fn enroll(bench: &Bench, people: Range<usize>) {
    for number in people {
        let ask = Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
        bench.ask(&format!("person{number}@example.com"), ask);
    }
    bench.work();
}

/// Who wrote to whom, by what the mails themselves say, in the order of arrival.
fn writers(server: &FaultySmtp) -> BTreeMap<String, Vec<&'static str>> {
    let mut writers: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for mail in server.taken() {
        let from = mail.header("From").expect("a mail says who writes");
        let writer = [MAYA, TOM].into_iter().find(|address| from.contains(address)).expect("one of the pool writes");
        writers.entry(mail.to[0].clone()).or_default().push(writer);
    }
    writers
}

fn new_leads_are_shared_and_each_keeps_its_sender_for_all_its_mails(database: &str) {
    let (server, bench) = bench(database);
    enroll(&bench, 0..40);
    bench.until(instant("2026-01-14T08:00:00Z"));
    let writers = writers(&server);
    let of = |who: &str| writers.values().filter(|mails| mails[..] == [who, who]).count();
    assert_eq!(of(MAYA) + of(TOM), 40, "both mails of each lead have one writer: {writers:?}");
    assert!(of(MAYA) >= 8 && of(TOM) >= 8, "{} and {}", of(MAYA), of(TOM));
}

fn a_sender_that_stopped_gets_no_new_leads_and_keeps_those_it_has(database: &str) {
    let (server, bench) = bench(database);
    enroll(&bench, 0..20);
    let first = writers(&server);
    bench.with(async |engine| engine.pause(&Scope::Sender("outbound".to_owned()), "test").await.expect("it is paused"));
    enroll(&bench, 20..40);
    bench.until(instant("2026-01-14T08:00:00Z"));
    let then = writers(&server);
    assert!((20..40).all(|number| then[&format!("person{number}@example.com")] == [MAYA, MAYA]), "{then:?}");
    for (lead, mails) in &first {
        let wanted: &[&str] = if mails[0] == TOM { &[TOM] } else { &[MAYA, MAYA] };
        assert_eq!(then[lead], wanted, "{lead} waits for its own sender, and nobody for another's");
    }
    bench.with(async |engine| engine.resume(&Scope::Sender("outbound".to_owned())).await.expect("it is resumed"));
    bench.work();
    assert!(writers(&server).values().all(|mails| mails.len() == 2 && mails[0] == mails[1]));
}

fn who_loses_its_sender_gets_another_one_and_is_told(database: &str) {
    let (server, bench) = bench(database);
    enroll(&bench, 0..20);
    let toms: BTreeSet<String> =
        writers(&server).into_iter().filter(|(_, mails)| mails[0] == TOM).map(|(lead, _)| lead).collect();
    assert!(!toms.is_empty());
    bench.workspace().set("pools", "{team: [growth]}");
    bench.with(async |engine| daemon::adopt(engine, bench.workspace().path(), &Environment::new()).await);
    bench.until(instant("2026-01-14T08:00:00Z"));
    let then = writers(&server);
    assert!(
        then.iter().all(|(lead, mails)| mails[..] == [if toms.contains(lead) { TOM } else { MAYA }, MAYA]),
        "{then:?}"
    );
    for lead in &toms {
        let told = crate::colleagues::history(&bench, lead);
        assert!(told.iter().any(|line| line.contains("`outbound` is not in it any more")), "{told:?}");
    }
}
