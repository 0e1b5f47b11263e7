//! P4: nothing leaves after a suppression, an unsubscribe, a reply or a pause was committed, however far the mail had come.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, Scene, TWO_MAILS, on_both_databases, reply_to};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;
use overture::domain::suppression::Reason;
use overture::domain::touch::State;
use serde_json::json;

on_both_databases!(
    a_suppression_before_the_mark_keeps_the_mail_here,
    a_reply_before_the_mark_keeps_the_mail_here,
    an_unsubscribe_before_the_mark_keeps_the_mail_here,
    a_pause_before_the_mark_keeps_the_mail_here_until_it_is_resumed,
    a_stop_while_the_server_turns_the_mail_away_keeps_the_next_try_here,
    a_pause_while_the_server_turns_the_mail_away_keeps_the_next_try_here_until_it_is_resumed,
    a_suppressed_domain_keeps_its_mails_here_and_ends_its_sequences,
    a_suppression_keeps_the_promise_of_sales_here,
);

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// Holds the server's answer to DATA for Ann's mail of a step, lets something be committed, and lets the answer go: then nothing of
/// that mail may leave. Bob's mail, which comes after it on the same connection's lane, shows that it was her turn.
fn held_at_data(database: &str, second: bool, commit: impl FnOnce(&Scene, &FaultySmtp)) -> (FaultySmtp, Scene) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, TWO_MAILS);
    scene::one_connection(&workspace, server.address());
    let scene = Scene::start(workspace);
    if !second {
        server.once(Stage::Data, Fault::Late);
    }
    scene.arrive(&[ANN]).expect("the daemon answers");
    let before = if second {
        server.wait_taken(1);
        server.once(Stage::Data, Fault::Late);
        1
    } else {
        0
    };
    server.wait_begun(before + 1);
    commit(&scene, &server);
    server.release();
    scene.arrive(&[BOB]).expect("the daemon answers");
    scene.wait_touch(BOB, "second", "accepted");
    let of_ann = server.taken().iter().filter(|mail| mail.to == [ANN]).count();
    assert_eq!(
        of_ann,
        before,
        "mails to her: {:?}",
        server.taken().iter().map(|m| (&m.to, m.subject())).collect::<Vec<_>>()
    );
    (server, scene)
}

fn a_suppression_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, false, |scene, _| {
        scene.post("/v1/suppressions", &json!({ "target": ANN }));
    });
    scene.wait_touch(ANN, "first", "cancelled");
    assert!(scene.unknown().is_empty());
}

fn a_reply_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, true, |scene, server| {
        let heard = scene.ingest(&reply_to(&server.taken()[0].message_id(), ANN)).ok();
        assert!(heard.stderr.contains("repl") || heard.stdout.contains("repl"), "{heard:?}");
    });
    scene.wait_touch(ANN, "second", "cancelled");
}

fn an_unsubscribe_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, true, |scene, server| {
        let header = server.taken()[0].header("List-Unsubscribe").expect("a nurture mail has one");
        let link = header.trim_start_matches('<').split('>').next().expect("a link in brackets").to_owned();
        let post = crate::support::http::Call::new("POST", &scene.daemon.reach(&link))
            .form("List-Unsubscribe=One-Click")
            .send();
        assert_eq!(post.status, 200, "{}", post.body);
    });
    scene.wait_touch(ANN, "second", "cancelled");
}

fn a_pause_before_the_mark_keeps_the_mail_here_until_it_is_resumed(database: &str) {
    let (server, scene) = held_at_data(database, false, |scene, _| {
        scene.overture(&["pause", "lead", ANN]).ok();
    });
    scene.overture(&["resume", "lead", ANN]).ok();
    scene.wait_touch(ANN, "second", "accepted");
    let of_ann: Vec<_> =
        server.taken().into_iter().filter(|mail| mail.to == [ANN]).map(|mail| mail.subject()).collect();
    assert_eq!(of_ann, ["First things", "Second thoughts"]);
}

fn enroll() -> Ask {
    Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false }
}

/// Lets the server turn Ann's mail away after its last byte while somebody says something about her, and goes on from there.
fn turned_away_while(database: &str, said: Ask) -> (FaultySmtp, Receiver, Bench) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.once(Stage::Dot, Fault::reply("451 4.3.0 Try again later"));
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    bench.ask(ANN, enroll());
    let claimed = bench.with(async |engine| engine.claim("mail:growth", 1).await.expect("the store answers").remove(0));
    let mut line = bench.with(async |engine| engine.line("mail:growth"));
    let carried = bench.with(async |engine| engine.attempt(&claimed, &mut line).await.expect("the store answers"));
    bench.ask(ANN, said);
    bench.with(async |engine| engine.settle(&claimed, &carried).await.expect("the store answers"));
    while let Some(next) = bench.next() {
        bench.set(next);
        bench.work();
    }
    assert_eq!((server.turned_away().len(), server.taken().len()), (1, 0), "nothing leaves after it");
    (server, receiver, bench)
}

fn a_stop_while_the_server_turns_the_mail_away_keeps_the_next_try_here(database: &str) {
    let (_server, _receiver, bench) = turned_away_while(database, Ask::Suppress { reason: Reason::Manual });
    assert_eq!(bench.touch("first").state, State::Cancelled);
}

fn a_pause_while_the_server_turns_the_mail_away_keeps_the_next_try_here_until_it_is_resumed(database: &str) {
    let pause = Ask::Pause { sequence: None, because: "test".to_owned() };
    let (server, _receiver, bench) = turned_away_while(database, pause);
    assert_eq!(bench.touch("first").state, State::Held);
    bench.ask(ANN, Ask::Resume { sequence: None });
    bench.work();
    assert_eq!(server.taken().len(), 1);
}

fn a_suppressed_domain_keeps_its_mails_here_and_ends_its_sequences(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    for lead in ["zoe@acme.example", "tom@sub.acme.example", "ann@notacme.example"] {
        bench.ask(lead, enroll());
    }
    bench
        .with(async |engine| engine.suppress("acme.example", Reason::Manual, "test").await.expect("the store answers"));
    bench.work();
    let mut to: Vec<String> = server.taken().iter().map(|mail| mail.to.concat()).collect();
    to.sort();
    assert_eq!(to, ["ann@notacme.example", "tom@sub.acme.example"]);
    let mut stand = bench.enrollments(&["scene"]);
    stand.sort();
    assert_eq!(stand, ["scene exited", "scene finished", "scene finished"]);
}

fn a_suppression_keeps_the_promise_of_sales_here(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let team = workspace.read("config/team.yaml");
    workspace.write("config/team.yaml", &team.replace("applies: temperature == \"hot\"", "applies: 'true'"));
    let bench = Bench::at("2026-01-10T09:00:00Z", workspace).without_leases();
    for lead in [ANN, BOB] {
        bench.ask(lead, Ask::HandOff { reason: "asked for a person".to_owned() });
    }
    // Hers waits; his was marked by a daemon that died.
    bench.ask(ANN, Ask::Suppress { reason: Reason::Unsubscribed });
    bench.with(async |engine| {
        let mut line = engine.line("mail:growth");
        let claims = engine.claim("mail:growth", 9).await.expect("the store answers");
        engine.attempt(&claims[0], &mut line).await.expect("the store answers");
    });
    assert_eq!(server.taken().iter().map(|mail| mail.to.concat()).collect::<Vec<_>>(), [BOB]);
    bench.ask(BOB, Ask::Suppress { reason: Reason::Unsubscribed });
    bench.with(async |engine| engine.recover(overture::domain::time::Instant::NEVER).await.expect("the store answers"));
    bench.work();
    assert_eq!(server.taken().len(), 1, "what may have left does not leave again");
    let mut states: Vec<State> =
        bench.touches().into_iter().filter(|touch| touch.step == "after_hours").map(|touch| touch.state).collect();
    states.sort();
    assert_eq!(states, [State::Unknown, State::Cancelled]);
}
