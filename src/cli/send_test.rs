//! One mail to oneself, through the real server, before it goes to anybody else.

use std::path::PathBuf;

use clap::Args;

use super::desk::Desk;
use super::failure::Failure;
use super::paper::say;
use super::preview::{known_variant, lead, named, playbook};
use super::proof::Proof;
use crate::channel::sandbox::Sandbox;
use crate::channel::smtp::{Envelope, Offer, Session, Timeouts, Written};
use crate::daemon::ways;
use crate::domain::address::EmailAddress;
use crate::domain::message::Message;
use crate::domain::sequence::Act;
use crate::render::mime;

const AFTER: &str = "\
The mail is made as it would be for the lead, and goes to --to only. With `send: live` it leaves through the sender's SMTP account now,
whatever the window, caps and pauses; else it becomes an .eml file in data/sandbox. Nothing is stored: it is no touch, its links are not
tracked, and its unsubscribe link does nothing.

Examples:
  overture send-test trial-nurture welcome --to me@northwind.example
  overture send-test trial-nurture welcome --to me@northwind.example --lead zoe@example.com
  overture send-test trial-nurture nudge --variant story --to me@northwind.example

Exit codes: 0 the server took it, 1 it was refused or cannot be made, 2 could not run.";

/// Sends one mail of a sequence to an address of yours
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct SendTest {
    /// Its path under sequences/ without extension
    sequence: String,
    /// The id of a step with a mail
    step: String,
    /// This variant of the mail; else the lead's own
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Where it goes
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// As this lead of the store would get it: address or id
    #[arg(long, value_name = "LEAD")]
    lead: Option<String>,
    /// As a lead from a JSON file would get it
    #[arg(long = "as", value_name = "FILE", conflicts_with = "lead")]
    file: Option<PathBuf>,
}

impl SendTest {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let playbook = playbook(desk)?;
        let sequence = named(&playbook, &self.sequence)?;
        let to = EmailAddress::parse(&self.to).map_err(|why| Failure::broken(format!("--to: {why}")))?;
        let now = desk.instant(None)?;
        let (person, winners) = lead(desk, &playbook, (self.lead.as_deref(), self.file.as_deref()), now).await?;
        let from = sequence.send.from.clone().unwrap_or_default();
        let from = playbook.settings.sender_for(&from, &person).map_or(from.clone(), |sender| sender.name.clone());
        let mails =
            sequence.steps.iter().filter(|step| matches!(step.act, Act::Email { .. })).map(|step| step.id.as_str());
        let mails = mails.collect::<Vec<_>>().join(", ");
        known_variant(&sequence, self.variant.as_deref())?;
        let mut proof = Proof::new(&playbook, sequence, person, now);
        proof.show_only(self.variant);
        proof.heed(winners);
        let Some(made) = proof.mail_of(&self.step, now) else {
            let none = Failure::no(format!("`{}` is no step with a mail", self.step));
            return Err(none.hint(format!("steps with a mail are {mails}")));
        };
        let mut message = made.map_err(|refuse| Failure::no(format!("the mail would be held: {refuse}")))?;
        message.to = to;
        let bytes = mime::bytes(&message).map_err(|refuse| Failure::no(refuse.to_string()))?;
        let loaded = desk.load()?;
        let ways = ways(&loaded.config).await?;
        if !ways.live {
            return sandboxed(&ways.sandbox, &message, &bytes).await;
        }
        let account = ways.accounts.get(&from);
        let account = account.ok_or_else(|| Failure::broken(format!("sender `{from}` has no `smtp` account")))?;
        let taken = hand_over(account, &message, &bytes).await?;
        say(&format!("{} took it for {}: {taken}", account.host, message.to));
        Ok(())
    }
}

async fn sandboxed(sandbox: &Sandbox, message: &Message, bytes: &[u8]) -> Result<(), Failure> {
    let written = sandbox.write(message.date, &format!("test-{}", message.touch.as_str()), bytes).await;
    let path = written.map_err(|error| Failure::broken(format!("the sandbox could not take it: {error}")))?;
    say(&format!("`send: sandbox`, so it stayed here: {}", path.display()));
    Ok(())
}

/// One conversation with the relay; gives its answer.
async fn hand_over(
    account: &crate::channel::smtp::Account,
    message: &Message,
    bytes: &[u8],
) -> Result<String, Failure> {
    let place = format!("{}:{}", account.host, account.port);
    let opened = Session::open(account, &Timeouts::default()).await;
    let mut session = opened.map_err(|failure| Failure::broken(format!("{place}: {failure}")))?;
    let envelope = Envelope { from: message.envelope_from.clone(), to: message.to.to_string() };
    match session.offer(&envelope, bytes.len()).await {
        Offer::Ready => {}
        Offer::Refused(reply) => return Err(Failure::no(format!("{place} refused it: {reply}"))),
        Offer::Lost(why) => return Err(Failure::broken(format!("{place}: {why}"))),
    }
    let written = session.write(bytes).await;
    session.quit().await;
    match written {
        Written::Accepted(reply) => Ok(reply),
        Written::Refused(reply) => Err(Failure::no(format!("{place} refused it: {reply}"))),
        Written::Lost(why) => Err(Failure::broken(format!("{place}: {why}; nobody knows whether it arrived"))),
    }
}
