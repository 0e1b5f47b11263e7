//! What the daemon needs to run, as the files say it: secrets are still references, which config resolves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::fields::Fields;
use super::secret::SecretRef;
use crate::compile::diagnostic::Code;

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

/// Tells each sender without an account where mail is to leave.
pub fn accounts_missing(daemon: &Daemon, fields: &Fields<'_>) {
    if daemon.send == SendMode::Sandbox {
        return;
    }
    let senders = fields.map("senders");
    if senders.is_empty() {
        let place = fields.key("send").map_or(fields.place, |key| key.place);
        let hint = "declare `senders` with `smtp`, or write `send: sandbox`".to_owned();
        fields.report.error_with(Code::LiveNeedsSmtp, place, "`send: live`, and no sender to send from", hint);
    }
    for entry in senders.iter().filter(|entry| entry.value.get("smtp").is_none()) {
        let message = format!("`send: live`, but the sender `{}` has no `smtp` account", entry.key.text);
        let hint = "give it `smtp: {host: …}`, or write `send: sandbox`".to_owned();
        fields.report.error_with(Code::LiveNeedsSmtp, entry.key.place, message, hint);
    }
}
