//! A crash at every place that has a name: after the restart nobody has a mail twice, nobody misses one that is not listed as unknown, and
//! every call is made at least once under one id.

use crate::scene::{self, MAIL_THEN_CALL, Scene, TAKEN_OVER, on_both_databases};
use crate::support::daemon::overture_with;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

on_both_databases!(
    a_crash_before_the_mark_costs_nobody_a_mail,
    a_crash_after_an_outcome_repeats_nothing,
    a_crash_after_the_mark_leaves_one_mail_listed_as_unknown,
    a_crash_in_a_call_repeats_it_under_its_id,
    an_import_that_crashed_is_finished_by_the_same_list_again,
    an_update_of_the_schema_that_crashed_is_finished_by_the_next_start,
);

const LEADS: [&str; 6] =
    ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"];
/// SIGABRT, by which a fail point ends the process.
const ABORTED: i32 = 6;

/// What was there in the end.
struct Played {
    /// Mails the server took, by recipient.
    mails: BTreeMap<String, usize>,
    /// Touches of mails that are listed as unknown, by lead.
    unknown: Vec<Value>,
}

/// Plays mails and calls for six leads with a crash at a fail point.
fn play(database: &str, point: &str) -> Played {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    scene::one_connection(&workspace, server.address());
    let mut scene = Scene::with(workspace, &[("OVERTURE_FAIL_POINT", point)]);
    // The crash may come before the answer; who was not answered tells again.
    let _ = scene.arrive(&LEADS);
    assert_eq!(scene.daemon.wait_end().signal(), Some(ABORTED), "{point}:\n{}", scene.daemon.log().text());
    scene.daemon.restart();
    assert_eq!(scene.arrive(&LEADS).expect("the daemon answers").status, 200);
    let open = eventually_over(&scene, point);
    assert_eq!(open.len(), 2 * LEADS.len(), "{point}: one touch a lead and step");
    let unknown = scene.unknown();
    assert_calls(&receiver, point);
    let mut mails = BTreeMap::new();
    server.taken().iter().for_each(|mail| *mails.entry(mail.to.join(",")).or_insert(0) += 1);
    println!("{point}: mails {mails:?}, unknown {}", unknown.len());
    assert!(mails.values().all(|count| *count == 1), "{point}: a mail came twice: {mails:?}");
    let without = LEADS.iter().filter(|lead| !mails.contains_key(**lead)).count();
    assert!(without <= unknown.len(), "{point}: {without} mails are missing and {} are listed", unknown.len());
    Played { mails, unknown }
}

/// Waits until every touch has come to an end.
fn eventually_over(scene: &Scene, point: &str) -> Vec<Value> {
    eventually(&format!("{point}: all is settled"), TAKEN_OVER, || {
        let touches = scene.touches();
        let over = |touch: &Value| touch["state"] == "accepted" || touch["state"] == "unknown";
        (touches.len() >= 2 * LEADS.len() && touches.iter().all(over)).then_some(touches)
    })
}

fn assert_calls(receiver: &Receiver, point: &str) {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in receiver.requests() {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let lead = LEADS.iter().find(|lead| body.contains(**lead)).expect("a call is about a lead");
        let told = ids.entry((*lead).to_owned()).or_default();
        told.push(format!("{} {body}", call.header("webhook-id").expect("a call has an id")));
    }
    assert_eq!(ids.len(), LEADS.len(), "{point}: every call is made");
    for (lead, told) in ids {
        assert!(told.windows(2).all(|two| two[0] == two[1]), "{point}: calls about {lead} differ: {told:?}");
    }
}

/// Plays several crashes beside each other, since most of the time is spent waiting for leases to end.
fn play_all(database: &str, points: &[&str]) -> Vec<(String, Played)> {
    let databases = databases(database, points.len());
    std::thread::scope(|scope| {
        let plays: Vec<_> = points
            .iter()
            .zip(&databases)
            .map(|(point, database)| ((*point).to_owned(), scope.spawn(move || play(database, point))))
            .collect();
        plays.into_iter().map(|(point, play)| (point, play.join().expect("the play ends well"))).collect()
    })
}

/// As many databases of a kind, each empty.
fn databases(database: &str, count: usize) -> Vec<String> {
    use crate::support::postgres::Postgres;
    if database == "sqlite" {
        return vec![database.to_owned(); count];
    }
    (0..count).filter_map(|_| Some(Postgres::shared()?.database())).collect()
}

fn a_crash_before_the_mark_costs_nobody_a_mail(database: &str) {
    for (point, played) in play_all(database, &["claim.committed", "intent.committed", "data.accepted"]) {
        assert_eq!((played.mails.len(), played.unknown.len()), (LEADS.len(), 0), "{point}");
    }
}

/// The next mail may be marked in the commit of an outcome, and is then under way.
fn a_crash_after_an_outcome_repeats_nothing(database: &str) {
    for (point, played) in play_all(database, &["outcome.committed"]) {
        let unknown = played.unknown.len();
        assert!(unknown <= 1, "{point}: one connection had at most one mail under way, {unknown} are listed");
        assert_eq!(played.mails.len(), LEADS.len() - unknown, "{point}: what was marked had not left");
    }
}

fn a_crash_after_the_mark_leaves_one_mail_listed_as_unknown(database: &str) {
    for (point, played) in play_all(database, &["mark.committed", "body.written", "reply.read"]) {
        assert_eq!(played.unknown.len(), 1, "{point}: one connection had one mail under way");
        let arrived = LEADS.len() - usize::from(point == "mark.committed");
        assert_eq!(played.mails.len(), arrived, "{point}");
    }
}

fn a_crash_in_a_call_repeats_it_under_its_id(database: &str) {
    for (point, played) in play_all(database, &["outbox.claimed", "outbox.settled"]) {
        // A mail may have been under way on its own connection.
        assert!(played.unknown.len() <= 1, "{point}: {:?}", played.unknown);
    }
}

fn an_import_that_crashed_is_finished_by_the_same_list_again(database: &str) {
    const ROWS: usize = 1_200;
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = "steps:\n  - wait: 30d\n  - {id: first, email: scene/first}\n";
    let workspace = scene::workspace(database, server.address(), &receiver, steps);
    let list: Vec<String> = (0..ROWS).map(|n| format!("row{n}@example.com,Row {n}\n")).collect();
    workspace.write("list.csv", &format!("email,first_name\n{}", list.concat()));
    let file = workspace.file("list.csv").display().to_string();
    let import = ["leads", "import", &file, "--enroll", "scene", "--json"];
    let mut scene = Scene::with(workspace, &[("OVERTURE_FAIL_POINT", "import.batch")]);
    let broken = scene.overture(&import);
    assert_eq!(broken.code, Some(2), "it says that it did not come to its end: {}{}", broken.stdout, broken.stderr);
    scene.daemon.wait_end();
    scene.daemon.restart();
    for again in 0..2 {
        let told = scene.overture(&import).ok();
        println!("{again}: {}{}", told.stdout, told.stderr);
    }
    assert_eq!(scene.rows("/v1/leads", "leads").len(), ROWS);
    assert_eq!(scene.rows("/v1/enrollments?sequence=scene", "enrollments").len(), ROWS);
    for lead in ["row0@example.com", "row1100@example.com"] {
        let events = scene.rows(&format!("/v1/leads/{}/events", scene::escaped(lead)), "events");
        let imported = events.iter().filter(|event| event["name"] == "imported").count();
        assert_eq!(imported, 1, "{lead}: {events:?}");
    }
}

fn an_update_of_the_schema_that_crashed_is_finished_by_the_next_start(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    // Each start gets one step further and dies before the next.
    let mut crashes = 0;
    loop {
        let told = overture_with(&workspace, &["migrate"], &[("OVERTURE_FAIL_POINT", "migrate.step:2")], b"");
        if told.code == Some(0) {
            break;
        }
        assert_eq!(told.code, None, "{}{}", told.stdout, told.stderr);
        crashes += 1;
        assert!(crashes < 100, "it gets no further");
    }
    assert!(crashes > 1, "there are several steps");
    let scene = Scene::start(workspace);
    scene.arrive(&LEADS[..1]).expect("the daemon answers");
    scene.wait_touch(LEADS[0], "call", "accepted");
    assert_eq!(server.taken().len(), 1);
}
