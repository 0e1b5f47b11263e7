//! The stage: a fresh workspace, an engine on a clock that is set by hand, and everything on the loopback that it talks to.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::failure::Failure;
use crate::cli::shipped::FILES;
use crate::clock::Clock;
use crate::config::{self, Environment, Loaded};
use crate::daemon::{Answers, bind, merge, parts};
use crate::domain::calendar::zone_named;
use crate::domain::time::Instant;
use crate::engine::{Engine, FailPoints, Right};
use crate::entropy::Entropy;
use crate::sim::catcher::{Catcher, Shelf};
use crate::sim::people::{Kind, Person};
use crate::sim::receiver::{Desk as Receipts, Receiver};
use crate::store::Access;
use crate::web::dashboard::{Letters, Pages};
use crate::web::ops::Services;
use crate::web::private::Guarding;
use crate::web::{self, App};

/// The secrets of the example's channels, as its settings write them.
const SECRETS: [(&str, &str); 2] = [
    ("sales-chat", "whsec_bm9ydGh3aW5kLWRlbW8tc2FsZXMtY2hhdC1rZXk="),
    ("crm", "whsec_bm9ydGh3aW5kLWRlbW8tY3JtLXNpZ25pbmcta2V5ISE="),
];

/// Everything that is set up before the first act.
pub struct Stage {
    pub engine: Arc<Engine>,
    pub shelf: Shelf,
    pub receipts: Receipts,
    pub letters: Letters,
    pub environment: Environment,
    pub folder: PathBuf,
    /// Where the API and the pages are.
    pub private: SocketAddr,
    /// The key of those who tell of events.
    pub token: String,
    kept: bool,
    servers: Option<(Catcher, Receiver)>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Stage {
    /// Sets it all up in a folder of its own.
    pub async fn set(keep: Option<PathBuf>, people: &[Person], seed: u64) -> Result<Self, Failure> {
        let kept = keep.is_some();
        let folder = keep.unwrap_or_else(fresh);
        write(&folder)?;
        let set = Self::within(&folder, people, (seed, kept)).await;
        if set.is_err() && !kept {
            clear(&folder);
        }
        set
    }

    async fn within(folder: &Path, people: &[Person], (seed, kept): (u64, bool)) -> Result<Self, Failure> {
        let clock = Clock::manual(opening());
        let gone = people.iter().filter(|person| person.kind == Kind::Gone).map(|person| person.email.clone());
        let shelf = Shelf::new(clock.clone(), gone);
        let receipts = Receipts::new(SECRETS);
        let catcher = Catcher::bind(shelf.clone()).await.map_err(|error| deaf(&error))?;
        let receiver = Receiver::bind(receipts.clone()).await.map_err(|error| deaf(&error))?;
        let mut environment = settings(
            catcher.address().map_err(|error| deaf(&error))?,
            receiver.address().map_err(|error| deaf(&error))?,
        );
        let config = load(folder, &environment)?.config;
        fs::create_dir_all(&config.data).map_err(|error| Failure::broken(format!("cannot make a folder: {error}")))?;
        let bound = bind(&config).await?;
        let (public, private) = bound.addresses().map_err(|error| deaf(&error))?;
        environment.insert("OVERTURE_PUBLIC_URL".to_owned(), format!("http://{public}"));
        let loaded = load(folder, &environment)?;
        let mut made = parts(&loaded.config, Access::Write, FailPoints::default()).await?;
        (made.clock, made.entropy) = (clock, Entropy::seeded(seed));
        let playbook = merge(&made.store, &loaded, Access::Write).await?;
        let engine = Arc::new(Engine::new(made, playbook));
        let rights = [Right::Read, Right::Enroll].into();
        let (_, token) =
            engine.issue_token("demo", &rights).await.map_err(|error| Failure::broken(error.to_string()))?;
        let (tasks, stop, letters) = (TaskTracker::new(), CancellationToken::new(), Letters::default());
        let app = App::new(Arc::clone(&engine), Services::default());
        let pages = Pages::new(Arc::clone(&engine)).with_letters(letters.clone()).until(stop.clone());
        let answers = Answers {
            public: web::public::router(app.clone()),
            private: web::dashboard::router(pages).merge(web::private::router(app.clone(), Guarding::Token)),
            owner: web::private::router(app, Guarding::Owner),
        };
        bound.serve(answers, &tasks, &stop);
        let servers = Some((catcher, receiver));
        let folder = folder.to_owned();
        Ok(Self { engine, shelf, receipts, letters, environment, folder, private, token, kept, servers, tasks, stop })
    }

    /// The mail server and the webhook receiver, which answer as long as this is waited for.
    pub fn open(&mut self) -> Result<impl Future<Output = ()> + use<>, Failure> {
        let taken = self.servers.take().ok_or_else(|| Failure::broken("the demo's servers were opened before"))?;
        Ok(async move {
            let (catcher, receiver) = taken;
            tokio::select! {
                () = catcher.serve() => {}
                _ = receiver.serve() => {}
            }
        })
    }

    /// The zone of the workspace.
    pub fn zone(&self) -> TimeZone {
        zone_named(&self.engine.playbook().settings.zone).unwrap_or(TimeZone::UTC)
    }

    /// Where the pages are.
    pub fn pages(&self) -> String {
        format!("http://{}/", self.private)
    }

    /// Closes the doors and the store, and takes the folder away unless it is to be kept.
    pub async fn strike(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.engine.store.close().await;
        if !self.kept {
            clear(&self.folder);
        }
    }
}

/// Monday, 5 January 2026, 08:55 in Berlin.
fn opening() -> Instant {
    let zone = zone_named("Europe/Berlin").unwrap_or(TimeZone::UTC);
    crate::domain::calendar::local::first(&zone, date(2026, 1, 5).at(8, 55, 0, 0))
}

/// A folder nobody else has.
fn fresh() -> PathBuf {
    let name = Entropy::system().id(crate::clock::wall());
    std::env::temp_dir().join(format!("overture-demo-{name}"))
}

/// Copies the example.
fn write(folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error| Failure::broken(format!("cannot write {}: {error}", path.display()));
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::broken(format!("{} is not empty", folder.display())).hint("name a new folder"));
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|error| failed(&path, error))?;
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

fn clear(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        crate::cli::paper::say(&format!("cannot remove {}: {error}", folder.display()));
    }
}

/// What differs from the example: everything leaves, and nothing leaves the machine. The files stay as they are, so that a kept folder
/// sends nothing when it is run.
fn settings(mail: SocketAddr, hooks: SocketAddr) -> Environment {
    let smtp = format!("{{host: {}, port: {}, security: none}}", mail.ip(), mail.port());
    let mut set: BTreeMap<String, String> = [
        ("DATABASE__URL", "sqlite".to_owned()),
        ("LISTEN__PUBLIC", "127.0.0.1:0".to_owned()),
        ("LISTEN__PRIVATE", "127.0.0.1:0".to_owned()),
        ("PUBLIC_URL", "http://127.0.0.1:1".to_owned()),
        ("SEND", "live".to_owned()),
        ("ALLOW_PRIVATE", "[127.0.0.0/8]".to_owned()),
        ("SENDERS__GROWTH__SMTP", smtp.clone()),
        ("SENDERS__OUTBOUND__SMTP", smtp),
    ]
    .map(|(key, value)| (format!("OVERTURE_{key}"), value))
    .into();
    for (channel, _) in SECRETS {
        let key = format!("OVERTURE_CHANNELS__{}", channel.replace('-', "_").to_uppercase());
        set.insert(format!("{key}__URL"), format!("http://{hooks}/{channel}"));
        set.insert(format!("{key}__ALLOW_HTTP"), "true".to_owned());
    }
    set
}

fn load(folder: &Path, environment: &Environment) -> Result<Loaded, Failure> {
    config::load(folder, environment).map_err(|refused| match refused {
        config::Refused::Files(diagnostics) => {
            Failure::broken(crate::compile::diagnostic::render(&diagnostics, false).trim_end().to_owned())
        }
        config::Refused::Folder { .. } => Failure::from(refused),
    })
}

fn deaf(error: &std::io::Error) -> Failure {
    Failure::broken(format!("cannot listen on the loopback: {error}"))
}
