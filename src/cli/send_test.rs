//! One mail to oneself, through the real server, before it goes to anybody else.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

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
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Sequence};
use crate::domain::spelling::nearest;
use crate::render::mime;

const AFTER: &str = "\
The mail is made as it would be for the lead, after all that comes before it in the sequence, and goes to --to only. With `send: live` it
leaves through the sender's SMTP account now, whatever the window, caps and pauses; else it becomes an .eml file in data/sandbox. Nothing
is stored: it is no touch, its links are not tracked, and its unsubscribe link does nothing.

Examples:
  overture send-test welcome --to me@northwind.example                    a step that one sequence alone has
  overture send-test trial-nurture welcome --to me@northwind.example --lead zoe@example.com
  overture send-test trial-nurture nudge --variant story --to me@northwind.example

Exit codes: 0 the server took it, 1 it was refused or cannot be made, 2 could not run.";

/// Sends one mail of a sequence to an address of yours
#[derive(Args)]
#[command(after_help = AFTER, allow_missing_positional = true)]
pub struct SendTest {
    /// Its path under sequences/ without extension; may be left out where one sequence alone has such a step
    sequence: Option<String>,
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
        let sequence = holder(&playbook, self.sequence.as_deref(), &self.step)?;
        let to = EmailAddress::parse(&self.to).map_err(|why| Failure::broken(format!("--to: {why}")))?;
        let now = desk.instant(None)?;
        let (person, winners) = lead(desk, &playbook, (self.lead.as_deref(), self.file.as_deref()), now).await?;
        let from = sequence.send.from.clone().unwrap_or_default();
        let from = playbook.settings.sender_for(&from, &person).map_or(from.clone(), |sender| sender.name.clone());
        known_variant(&sequence, self.variant.as_deref())?;
        let mut proof = Proof::new(&playbook, Arc::clone(&sequence), person, now);
        proof.show_only(self.variant);
        proof.heed(winners);
        let made = proof.mail_of(&self.step, now);
        let made = made.ok_or_else(|| Failure::no(format!("no way through `{}` leads to it", sequence.name)))?;
        let made = made.map_err(|refuse| Failure::no(format!("the mail would be held: {refuse}")))?;
        let message = Message { to, date: now, ..*made };
        let bytes = mime::bytes(&message).map_err(|refuse| Failure::no(refuse.to_string()))?;
        let loaded = desk.load()?;
        let ways = ways(&loaded.config).await?;
        let (went, said) = if ways.live {
            let account = ways.accounts.get(&from);
            let account = account.ok_or_else(|| Failure::broken(format!("sender `{from}` has no `smtp` account")))?;
            let reply = hand_over(account, &message, &bytes).await?;
            let said = format!("{} took it for {}: {reply}", account.host, message.to);
            (json!({ "server": account.host, "reply": reply }), said)
        } else {
            let file = sandboxed(&ways.sandbox, &message, &bytes).await?;
            let said = format!("`send: sandbox`, so it stayed here: {}", file.display());
            (json!({ "file": file.display().to_string() }), said)
        };
        if desk.paper.json {
            let what = json!({ "sequence": sequence.name, "step": self.step, "subject": message.subject });
            return desk.paper.value(&json!({ "mail": what, "to": message.to, "went": went }));
        }
        say(&said);
        Ok(())
    }
}

/// The ids of the steps of a sequence that mail.
fn mails(sequence: &Sequence) -> impl Iterator<Item = &str> {
    sequence.steps.iter().filter(|step| matches!(step.act, Act::Email { .. })).map(|step| step.id.as_str())
}

/// The sequence that has a mail: the one that was named, else the only one with such a step.
fn holder(playbook: &Playbook, sequence: Option<&str>, step: &str) -> Result<Arc<Sequence>, Failure> {
    if let Some(name) = sequence {
        let found = named(playbook, name)?;
        let there = mails(&found).any(|id| id == step);
        let none = || Failure::no(format!("`{step}` is no step with a mail")).hint(all(&found));
        return if there { Ok(found) } else { Err(none()) };
    }
    let holders: Vec<&Arc<Sequence>> =
        playbook.sequences.values().filter(|sequence| mails(sequence).any(|id| id == step)).collect();
    match holders.as_slice() {
        [one] => Ok(Arc::clone(one)),
        [] => Err(nobodys(playbook, step)),
        several => {
            let ways: Vec<String> = several.iter().map(|one| format!("`{} {step}`", one.name)).collect();
            Err(Failure::no(format!("several sequences have a mail `{step}`"))
                .hint(format!("say which: {}", ways.join(" or "))))
        }
    }
}

/// No sequence has such a mail: what was meant may be a sequence, or a step that is spelt nearly so.
fn nobodys(playbook: &Playbook, step: &str) -> Failure {
    if let Some(found) = playbook.sequences.get(step) {
        return Failure::no(format!("`{step}` is a sequence; say which mail of it")).hint(all(found));
    }
    let near = nearest(step, playbook.sequences.values().flat_map(|sequence| mails(sequence)));
    let shows = || "`overture preview SEQUENCE` shows its steps".to_owned();
    Failure::no(format!("no sequence has a mail `{step}`"))
        .hint(near.map_or_else(shows, |near| format!("did you mean `{near}`?")))
}

fn all(sequence: &Sequence) -> String {
    format!("steps with a mail are {}", mails(sequence).collect::<Vec<_>>().join(", "))
}

/// Leaves it in the sandbox; gives the file.
async fn sandboxed(sandbox: &Sandbox, message: &Message, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let written = sandbox.write(message.date, &format!("test-{}", message.touch.as_str()), bytes).await;
    written.map_err(|error| Failure::broken(format!("the sandbox could not take it: {error}")))
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
