//! A mail server hands incoming mail over through a pipe, one message a call.

use std::io::Read;

use clap::{Args, Subcommand};

use super::client::Client;
use super::desk::Desk;
use super::failure::Failure;
use super::fields::text;
use super::paper::say;
use crate::store::Access;

/// Octets of one message at most.
const LARGEST: u64 = 32 << 20;

const AFTER: &str = "\
Knows replies, automatic replies and failed deliveries by In-Reply-To, References and the return path. What belongs to none of our
mails is told so and changes nothing. The message is heard when the command ends; the same message twice counts once.

As a pipe of Postfix (main.cf: mailbox_command, or an alias):
  replies: \"|overture mail ingest --workspace /srv/overture\"

Exit codes: 0 heard, or not for us; 2 not heard, the mail server should try again.";

/// Takes in what people and mail servers answer
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Mail {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Takes one message on standard input
    #[command(after_help = AFTER)]
    Ingest,
}

impl Mail {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let What::Ingest = self.what;
        let mut message = Vec::new();
        let unread = |error| Failure::broken(format!("cannot read the message from standard input: {error}"));
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut message).map_err(unread)?;
        if message.iter().all(u8::is_ascii_whitespace) {
            return Err(
                Failure::broken("there is no message on standard input").hint("overture mail ingest < message.eml")
            );
        }
        if message.len() as u64 > LARGEST {
            return Err(Failure::broken(format!("the message is larger than {} MiB", LARGEST >> 20)));
        }
        let client = Client::open(desk, Access::Write).await?;
        let heard = client.mail(message).await?.ok()?;
        if desk.paper.json {
            return desk.paper.value(&heard);
        }
        let said = heard.as_object().into_iter().flatten().map(|(name, value)| format!("{name}: {}", text(value)));
        say(&said.collect::<Vec<_>>().join(", "));
        Ok(())
    }
}
