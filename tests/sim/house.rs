//! What every run is set in: the files, a store, and engines made of them.

use super::receiver::Receiver;
use super::relay::{Door, Relay};
use super::step::Knobs;
use super::watch::Guard;
use overture::channel::sandbox::Sandbox;
use overture::channel::smtp::{Account, Dial, Security, Timeouts};
use overture::channel::trust::Trust;
use overture::channel::webhook::Client;
use overture::compile::{Overlay, workspace};
use overture::config;
use overture::domain::playbook::Playbook;
use overture::domain::time::Instant;
use overture::engine::{Endpoint, Engine, FailPoints, Parts, Ways};
use overture::entropy::Entropy;
use overture::seal::Seal;
use overture::store::{Access, Location, Store};
use sqlx::{Connection, PgConnection};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const SENDERS: [&str; 2] = ["maya", "tom"];
pub const LANES: [&str; 4] = ["mail:maya", "mail:tom", "hook:chat", "hook:crm"];
pub const LEASE: Duration = Duration::from_secs(30);

/// A fact that holds this word cannot be written.
pub const POISON: &str = "poison";

pub struct House {
    pub store: Store,
    pub seal: Seal,
    pub playbook: Playbook,
    trust: Arc<Trust>,
    sandbox: Sandbox,
    /// Whether the database refuses some facts.
    pub is_poisoned: bool,
    /// The store as the second engine has it.
    second: Store,
    /// The database's own clock, where it has one: it shows what the run's does.
    dial: Option<PgConnection>,
    _folder: tempfile::TempDir,
}

/// The files of the simulation, with the caps and gaps of one run.
pub fn playbook(knobs: &Knobs) -> Playbook {
    let files =
        config::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/workspace")).expect("files are read");
    let mut environment = config::Environment::new();
    for (place, sender) in SENDERS.iter().enumerate() {
        let key = format!("OVERTURE_SENDERS__{}", sender.to_uppercase());
        environment.insert(format!("{key}__PER_DAY"), knobs.caps[place].to_string());
        environment.insert(format!("{key}__GAP"), format!("{}s", knobs.gaps[place]));
    }
    let compiled = workspace(&files, &Overlay::new(environment));
    compiled.playbook.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

impl House {
    /// On SQLite, or on an empty PostgreSQL.
    pub async fn new(knobs: &Knobs, now: Instant, postgres: Option<&str>) -> Self {
        // In memory where that can be had: what is proven here is order, not endurance.
        let memory = Path::new("/dev/shm").to_owned();
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("overture-sim-").tempdir_in(parent).expect("a folder can be made");
        let location = match postgres {
            Some(url) => Location::Postgres { url: url.to_owned(), connections: 4 },
            None => Location::Sqlite { dir: folder.path().to_owned() },
        };
        let dial = match postgres {
            Some(url) => Some(dial(url, now).await),
            None => None,
        };
        let store = Store::open(&location, Access::Write).await.expect("a store opens");
        store.migrate(|_| ()).await.expect("the schema is made");
        let second = match postgres {
            Some(_) => Store::open(&location, Access::Write).await.expect("a store opens"),
            None => store.clone(),
        };
        if postgres.is_none() {
            poison(&folder.path().join("overture.db")).await;
        }
        let sandbox = Sandbox::open(folder.path().join("sandbox")).await.expect("a folder is made");
        let (seal, trust) = (Seal::new(&[3; 32]), Arc::new(Trust::system()));
        Self {
            store,
            seal,
            playbook: playbook(knobs),
            trust,
            sandbox,
            is_poisoned: postgres.is_none(),
            second,
            dial,
            _folder: folder,
        }
    }

    /// The store as one engine has it.
    pub fn of(&self, number: usize) -> &Store {
        if number == 0 { &self.store } else { &self.second }
    }

    /// Sets the database's clock to the run's.
    pub async fn set_clock(&mut self, now: Instant) {
        if let Some(dial) = &mut self.dial {
            let set = sqlx::query("UPDATE dial SET at = $1").bind(now.0).execute(dial).await;
            set.expect("the database's clock is set");
        }
    }

    /// One life of one engine.
    pub fn engine(
        &self,
        (relay, receiver): (&Relay, &Receiver),
        guard: Arc<Guard>,
        (number, seed): (usize, u64),
    ) -> Engine {
        let account = |name: &str| {
            let account = Account {
                host: "relay.example".to_owned(),
                port: 25,
                security: Security::None,
                credentials: None,
                ehlo_name: "client.example".to_owned(),
                trust: Arc::clone(&self.trust),
                dial: Dial::Within(Arc::new(Door { relay: relay.clone(), engine: number })),
            };
            (name.to_owned(), account)
        };
        let endpoint = |name: &str| {
            let client = Client::within(Arc::new(receiver.clone()));
            let url = format!("https://{name}.example/");
            (name.to_owned(), Endpoint { client, url, secrets: Vec::new(), headers: Vec::new() })
        };
        let ways = Ways {
            live: true,
            sandbox: self.sandbox.clone(),
            accounts: SENDERS.into_iter().map(account).collect(),
            timeouts: Timeouts::default(),
            endpoints: ["chat", "crm"].into_iter().map(endpoint).collect(),
            lease: LEASE,
        };
        let parts = Parts {
            store: self.of(number).clone(),
            clock: relay.clock.clone(),
            entropy: Entropy::seeded(seed),
            seal: Seal::new(&[3; 32]),
            fail: FailPoints::watched(guard),
            ways,
        };
        Engine::new(parts, self.playbook.clone())
    }
}

/// Gives an empty PostgreSQL a clock that is set by hand, under the name of its own: leases are compared to it.
async fn dial(url: &str, now: Instant) -> PgConnection {
    let mut database = PgConnection::connect(url).await.expect("it opens");
    let name = url.rsplit('/').next().expect("a URL has a path");
    let statements = format!(
        "CREATE TABLE dial (at BIGINT NOT NULL);
         INSERT INTO dial VALUES ({});
         CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS 'SELECT to_timestamp(at / 1000.0) FROM public.dial';
         ALTER DATABASE {name} SET search_path = public, pg_catalog",
        now.0
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut database).await.expect("the clock is made");
    database
}

/// Makes the database refuse facts with a certain word, as a unique key would that nobody thought of.
async fn poison(file: &Path) {
    let mut database =
        sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("it opens");
    let statements = [
        "CREATE TABLE once (word TEXT PRIMARY KEY)".to_owned(),
        format!("INSERT INTO once VALUES ('{POISON}')"),
        format!(
            "CREATE TRIGGER poisoned BEFORE INSERT ON event WHEN NEW.data LIKE '%{POISON}%'
             BEGIN INSERT INTO once VALUES ('{POISON}'); END"
        ),
    ];
    for statement in statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut database).await.expect("the trigger is made");
    }
    database.close().await.expect("it closes");
}
