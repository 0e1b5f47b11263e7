//! Our own SMTP session: the mark must be committed between 354 and the first byte of a mail, and a mail must cost two
//! round trips, neither of which a ready-made client offers.
//!
//! ```text
//! open -> Idle --offer--> Ready --write--> Idle      (accepted, refused)
//!           ^       |        |       '---> Broken    (lost: unknown)
//!           '-refused        '--abandon-> closed     (nothing was sent)
//! ```

mod account;
mod body;
mod envelope;
mod failure;
mod greeting;
mod open;
mod wire;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use account::{Account, Credentials, Dial, Security, Timeouts, Within};
pub use envelope::Envelope;
pub use failure::{Failure, FailureKind};

use crate::domain::refusal::{Reply, Stage};
use envelope::Command;
use greeting::Greeting;
pub use wire::Socket;
use wire::{Broken, Wire};

/// One open connection to a relay, logged in.
pub struct Session {
    wire: Wire,
    greeting: Greeting,
    timeouts: Timeouts,
    state: State,
    /// A refused recipient left a transaction open; the next offer begins with RSET.
    stale: bool,
    sent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Ready,
    /// Also while a command is under way: a session dropped half-way through one is never used again.
    Broken,
}

/// What came of naming a sender and a recipient; in no case has any byte of the message left.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// The server waits for the message: commit the mark, then [`Session::write`].
    Ready,
    /// The connection stays usable, except after 421.
    Refused(Reply),
    /// The connection is gone; the message may be offered on another.
    Lost(String),
}

/// What came of the message.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// The server's words after 250.
    Accepted(String),
    Refused(Reply),
    /// No answer: the message may or may not have been taken.
    Lost(String),
}

impl Session {
    /// Connects, greets, secures and logs in.
    pub async fn open(account: &Account, timeouts: &Timeouts) -> Result<Self, Failure> {
        let (wire, greeting) = open::open(account, timeouts).await?;
        Ok(Self { wire, greeting, timeouts: *timeouts, state: State::Idle, stale: false, sent: 0 })
    }

    /// Names sender and recipient and asks to send `size` bytes; with PIPELINING (RFC 2920) in one round trip.
    pub async fn offer(&mut self, envelope: &Envelope, size: usize) -> Offer {
        if self.state != State::Idle {
            return Offer::Lost("the connection is not usable any more".to_owned());
        }
        let mail = match envelope.commands(&self.greeting, size) {
            Ok(commands) => commands,
            Err(reply) => return Offer::Refused(reply),
        };
        self.state = State::Broken;
        let outcome = match self.wire.hung_up() {
            true => Err(Broken::Closed),
            false if self.greeting.pipelining => self.offer_at_once(&mail).await,
            false => self.offer_in_turn(&mail).await,
        };
        outcome.unwrap_or_else(|broken| Offer::Lost(broken.to_string()))
    }

    async fn offer_at_once(&mut self, commands: &[Command]) -> Result<Offer, Broken> {
        let reset = if self.stale { "RSET\r\n" } else { "" };
        let lines: String = commands.iter().map(|command| command.line.as_str()).collect();
        self.wire.send(format!("{reset}{lines}").as_bytes(), self.timeouts.command).await?;
        self.reset_answered().await?;
        let (mut refusal, mut waiting) = (None::<Reply>, false);
        for command in commands {
            let reply = match self.wire.reply(command.stage, self.limit(command.stage)).await {
                Ok(reply) => reply,
                // The refusal came whole; what follows it does not change it.
                Err(broken) => return refusal.map(Offer::Refused).ok_or(broken),
            };
            let fine = command.is_fine(&reply)?;
            waiting |= fine && command.stage == Stage::Data;
            if reply.closes() {
                return Ok(Offer::Refused(refusal.unwrap_or(reply)));
            }
            if !fine {
                refusal.get_or_insert(reply);
            }
        }
        match refusal {
            None => Ok(self.ready()),
            Some(refusal) if waiting => self.send_nothing(refusal).await,
            Some(refusal) => Ok(self.refused(refusal)),
        }
    }

    async fn offer_in_turn(&mut self, commands: &[Command]) -> Result<Offer, Broken> {
        if self.stale {
            self.wire.send(b"RSET\r\n", self.timeouts.command).await?;
            self.reset_answered().await?;
        }
        for command in commands {
            self.wire.send(command.line.as_bytes(), self.timeouts.command).await?;
            let reply = self.wire.reply(command.stage, self.limit(command.stage)).await?;
            if !command.is_fine(&reply)? {
                return Ok(self.refused(reply));
            }
        }
        Ok(self.ready())
    }

    async fn reset_answered(&mut self) -> Result<(), Broken> {
        if !self.stale {
            return Ok(());
        }
        let reply = self.wire.reply(Stage::Mail, self.timeouts.command).await?;
        if !reply.is_done() {
            return Err(Broken::Garbled(format!("RSET was answered by {reply}")));
        }
        self.stale = false;
        Ok(())
    }

    fn limit(&self, stage: Stage) -> Duration {
        if stage == Stage::Data { self.timeouts.data } else { self.timeouts.command }
    }

    fn ready(&mut self) -> Offer {
        self.state = State::Ready;
        Offer::Ready
    }

    fn refused(&mut self, reply: Reply) -> Offer {
        self.stale = true;
        self.state = if reply.closes() { State::Broken } else { State::Idle };
        Offer::Refused(reply)
    }

    /// Ends a DATA that was pipelined behind a refused recipient: a lone dot, which no server has anyone to give to.
    async fn send_nothing(&mut self, refusal: Reply) -> Result<Offer, Broken> {
        let ended = match self.wire.send(b".\r\n", self.timeouts.block).await {
            Ok(()) => self.wire.reply(Stage::Final, self.timeouts.data).await,
            Err(broken) => Err(broken),
        };
        let open = ended.is_ok_and(|reply| !reply.closes());
        let offer = self.refused(refusal);
        if !open {
            self.state = State::Broken;
        }
        Ok(offer)
    }

    /// Sends the message, dot-stuffed, and its final dot in one write, and waits for the verdict.
    ///
    /// Only after [`Offer::Ready`]; the size need not be exact.
    pub async fn write(&mut self, message: &[u8]) -> Written {
        if self.state != State::Ready {
            return Written::Lost("the server was not asked for this message".to_owned());
        }
        self.state = State::Broken;
        self.sent += 1;
        if let Err(broken) = self.wire.send(&body::stuffed(message), self.timeouts.block).await {
            // A server that gives up in the middle says why before it closes; without the final dot it has taken nothing.
            return match self.wire.reply(Stage::Final, self.timeouts.quit).await {
                Ok(reply) if reply.is_refusal() => Written::Refused(reply),
                _ => Written::Lost(broken.to_string()),
            };
        }
        match self.wire.reply(Stage::Final, self.timeouts.final_dot).await {
            Ok(reply) if reply.is_done() => {
                self.state = State::Idle;
                Written::Accepted(reply.to_string())
            }
            Ok(reply) if reply.is_refusal() => {
                self.state = if reply.closes() { State::Broken } else { State::Idle };
                Written::Refused(reply)
            }
            Ok(reply) => Written::Lost(format!("the message was answered by {reply}")),
            Err(broken) => Written::Lost(broken.to_string()),
        }
    }

    /// Closes after [`Offer::Ready`] without a byte of the message; the server forgets it (RFC 5321 section 4.1.1.4).
    pub async fn abandon(mut self) {
        self.wire.close(self.timeouts.quit).await;
    }

    /// Says QUIT where that is possible, and closes.
    pub async fn quit(mut self) {
        if self.state == State::Idle && self.wire.send(b"QUIT\r\n", self.timeouts.quit).await.is_ok() {
            // The answer is read so that our close does not reset the connection under it; what it says is all the same.
            let _ = self.wire.reply(Stage::Final, self.timeouts.quit).await;
        }
        self.wire.close(self.timeouts.quit).await;
    }

    /// True if another message may be offered.
    pub fn usable(&self) -> bool {
        self.state == State::Idle
    }

    /// How many messages were written to this connection, whatever came of them.
    pub fn sent(&self) -> u32 {
        self.sent
    }
}
