//! A workspace that is ready to send: senders, one sequence each, and leads whose first mail is due.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use overture::config::{self, Environment};
use overture::daemon::{Assembled, assemble};
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::engine::{Engine, FailPoints, Target};
use overture::store::Access;
use serde_json::{Map, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::support::daemon::Daemon;
use crate::support::postgres::{Fsync, Postgres};
use crate::support::workspace::Workspace;

/// Leads put in with one commit.
const BATCH: usize = 1_000;

/// How mails leave.
#[derive(Clone, Copy)]
pub struct Ways {
    pub senders: usize,
    /// Of each sender.
    pub connections: usize,
    pub port: u16,
}

/// Touches that are like one there is.
#[derive(Clone, Copy)]
pub struct Copies<'c> {
    /// A digit their ids begin with.
    pub tag: u8,
    pub lane: &'c str,
    pub count: usize,
    /// SQL, in which `i` is the number of a copy.
    pub ready_at: &'c str,
}

pub struct Stage {
    pub workspace: Workspace,
    snapshot: tempfile::TempDir,
    /// `sqlite`, or the address of what is kept.
    kept: String,
    /// `sqlite`, or the address of what is played with now.
    now: RefCell<String>,
}

/// A PostgreSQL of the benchmark's own that waits for its disk; nothing where none is installed.
pub fn postgres() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(|| Postgres::own(Fsync::On)).as_ref()
}

impl Stage {
    /// Writes the workspace's files. `database` is `sqlite` or an address.
    pub fn set(ways: Ways, database: &str) -> Self {
        let workspace = Workspace::example();
        let old = std::fs::read_dir(workspace.file("sequences")).expect("the example has sequences");
        old.for_each(|entry| std::fs::remove_file(entry.expect("a file").path()).expect("it can be removed"));
        workspace.write("templates/bench/offer.md", &template());
        workspace.database(database);
        let Ways { senders, connections, port } = ways;
        let smtp = format!("{{host: 127.0.0.1, port: {port}, security: none, connections: {connections}}}");
        // The two of the example stay: its settings name them.
        let mut named = String::from("senders:\n");
        for name in ["growth", "outbound"] {
            named += &format!("  {name}: {{from: Maya <{name}@bench.example>, smtp: {smtp}}}\n");
        }
        for sender in 0..senders {
            let from = format!("Maya Lindqvist <s{sender}@bench.example>");
            named += &format!("  s{sender}: {{from: {from}, per_day: 10000000, smtp: {smtp}}}\n");
            workspace.write(&format!("sequences/q{sender}.yaml"), &sequence(sender));
        }
        let settings = workspace.read("config/overture.yaml");
        let (before, rest) = settings.split_once("senders:\n").expect("the example has senders");
        let after = &rest[rest.find("# Outbound HTTP").expect("the example has channels")..];
        workspace.write("config/overture.yaml", &format!("{before}{named}\n{after}"));
        workspace.set("send", "live");
        let snapshot = tempfile::tempdir().expect("a folder can be made");
        Self { workspace, snapshot, kept: database.to_owned(), now: RefCell::new(database.to_owned()) }
    }

    /// Enters so many leads, in turn over the senders, and makes their first mails wait; nobody has the store open any more.
    pub fn seed_all(&self, leads: usize, senders: usize) -> Arc<Engine> {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime.block_on(async {
            let engine = self.engine().await;
            Self::seed(&engine, leads, senders, true).await;
            engine.store.close().await;
            engine
        })
    }

    /// An engine in this process, for what is to be prepared or measured without a daemon.
    pub async fn engine(&self) -> Arc<Engine> {
        let loaded = config::load(self.workspace.path(), &Environment::new());
        let loaded = loaded.unwrap_or_else(|error| panic!("the workspace has mistakes: {error:?}"));
        let Assembled { engine, .. } =
            assemble(&loaded, Access::Write, FailPoints::default()).await.expect("the engine is put together");
        engine
    }

    /// Enters so many leads, in turn over the senders; `wake` makes their first mails wait on their lanes.
    pub async fn seed(engine: &Engine, leads: usize, senders: usize, wake: bool) {
        for from in (0..leads).step_by(BATCH) {
            let mut units = Vec::new();
            for number in from..(from + BATCH).min(leads) {
                let address = EmailAddress::parse(&format!("lead{number}@bench.example")).expect("an address");
                let to = || Target::Address { address: address.clone(), create: true };
                let change = Ask::Change { set: attributes(number), add_tags: Vec::new() };
                units.push(engine.by_hand(to(), change, "bench"));
                let sequence = format!("q{}", number % senders);
                let enroll = Ask::Enroll { sequence, by: "bench".to_owned(), again: false };
                units.push(engine.by_hand(to(), enroll, "bench"));
            }
            engine.record(units).await.expect("the store takes leads");
        }
        while wake && engine.wake(engine.now()).await.expect("the store answers") > 0 {}
    }

    /// Keeps the data as it is now, so that every run begins with it.
    pub fn keep(&self) {
        copy(&self.data(), self.snapshot.path());
    }

    /// Puts the kept data back.
    pub fn restore(&self) {
        let _ = std::fs::remove_dir_all(self.data());
        copy(self.snapshot.path(), &self.data());
        if let Some(server) = postgres().filter(|_| self.kept != "sqlite") {
            let mut now = self.now.borrow_mut();
            if *now != self.kept {
                let name = now.rsplit('/').next().expect("an address has a name");
                server.sql(&self.kept, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
            *now = server.copy_of(&self.kept);
            self.workspace.database(&now);
        }
    }

    /// Where the data is that is played with now.
    pub fn url(&self) -> String {
        self.now.borrow().clone()
    }

    /// The rows that a question of one column of texts gives.
    pub fn ask(&self, question: &str) -> Vec<String> {
        if let Some(server) = postgres().filter(|_| self.kept != "sqlite") {
            return server.sql(&self.url(), question).lines().map(str::to_owned).collect();
        }
        let answer = async |database: &mut SqliteConnection| {
            sqlx::query_scalar(AssertSqlSafe(question)).fetch_all(database).await
        };
        self.directly(answer)
    }

    /// Changes rows beside the program.
    pub fn tell(&self, statements: &str) {
        if let Some(server) = postgres().filter(|_| self.kept != "sqlite") {
            server.sql(&self.url(), statements);
            return;
        }
        let done =
            async |database: &mut SqliteConnection| sqlx::raw_sql(AssertSqlSafe(statements)).execute(database).await;
        self.directly(done);
    }

    fn directly<A>(&self, work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<A, sqlx::Error>) -> A {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(self.data().join("overture.db"));
            let mut database = options.connect().await.expect("the database opens");
            let done = work(&mut database).await.unwrap_or_else(|error| panic!("the database refuses: {error}"));
            sqlx::Connection::close(database).await.expect("the database closes");
            done
        })
    }

    /// Puts more touches on a lane beside those there are, all copies of one.
    pub fn crowd(&self, copies: &Copies<'_>) {
        let Copies { tag, lane, count, ready_at } = *copies;
        let (columns, number, numbers) = if self.kept == "sqlite" {
            let numbers = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n"
            );
            ("SELECT name FROM pragma_table_info('touch')", "printf('%025d', i)", numbers)
        } else {
            let columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'touch'";
            (columns, "lpad(CAST(i AS TEXT), 25, '0')", format!("SELECT i FROM generate_series(1, {count}) AS i"))
        };
        let (columns, id) = (self.ask(columns), format!("{tag} || {number}"));
        let values = columns.iter().map(|column| match column.as_str() {
            "id" => id.clone(),
            "step" => format!("'copy' || {id}"),
            "lane" => format!("'{lane}'"),
            "ready_at" => ready_at.to_owned(),
            other => format!("t.{other}"),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        self.tell(&format!(
            "INSERT INTO touch ({}) SELECT {values} FROM (SELECT * FROM touch WHERE state = 'queued' LIMIT 1) AS t, ({numbers}) AS n;
             INSERT INTO outbox (lane, ready_at, touch_id) SELECT '{lane}', {ready_at}, {id} FROM ({numbers}) AS n;",
            columns.join(", ")
        ));
    }

    pub fn data(&self) -> PathBuf {
        self.workspace.file("data")
    }

    pub fn start(&self, environment: &[(&str, &str)]) -> Daemon {
        Daemon::with(&self.workspace, environment)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
        }
    }
}

pub fn attributes(number: usize) -> Map<String, serde_json::Value> {
    let (city, plan) = (["Oslo", "Lyon", "Graz", "Turin"][number % 4], ["pro", "team"][number % 2]);
    let texts = [
        ("first_name", format!("Ada{number}")),
        ("company", format!("Acme {} Ltd", number % 977)),
        ("city", city.to_owned()),
        ("plan", plan.to_owned()),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect()
}

fn sequence(sender: usize) -> String {
    format!(
        "title: Offer {sender}\nkind: cadence\nowner: tom\nsend:\n  from: s{sender}\n  days: mon-sun\n  hours: 00:00-24:00\nsteps:\n  \
         - id: first\n    email: bench/offer\n  - wait: 3d\n  - id: second\n    email: bench/offer\n  - end: done\n"
    )
}

/// About 10 KB once it is a mail, with five links that hold a value of the lead.
fn template() -> String {
    let mut text = String::from(
        "---\nsubject: \"{{lead.company}} and the handover\"\npreheader: A number from companies like yours.\n---\nHi {{lead.first_name}},\n\n\
         I saw that {{lead.company}} is hiring in {{lead.city}}.\n\n",
    );
    for line in 0..22 {
        text += &format!(
            "Paragraph {line}: teams like {{{{lead.company}}}} tell us that the handover from marketing to sales costs them hours each week.\n\n"
        );
    }
    for link in 0..5 {
        text +=
            &format!("[Link {link}](https://example.com/p/{link}?plan={{{{lead.plan}}}}&city={{{{lead.city}}}})\n\n");
    }
    text + "{{or sender.name \"Maya\"}}\n\n---\n\n{{company.name}} · {{company.postal_address}} · [No more mails from me]({{unsubscribe_url}})\n"
}
