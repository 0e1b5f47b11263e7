//! The endpoints that webhooks are sent to: each checks the signature as Standard Webhooks 1.0 says, with code of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::domain::id::dice;

/// Of so many ids one is told to come again at its first try: receivers have bad moments.
const BAD_MOMENT: u64 = 17;

/// A call that was taken, each id once.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub channel: String,
    pub payload: Value,
}

/// What the receiver knows; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<Calls>>);

#[derive(Debug, Default)]
struct Calls {
    secrets: BTreeMap<String, Vec<u8>>,
    turned_away: BTreeSet<String>,
    known: BTreeSet<String>,
    taken: Vec<Call>,
    forged: u64,
}

impl Desk {
    /// Knows the secret of each channel, as the workspace writes it (`whsec_…`).
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let read = |text: &str| STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).unwrap_or_default();
        let secrets = secrets.into_iter().map(|(channel, text)| (channel.to_owned(), read(text))).collect();
        Self(Arc::new(Mutex::new(Calls { secrets, ..Calls::default() })))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Calls) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls from number `from` on, counted from 0.
    pub fn since(&self, from: usize) -> Vec<Call> {
        self.with(|calls| calls.taken.get(from..).unwrap_or_default().to_vec())
    }

    /// Calls whose signature did not fit.
    pub fn forged(&self) -> u64 {
        self.with(|calls| calls.forged)
    }

    /// Takes one call, or says why not.
    fn take(&self, channel: &str, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp, signatures) = (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"));
        self.with(|calls| {
            let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
            let secret = calls.secrets.get(channel);
            if !secret.is_some_and(|secret| signatures.split(' ').any(|one| fits(one, secret, &signed))) {
                calls.forged += 1;
                return StatusCode::UNAUTHORIZED;
            }
            if dice(&[id]).is_multiple_of(BAD_MOMENT) && calls.turned_away.insert(id.to_owned()) {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            if let (true, Ok(payload)) = (calls.known.insert(id.to_owned()), serde_json::from_slice(body)) {
                calls.taken.push(Call { channel: channel.to_owned(), payload });
            }
            StatusCode::NO_CONTENT
        })
    }
}

/// Whether one signature of the list (`v1,…`) is ours, compared in constant time.
fn fits(signature: &str, secret: &[u8], signed: &[u8]) -> bool {
    let Some(given) = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else { return false };
    Hmac::<Sha256>::new_from_slice(secret).is_ok_and(|mac| mac.chain_update(signed).verify_slice(&given).is_ok())
}

/// A receiver that listens.
pub struct Receiver {
    listener: TcpListener,
    desk: Desk,
}

impl Receiver {
    /// Listens on a free port of the loopback; each channel has its own path, `/CHANNEL`.
    pub async fn bind(desk: Desk) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0").await?, desk })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until dropped.
    pub async fn serve(self) -> io::Result<()> {
        let router = Router::new().route("/{channel}", post(call)).with_state(self.desk);
        axum::serve(self.listener, router).await
    }
}

async fn call(State(desk): State<Desk>, Path(channel): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    desk.take(&channel, &headers, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks 1.0 specification.
    #[test]
    fn a_call_counts_once_and_only_with_its_signature() {
        let desk = Desk::new([("crm", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
        let body = br#"{"test": 2432232314}"#;
        let headers = |signature: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
            headers.insert("webhook-timestamp", "1614265330".parse().unwrap());
            headers.insert("webhook-signature", signature.parse().unwrap());
            headers
        };
        let good = headers("v1,bm9ldHU5cGFyYQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(desk.take("crm", &good, body), StatusCode::NO_CONTENT);
        assert_eq!(desk.take("crm", &good, body), StatusCode::NO_CONTENT);
        assert_eq!(desk.since(0).len(), 1);
        assert_eq!(desk.take("crm", &headers("v1,bm9ldHU5cGFyYQ=="), body), StatusCode::UNAUTHORIZED);
        assert_eq!(desk.take("other", &good, body), StatusCode::UNAUTHORIZED);
        assert_eq!((desk.since(0).len(), desk.forged()), (1, 2));
    }
}
