//! From a host name to a session: connect, greet, secure, log in.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::account::{Account, Credentials, Dial, Security, Timeouts};
use super::failure::{Failure, FailureKind};
use super::greeting::Greeting;
use super::wire::{Broken, Wire};
use crate::domain::refusal::{Reply, Stage};

/// A conversation that has not got as far as a session.
struct Opening<'a> {
    account: &'a Account,
    timeouts: &'a Timeouts,
    wire: Wire,
    /// The machine at the other end.
    peer: IpAddr,
    secured: bool,
}

pub(super) async fn open(account: &Account, timeouts: &Timeouts) -> Result<(Wire, Greeting), Failure> {
    let mut opening = connect(account, timeouts).await?;
    if account.security == Security::Implicit {
        opening = opening.secure().await?;
    }
    let banner = opening.reply("waiting for the greeting", Stage::Connect).await?;
    if banner.code != 220 {
        return Err(refused_or_garbled("waiting for the greeting", banner));
    }
    let mut greeting = opening.greet().await?;
    if account.security == Security::StartTls {
        opening = opening.start_tls(&greeting).await?;
        // What was said in plain text could have been anyone's.
        greeting = opening.greet().await?;
    }
    if let Some(credentials) = &account.credentials {
        opening.log_in(credentials, &greeting).await?;
    }
    Ok((opening.wire, greeting))
}

async fn connect<'a>(account: &'a Account, timeouts: &'a Timeouts) -> Result<Opening<'a>, Failure> {
    let attempted = format!("connecting to {}:{}", account.host, account.port);
    if account.ehlo_name.is_empty() || account.ehlo_name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let text = format!("{:?} is no name to greet a server with", account.ehlo_name);
        return Err(Failure::new(&attempted, FailureKind::Protocol, text));
    }
    let unreachable = |error| Failure::broken(&attempted, &Broken::Io(error));
    if let Dial::Within(relay) = &account.dial {
        let wire = Wire::new(relay.dial().map_err(unreachable)?);
        return Ok(Opening { account, timeouts, wire, peer: Ipv4Addr::LOCALHOST.into(), secured: false });
    }
    let host = account.host.trim_start_matches('[').trim_end_matches(']');
    let socket = timeout(timeouts.connect, TcpStream::connect((host, account.port)))
        .await
        .map_err(|_| Failure::broken(&attempted, &Broken::Silent(timeouts.connect)))?
        .map_err(unreachable)?;
    // Without it each mail waits for the other side's delayed acknowledgement, 40 ms.
    socket.set_nodelay(true).map_err(unreachable)?;
    let peer = socket.peer_addr().map_err(unreachable)?.ip();
    Ok(Opening { account, timeouts, wire: Wire::new(socket), peer, secured: false })
}

impl Opening<'_> {
    async fn say(&mut self, attempted: &str, line: &str) -> Result<(), Failure> {
        let sent = self.wire.send(line.as_bytes(), self.timeouts.command).await;
        sent.map_err(|broken| Failure::broken(attempted, &broken))
    }

    async fn reply(&mut self, attempted: &str, stage: Stage) -> Result<Reply, Failure> {
        let reply = self.wire.reply(stage, self.timeouts.command).await;
        reply.map_err(|broken| Failure::broken(attempted, &broken))
    }

    /// EHLO, or HELO where a server knows no other (RFC 5321 section 3.2).
    async fn greet(&mut self) -> Result<Greeting, Failure> {
        let attempted = "greeting the server";
        self.say(attempted, &format!("EHLO {}\r\n", self.account.ehlo_name)).await?;
        let (code, lines) =
            self.wire.lines(self.timeouts.command).await.map_err(|broken| Failure::broken(attempted, &broken))?;
        if code == 250 {
            return Ok(Greeting::read(lines.iter().map(String::as_str)));
        }
        if !(500..600).contains(&code) {
            return Err(refused_or_garbled(
                attempted,
                Reply::from_lines(Stage::Ehlo, code, lines.iter().map(String::as_str)),
            ));
        }
        self.say(attempted, &format!("HELO {}\r\n", self.account.ehlo_name)).await?;
        let reply = self.reply(attempted, Stage::Ehlo).await?;
        if reply.code == 250 { Ok(Greeting::default()) } else { Err(refused_or_garbled(attempted, reply)) }
    }

    async fn start_tls(mut self, greeting: &Greeting) -> Result<Self, Failure> {
        let attempted = "asking for STARTTLS";
        if !greeting.start_tls {
            let text = "the server does not offer it: use port 465 with implicit TLS, or another server";
            return Err(Failure::new(attempted, FailureKind::Tls, text));
        }
        self.say(attempted, "STARTTLS\r\n").await?;
        let reply = self.reply(attempted, Stage::Ehlo).await?;
        if reply.code != 220 {
            return Err(Failure::new(attempted, FailureKind::Tls, reply.to_string()));
        }
        self.secure().await
    }

    async fn secure(self) -> Result<Self, Failure> {
        let attempted = format!("the TLS handshake with {}", self.account.host);
        let tls = |text: String| Failure::new(&attempted, FailureKind::Tls, text);
        let config = self.account.trust.config().map_err(tls)?;
        let host = self.account.host.trim_start_matches('[').trim_end_matches(']');
        let wire = timeout(self.timeouts.connect, self.wire.into_tls(host, config))
            .await
            .map_err(|_| Failure::broken(&attempted, &Broken::Silent(self.timeouts.connect)))?
            .map_err(|error| tls(error.to_string()))?;
        Ok(Self { wire, secured: true, ..self })
    }

    /// AUTH PLAIN or LOGIN (RFC 4954), never over a plain connection to another machine.
    async fn log_in(&mut self, credentials: &Credentials, greeting: &Greeting) -> Result<(), Failure> {
        let attempted = "logging in";
        let impossible = |text: String| Err(Failure::new(attempted, FailureKind::Auth(None), text));
        if !self.secured && !self.peer.is_loopback() {
            return impossible(
                "the password would travel in plain text: set security to starttls or implicit".to_owned(),
            );
        }
        let (user, password) = (credentials.user.as_str(), credentials.password.expose_secret());
        let reply = if greeting.offers_auth("PLAIN") {
            let token = BASE64.encode(format!("\0{user}\0{password}"));
            self.ask(attempted, &format!("AUTH PLAIN {token}")).await?
        } else if greeting.offers_auth("LOGIN") {
            self.log_in_by_turns(attempted, [user, password]).await?
        } else if greeting.auth.is_empty() {
            return impossible(
                "the server offers no login here: remove user and password, or check the port".to_owned(),
            );
        } else {
            return impossible(format!(
                "the server offers {}, and this speaks PLAIN and LOGIN",
                greeting.auth.join(", ")
            ));
        };
        if reply.code == 235 { Ok(()) } else { Err(refused_or_garbled(attempted, reply)) }
    }

    async fn log_in_by_turns(&mut self, attempted: &str, answers: [&str; 2]) -> Result<Reply, Failure> {
        let mut reply = self.ask(attempted, "AUTH LOGIN").await?;
        for answer in answers {
            if reply.code != 334 {
                break;
            }
            reply = self.ask(attempted, &BASE64.encode(answer)).await?;
        }
        Ok(reply)
    }

    async fn ask(&mut self, attempted: &str, line: &str) -> Result<Reply, Failure> {
        self.say(attempted, &format!("{line}\r\n")).await?;
        self.reply(attempted, Stage::Auth).await
    }
}

fn refused_or_garbled(attempted: &str, reply: Reply) -> Failure {
    if reply.is_refusal() {
        Failure::refused(attempted, reply)
    } else {
        Failure::new(attempted, FailureKind::Protocol, format!("the server answered {reply}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use secrecy::SecretString;

    use super::*;
    use crate::channel::trust::Trust;

    #[tokio::test]
    async fn a_password_never_travels_in_plain_text_to_another_machine() {
        let (ours, _theirs) = tokio::io::duplex(1_024);
        let credentials = Credentials { user: "ann".to_owned(), password: SecretString::from("s3cret") };
        let account = Account {
            host: "relay.example.com".to_owned(),
            port: 25,
            security: Security::None,
            credentials: None,
            ehlo_name: "client.example.com".to_owned(),
            trust: Arc::new(Trust::system()),
            dial: Dial::Network,
        };
        let timeouts = Timeouts::default();
        let peer = IpAddr::from([192, 0, 2, 1]);
        let mut opening =
            Opening { account: &account, timeouts: &timeouts, wire: Wire::new(ours), peer, secured: false };
        let greeting = Greeting { auth: vec!["PLAIN".to_owned()], ..Greeting::default() };
        let failure = opening.log_in(&credentials, &greeting).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Auth(None));
        assert!(failure.text.contains("set security to starttls"), "{failure}");
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
