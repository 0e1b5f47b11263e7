//! What the daemon needs to run, as the files say it: secrets are still references, which config resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::secret::SecretRef;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::{Node, Value};
use crate::domain::time::Millis;

/// The part of config/overture.yaml that decides nothing.
#[derive(Clone, Debug)]
pub struct Daemon {
    pub database: Database,
    /// Relative to the workspace.
    pub data: PathBuf,
    pub public: SocketAddr,
    pub private: SocketAddr,
    pub public_url: String,
    pub send: SendMode,
    pub secret: Option<SecretRef>,
    /// SMTP accounts by sender.
    pub accounts: BTreeMap<String, Account>,
    pub channels: BTreeMap<String, Channel>,
    /// Addresses and networks that webhooks may reach although they are not public.
    pub allow_private: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite`, or a PostgreSQL URL; SQLite if absent.
    pub url: Option<SecretRef>,
    pub connections: u32,
    /// How long what a daemon has under way stays its own when it says nothing.
    pub lease: Millis,
}

/// Whether anything leaves the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendMode {
    Sandbox,
    Live,
}

/// An SMTP account of a sender.
#[derive(Clone, Debug)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: Option<String>,
    pub password: Option<SecretRef>,
    pub connections: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    None,
    StartTls,
    Tls,
}

/// An HTTP endpoint that is called.
#[derive(Clone, Debug)]
pub struct Channel {
    pub url: SecretRef,
    /// Signing secrets, several while rotating.
    pub secrets: Vec<SecretRef>,
    pub headers: BTreeMap<String, SecretRef>,
    pub allow_http: bool,
}

/// Tells each sender in use that has no account, where mail is to leave. `root` is the workspace file.
pub fn accounts_missing(daemon: &Daemon, root: &Node, (used, report): (&BTreeSet<String>, &Report)) {
    let Some(Value::Map(senders)) =
        root.get("senders").map(|node| &node.value).filter(|_| daemon.send == SendMode::Live)
    else {
        return;
    };
    let bare = senders.iter().filter(|entry| entry.value.get("smtp").is_none() && used.contains(&entry.key.text));
    for entry in bare {
        let message = format!("`send: live`, but the sender `{}` has no `smtp` account", entry.key.text);
        let hint = "give it `smtp: {host: …}`, or write `send: sandbox`".to_owned();
        report.error_with(Code::LiveNeedsSmtp, entry.key.place, message, hint);
    }
}
