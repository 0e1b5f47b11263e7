//! What a sender's account says about its relay.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::wire::Socket;
use crate::channel::trust::Trust;

/// Where to connect, how to secure it, and as whom.
#[derive(Clone, Debug)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// None: the relay knows us by our address.
    pub credentials: Option<Credentials>,
    /// The name we greet with: a host name or an address literal such as `[192.0.2.1]`.
    pub ehlo_name: String,
    /// Shared by all connections of the account, since reading the system's certificates takes milliseconds.
    pub trust: Arc<Trust>,
    pub dial: Dial,
}

/// How a connection to the relay is made.
#[derive(Clone, Debug, Default)]
pub enum Dial {
    #[default]
    Network,
    /// By a rehearsal, whose relay sits in this process and does what no real one does on demand.
    Within(Arc<dyn Within>),
}

/// A relay within this process.
pub trait Within: fmt::Debug + Send + Sync {
    /// Gives our end of a new connection.
    fn dial(&self) -> io::Result<Box<dyn Socket>>;
}

/// How the connection is made private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain text; passwords are sent over it to this machine only.
    None,
    /// Plain text until STARTTLS (RFC 3207), which must be offered; port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314); port 465.
    Implicit,
}

/// A login. The password prints as nothing.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    pub password: SecretString,
}

/// How long each part of a conversation may take, in real time.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Name, TCP; again for the TLS handshake.
    pub connect: Duration,
    /// The greeting, and each command up to RCPT.
    pub command: Duration,
    /// The answer to DATA.
    pub data: Duration,
    /// Each piece of the message the network takes.
    pub block: Duration,
    /// The answer to the final dot. Cut short, it is what makes duplicates.
    pub final_dot: Duration,
    /// A goodbye.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_mins(1),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            final_dot: Duration::from_mins(10),
            quit: Duration::from_secs(5),
        }
    }
}
