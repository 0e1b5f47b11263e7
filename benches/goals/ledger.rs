//! The least that remembers mails durably: a queue clustered by its order, one row a mail, one writer whose commits are shared.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

/// What is asked of the writer.
pub enum Order {
    Claim(usize, oneshot::Sender<Vec<i64>>),
    Intend(Vec<i64>, oneshot::Sender<()>),
    Mark(i64, oneshot::Sender<()>),
    /// Nobody waits for an outcome.
    Done(i64),
}

pub struct Ledger {
    database: SqliteConnection,
    next: i64,
    last: i64,
    pub commits: usize,
}

const TABLES: &str = "
    CREATE TABLE waiting (due INTEGER NOT NULL, mail INTEGER NOT NULL, PRIMARY KEY (due, mail)) STRICT, WITHOUT ROWID;
    CREATE TABLE mail (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, message_id TEXT, hash TEXT, reply TEXT) STRICT;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) INSERT INTO waiting SELECT i, i FROM n;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) INSERT INTO mail (id, state) SELECT i, 0 FROM n";
const CLAIM: &str = "DELETE FROM waiting WHERE due >= ?1 AND due < ?2";
const CLAIMED: &str = "UPDATE mail SET state = 1 WHERE id >= ?1 AND id < ?2";
const INTEND: &str = "UPDATE mail SET state = 2, message_id = 't.' || i.value || '@bench.example',
    hash = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' FROM json_each(?1) AS i WHERE mail.id = i.value";
const MARK: &str = "UPDATE mail SET state = 3 WHERE id IN (SELECT value FROM json_each(?1))";
const DONE: &str = "UPDATE mail SET state = 4, reply = '250 2.0.0 Ok' WHERE id IN (SELECT value FROM json_each(?1))";

/// All that shares a commit.
#[derive(Default)]
struct Round {
    claims: Vec<(usize, oneshot::Sender<Vec<i64>>)>,
    intents: Vec<i64>,
    marks: Vec<i64>,
    outcomes: Vec<i64>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Ledger {
    pub async fn create(folder: &Path, mails: usize) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("ledger.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut database = options.connect().await.expect("a database can be made");
        let last = i64::try_from(mails).expect("a number of mails");
        for statement in TABLES.split(';') {
            let query = sqlx::query(statement);
            let query = if statement.contains("?1") { query.bind(last) } else { query };
            query.execute(&mut database).await.expect("the tables are made");
        }
        Self { database, next: 0, last, commits: 0 }
    }

    /// Writes what is asked until nobody asks any more: all that came while a commit was under way shares the next one.
    pub async fn keep(&mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut orders = Vec::new();
        while inbox.recv_many(&mut orders, 1_000).await > 0 {
            let mut round = Round::default();
            for order in orders.drain(..) {
                match order {
                    Order::Claim(wanted, answer) => round.claims.push((wanted, answer)),
                    Order::Intend(ids, answer) => {
                        round.intents.extend(ids);
                        round.waiting.push(answer);
                    }
                    Order::Mark(id, answer) => {
                        round.marks.push(id);
                        round.waiting.push(answer);
                    }
                    Order::Done(id) => round.outcomes.push(id),
                }
            }
            self.write(round).await;
        }
    }

    async fn write(&mut self, round: Round) {
        let wanted: usize = round.claims.iter().map(|(wanted, _)| wanted).sum();
        let (from, until) = (self.next, self.last.min(self.next + i64::try_from(wanted).expect("a number of mails")));
        let mut tx = self.database.begin().await.expect("a transaction begins");
        for statement in [CLAIM, CLAIMED].into_iter().filter(|_| from < until) {
            sqlx::query(statement).bind(from).bind(until).execute(&mut *tx).await.expect("a claim is written");
        }
        for (statement, ids) in [(INTEND, &round.intents), (MARK, &round.marks), (DONE, &round.outcomes)] {
            if !ids.is_empty() {
                let ids = serde_json::json!(ids).to_string();
                sqlx::query(statement).bind(ids).execute(&mut *tx).await.expect("rows are written");
            }
        }
        tx.commit().await.expect("it is committed");
        self.next = until;
        self.commits += 1;
        let mut ids = from..until;
        for (wanted, answer) in round.claims {
            let _ = answer.send(ids.by_ref().take(wanted).collect());
        }
        for answer in round.waiting {
            let _ = answer.send(());
        }
    }

    /// Mails whose outcome is kept.
    pub async fn outcomes(&mut self) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM mail WHERE state = 4");
        count.fetch_one(&mut self.database).await.expect("the rows can be counted")
    }
}
