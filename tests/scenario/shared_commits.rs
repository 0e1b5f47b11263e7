//! What shares a commit, or comes between two of them: whoever lost a touch is told so, places come back once, and a stop that was answered
//! holds for whoever came at the same moment.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::postgres::Postgres;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::suppression::Reason;
use overture::domain::time::Millis;
use overture::domain::touch::{Outcome, RefusalClass, State};
use overture::engine::{Carried, Claimed, Engine, Scope, Target, Writes};
use overture::store::touches::Claim;
use std::time::Duration;

on_both_databases!(
    of_two_who_believe_that_a_touch_is_theirs_one_is_told_that_it_is,
    what_a_stop_took_away_gives_its_place_back,
    who_comes_while_a_domain_is_suppressed_gets_nothing,
);

const LANE: &str = "mail:growth";
const START: &str = "2026-01-12T10:00:00Z";

fn enroll() -> Ask {
    Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false }
}

fn workspace(database: &str, server: &FaultySmtp) -> Workspace {
    scene::workspace(database, server.address(), &Receiver::start(), MAIL_THEN_CALL)
}

async fn one_claimed(engine: &Engine) -> Claimed {
    let mut claims = engine.claim(LANE, 1).await.expect("the store answers");
    claims.pop().expect("a mail waits")
}

fn of_two_who_believe_that_a_touch_is_theirs_one_is_told_that_it_is(database: &str) {
    let server = FaultySmtp::start();
    let bench = Bench::at(START, workspace(database, &server));
    bench.ask("ann@example.com", enroll());
    bench.with(async |engine| {
        let first = one_claimed(engine).await;
        engine.make_ready(&first).await.expect("the store answers");
        // A pause takes it away from the first, who does not know it yet.
        engine.pause(&Scope::All, "test").await.expect("the store answers");
        engine.resume(&Scope::All).await.expect("the store answers");
        let second = one_claimed(engine).await;
        engine.make_ready(&second).await.expect("the store answers");
        let mark = |claimed: &Claimed| Writes {
            marks: vec![(claimed.row.id.clone(), claimed.token.clone())],
            ..Writes::default()
        };
        // While the one before is written both marks wait, and share what they can.
        let before = engine.suppress("somebody@example.net", Reason::Manual, "test");
        let (before, one, other) = tokio::join!(before, engine.write(mark(&first)), engine.write(mark(&second)));
        before.expect("the store answers");
        let (one, other) = (one.expect("the store answers").marks, other.expect("the store answers").marks);
        assert_eq!((one, other), (vec![false], vec![true]), "only one of them may send it");
    });
}

fn what_a_stop_took_away_gives_its_place_back(database: &str) {
    let server = FaultySmtp::start();
    let workspace = workspace(database, &server);
    workspace.set("senders.growth.per_day", "1");
    let bench = Bench::at(START, workspace);
    bench.ask("ann@example.com", enroll());
    bench.with(async |engine| {
        let claimed = one_claimed(engine).await;
        engine.suppress("ann@example.com", Reason::Manual, "test").await.expect("the store answers");
        // Meanwhile the server refuses the recipient, before a byte of the message left.
        let outcome = Outcome::Refused { class: RefusalClass::Other, reply: "550 no".to_owned() };
        let refused = Carried::Ended { outcome, at: engine.now(), used: false, bytes: None };
        engine.settle(&claimed, &refused).await.expect("the store answers");
    });
    bench.ask("bob@example.com", enroll());
    bench.work();
    assert_eq!(server.taken().len(), 1, "the place is bob's");
}

fn who_comes_while_a_domain_is_suppressed_gets_nothing(database: &str) {
    let server = FaultySmtp::start();
    let bench = Bench::at(START, workspace(database, &server));
    bench.with(async |engine| {
        let address = EmailAddress::parse("bob@example.com").expect("an address of the test is good");
        let comes = engine.by_hand(Target::Address { address, create: true }, enroll(), "test");
        let (suppressed, came) =
            tokio::join!(engine.suppress("example.com", Reason::Manual, "test"), engine.record(vec![comes]));
        suppressed.expect("the store answers");
        came.expect("the store answers");
    });
    bench.work();
    assert_eq!(server.taken().len(), 0);
}

#[test]
fn a_pause_holds_for_whoever_claims_at_that_moment() {
    let Some(postgres) = Postgres::shared() else { return };
    let server = FaultySmtp::start();
    let bench = Bench::at(START, workspace(&postgres.database(), &server));
    bench.ask("ann@example.com", enroll());
    bench.with(async |engine| {
        let mut claiming = engine.store.begin().await.expect("the store answers");
        assert_eq!(claiming.pauses().await.expect("the store answers"), [], "it sees no pause");
        let claim = Claim { lane: LANE, limit: 9, token: "t", lease: Millis::MINUTE, reserved_day: None };
        let taken = claiming.claim(&claim, engine.now()).await.expect("the store answers");
        assert_eq!(taken.len(), 1);
        let mut pausing = Box::pin(engine.pause(&Scope::All, "test"));
        // A pause that does not wait for the claim is through by then.
        let early = tokio::time::timeout(Duration::from_secs(1), &mut pausing).await;
        claiming.commit().await.expect("the store answers");
        match early {
            Ok(paused) => paused.expect("the store answers"),
            Err(_) => pausing.await.expect("the store answers"),
        };
    });
    assert_eq!(bench.touch("first").state, State::Queued, "what was claimed at that moment is taken back");
    bench.work();
    assert_eq!(server.taken().len(), 0);
}
