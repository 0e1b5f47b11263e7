//! After a crash nobody knows whether some mails arrived: they are listed, and only a person sends one again.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::paper::say;
use super::touches;
use crate::store::Access;

const AFTER: &str = "\
A touch is unknown if the connection, the daemon or the machine ended between handing it over and the server's answer. It may have
arrived, so it is never sent again by itself. `resend` uses the same Message-ID: many mail programs show such a copy once.

Examples:
  overture unknown list
  overture unknown resend tch_06em…";

/// Lists touches nobody knows the outcome of, and sends one again
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Unknown {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists them, the newest first
    List {
        /// How many at most; 0 for all
        #[arg(long, default_value_t = 0)]
        limit: usize,
    },
    /// Sends them once more
    Resend {
        /// Their ids
        #[arg(required = true)]
        touches: Vec<String>,
    },
}

impl Unknown {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::List { limit } => {
                let none = "no touch is unknown";
                touches::show(desk, &[("state", Some("unknown".to_owned()))], (limit, none)).await
            }
            What::Resend { touches } => {
                let client = Client::open(desk, Access::Write).await?;
                for touch in touches {
                    client.post(&format!("/v1/touches/{}/resend", escaped(&touch)), &json!({})).await?.ok()?;
                    say(&format!("{touch} is queued once more"));
                }
                Ok(())
            }
        }
    }
}
