//! Addresses of the network are checked when files are read, so that nothing listens or calls where it should not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use secrecy::ExposeSecret;
use url::{Host, Url};

use super::fields::scalar;
use super::secret::{From, SecretRef, secret};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::Node;
use crate::domain::calendar::parse_length;
use crate::domain::time::Millis;

/// Where the listeners are unless the file says otherwise.
pub const PUBLIC: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8025);
pub const PRIVATE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8026);

/// How long what a daemon has in hand stays its own, unless the file says otherwise.
pub const LEASE: Millis = Millis::SECOND.times(30);

/// Reads a lease: long enough for a busy machine to renew it, short enough to be of use.
pub fn lease(text: &str) -> Result<Millis, String> {
    let lease = parse_length(text)?;
    let fits = (Millis::SECOND..=Millis::HOUR).contains(&lease);
    if fits { Ok(lease) } else { Err(format!("a lease lasts 1s to 1h, not {text}")) }
}

/// Reads an address to listen on.
pub fn listener(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("expected an address and a port such as 127.0.0.1:8025, found `{text}`"))
}

/// The address people's mail clients reach us at: https, or http on loopback; without a slash at its end.
pub fn public_url(node: &Node, report: &Report) -> Option<String> {
    let text = scalar(node, "public_url", report)?;
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => url,
        _ => {
            let hint = "write it with its scheme, for example https://mail.example.com".to_owned();
            report.error_with(Code::BadAddress, node.place, format!("`{text}` is no web address"), hint);
            return None;
        }
    };
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        report.error_with(
            Code::BadAddress,
            node.place,
            "the public address takes no user, query or fragment",
            "write it like `https://mail.example.com`".to_owned(),
        );
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let hint =
            "mail clients refuse one-click unsubscribe over plain http; put TLS in front and write https://".to_owned();
        report.error_with(
            Code::BadAddress,
            node.place,
            "the public address must be https, unless it is loopback",
            hint,
        );
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// The address of a channel; one that is written out is checked here, one from elsewhere when it is resolved.
pub fn channel_url(node: &Node, allow_http: bool, report: &Report) -> Option<SecretRef> {
    let reference = secret(node, "url", report)?;
    if let From::Plain(text) = &reference.from
        && let Err(message) = check_channel_url(text.expose_secret(), allow_http)
    {
        report.error_with(
            Code::BadAddress,
            node.place,
            message,
            "write it like `https://crm.example.com/hook`".to_owned(),
        );
        return None;
    }
    Some(reference)
}

/// Whether webhooks can be sent to an address.
pub fn check_channel_url(text: &str, allow_http: bool) -> Result<(), String> {
    let url = Url::parse(text).map_err(|_| "a channel's `url` must be a web address such as https://…".to_owned())?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http => Ok(()),
        "http" => Err("a channel's `url` must be https; for loopback and tests add `allow_http: true`".to_owned()),
        other => Err(format!("a channel's `url` must be https, not {other}")),
    }
}

/// One address or network such as 10.1.0.0/16.
pub fn net(node: &Node, report: &Report) -> Option<String> {
    let text = scalar(node, "allow_private", report)?;
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Some(32),
        Ok(IpAddr::V6(_)) => Some(128),
        Err(_) => None,
    };
    let named = text.eq_ignore_ascii_case("localhost");
    let fits =
        named || most.is_some_and(|most| bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most)));
    if !fits {
        let message = format!("expected an address or a network such as 10.1.0.0/16, found `{text}`");
        report.error_with(
            Code::BadAddress,
            node.place,
            message,
            "write them like `[127.0.0.1, 10.1.0.0/16]`".to_owned(),
        );
        return None;
    }
    Some(text.to_owned())
}

/// Whether a text can name an HTTP header (RFC 9110 section 5.1).
pub fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
