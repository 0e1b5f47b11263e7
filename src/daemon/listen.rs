//! Opens the doors: the public listener, the private one, and the socket of the command line.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::Router;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::assemble::StartError;
use super::serve::serve;
use crate::config::Config;

/// Doors that are open and not yet answered at.
pub struct Bound {
    pub public: TcpListener,
    pub private: TcpListener,
    pub socket: UnixListener,
    socket_path: PathBuf,
}

/// Opens all doors, or none.
///
/// # Errors
/// Says which address is taken or not ours.
pub async fn bind(config: &Config) -> Result<Bound, StartError> {
    let public = tcp(config.public).await?;
    let private = tcp(config.private).await?;
    let socket_path = super::socket_path(config);
    let socket = unix(&socket_path).map_err(|source| StartError::File { path: socket_path.clone(), source })?;
    Ok(Bound { public, private, socket, socket_path })
}

async fn tcp(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address: address.to_string(), source })
}

/// The socket belongs to the owner alone. One that is left from a daemon that was killed is taken away: on SQLite the lock says that
/// nobody uses it, and on PostgreSQL a data folder belongs to one daemon.
fn unix(path: &Path) -> io::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let why = "another daemon answers there; each needs a data folder of its own";
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// What is answered at each door.
pub struct Answers {
    pub public: Router,
    pub private: Router,
    pub owner: Router,
}

impl Bound {
    /// Where the public and the private listener are, once ports of 0 have become real ones.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.public.local_addr()?, self.private.local_addr()?))
    }

    /// Answers until it is time to stop; requests under way are finished.
    pub fn serve(self, answers: Answers, tasks: &TaskTracker, stop: &CancellationToken) {
        let Self { public, private, socket, socket_path } = self;
        spawn(tasks, "public", serve(public, answers.public, stop.clone()));
        spawn(tasks, "private", serve(private, answers.private, stop.clone()));
        let stop = stop.clone();
        spawn(tasks, "socket", async move {
            let served = axum::serve(socket, answers.owner).with_graceful_shutdown(stop.cancelled_owned()).await;
            drop(std::fs::remove_file(socket_path));
            served
        });
    }
}

fn spawn(tasks: &TaskTracker, name: &'static str, serving: impl Future<Output = io::Result<()>> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "listeners are the daemon's")]
    tasks.spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, listener = name, "a listener broke");
        }
    });
}
