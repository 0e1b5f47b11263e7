//! What a mail costs beside its bytes: what came together lies together on the disk and is changed together, and whoever waits for a commit
//! holds no room for writing it.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::engine::{Engine, Target};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

const LANE: &str = "mail:growth";
const START: &str = "2026-01-12T10:00:00Z";
const LEADS: usize = 40;
/// Room that one of hundreds of connections may take for a step it waits in, in bytes.
const LITTLE: usize = 6 * 1024;

fn bench() -> Bench {
    let server = FaultySmtp::start();
    Bench::at(START, scene::workspace("sqlite", server.address(), &Receiver::start(), MAIL_THEN_CALL))
}

/// Lets leads come in with one commit, and makes their first mails wait with another.
async fn arrive(engine: &Engine) {
    let unit = |number: usize| {
        let address = EmailAddress::parse(&format!("lead{number}@example.com")).expect("an address");
        let ask = Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
        engine.by_hand(Target::Address { address, create: true }, ask, "test")
    };
    engine.record((0..LEADS).map(unit).collect()).await.expect("the store answers");
    while engine.wake(engine.now()).await.expect("the store answers") > 0 {}
}

/// The leads of a table's rows, in the order the rows lie in.
async fn lying(bench: &Bench, column: &str, table: &str) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(bench.workspace().file("data/overture.db")).read_only(true);
    let mut database = options.connect().await.expect("the database can be read");
    let question = format!("SELECT {column} FROM {table} ORDER BY rowid");
    let rows = sqlx::query(AssertSqlSafe(question)).fetch_all(&mut database).await.expect("a table can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn rows_of_leads_that_came_together_lie_in_the_order_in_which_their_mails_are_claimed() {
    let bench = bench();
    bench.with(async |engine| {
        arrive(engine).await;
        let claimed = engine.claim(LANE, LEADS).await.expect("the store answers");
        let claimed: Vec<String> = claimed.iter().map(|one| one.lead.id.as_str().to_owned()).collect();
        assert_eq!(claimed.len(), LEADS);
        assert!(claimed.is_sorted(), "{claimed:?}");
        for (column, table) in [("id", "lead"), ("lead_id", "enrollment"), ("lead_id", "touch")] {
            assert_eq!(lying(&bench, column, table).await, claimed, "rows of {table}");
        }
    });
}

#[test]
fn whoever_waits_for_a_commit_holds_no_room_for_writing_it() {
    let bench = bench();
    bench.with(async |engine| {
        arrive(engine).await;
        let claimed = engine.claim(LANE, 1).await.expect("the store answers").pop().expect("a mail waits");
        let carried = claimed.back("a test");
        let sizes = [
            ("claim", size_of_val(&engine.claim(LANE, 1))),
            ("make ready", size_of_val(&engine.make_ready(&claimed))),
            ("settle", size_of_val(&engine.settle(&claimed, &carried))),
        ];
        assert!(sizes.iter().all(|(_, size)| *size <= LITTLE), "{sizes:?}");
    });
}
