//! Bytes to the server and replies from it, each bounded in time and in size.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::domain::refusal::{Reply, Stage};

/// The most bytes one reply may have, and the most kept of one of its lines.
const REPLY_LIMIT: usize = 64 * 1024;
const LINE_LIMIT: usize = 1_000;
const CHUNK: usize = 4 * 1024;

/// Anything that carries bytes both ways: TCP, TLS.
pub trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

pub(super) struct Wire {
    socket: Box<dyn Socket>,
    unread: Vec<u8>,
}

/// Why a conversation cannot go on.
#[derive(Debug)]
pub(super) enum Broken {
    Closed,
    Silent(Duration),
    Garbled(String),
    Io(io::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server closed the connection"),
            Self::Silent(limit) => write!(f, "the server said nothing for {} ms", limit.as_millis()),
            Self::Garbled(what) => f.write_str(what),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Wire {
    pub(super) fn new(socket: impl Socket + 'static) -> Self {
        Self { socket: Box::new(socket), unread: Vec::new() }
    }

    /// Goes over to TLS. What the server sent before is dropped: it came from anyone (RFC 3207 section 6).
    pub(super) async fn into_tls(self, host: &str, config: Arc<ClientConfig>) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let secured = TlsConnector::from(config).connect(name, self.socket).await?;
        Ok(Self::new(secured))
    }

    /// Writes all of it; `limit` holds for each piece the network takes.
    pub(super) async fn send(&mut self, mut bytes: &[u8], limit: Duration) -> Result<(), Broken> {
        while !bytes.is_empty() {
            let taken = timeout(limit, self.socket.write(bytes)).await.map_err(|_| Broken::Silent(limit))??;
            if taken == 0 {
                return Err(Broken::Closed);
            }
            bytes = &bytes[taken..];
        }
        Ok(timeout(limit, self.socket.flush()).await.map_err(|_| Broken::Silent(limit))??)
    }

    /// Reads one whole reply.
    pub(super) async fn reply(&mut self, stage: Stage, limit: Duration) -> Result<Reply, Broken> {
        let (code, lines) = self.lines(limit).await?;
        Ok(Reply::from_lines(stage, code, lines.iter().map(String::as_str)))
    }

    /// Reads one whole reply, its lines apart; `limit` is for all of it, so that a trickle ends too.
    pub(super) async fn lines(&mut self, limit: Duration) -> Result<(u16, Vec<String>), Broken> {
        timeout(limit, self.lines_unbounded()).await.map_err(|_| Broken::Silent(limit))?
    }

    async fn lines_unbounded(&mut self) -> Result<(u16, Vec<String>), Broken> {
        let (mut lines, mut seen) = (Vec::new(), 0);
        loop {
            let line = self.line(&mut seen).await?;
            let (code, more, text) = read_line(&line)?;
            lines.push(text);
            if !more {
                return Ok((code, lines));
            }
        }
    }

    /// One line without its end. `seen` counts the bytes of the whole reply.
    async fn line(&mut self, seen: &mut usize) -> Result<Vec<u8>, Broken> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.unread[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=searched + at).collect();
                *seen += line.len();
                line.truncate(line.len() - 1);
                return Ok(line);
            }
            searched = self.unread.len();
            if *seen + searched > REPLY_LIMIT {
                return Err(Broken::Garbled(format!("the server's reply is longer than {REPLY_LIMIT} bytes")));
            }
            self.unread.reserve(CHUNK);
            if self.socket.read_buf(&mut self.unread).await? == 0 {
                return Err(Broken::Closed);
            }
        }
    }

    /// True if the server has closed or spoken while nothing was asked; asks the socket without waiting.
    pub(super) fn hung_up(&mut self) -> bool {
        if !self.unread.is_empty() {
            return true;
        }
        let mut byte = [0_u8; 1];
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut buffer = ReadBuf::new(&mut byte);
        Pin::new(&mut self.socket).poll_read(&mut context, &mut buffer).is_ready()
    }

    /// Closes, and does not wait long for the server to notice.
    pub(super) async fn close(&mut self, limit: Duration) {
        let socket = &mut self.socket;
        let closed = timeout(limit, poll_fn(|context| Pin::new(&mut *socket).poll_shutdown(context))).await;
        if let Ok(Err(error)) = closed {
            tracing::debug!(%error, "a connection was gone before it was closed");
        }
    }
}

/// Splits `250-text`, `250 text` or `250` into code, whether more follows, and text; odd bytes are shown as U+FFFD.
fn read_line(line: &[u8]) -> Result<(u16, bool, String), Broken> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let code = line.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
    let code = code.filter(|code| (200..600).contains(code));
    let more = match line.get(3) {
        None | Some(b' ') => Some(false),
        Some(b'-') => Some(true),
        Some(_) => None,
    };
    let (Some(code), Some(more)) = (code, more) else {
        let start = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        return Err(Broken::Garbled(format!("the server does not speak SMTP: {start:?}")));
    };
    let text = line.get(4..).unwrap_or_default();
    Ok((code, more, String::from_utf8_lossy(&text[..text.len().min(LINE_LIMIT)]).into_owned()))
}
