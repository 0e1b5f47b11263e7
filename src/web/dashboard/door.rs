//! Who may look: the listener is for its owner's machine, and a page elsewhere must not get in by giving its own name our address.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request in that names us by address or as `localhost`; a foreign name that leads here (DNS rebinding) is turned away.
pub async fn guard(request: Request, next: Next) -> Response {
    if is_ours(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "open the pages by the address of the private listener, or as localhost\n")
        .into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    // Two names are one too many: somebody between us may believe the other (RFC 9112 section 3.2).
    let (Some(Ok(host)), None) = (hosts.next().map(|host| host.to_str()), hosts.next()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_our_names() {
        let ours = |host: &str| is_ours(&HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]));
        assert!(["127.0.0.1:8026", "localhost:1", "LOCALHOST", "[::1]:8026", "10.0.0.4"].into_iter().all(ours));
        assert!(!["evil.example", "127.0.0.1.evil.example:8026", "localhost.evil.example", ""].into_iter().any(ours));
        assert!(!is_ours(&HeaderMap::new()));
    }
}
