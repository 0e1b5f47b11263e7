//! The real parts a scenario is played with: databases, mail servers, receivers, and the daemon itself.
//!
//! A test binary takes what it plays with by `#[path = "../support/mod.rs"] mod support;`. Every part lives in its own
//! folder, on a port the system chose, and dies with its test; what a machine does not have is called out by `skipped`.

pub mod daemon;
pub mod faulty_smtp;
pub mod host;
pub mod http;
pub mod language_server;
pub mod listener;
pub mod mail;
pub mod oracle;
pub mod postgres;
pub mod power;
pub mod process;
pub mod receiver;
pub mod smtp_session;
pub mod smtp_sink;
pub mod tmpfs;
pub mod watch;
pub mod workspace;

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Long enough for a busy machine, short enough to be told soon: no test passes by reaching it.
pub const SOON: Duration = Duration::from_secs(30);

/// Says aloud that a test did not run, past the capture of the test harness; `.ci/run` counts it as a failure.
pub fn skipped(needs: &str) {
    let _ = std::io::stderr().write_all(format!("skipped: needs {needs}\n").as_bytes());
}

/// A port of the loopback that was free a moment ago; who takes it checks that it really got it. It lies below those that the kernel gives
/// away by itself, so that nobody else has it while a server that will come back is away.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut ports = (0..1000).map(|_| {
        let step = std::process::id().wrapping_mul(7919).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        u16::try_from(10_000 + step % 20_000).expect("thirty thousand is a port")
    });
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("the loopback has a free port")
}
