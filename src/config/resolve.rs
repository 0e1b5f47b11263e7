//! Secrets are fetched last and in one place, and every one that is missing is told at the place that asks for it.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Account, Config, Database, Endpoint, Environment};
use crate::compile::diagnostic::{Code, Diagnostic};
use crate::compile::{self, Compiled, Daemon, From, SecretRef, check_channel_url};

/// Turns what the files say into what the daemon runs with; the errors are all secrets that are not there.
pub fn config(
    workspace: &Path,
    daemon: &Daemon,
    (compiled, environment): (&Compiled, &Environment),
) -> Result<Config, Vec<Diagnostic>> {
    let fetch = Fetch { workspace, compiled, environment, missing: RefCell::default() };
    let sqlite = || SecretString::from("sqlite");
    let url = daemon.database.url.as_ref().and_then(|url| fetch.database(url));
    let config = Config {
        workspace: workspace.to_owned(),
        data: workspace.join(&daemon.data),
        database: Database {
            url: url.unwrap_or_else(sqlite),
            connections: daemon.database.connections,
            lease: Duration::from_millis(u64::try_from(daemon.database.lease.0).unwrap_or(0)),
        },
        public: daemon.public,
        private: daemon.private,
        public_url: daemon.public_url.clone(),
        send: daemon.send,
        secret: daemon.secret.as_ref().and_then(|secret| fetch.secret(secret)),
        accounts: daemon.accounts.iter().map(|(name, account)| (name.clone(), fetch.account(account))).collect(),
        channels: daemon
            .channels
            .iter()
            .filter_map(|(name, channel)| Some((name.clone(), fetch.endpoint(channel)?)))
            .collect(),
        allow_private: daemon.allow_private.clone(),
        alerts: None,
    };
    let missing = fetch.missing.into_inner();
    if missing.is_empty() { Ok(config) } else { Err(missing) }
}

struct Fetch<'a> {
    workspace: &'a Path,
    compiled: &'a Compiled,
    environment: &'a Environment,
    missing: RefCell<Vec<Diagnostic>>,
}

impl Fetch<'_> {
    fn secret(&self, secret: &SecretRef) -> Option<SecretString> {
        match &secret.from {
            From::Plain(value) => Some(value.clone()),
            From::Env { name, default } => {
                let value = self.environment.get(name).filter(|value| !value.is_empty());
                let found = value.map(|value| SecretString::from(value.as_str())).or_else(|| default.clone());
                if found.is_none() {
                    let hint = format!("set {name}, or add a `default`");
                    self.tell(secret, format!("the environment has no {name}"), hint);
                }
                found
            }
            From::File(path) => {
                let path = self.workspace.join(path);
                match fs::read_to_string(&path) {
                    Ok(text) => Some(SecretString::from(text.trim_end_matches(['\r', '\n']))),
                    Err(error) => {
                        let message = format!("cannot read {}: {error}", path.display());
                        self.tell(
                            secret,
                            message,
                            "the file must be readable by the user that runs overture".to_owned(),
                        );
                        None
                    }
                }
            }
        }
    }

    fn database(&self, url: &SecretRef) -> Option<SecretString> {
        let found = self.secret(url)?;
        let text = found.expose_secret();
        if text == "sqlite" || text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(found);
        }
        let hint = "write `sqlite`, or postgres://user@host/database".to_owned();
        self.tell(url, "this is no database that is known".to_owned(), hint);
        None
    }

    fn account(&self, account: &compile::Account) -> Account {
        Account {
            host: account.host.clone(),
            port: account.port,
            security: account.security,
            user: account.user.clone(),
            password: account.password.as_ref().and_then(|password| self.secret(password)),
            connections: account.connections,
        }
    }

    fn endpoint(&self, channel: &compile::Channel) -> Option<Endpoint> {
        let url = self.secret(&channel.url)?;
        if let Err(message) = check_channel_url(url.expose_secret(), channel.allow_http) {
            self.tell(&channel.url, message, "check the value it is taken from".to_owned());
        }
        let headers = channel.headers.iter();
        Some(Endpoint {
            url,
            secrets: channel.secrets.iter().filter_map(|secret| self.secret(secret)).collect(),
            headers: headers.filter_map(|(name, value)| Some((name.clone(), self.secret(value)?))).collect(),
            allow_http: channel.allow_http,
        })
    }

    fn tell(&self, secret: &SecretRef, message: String, hint: String) {
        let told = self.compiled.error(Code::MissingSecret, secret.place, (message, Some(hint)));
        self.missing.borrow_mut().push(told);
    }
}
