//! From start to stop: everything or nothing comes up, a first signal drains, a second one ends at once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::assemble::{Assembled, StartError, assemble, socket_path};
use super::dispatcher::{Dispatcher, dispatcher};
use super::ear::ear;
use super::files::{adopt, watch_files};
use super::keeper::{keeper, recover_all, stay_alive};
use super::listen::{Answers, bind};
use super::looks::Looks;
use super::sequencer::sequencer;
use super::waiting::pause;
use crate::config::{Config, Environment, Loaded};
use crate::engine::{Engine, FailPoints};
use crate::store::Access;
use crate::web::ops::Services;
use crate::web::private::Guarding;
use crate::web::{self, App};

/// How long a stop waits for servers to answer; the service's `TimeoutStopSec` lies above it.
const DRAIN: Duration = Duration::from_mins(1);
/// In a fleet others bring work that this daemon is not told of.
const LOOK: Duration = Duration::from_secs(5);

/// How to run.
pub struct Options {
    pub environment: Environment,
    pub fail: FailPoints,
    /// Reads the files again when they change.
    pub watch: bool,
}

/// Runs until it is told to stop.
///
/// # Errors
/// Says what keeps it from starting; then nothing was started.
pub async fn run(loaded: Loaded, options: Options) -> Result<(), StartError> {
    let mut signals = Signals::new()?;
    // First the store, whose lock says that nobody else is there; only then may a socket that was left behind be taken away.
    let Assembled { engine, config } = take(&loaded, options.fail).await?;
    let bound = bind(&config).await?;
    let alone = engine.store.clock().await?.is_none();
    if alone {
        let taken = recover_all(&engine).await?;
        if taken > 0 {
            tracing::warn!(touches = taken, "the last run ended with touches under way; see `overture unknown list`");
        }
    }
    let moved = engine.resume_apply().await?;
    if moved > 0 {
        tracing::warn!(leads = moved, "an edit was being applied when the last run ended; it is applied now");
    }
    let services = Services::default();
    let app = App::new(Arc::clone(&engine), services.clone());
    let (public, private) =
        bound.addresses().map_err(|source| StartError::Listen { address: config.public.to_string(), source })?;
    let running = Running::start(&engine, &services, &config, alone);
    let answers = Answers {
        public: web::public::router(app.clone()),
        private: web::private::router(app.clone(), Guarding::Token),
        owner: web::private::router(app, Guarding::Owner),
    };
    bound.serve(answers, &running.tasks, &running.stop);
    tracing::info!(%public, %private, send = if engine.ways.live { "live" } else { "sandbox" }, "listening");
    tracing::info!("ready");
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    signals.mind(&engine, &config.workspace, &options.environment, options.watch).await;
    services.close();
    running.end(&engine, &mut signals).await;
    Ok(())
}

/// Takes the data folder: from a command that holds it for a moment, never from another daemon, which answers.
async fn take(loaded: &Loaded, fail: FailPoints) -> Result<Assembled, StartError> {
    let socket = socket_path(&loaded.config);
    let mut looks = Looks::new(&loaded.config.data);
    loop {
        match assemble(loaded, Access::Write, fail.clone()).await {
            Ok(assembled) => return Ok(assembled),
            Err(refused) if UnixStream::connect(&socket).await.is_ok() => return Err(refused),
            Err(refused) => looks.again(refused, |what| tracing::info!("{what}")).await?,
        }
    }
}

/// What was started.
struct Running {
    tasks: TaskTracker,
    writer: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
    hard_stop: CancellationToken,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "the services are the daemon's")]
    fn start(engine: &Arc<Engine>, services: &Services, config: &Config, alone: bool) -> Self {
        let (tasks, stop, hard_stop) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let look = (!alone).then_some(LOOK);
        let writing = Arc::clone(engine);
        let writer = tokio::spawn(async move { writing.serve_writes().await });
        tasks.spawn(sequencer(Arc::clone(engine), services.clone(), look, stop.clone()));
        tasks.spawn(keeper(Arc::clone(engine), services.clone(), engine.entropy.id(engine.now()), stop.clone()));
        tasks.spawn(ear(Arc::clone(engine), services.clone(), stop.clone()));
        tasks.spawn(dispatcher(Dispatcher {
            engine: Arc::clone(engine),
            services: services.clone(),
            connections: connections(config),
            look,
            tasks: tasks.clone(),
            stop: stop.clone(),
            hard_stop: hard_stop.clone(),
        }));
        Self { tasks, writer, stop, hard_stop }
    }

    /// Claims nothing new, lets what is under way come to its end, then lets go of the store.
    async fn end(self, engine: &Engine, signals: &mut Signals) {
        drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
        tracing::info!(under_way = engine.under_way(), "stopping; what is under way is finished first");
        self.stop.cancel();
        self.tasks.close();
        tokio::select! {
            () = stay_alive(engine, &self.hard_stop) => {}
            () = self.tasks.wait() => tracing::info!("stopped"),
            _ = pause(DRAIN, &self.hard_stop) => tracing::warn!("servers did not answer in time; what is marked is unknown"),
            () = signals.second() => tracing::warn!("told to stop at once; what is marked is unknown"),
        }
        self.hard_stop.cancel();
        engine.end_writes();
        self.writer.abort();
        engine.store.close().await;
    }
}

/// Connections each sender may have, by lane.
fn connections(config: &Config) -> BTreeMap<String, usize> {
    let lane = |(name, account): (&String, &crate::config::Account)| {
        (format!("mail:{name}"), usize::try_from(account.connections).unwrap_or(1).max(1))
    };
    config.accounts.iter().map(lane).collect()
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, StartError> {
        let hear = |kind| signal(kind).map_err(|source| StartError::File { path: PathBuf::from("signals"), source });
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hang_up: hear(SignalKind::hangup())?,
        })
    }

    /// Reads the files again when it is told to, or when they change, until it is time to stop.
    async fn mind(&mut self, engine: &Engine, folder: &std::path::Path, environment: &Environment, watch: bool) {
        let never = CancellationToken::new();
        let mut seen = watch_files(folder);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    drop(sd_notify::notify(&[sd_notify::NotifyState::Reloading]));
                    adopt(engine, folder, environment).await;
                    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
                }
                _ = pause(Duration::from_secs(1), &never), if watch => {
                    let now = watch_files(folder);
                    if now != seen {
                        seen = now;
                        adopt(engine, folder, environment).await;
                    }
                }
            }
        }
    }

    /// The signal after the first.
    async fn second(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
