//! The mail server of all recipients: it takes what comes, refuses who is gone, and counts what should never have come.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpListener, TcpStream};

use super::letter::{Letter, read};
use super::session::talk;
use crate::clock::Clock;
use crate::domain::time::{Instant, Millis};

/// Within so long the same step for the same lead is a duplicate; after it the lead may have entered the sequence anew.
const ANEW: Millis = Millis::DAY.times(90);

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Caught {
    /// By the clock of the rehearsal.
    pub at: Instant,
    pub to: String,
    pub raw: Arc<[u8]>,
    pub letter: Letter,
}

/// What the catcher knows; clones share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Caught>,
    /// Addresses that do not exist.
    gone: BTreeSet<String>,
    /// Who must not get anything any more.
    stopped: BTreeSet<String>,
    ids: BTreeSet<String>,
    steps: BTreeMap<(String, String), Instant>,
    faults: Faults,
}

/// What should never have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Mails with a Message-ID, or for a lead and step, that came before.
    pub duplicates: u64,
    /// Mails whose DATA began after a reply, an unsubscribe or a refused recipient.
    pub sent_after_stop: u64,
}

impl Shelf {
    /// An empty shelf; the addresses in `gone` do not exist.
    pub fn new(clock: Clock, gone: impl IntoIterator<Item = String>) -> Self {
        let state = State { gone: gone.into_iter().collect(), ..State::default() };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From here on nothing may come for this address.
    pub fn stop(&self, address: &str) {
        self.with(|state| state.stopped.insert(address.to_owned()));
    }

    pub fn faults(&self) -> Faults {
        self.with(|state| state.faults)
    }

    /// How many mails were taken.
    pub fn count(&self) -> usize {
        self.with(|state| state.mails.len())
    }

    /// Mails from number `from` on, counted from 0.
    pub fn since(&self, from: usize) -> Vec<Caught> {
        self.with(|state| state.mails.get(from..).unwrap_or_default().to_vec())
    }

    /// Whether a recipient is refused, which is the last that is heard of it.
    pub(super) fn refuses(&self, to: &str) -> bool {
        self.with(|state| {
            let refused = state.gone.contains(to);
            if refused {
                state.stopped.insert(to.to_owned());
            }
            refused
        })
    }

    /// A DATA begins for these recipients.
    pub(super) fn begins(&self, to: &[String]) {
        self.with(|state| {
            let stopped = to.iter().filter(|address| state.stopped.contains(*address)).count();
            state.faults.sent_after_stop += stopped as u64;
        });
    }

    /// A mail was taken whole; gives its number.
    pub(super) fn take(&self, to: &[String], raw: &[u8]) -> usize {
        let (letter, at, raw): (_, _, Arc<[u8]>) = (read(raw), self.clock.now(), raw.into());
        self.with(|state| {
            for address in to {
                let again = !state.ids.insert(format!("{address} {}", letter.message_id));
                let step = letter.feedback_id.clone().map(|step| (address.clone(), step));
                let before = step.and_then(|step| state.steps.insert(step, at));
                if again || before.is_some_and(|before| at.since(before) < ANEW) {
                    state.faults.duplicates += 1;
                }
                state.mails.push(Caught { at, to: address.clone(), raw: Arc::clone(&raw), letter: letter.clone() });
            }
            state.mails.len()
        })
    }
}

/// A catcher that listens.
pub struct Catcher {
    listener: TcpListener,
    shelf: Shelf,
}

impl Catcher {
    /// Listens on a free port of the loopback.
    pub async fn bind(shelf: Shelf) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0").await?, shelf })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Talks with whoever comes, until dropped.
    pub async fn serve(self) {
        let mut talks = FuturesUnordered::new();
        loop {
            tokio::select! {
                Ok((stream, _)) = self.listener.accept() => talks.push(one(stream, &self.shelf)),
                Some(()) = talks.next() => {}
            }
        }
    }
}

async fn one(stream: TcpStream, shelf: &Shelf) {
    // A client that breaks off has said all it will.
    let _ = stream.set_nodelay(true);
    let _ = talk(stream, shelf).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    async fn said(shelf: &Shelf, words: &str) -> String {
        let (mut ours, theirs) = duplex(64 * 1024);
        ours.write_all(words.as_bytes()).await.unwrap();
        let mut heard = String::new();
        let (talked, read) = tokio::join!(talk(theirs, shelf), async { ours.read_to_string(&mut heard).await });
        talked.unwrap();
        read.unwrap();
        heard
    }

    const HELLO: &str = "EHLO us\r\nMAIL FROM:<b@us.example> SIZE=10\r\n";
    const MAIL: &str = "Message-ID: <1@x>\r\nSubject: Dots\r\n\r\n..a\r\n.\r\n";

    #[tokio::test]
    async fn a_mail_is_taken_without_its_stuffing_and_a_second_copy_is_counted() {
        let shelf = Shelf::new(Clock::manual(Instant(5)), []);
        let words = format!("{HELLO}RCPT TO:<A@b.example>\r\nDATA\r\n{MAIL}QUIT\r\n");
        let heard = said(&shelf, &words).await;
        assert!(heard.contains("250-PIPELINING") && heard.contains("354 ") && heard.ends_with("221 2.0.0 bye\r\n"));
        let caught = shelf.since(0);
        assert_eq!((caught.len(), caught[0].to.as_str(), caught[0].at), (1, "a@b.example", Instant(5)));
        assert!(caught[0].raw.ends_with(b"\r\n\r\n.a\r\n"));
        assert_eq!(shelf.faults(), Faults::default());
        said(&shelf, &words).await;
        assert_eq!(shelf.faults().duplicates, 1);
    }

    #[tokio::test]
    async fn who_is_gone_is_refused_and_nothing_may_follow() {
        let shelf = Shelf::new(Clock::manual(Instant(5)), ["gone@b.example".to_owned()]);
        let heard = said(&shelf, &format!("{HELLO}RCPT TO:<gone@b.example>\r\nDATA\r\nQUIT\r\n")).await;
        assert!(heard.contains("550 5.1.1") && heard.contains("554 5.5.1"));
        shelf.stop("a@b.example");
        said(&shelf, &format!("{HELLO}RCPT TO:<a@b.example>\r\nDATA\r\n{MAIL}QUIT\r\n")).await;
        assert_eq!(shelf.faults().sent_after_stop, 1);
    }
}
