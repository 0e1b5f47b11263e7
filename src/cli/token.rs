//! Keys for programs that speak to the private listener.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{instant, text, time};
use super::paper::say;
use crate::store::Access;

const AFTER: &str = "\
The key is shown once and kept nowhere. Commands on this machine need none: they use the socket that only its owner can open.

Examples:
  overture token create website --scope enroll
  curl -H \"Authorization: Bearer $KEY\" http://127.0.0.1:8026/v1/leads
  overture token revoke 06em…";

/// Makes, lists and revokes keys to the API
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes a key and prints it
    Create {
        /// Whose key it is
        name: String,
        /// What it may do: read, enroll, send, config, export, erase or admin; several times for several
        #[arg(long, required = true)]
        scope: Vec<String>,
    },
    /// Lists keys, without their secrets
    List,
    /// Makes a key useless
    Revoke { id: String },
}

impl Token {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::Create { name, scope } => {
                let client = Client::open(desk, Access::Write).await?;
                let made = client.post("/v1/tokens", &json!({ "name": name, "scopes": scope })).await?.ok()?;
                if desk.paper.json {
                    return desk.paper.value(&made);
                }
                say(&format!("the key of {name} ({}), shown this once:", text(&made["id"])));
                desk.paper.line(text(&made["token"]))
            }
            What::List => list(desk).await,
            What::Revoke { id } => {
                let client = Client::open(desk, Access::Write).await?;
                client.delete(&format!("/v1/tokens/{}", escaped(&id))).await?.ok()?;
                say(&format!("{id} is revoked"));
                Ok(())
            }
        }
    }
}

async fn list(desk: &mut Desk) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let all = client.get("/v1/tokens").await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&all);
    }
    let paper = &desk.paper;
    let rows: Vec<Vec<String>> = all["tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let revoked =
                instant(&one["revoked_at"]).map_or_else(String::new, |at| format!("revoked {}", paper.time(at)));
            let (made, used) = (time(&one["created_at"], paper), time(&one["last_used_at"], paper));
            vec![text(&one["id"]), text(&one["name"]), text(&one["scopes"]), made, used, revoked]
        })
        .collect();
    desk.paper.table(&["id", "name", "scopes", "made", "last used", ""], &rows)
}
