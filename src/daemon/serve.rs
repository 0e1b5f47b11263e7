//! Serves a TCP listener whose visitors may be slow, huge or many on purpose: each has so long to ask, and so much room to ask in.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::waiting::pause;

/// The head of a request must be there so soon after the connection was opened, or after the answer before it.
const HEAD: Duration = Duration::from_secs(10);
/// Octets of a request's head.
const ROOM: usize = 64 * 1024;
/// Connections at once; more wait in the system's queue.
const MOST: usize = 4_096;
/// How long to wait when the system has no file left for a connection.
const SHORT: Duration = Duration::from_millis(100);

/// Answers until it is time to stop; requests under way are finished.
///
/// # Errors
/// The listener broke.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    let (connections, places) = (TaskTracker::new(), Arc::new(Semaphore::new(MOST)));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            listener.accept().await.map(|(stream, peer)| (stream, peer, place))
        };
        let accepted = tokio::select! {
            accepted = next => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let answering = answer(stream, peer, router.clone(), stop.clone());
                #[expect(clippy::disallowed_methods, reason = "listeners are the daemon's")]
                connections.spawn(async move {
                    answering.await;
                    drop(place);
                });
            }
            // One that went away again is its own trouble; without a free file everybody's wait is short.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken; trying again");
                pause(SHORT, &stop).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // Answers are small and whole: waiting for more to send gains nothing.
    drop(stream.set_nodelay(true));
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let service = service.map_err(|never: Infallible| match never {});
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(ROOM)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Whoever is slow, breaks off or speaks no HTTP is not worth a line each.
    if let Err(error) = done {
        tracing::debug!(%error, "a connection ended early");
    }
}
