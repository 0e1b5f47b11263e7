//! The relay of a run: speaks the real protocol over a pipe in memory, keeps what it took, and fails exactly where the run says.

use super::step::{At, Fault, Mood, Script};
use super::talk::talk;
use super::watch::{Bell, Go};
use overture::channel::smtp::{Socket, Within};
use overture::clock::Clock;
use overture::domain::time::Instant;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::duplex;
use tokio::sync::oneshot;

/// What a pipe holds; more than any mail of a run, as a socket does.
const PIPE: usize = 64 * 1024;

/// What the relay last said about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Yes,
    No(String),
    Nothing,
}

/// A message that came whole.
#[derive(Clone, Debug)]
pub struct Mail {
    pub engine: usize,
    /// The step of the run in which it came.
    pub step: usize,
    pub at: Instant,
    pub to: String,
    pub message_id: String,
    pub bytes: Arc<[u8]>,
    /// Whether it will be in the recipient's mailbox.
    pub taken: bool,
    pub said: Said,
}

#[derive(Clone, Debug)]
pub struct Relay {
    pub clock: Clock,
    pub bell: Arc<Bell>,
    pub pipelining: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    step: usize,
    scripts: BTreeMap<usize, Script>,
    stalled: Vec<(usize, Go)>,
    mails: Vec<Mail>,
}

impl Relay {
    pub fn new(clock: Clock, bell: Arc<Bell>, pipelining: bool) -> Self {
        let (scripts, stalled, mails) = (BTreeMap::new(), Vec::new(), Vec::new());
        let state = State { mood: Mood::Up, step: 0, scripts, stalled, mails };
        Self { clock, bell, pipelining, state: Arc::new(Mutex::new(state)) }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A step of the run begins.
    pub fn begins(&self, step: usize) {
        self.with(|state| state.step = step);
    }

    pub fn set_mood(&self, mood: Mood) {
        self.with(|state| state.mood = mood);
    }

    pub fn mood(&self) -> Mood {
        self.with(|state| state.mood)
    }

    /// What happens to the next mail of an engine; nothing special without a script.
    pub fn plan(&self, engine: usize, script: Option<Script>) {
        self.with(|state| match script {
            Some(script) => drop(state.scripts.insert(engine, script)),
            None => drop(state.scripts.remove(&engine)),
        });
    }

    /// Takes the script of an engine if it is about the connection itself.
    pub fn script_of_connection(&self, engine: usize) -> Option<Script> {
        let is_early = |script: &Script| matches!(script.fault, Fault::Refuse { at, .. } | Fault::Drop { at } if matches!(at, At::Greeting | At::Ehlo));
        let found = self.with(|state| state.scripts.get(&engine).copied()).filter(is_early);
        found.inspect(|_| self.plan(engine, None))
    }

    pub fn script_of_mail(&self, engine: usize) -> Script {
        let found = self.with(|state| state.scripts.remove(&engine));
        found.unwrap_or(Script { stall: None, fault: Fault::None })
    }

    /// Lets an engine wait until the driver lets it go on, or ends it.
    pub async fn stall(&self, engine: usize) {
        let (go, gone) = oneshot::channel();
        self.with(|state| state.stalled.push((engine, go)));
        self.bell.ring();
        let _ = gone.await;
    }

    /// What waits of an engine.
    pub fn stalled(&self, engine: usize) -> Option<Go> {
        self.with(|state| {
            let place = state.stalled.iter().position(|(of, _)| *of == engine)?;
            Some(state.stalled.remove(place).1)
        })
    }

    /// Keeps a message; gives its number.
    pub fn keep(&self, mail: Mail) -> usize {
        self.with(|state| {
            let step = state.step;
            state.mails.push(Mail { step, ..mail });
            state.mails.len() - 1
        })
    }

    pub fn say(&self, number: usize, said: Said) {
        self.with(|state| state.mails[number].said = said);
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.with(|state| state.mails.clone())
    }
}

/// The relay as one engine reaches it.
#[derive(Debug)]
pub struct Door {
    pub relay: Relay,
    pub engine: usize,
}

impl Within for Door {
    #[expect(clippy::disallowed_methods, reason = "the relay lives beside the engine")]
    fn dial(&self) -> io::Result<Box<dyn Socket>> {
        if self.relay.mood() == Mood::Down {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        }
        let (ours, theirs) = duplex(PIPE);
        let (relay, engine) = (self.relay.clone(), self.engine);
        tokio::spawn(async move {
            // A client that is gone has heard all it will.
            let _ = talk(theirs, &relay, engine).await;
        });
        Ok(Box::new(ours))
    }
}
