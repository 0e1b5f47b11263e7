use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::copy_bidirectional;
use tokio::net::UnixStream;

use super::*;

const SINK: &str = "/usr/sbin/smtp-sink";

/// Postfix's own test server; it is stopped when the test ends.
struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the sink on a socket in a folder of the test's own, so that no port has to be guessed.
fn start(socket: &Path) -> Option<Sink> {
    if !Path::new(SINK).exists() {
        println!("skipped: needs {SINK}");
        return None;
    }
    let child = Command::new(SINK)
        .args(["-u", "nobody"])
        .arg(format!("unix:{}", socket.display()))
        .arg("100")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.ok().map(Sink)
}

async fn connected(socket: &Path, sink: &mut Sink) -> Option<UnixStream> {
    loop {
        if let Ok(stream) = UnixStream::connect(socket).await {
            return Some(stream);
        }
        if sink.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            println!("skipped: smtp-sink would not start here");
            return None;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hundred_mails_go_to_a_real_server_over_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sink");
    let Some(mut sink) = start(&socket) else { return };
    let Some(mut server) = connected(&socket, &mut sink).await else { return };
    let (listener, account) = listener().await;
    let bridge = async {
        let (mut client, _) = listener.accept().await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    };
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert!(session.greeting.pipelining);
        let message = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n".repeat(100);
        for nth in 1..=100 {
            assert_eq!(session.offer(&envelope(), message.len()).await, Offer::Ready);
            let written = session.write(&message).await;
            assert!(matches!(&written, Written::Accepted(words) if words.starts_with("250")), "{nth}: {written:?}");
        }
        assert_eq!(session.sent(), 100);
        session.quit().await;
    };
    tokio::join!(bridge, client);
}
