//! One conversation of the relay, which goes wrong where its script says.

use super::relay::{Mail, Relay, Said};
use super::step::{At, Fault, Mood, Script};
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

const AT_GREETING: [&str; 3] = ["421 4.3.2 closing", "554 5.7.1 no service for you", "450 4.7.0 try again later"];
const AT_EHLO: [&str; 2] = ["421 4.3.2 later", "550 5.7.1 who are you"];
const AT_MAIL: [&str; 4] = [
    "421 4.3.2 shutting down",
    "451 4.3.0 try later",
    "550 5.7.1 sender blocked using list.example",
    "530 5.7.0 log in first",
];
const AT_RCPT: [&str; 8] = [
    "550 5.1.1 user unknown",
    "451 4.7.1 greylisted, try again later",
    "452 4.2.2 mailbox full",
    "550 5.7.1 blocked using list.example",
    "554 5.7.26 unauthenticated mail is not accepted",
    "421 4.7.0 too many at once",
    "550 5.1.1 user unknown",
    "550 5.4.4 what is this",
];
const AT_DATA: [&str; 3] = ["451 4.3.0 try later", "554 5.5.1 no", "421 4.3.2 shutting down"];
const AT_DOT: [&str; 8] = [
    "451 4.3.0 try later",
    "452 4.3.1 no room",
    "554 5.6.0 message content rejected as spam",
    "550 5.7.1 blocked using list.example",
    "421 4.3.2 shutting down",
    "552 5.2.2 mailbox full",
    "554 5.7.26 unauthenticated mail is not accepted",
    "451 4.7.1 greylisted, try again later",
];

fn refusal(at: At, which: usize) -> &'static str {
    let all: &[&str] = match at {
        At::Greeting => &AT_GREETING,
        At::Ehlo => &AT_EHLO,
        At::Mail => &AT_MAIL,
        At::Rcpt => &AT_RCPT,
        At::Data => &AT_DATA,
        At::Dot => &AT_DOT,
    };
    all[which % all.len()]
}

/// Whether the conversation goes on.
#[derive(PartialEq, Eq)]
enum Next {
    On,
    Over,
}

struct Talk<'r> {
    stream: BufReader<DuplexStream>,
    relay: &'r Relay,
    engine: usize,
    script: Script,
    to: Option<String>,
    /// The recipient was refused, and DATA is answered all the same.
    hollow: bool,
}

pub async fn talk(stream: DuplexStream, relay: &Relay, engine: usize) -> io::Result<()> {
    let quiet = Script { stall: None, fault: Fault::None };
    let script = relay.script_of_connection(engine).unwrap_or(quiet);
    let mut talk = Talk { stream: BufReader::new(stream), relay, engine, script, to: None, hollow: false };
    let mood = match relay.mood() {
        Mood::Busy => Some(AT_GREETING[0]),
        Mood::Hostile => Some(AT_GREETING[1]),
        Mood::Up | Mood::Down => None,
    };
    if let Some(mood) = mood {
        return talk.say(mood).await.map(drop);
    }
    if talk.answer(At::Greeting, "220 relay.example ESMTP").await? == Next::Over {
        return Ok(());
    }
    while let Some(line) = talk.line().await? {
        if talk.command(&line).await? == Next::Over {
            return Ok(());
        }
    }
    Ok(())
}

impl Talk<'_> {
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    async fn say(&mut self, text: &str) -> io::Result<Next> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        Ok(if text.starts_with("421") || text.starts_with("221") { Next::Over } else { Next::On })
    }

    /// Answers a command as the script says, else with `good`.
    async fn answer(&mut self, at: At, good: &str) -> io::Result<Next> {
        if self.script.stall == Some(at) {
            self.script.stall = None;
            self.relay.stall(self.engine).await;
        }
        match self.script.fault {
            Fault::Refuse { at: place, which } if place == at => self.say(refusal(at, which)).await,
            Fault::Drop { at: place } if place == at => Ok(Next::Over),
            _ => self.say(good).await,
        }
    }

    fn is_refused(&self, at: At) -> bool {
        matches!(self.script.fault, Fault::Refuse { at: place, .. } if place == at)
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let verb = line.get(..4).unwrap_or(line).to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let pipelining = if self.relay.pipelining { "250-PIPELINING\r\n" } else { "" };
                self.answer(At::Ehlo, &format!("250-relay.example\r\n{pipelining}250-8BITMIME\r\n250 SIZE 1000000"))
                    .await
            }
            "HELO" => self.answer(At::Ehlo, "250 relay.example").await,
            "MAIL" => {
                self.script = self.relay.script_of_mail(self.engine);
                (self.to, self.hollow) = (None, false);
                self.answer(At::Mail, "250 2.1.0 ok").await
            }
            "RCPT" => {
                let to = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(to, _)| to.to_owned());
                let fine = !self.is_refused(At::Rcpt) && !self.is_refused(At::Mail);
                // Some servers wait for the message although nobody is to get it (RFC 2920 section 3.1).
                self.hollow = !fine && matches!(self.script.fault, Fault::Refuse { which, .. } if which % 2 == 0);
                self.to = to.filter(|_| fine);
                if self.is_refused(At::Mail) {
                    self.say("503 5.5.1 say MAIL first").await
                } else {
                    self.answer(At::Rcpt, "250 2.1.5 ok").await
                }
            }
            "DATA" => self.data().await,
            "RSET" => self.say("250 2.0.0 forgotten").await,
            "QUIT" => self.say("221 2.0.0 bye").await,
            _ => self.say("500 5.5.2 not understood").await,
        }
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(to) = self.to.take() else {
            if !self.hollow {
                return self.say("554 5.5.1 no valid recipients").await;
            }
            self.say("354 go ahead").await?;
            let Some(message) = self.message().await? else { return Ok(Next::Over) };
            assert_eq!(message, b"", "a message for nobody");
            return self.say("554 5.5.1 no valid recipients").await;
        };
        if self.answer(At::Data, "354 go ahead").await? == Next::Over {
            return Ok(Next::Over);
        }
        if self.is_refused(At::Data) {
            return Ok(Next::On);
        }
        if self.script.fault == Fault::Forget {
            self.say("250 2.0.0 surely").await?;
        }
        let Some(message) = self.message().await? else { return Ok(Next::Over) };
        self.verdict(to, message).await
    }

    async fn verdict(&mut self, to: String, message: Vec<u8>) -> io::Result<Next> {
        let taken = matches!(self.script.fault, Fault::None | Fault::TakeAndDrop | Fault::AcceptAndDrop);
        let said = if self.script.fault == Fault::Forget { Said::Yes } else { Said::Nothing };
        let number = self.relay.keep(Mail {
            engine: self.engine,
            step: 0,
            at: self.relay.clock.now(),
            to,
            message_id: message_id(&message),
            bytes: message.into(),
            taken,
            said,
        });
        // Who was told yes before waits for nothing any more.
        if self.script.stall == Some(At::Dot) && self.script.fault != Fault::Forget {
            self.script.stall = None;
            self.relay.stall(self.engine).await;
        }
        match self.script.fault {
            Fault::Refuse { at: At::Dot, which } => {
                let text = refusal(At::Dot, which);
                self.relay.say(number, Said::No(text.to_owned()));
                self.say(text).await
            }
            Fault::None | Fault::AcceptAndDrop => {
                self.relay.say(number, Said::Yes);
                self.say("250 2.0.0 kept").await?;
                Ok(if self.script.fault == Fault::None { Next::On } else { Next::Over })
            }
            Fault::Forget => Ok(Next::On),
            Fault::Refuse { .. } | Fault::Drop { .. } | Fault::TakeAndDrop => Ok(Next::Over),
        }
    }

    /// The message up to its final dot, its stuffed dots taken out; none if the client goes before it is whole.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut message, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            if line == b".\r\n" {
                return Ok(Some(message));
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}

fn message_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let found = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    found.unwrap_or_default().trim().to_owned()
}
