//! A lead that is with sales: who has it, until when, and the acts that answer for it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{text, time};
use super::paper::say;
use crate::store::Access;

const AFTER: &str = "\
claim         mine; the clock goes on
contacted     meets the promise
not-ready     back to marketing, with a reason
wrong-person  closes it

Examples:
  overture handoff list
  overture handoff contacted hnd_06em… --by ines
  overture handoff not-ready hnd_06em… --by ines --reason 'budget next year'";

/// Lists handoffs to sales, shows one, and answers for it
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Handoff {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists those nobody answered, the one due first first
    List {
        /// All of them, the newest first
        #[arg(long)]
        all: bool,
        /// How many at most; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Shows one with its dossier
    Show { handoff: String },
    /// Takes it; the clock goes on
    Claim(Act),
    /// Says that the lead was contacted: this meets the promise
    Contacted(Act),
    /// Gives the lead back to marketing
    NotReady {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Says that this is nobody to talk to
    WrongPerson(Act),
    /// Gives a lead to sales, whatever its score
    Open {
        /// Address or id
        lead: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Args)]
struct Act {
    /// Its id
    handoff: String,
    /// Who does it, as in config/team.yaml; your login name if not given
    #[arg(long, value_name = "REP")]
    by: Option<String>,
}

impl Handoff {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::List { all, limit } => list(desk, all, limit).await,
            What::Show { handoff } => show(desk, &handoff).await,
            What::Claim(act) => act.tell(desk, "claim", None).await,
            What::Contacted(act) => act.tell(desk, "contacted", None).await,
            What::NotReady { act, reason } => act.tell(desk, "not_ready", Some(reason)).await,
            What::WrongPerson(act) => act.tell(desk, "wrong_person", None).await,
            What::Open { lead, reason } => {
                let client = Client::open(desk, Access::Write).await?;
                client.post("/v1/handoffs", &json!({ "lead": lead, "reason": reason })).await?.ok()?;
                say(&format!("{lead} is with sales"));
                Ok(())
            }
        }
    }
}

impl Act {
    async fn tell(self, desk: &mut Desk, act: &str, reason: Option<String>) -> Result<(), Failure> {
        let client = Client::open(desk, Access::Write).await?;
        let by = self.by.unwrap_or_else(|| desk.by());
        let body = json!({ "act": act, "by": by, "reason": reason });
        let told = client.post(&format!("/v1/handoffs/{}/act", escaped(&self.handoff)), &body).await?.ok()?;
        if desk.paper.json {
            return desk.paper.value(&told);
        }
        say(&format!("{}: {} by {by}", self.handoff, act.replace('_', " ")));
        Ok(())
    }
}

async fn list(desk: &mut Desk, all: bool, limit: usize) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let (path, none) = if all {
        ("/v1/handoffs", "nobody was handed to sales")
    } else {
        ("/v1/handoffs?state=waiting", "no handoff waits for an answer")
    };
    let header = ["handoff", "lead", "rep", "state", "promise", "due", "opened", "reason"];
    let shown = |one: &Value, paper: &super::paper::Paper| {
        let (due, opened) = (time(&one["due_at"], paper), time(&one["opened_at"], paper));
        let (id, rep, state) = (text(&one["id"]), text(&one["rep"]), text(&one["state"]));
        vec![id, text(&one["email"]), rep, state, text(&one["sla"]), due, opened, text(&one["reason"])]
    };
    desk.paper.pages(&client, (path, limit, none), &header, shown).await
}

async fn show(desk: &mut Desk, handoff: &str) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let one = client.get(&format!("/v1/handoffs/{}", escaped(handoff))).await?.ok()?;
    let paper = &mut desk.paper;
    if paper.json {
        return paper.value(&one);
    }
    paper.heading(&format!("{}  {} of {}", text(&one["id"]), text(&one["rep"]), text(&one["team"])))?;
    let mut rows = Vec::new();
    for name in ["email", "lead", "state", "sla", "reason", "closed_because"] {
        rows.push(vec![name.replace('_', " "), text(&one[name])]);
    }
    for name in ["opened_at", "due_at", "answered_at"] {
        rows.push(vec![name.trim_end_matches("_at").to_owned(), time(&one[name], paper)]);
    }
    paper.table(&[], &rows)?;
    if one["dossier"].is_null() {
        return Ok(());
    }
    paper.line("")?;
    let dossier = serde_json::to_string_pretty(&one["dossier"]).unwrap_or_default();
    let dossier = paper.local(&dossier);
    paper.line(dossier)
}
