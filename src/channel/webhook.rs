//! Calls webhooks: signed, bounded in time and size, and never into a private network.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::brought::brought;
use super::guard::{Blocked, Guard};
use super::trust::Trust;
use super::with_causes;
use crate::domain::time::Millis;
use crate::domain::touch::Brought;
use crate::seal::webhook::{Secret, is_id, sign};

/// A receiver has this long to answer, its body included.
const TIME_OUT: Duration = Duration::from_secs(15);
/// Calls of one client under way at once, at most: a receiver is not to be flooded.
const PLACES: usize = 8;
/// The most that is read of an answer, in bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// The most that is kept of it, in characters.
const TEXT_LIMIT: usize = 200;

/// The HTTP client of an endpoint; it keeps connections open between calls.
#[derive(Clone, Debug)]
pub struct Client {
    way: Way,
    places: Arc<Semaphore>,
}

#[derive(Clone, Debug)]
enum Way {
    Network { http: reqwest::Client, guard: Arc<Guard> },
    Within(Arc<dyn Within>),
}

/// A receiver within this process: a rehearsal's, which does what no real one does on demand.
pub trait Within: fmt::Debug + Send + Sync {
    fn call<'c>(&'c self, call: &'c Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;
}

/// One try of one webhook.
#[derive(Clone, Debug)]
pub struct Call {
    pub url: String,
    /// `webhook-id`: the same for all tries, printable, without a dot.
    pub id: String,
    /// `webhook-timestamp`: the real time of this try, in seconds.
    pub timestamp_s: i64,
    /// One signature a secret; none: unsigned.
    pub secrets: Vec<Secret>,
    pub body: Vec<u8>,
    pub content_type: String,
    /// The endpoint's own headers; they never replace those of Standard Webhooks.
    pub headers: Vec<(String, String)>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx in time, and what it brought.
    Done { status: u16, brought: Brought },
    /// 429 and 5xx: try again by the schedule, not before `after` if the server asked for it.
    Retry { status: u16, after: Option<Millis>, text: String },
    /// 410: the receiver wants no more; the endpoint is disabled.
    Gone,
    /// 3xx (never followed) and other 4xx: still tried again by the schedule, since people mend endpoints.
    Refused { status: u16, text: String },
    /// No answer: unreachable, TLS, or too slow. Tried again by the schedule.
    Failed(String),
    /// The guard or the call itself forbids it; nothing left this machine. Tried again by the schedule.
    Blocked(String),
}

impl Answer {
    /// True where the receiver is overloaded and its lane should slow down.
    pub fn slows_down(&self) -> bool {
        matches!(self, Self::Retry { status: 429 | 502 | 503 | 504, .. })
    }
}

impl Client {
    /// Makes a client that believes the system's certificates.
    pub fn new(guard: Guard) -> Result<Self, String> {
        Self::with_trust(guard, &Trust::system())
    }

    /// Makes a client over the given roots. Where there are none, https calls fail and say so; http ones still work.
    pub fn with_trust(guard: Guard, trust: &Trust) -> Result<Self, String> {
        Self::build(guard, trust, TIME_OUT)
    }

    fn build(guard: Guard, trust: &Trust, time_out: Duration) -> Result<Self, String> {
        let guard = Arc::new(guard);
        let builder = reqwest::Client::builder()
            .user_agent(concat!("Overture/", env!("CARGO_PKG_VERSION")))
            .timeout(time_out)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(Guarded(Arc::clone(&guard))));
        let builder = match trust.config() {
            Ok(config) => builder.tls_backend_preconfigured((*config).clone()),
            Err(reason) => {
                tracing::warn!(reason, "webhooks over https will fail");
                builder.tls_certs_only([])
            }
        };
        let http = builder.build().map_err(|error| format!("the webhook client: {}", with_causes(&error)))?;
        Ok(Self::by(Way::Network { http, guard }))
    }

    /// Makes a client of a receiver within this process.
    pub fn within(receiver: Arc<dyn Within>) -> Self {
        Self::by(Way::Within(receiver))
    }

    fn by(way: Way) -> Self {
        Self { way, places: Arc::new(Semaphore::new(PLACES)) }
    }

    /// Waits for a place among the calls under way, which is free again when it is dropped. A call is made up once it has one: its
    /// signature tells the time.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes the semaphore.
        self.places.acquire().await.ok()
    }

    /// Makes one try; it ends within 15 s.
    pub async fn call(&self, call: &Call) -> Answer {
        let (http, guard) = match &self.way {
            Way::Network { http, guard } => (http, guard),
            Way::Within(receiver) => return receiver.call(call).await,
        };
        let prepared = Url::parse(&call.url)
            .map_err(|error| Blocked(format!("the webhook's URL cannot be read: {error}")))
            .and_then(|url| guard.check(&url).map(|()| url))
            .and_then(|url| headers(call).map(|headers| (url, headers)));
        let (url, headers) = match prepared {
            Ok(prepared) => prepared,
            Err(Blocked(reason)) => return Answer::Blocked(reason),
        };
        let request = http.post(url).headers(headers).body(call.body.clone());
        match request.send().await {
            Ok(response) => read(response, call.timestamp_s).await,
            Err(error) => failed(&error.without_url()),
        }
    }
}

fn headers(call: &Call) -> Result<HeaderMap, Blocked> {
    if !is_id(&call.id) {
        return Err(Blocked("the webhook-id holds a dot or a character that cannot be sent".to_owned()));
    }
    let value = |name: &str, text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| Blocked(format!("the header {name} holds a character that cannot be sent")))
    };
    let mut headers = HeaderMap::new();
    for (name, text) in &call.headers {
        let key =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| Blocked(format!("{name:?} is no header name")))?;
        headers.insert(key, value(name, text)?);
    }
    headers.insert(CONTENT_TYPE, value("content-type", &call.content_type)?);
    headers.insert("webhook-id", value("webhook-id", &call.id)?);
    headers.insert("webhook-timestamp", HeaderValue::from(call.timestamp_s));
    if !call.secrets.is_empty() {
        let signature = sign(&call.secrets, &call.id, call.timestamp_s, &call.body);
        headers.insert("webhook-signature", value("webhook-signature", &signature)?);
    }
    Ok(headers)
}

async fn read(response: Response, now_s: i64) -> Answer {
    let status = response.status();
    let after = retry_after(response.headers(), now_s);
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = beginning(response).await;
    let code = status.as_u16();
    match status {
        _ if status.is_success() => {
            Answer::Done { status: code, brought: brought(&content_type.unwrap_or_default(), &body) }
        }
        StatusCode::GONE => Answer::Gone,
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Answer::Retry { status: code, after, text: text(&body) }
        }
        _ => Answer::Refused { status: code, text: text(&body) },
    }
}

/// Reads up to the limit, so that the connection can be used again and a flood cannot fill the memory.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    body
}

/// The beginning of an answer, on one line.
fn text(body: &[u8]) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    String::from_utf8_lossy(body).chars().take(TEXT_LIMIT).map(plain).collect()
}

/// Seconds, or a date (RFC 9110 section 10.2.3), which is held against the answer's own Date: two clocks may differ.
fn retry_after(headers: &HeaderMap, now_s: i64) -> Option<Millis> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if asked.bytes().all(|b| b.is_ascii_digit()) {
        return asked.parse::<i64>().ok().map(|seconds| Millis::SECOND.times(seconds));
    }
    let date = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Timestamp::as_second);
    let base = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now_s);
    Some(Millis::SECOND.times((date(asked)? - base).max(0)))
}

fn failed(error: &reqwest::Error) -> Answer {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(Blocked(reason)) = inner.downcast_ref::<Blocked>() {
            return Answer::Blocked(reason.clone());
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        return Answer::Failed(format!("no answer within {} s", TIME_OUT.as_secs()));
    }
    Answer::Failed(with_causes(error))
}

/// Resolves names for the client, and hands out only addresses the guard has seen: what is checked is what is dialled.
struct Guarded(Arc<Guard>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            guard.check_all(&found)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
