//! Why no connection could be had: said so that a person knows which setting to look at.

use std::fmt;

use super::wire::Broken;
use crate::domain::refusal::{Reply, Stage};

/// A connection that was not made; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub attempted: String,
    pub kind: FailureKind,
    pub text: String,
}

/// The kind of trouble, for counting and for alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// No such name, no route, refused, or dropped.
    Unreachable,
    /// STARTTLS is not offered, or the handshake failed.
    Tls,
    /// The login was refused, or cannot be tried; the server's words if it spoke.
    Auth(Option<Reply>),
    /// The server does not speak SMTP as we know it.
    Protocol,
    Timeout,
    /// The server wants nothing to do with us, for now (4xx) or at all (5xx).
    Refused(Reply),
}

impl Failure {
    pub(super) fn new(attempted: &str, kind: FailureKind, text: impl Into<String>) -> Self {
        Self { attempted: attempted.to_owned(), kind, text: text.into() }
    }

    pub(super) fn refused(attempted: &str, reply: Reply) -> Self {
        let text = reply.to_string();
        let kind =
            if reply.stage == Stage::Auth { FailureKind::Auth(Some(reply)) } else { FailureKind::Refused(reply) };
        Self::new(attempted, kind, text)
    }

    pub(super) fn broken(attempted: &str, broken: &Broken) -> Self {
        let kind = match broken {
            Broken::Closed | Broken::Io(_) => FailureKind::Unreachable,
            Broken::Silent(_) => FailureKind::Timeout,
            Broken::Garbled(_) => FailureKind::Protocol,
        };
        Self::new(attempted, kind, broken.to_string())
    }

    /// The server's words, where it spoke.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.kind {
            FailureKind::Refused(reply) | FailureKind::Auth(Some(reply)) => Some(reply),
            FailureKind::Unreachable
            | FailureKind::Tls
            | FailureKind::Auth(None)
            | FailureKind::Protocol
            | FailureKind::Timeout => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attempted, self.text)
    }
}

impl std::error::Error for Failure {}
