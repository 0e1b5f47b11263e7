//! A mail server that fails in the ways no real one can be told to: after the dot, within DATA, for one recipient.
//!
//! It plays by RFC 5321 until told otherwise, and remembers every DATA it let begin and every message it took, answered or not: a message
//! that was taken without an answer is one a person may read.

use super::SOON;
use super::listener::Listener;
use super::mail::Mail;
use super::smtp_session::Session;
use super::watch::Watch;
use overture::domain::time::Instant;
use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Where in a session a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Connect,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the final dot, before the answer.
    Dot,
    Reset,
    Quit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers so: `550 5.1.1 no such user`. At `Data` a 354 lets the message come even if no recipient was taken.
    Reply(String),
    /// Closes the connection without a word.
    HangUp,
    /// Never answers, until the client leaves.
    Silence,
    /// Answers as usual, but only after `release`.
    Late,
    /// Answers as usual, after a while.
    Slow(Duration),
}

impl Fault {
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.to_owned())
    }
}

#[derive(Clone, Debug)]
pub struct Login {
    /// What EHLO offers: `PLAIN`, `LOGIN`, `PLAIN LOGIN`, `CRAM-MD5`.
    pub offers: &'static str,
    pub user: &'static str,
    pub password: &'static str,
}

/// A message that was read to its last byte, with the instants between which it left its sender.
#[derive(Clone, Debug)]
pub struct Copy {
    pub mail: Mail,
    /// Right before the server said 354: nothing of the message had left.
    pub asked_at: Instant,
    /// When its last byte had come.
    pub came_at: Instant,
    /// Whether the server took it; whether it could say so is another matter.
    pub taken: bool,
}

#[derive(Default)]
pub struct State {
    pub once: VecDeque<(Stage, Fault)>,
    pub always: BTreeMap<Stage, Fault>,
    pub refused: BTreeMap<String, String>,
    pub login: Option<Login>,
    pub unadvertised: Vec<&'static str>,
    pub released: bool,
    pub commands: Vec<String>,
    pub begun: Vec<(String, Vec<String>)>,
    pub taken: Vec<Mail>,
    pub turned_away: Vec<Mail>,
    pub journal: Vec<Copy>,
}

pub struct FaultySmtp {
    listener: Listener,
    state: Watch<State>,
}

impl FaultySmtp {
    /// A server that takes everything.
    pub fn start() -> Self {
        Self::at(0)
    }

    /// The same at a port where nobody was until now.
    pub fn at(port: u16) -> Self {
        let state = Watch::<State>::default();
        let of_server = state.clone();
        let serve = move |stream: &TcpStream| {
            if let Some(session) = Session::new(stream, &of_server) {
                session.run();
            }
        };
        Self { listener: Listener::start(port, serve), state }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Fails the next time a session reaches the stage; several are used up in order.
    pub fn once(&self, stage: Stage, fault: Fault) {
        self.state.with(|state| state.once.push_back((stage, fault)));
    }

    /// Fails every time a session reaches the stage.
    pub fn always(&self, stage: Stage, fault: Fault) {
        self.state.with(|state| state.always.insert(stage, fault));
    }

    /// Refuses one recipient with a reply.
    pub fn refuse(&self, address: &str, reply: &str) {
        self.state.with(|state| state.refused.insert(address.to_owned(), reply.to_owned()));
    }

    /// Wants a login before MAIL.
    pub fn wants(&self, login: Login) {
        self.state.with(|state| state.login = Some(login));
    }

    /// Stops offering an extension in EHLO, as `PIPELINING`.
    pub fn hide(&self, extension: &'static str) {
        self.state.with(|state| state.unadvertised.push(extension));
    }

    /// Forgets all faults: from now on it takes everything.
    pub fn mend(&self) {
        self.state.with(|state| {
            state.once.clear();
            state.always.clear();
            state.refused.clear();
        });
        self.release();
    }

    /// Lets late answers go.
    pub fn release(&self) {
        self.state.with(|state| state.released = true);
    }

    /// Breaks all connections there are.
    pub fn hang_up(&self) {
        self.listener.hang_up();
    }

    /// Every line a client sent outside of messages, in order.
    pub fn commands(&self) -> Vec<String> {
        self.state.with(|state| state.commands.clone())
    }

    /// The envelopes of every DATA that got a 354.
    pub fn begun(&self) -> Vec<(String, Vec<String>)> {
        self.state.with(|state| state.begun.clone())
    }

    /// Every message it took, whether it could say so or not.
    pub fn taken(&self) -> Vec<Mail> {
        self.state.with(|state| state.taken.clone())
    }

    /// Every message it read to its end and then refused.
    pub fn turned_away(&self) -> Vec<Mail> {
        self.state.with(|state| state.turned_away.clone())
    }

    /// Every message it read to its end, in order.
    pub fn journal(&self) -> Vec<Copy> {
        self.state.with(|state| state.journal.clone())
    }

    /// Waits until it has taken at least so many messages.
    pub fn wait_taken(&self, count: usize) -> Vec<Mail> {
        let enough = |state: &mut State| (state.taken.len() >= count).then(|| state.taken.clone());
        self.state
            .wait(SOON, enough)
            .unwrap_or_else(|| panic!("wanted {count} mail(s); the client said {:?}", self.commands()))
    }

    /// Waits until so many DATA have begun.
    pub fn wait_begun(&self, count: usize) {
        let enough = |state: &mut State| (state.begun.len() >= count).then_some(());
        self.state
            .wait(SOON, enough)
            .unwrap_or_else(|| panic!("wanted {count} DATA; the client said {:?}", self.commands()));
    }
}
