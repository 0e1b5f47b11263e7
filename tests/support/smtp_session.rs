//! One connection to the faulty mail server: RFC 5321 as far as a sender needs it, with the faults it was told.

use super::faulty_smtp::{Copy, Fault, Login, Stage, State};
use super::mail::{Mail, bare};
use super::watch::Watch;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use overture::clock::wall;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A session goes on, or it is over.
type Goes = Option<()>;

pub struct Session<'a> {
    reader: BufReader<TcpStream>,
    stream: &'a TcpStream,
    state: &'a Watch<State>,
    authenticated: bool,
    /// The return path, once a MAIL was taken.
    from: Option<String>,
    to: Vec<String>,
}

impl<'a> Session<'a> {
    pub fn new(stream: &'a TcpStream, state: &'a Watch<State>) -> Option<Self> {
        let reader = BufReader::new(stream.try_clone().ok()?);
        Some(Self { reader, stream, state, authenticated: false, from: None, to: Vec::new() })
    }

    pub fn run(mut self) {
        if self.answer(Stage::Connect, "220 faulty.test ESMTP").is_some() {
            while self.turn().is_some() {}
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_owned();
        self.state.with(|state| state.commands.push(line.clone()));
        (read > 0).then_some(line)
    }

    fn turn(&mut self) -> Goes {
        let line = self.line()?;
        let (verb, args) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.ehlo(),
            "HELO" => self.say("250 faulty.test"),
            "AUTH" => self.auth(args),
            "MAIL" => self.mail(args),
            "RCPT" => self.rcpt(args),
            "DATA" => self.data(),
            "RSET" => {
                self.clear();
                self.play(Stage::Reset, "250 2.0.0 Ok")
            }
            "NOOP" => self.say("250 2.0.0 Ok"),
            "QUIT" => {
                self.answer(Stage::Quit, "221 2.0.0 Bye")?;
                None
            }
            _ => self.say("502 5.5.2 Error: command not recognized"),
        }
    }

    fn clear(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn ehlo(&mut self) -> Goes {
        let (login, hidden) = self.state.with(|state| (state.login.clone(), state.unadvertised.clone()));
        let mut offers = vec!["faulty.test".to_owned(), "PIPELINING".to_owned(), "SIZE 10240000".to_owned()];
        offers.extend(["8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"].map(str::to_owned));
        offers.extend(login.map(|login| format!("AUTH {}", login.offers)));
        offers.retain(|offer| !hidden.iter().any(|name| offer.starts_with(name)));
        let last = offers.len() - 1;
        let line = |(at, offer): (usize, &String)| format!("250{}{offer}", if at == last { ' ' } else { '-' });
        let text: Vec<String> = offers.iter().enumerate().map(line).collect();
        self.play(Stage::Ehlo, &text.join("\r\n"))
    }

    fn auth(&mut self, args: &str) -> Goes {
        let Some(login) = self.state.with(|state| state.login.clone()) else {
            return self.say("503 5.5.1 AUTH not offered");
        };
        let (mechanism, initial) = args.split_once(' ').unwrap_or((args, ""));
        if !login.offers.split(' ').any(|offer| offer.eq_ignore_ascii_case(mechanism)) {
            return self.say("504 5.5.4 Unrecognized authentication type");
        }
        self.authenticated = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let word = if initial.is_empty() { self.asked("334 ")? } else { initial.to_owned() };
                decoded(&word).ends_with(&format!("\0{}\0{}", login.user, login.password))
            }
            "LOGIN" => self.log_in(&login, initial)?,
            _ => false,
        };
        let usual = if self.authenticated { "235 2.7.0 Ok" } else { "535 5.7.8 Authentication credentials invalid" };
        self.play(Stage::Auth, usual)
    }

    fn log_in(&mut self, login: &Login, initial: &str) -> Option<bool> {
        let user = if initial.is_empty() { self.asked("334 VXNlcm5hbWU6")? } else { initial.to_owned() };
        let password = self.asked("334 UGFzc3dvcmQ6")?;
        Some(decoded(&user) == login.user && decoded(&password) == login.password)
    }

    fn asked(&mut self, question: &str) -> Option<String> {
        self.say(question)?;
        self.line()
    }

    fn mail(&mut self, args: &str) -> Goes {
        if !self.authenticated && self.state.with(|state| state.login.is_some()) {
            return self.say("530 5.7.0 Authentication required");
        }
        let usual = "250 2.1.0 Ok";
        self.clear();
        if self.answer(Stage::Mail, usual)? == usual {
            self.from = Some(bare(args));
        }
        Some(())
    }

    fn rcpt(&mut self, args: &str) -> Goes {
        if self.from.is_none() {
            return self.say("503 5.5.1 Error: need MAIL command");
        }
        let address = bare(args);
        if let Some(reply) = self.state.with(|state| state.refused.get(&address).cloned()) {
            return self.say(&reply);
        }
        let usual = "250 2.1.5 Ok";
        if self.answer(Stage::Rcpt, usual)? == usual {
            self.to.push(address);
        }
        Some(())
    }

    fn data(&mut self) -> Goes {
        let usual = if self.to.is_empty() {
            "554 5.5.1 Error: no valid recipients"
        } else {
            "354 End data with <CR><LF>.<CR><LF>"
        };
        // Counted before it is said, so that who waits for it finds it there.
        let envelope = (self.from.clone().unwrap_or_default(), self.to.clone());
        // Read before it is said: on a busy machine this thread may sleep right after, while the message is on its way.
        let asked_at = wall();
        if !self.answer_and(Stage::Data, usual, |state| state.begun.push(envelope))?.starts_with("354") {
            return Some(());
        }
        let raw = self.message()?;
        if self.to.is_empty() {
            return self.say("554 5.5.1 Error: no valid recipients");
        }
        let mail = Mail { from: self.from.take().unwrap_or_default(), to: std::mem::take(&mut self.to), raw };
        let fault = self.fault(Stage::Dot);
        let taken = !matches!(&fault, Some(Fault::Reply(reply)) if !reply.starts_with('2'));
        let copy = Copy { mail: mail.clone(), asked_at, came_at: wall(), taken };
        self.state.with(|state| state.journal.push(copy));
        match fault {
            Some(Fault::Reply(reply)) if !taken => {
                self.state.with(|state| state.turned_away.push(mail));
                self.say(&reply)
            }
            fault => {
                self.state.with(|state| state.taken.push(mail));
                self.act(fault, "250 2.0.0 Ok: queued").map(|_| ())
            }
        }
    }

    /// Reads a message to its dot and takes the stuffed dots off; nothing if the client leaves before.
    fn message(&mut self) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            self.reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
            if line == b".\r\n" {
                return Some(message);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    fn fault(&self, stage: Stage) -> Option<Fault> {
        self.state.with(|state| {
            let once = state.once.iter().position(|(at, _)| *at == stage).and_then(|at| state.once.remove(at));
            once.map(|(_, fault)| fault).or_else(|| state.always.get(&stage).cloned())
        })
    }

    fn answer(&mut self, stage: Stage, usual: &str) -> Option<String> {
        self.answer_and(stage, usual, |_| {})
    }

    fn play(&mut self, stage: Stage, usual: &str) -> Goes {
        self.answer(stage, usual).map(|_| ())
    }

    /// Answers a stage, with its fault if it has one; `on_go` runs right before a 354 is said.
    fn answer_and(&mut self, stage: Stage, usual: &str, on_go: impl FnOnce(&mut State)) -> Option<String> {
        let fault = self.fault(stage);
        let goes = match &fault {
            None | Some(Fault::Late | Fault::Slow(_)) => usual.starts_with("354"),
            Some(Fault::Reply(reply)) => reply.starts_with("354"),
            Some(Fault::HangUp | Fault::Silence) => false,
        };
        if goes {
            self.state.with(on_go);
        }
        self.act(fault, usual)
    }

    fn act(&mut self, fault: Option<Fault>, usual: &str) -> Option<String> {
        let said = match fault {
            None => usual.to_owned(),
            Some(Fault::Reply(reply)) => reply,
            Some(Fault::HangUp) => return None,
            Some(Fault::Silence) => {
                // Until the client leaves; what it still sends is nobody's.
                let _ = self.reader.read_to_end(&mut Vec::new());
                return None;
            }
            Some(Fault::Slow(length)) => {
                std::thread::sleep(length);
                usual.to_owned()
            }
            Some(Fault::Late) => {
                self.state.wait(Duration::from_mins(10), |state| state.released.then_some(()))?;
                usual.to_owned()
            }
        };
        self.say(&said)?;
        Some(said)
    }

    fn say(&mut self, text: &str) -> Goes {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).ok()
    }
}

fn decoded(word: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(word).unwrap_or_default()).into_owned()
}
