//! What holds for every request: it ends in time, it harms nothing else when it fails, its answer arrives and is kept by nobody.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::from_fn;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::hear_out::hear_out;

/// A request has so long, its body included.
const PATIENCE: Duration = Duration::from_secs(30);

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Puts the limits around a router.
pub fn around(router: Router) -> Router {
    patiently(router.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE)))
}

/// The same for what looks at everybody, and takes as long as there are leads.
pub fn patiently(router: Router) -> Router {
    let limited = router.layer(CatchPanicLayer::new()).layer(from_fn(hear_out));
    let header = |router: Router, (name, value)| router.layer(SetResponseHeaderLayer::if_not_present(name, value));
    HEADERS.into_iter().fold(limited, header)
}
