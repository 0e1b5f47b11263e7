//! Joins the parts of a workspace into an engine, the same way for the daemon and for a command without one.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::files::{merge, reader};
use crate::channel::guard::Guard;
use crate::channel::sandbox::Sandbox;
use crate::channel::trust::Trust;
use crate::channel::{smtp, webhook};
use crate::clock::Clock;
use crate::config::{self, Config, Loaded, SendMode};
use crate::engine::{Endpoint, Engine, FailPoints, Parts, Ways};
use crate::entropy::Entropy;
use crate::seal::Seal;
use crate::seal::webhook::Secret;
use crate::store::{Access, Location, Store, StoreError};

/// How long one step of a migration may take under systemd's watch, in microseconds.
const STEP_USEC: u32 = 1_800_000_000;

/// An engine and the settings it was made from.
pub struct Assembled {
    pub engine: Arc<Engine>,
    pub config: Config,
}

/// Why it cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] Arc<StoreError>),
    #[error("cannot use {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{what}: {why}")]
    Setting { what: String, why: String },
    #[error("cannot listen on {address}: {source}; is another daemon running there?")]
    Listen { address: String, source: io::Error },
    #[error("the workspace has errors; nothing was started")]
    Workspace,
}

impl StartError {
    fn setting(what: impl Into<String>, why: &(impl ToString + ?Sized)) -> Self {
        Self::Setting { what: what.into(), why: why.to_string() }
    }
}

/// Where a running daemon listens for the command line.
pub fn socket_path(config: &Config) -> PathBuf {
    config.data.join("overture.sock")
}

/// Opens the store, brings its schema up to date, stores what changed in the files, and joins everything.
///
/// # Errors
/// Says what keeps it from starting; nothing is half-done.
pub async fn assemble(loaded: &Loaded, access: Access, fail: FailPoints) -> Result<Assembled, StartError> {
    let parts = parts(&loaded.config, access, fail).await?;
    let playbook = merge(&parts.store, loaded, access).await?;
    let engine = Engine::new(parts, playbook);
    engine.read_with(reader(loaded.source.clone()));
    Ok(Assembled { engine: Arc::new(engine), config: loaded.config.clone() })
}

/// The parts of an engine, from the settings.
///
/// # Errors
/// Says which setting, file or database is the matter.
pub async fn parts(config: &Config, access: Access, fail: FailPoints) -> Result<Parts, StartError> {
    let store = open(config, access, &fail).await?;
    let clock = match store.clock().await? {
        Some(at) => Clock::carried(at),
        None => Clock::Wall,
    };
    let entropy = Entropy::system();
    let seal = seal(config, &store, access, &entropy).await?;
    let ways = ways(config).await?;
    Ok(Parts { store, clock, entropy, seal, fail, ways })
}

/// Where the data is, by the settings.
pub fn location(config: &Config) -> Location {
    let url = config.database.url.expose_secret();
    if url == "sqlite" {
        Location::Sqlite { dir: config.data.clone() }
    } else {
        Location::Postgres { url: url.to_owned(), connections: config.database.connections }
    }
}

async fn open(config: &Config, access: Access, fail: &FailPoints) -> Result<Store, StartError> {
    make_folder(&config.data)?;
    let store = Store::open(&location(config), access).await?;
    if access == Access::Write {
        let before_step = |_: &str| {
            // A start under systemd has 90 s; a step over many rows may take more.
            drop(sd_notify::notify(&[sd_notify::NotifyState::ExtendTimeoutUsec(STEP_USEC)]));
            fail.hit("migrate.step");
        };
        let done = store.migrate(before_step).await?;
        if done > 0 {
            tracing::info!(migrations = done, "the schema is up to date");
        }
    }
    Ok(store)
}

fn make_folder(path: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(path).map_err(|source| StartError::File { path: path.to_owned(), source })
}

/// The secret that tokens are derived from: from the settings, else made once and kept beside the data. A fleet shares the one in
/// its database.
async fn seal(config: &Config, store: &Store, access: Access, entropy: &Entropy) -> Result<Seal, StartError> {
    let text = match &config.secret {
        Some(secret) => secret.expose_secret().to_owned(),
        None if config.database.url.expose_secret() == "sqlite" => kept_in_file(&config.data.join("secret"), entropy)?,
        None => kept_in_database(store, access, entropy).await?,
    };
    let bytes =
        STANDARD.decode(text.trim()).map_err(|error| StartError::setting("the secret is not base64", &error))?;
    let key: [u8; 32] = bytes.try_into().map_err(|_| {
        StartError::setting("the secret", "it must be 32 bytes in base64: `openssl rand -base64 32` makes one")
    })?;
    Ok(Seal::new(&key))
}

fn kept_in_file(path: &Path, entropy: &Entropy) -> Result<String, StartError> {
    let trouble = |source| StartError::File { path: path.to_owned(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = STANDARD.encode(entropy.bytes::<32>());
            write_privately(path, &text).map_err(trouble)?;
            Ok(text)
        }
        Err(error) => Err(trouble(error)),
    }
}

fn write_privately(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

async fn kept_in_database(store: &Store, access: Access, entropy: &Entropy) -> Result<String, StartError> {
    if let Some(text) = store.meta("secret").await? {
        return Ok(text);
    }
    let made = STANDARD.encode(entropy.bytes::<32>());
    if access == Access::ReadOnly {
        return Ok(made);
    }
    let mut tx = store.begin().await?;
    let kept = tx.meta_or("secret", &made).await?;
    tx.commit().await?;
    Ok(kept)
}

/// The ways out, by the settings; nothing is connected yet.
///
/// # Errors
/// Says which setting is the matter.
pub async fn ways(config: &Config) -> Result<Ways, StartError> {
    let folder = config.data.join("sandbox");
    let sandbox = Sandbox::open(&folder).await.map_err(|source| StartError::File { path: folder, source })?;
    let mut accounts = BTreeMap::new();
    for (name, account) in &config.accounts {
        accounts.insert(name.clone(), smtp_account(account));
    }
    let mut endpoints = BTreeMap::new();
    for (name, channel) in &config.channels {
        let what = || format!("channels.{name} in config/overture.yaml");
        endpoints.insert(name.clone(), endpoint(config, channel).map_err(|why| StartError::setting(what(), &why))?);
    }
    Ok(Ways {
        live: config.send == SendMode::Live,
        sandbox,
        accounts,
        timeouts: smtp::Timeouts::default(),
        endpoints,
        lease: config.database.lease,
    })
}

fn smtp_account(account: &config::Account) -> smtp::Account {
    let security = match account.security {
        config::Security::None => smtp::Security::None,
        config::Security::StartTls => smtp::Security::StartTls,
        config::Security::Tls => smtp::Security::Implicit,
    };
    let credentials = account.user.as_ref().zip(account.password.as_ref());
    smtp::Account {
        host: account.host.clone(),
        port: account.port,
        security,
        credentials: credentials
            .map(|(user, password)| smtp::Credentials { user: user.clone(), password: password.clone() }),
        ehlo_name: lettre::transport::smtp::extension::ClientId::default().to_string(),
        trust: Arc::new(Trust::system()),
        dial: smtp::Dial::Network,
    }
}

fn endpoint(config: &Config, channel: &config::Endpoint) -> Result<Endpoint, String> {
    let guard = Guard::new(channel.allow_http, config.allow_private.iter().map(String::as_str))?;
    let secrets = channel.secrets.iter().map(|secret| Secret::parse(secret.expose_secret()));
    let headers = channel.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    Ok(Endpoint {
        client: webhook::Client::new(guard)?,
        url: channel.url.expose_secret().to_owned(),
        secrets: secrets.collect::<Result<_, _>>().map_err(|error| error.to_string())?,
        headers: headers.collect(),
    })
}
