//! Leads, listed, looked at and changed by hand; whole lists of them come in by `leads import`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Client, escaped};
use super::desk::Desk;
use super::failure::Failure;
use super::fields::{points, text, time};
use super::import::Import;
use super::paper::say;
use crate::store::Access;

const AFTER: &str = "\
A lead is named by its address or its id.

Examples:
  overture leads import fair.csv --tag fair-2026 --enroll outbound-cadence
  overture leads list --hottest --limit 20
  overture leads list --tag fair-2026
  overture leads show zoe@example.com
  overture leads set zoe@example.com first_name=Zoe employees=120 title=
  overture leads merge zoe@old.example --into zoe@example.com";

/// Lists, shows, changes and imports leads
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Leads {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Import(Import),
    /// Lists leads, the newest first
    List(List),
    /// Shows all that is known of a lead
    Show {
        /// Address or id
        lead: String,
    },
    /// Changes attributes of a lead, or makes it
    Set {
        /// Address
        lead: String,
        /// name=value; an empty value takes it away
        #[arg(value_name = "NAME=VALUE")]
        values: Vec<String>,
        /// Adds a tag
        #[arg(long)]
        tag: Vec<String>,
    },
    /// Merges a lead into another that is the same person; there is no way back
    ///
    /// All that is known of it, its score, and what it is in become the other's, which keeps its own address and its own values. Nothing
    /// is sent twice: of two enrollments in one sequence the further one stays. Who must not be contacted stays so.
    Merge {
        /// Address or id of the lead that is taken in
        lead: String,
        /// Address or id of the lead that stays
        #[arg(long, value_name = "LEAD")]
        into: String,
    },
}

#[derive(Args)]
struct List {
    /// Only those in this stage: lead, mql, sql, customer, …
    #[arg(long, conflicts_with_all = ["tag", "hottest", "attention"])]
    stage: Option<String>,
    /// Only those with this tag
    #[arg(long, conflicts_with_all = ["hottest", "attention"])]
    tag: Option<String>,
    /// The highest score first, as it was when each last changed
    #[arg(long)]
    hottest: bool,
    /// Only those that want a person
    #[arg(long, conflicts_with = "hottest")]
    attention: bool,
    /// How many at most; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Leads {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::Import(import) => import.run(desk).await,
            What::List(list) => list.run(desk).await,
            What::Show { lead } => show(desk, &lead).await,
            What::Merge { lead, into } => merge(desk, &lead, &into).await,
            What::Set { lead, values, tag } => set(desk, &lead, &values, &tag).await,
        }
    }
}

impl List {
    async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        let query = match (&self.stage, &self.tag, self.hottest, self.attention) {
            (Some(stage), ..) => format!("?stage={}", escaped(stage)),
            (None, Some(tag), ..) => format!("?tag={}", escaped(tag)),
            (None, None, true, _) => "?order=hottest".to_owned(),
            (None, None, false, true) => "?attention=true".to_owned(),
            (None, None, false, false) => String::new(),
        };
        let paper = &mut desk.paper;
        let header = ["lead", "stage", "score", "temperature", "account", "since", "note"];
        paper
            .pages(&client, (&format!("/v1/leads{query}"), self.limit, "no such leads"), &header, |lead, paper| {
                let note = match (&lead["suppressed"], lead["attention"].as_u64().unwrap_or(0)) {
                    (Value::String(reason), _) => format!("not to be contacted: {reason}"),
                    (_, 0) => String::new(),
                    (_, _) => "needs attention".to_owned(),
                };
                let score = points(&lead["score"]["total"]);
                let since = time(&lead["created_at"], paper);
                let (email, stage, heat) = (text(&lead["email"]), text(&lead["stage"]), text(&lead["temperature"]));
                vec![email, stage, score, heat, text(&lead["account"]), since, note]
            })
            .await
    }
}

async fn show(desk: &mut Desk, lead: &str) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let lead = client.get(&format!("/v1/leads/{}", escaped(lead))).await?.ok()?;
    let paper = &mut desk.paper;
    if paper.json {
        return paper.value(&lead);
    }
    paper.heading(&format!("{}  {}", text(&lead["email"]), text(&lead["id"])))?;
    let score = &lead["score"];
    let parts = format!(
        "{} = fit {} + engagement {}",
        points(&score["total"]),
        points(&score["fit"]),
        points(&score["engagement"])
    );
    let since = time(&lead["stage_since"], paper);
    let mut rows = vec![
        vec!["stage".to_owned(), format!("{} since {since}", text(&lead["stage"]))],
        vec!["score".to_owned(), format!("{parts}, {}", text(&lead["temperature"]))],
        vec!["account".to_owned(), text(&lead["account"])],
        vec!["known since".to_owned(), time(&lead["created_at"], paper)],
    ];
    for alias in lead["aliases"].as_array().into_iter().flatten() {
        rows.push(vec![
            "also".to_owned(),
            format!("{} until {}", text(&alias["email"]), time(&alias["merged_at"], paper)),
        ]);
    }
    for name in ["suppressed", "opted_out", "attention"] {
        if text(&lead[name]) != text(&Value::Null) {
            rows.push(vec![name.replace('_', " "), text(&lead[name])]);
        }
    }
    rows.extend(
        lead["attributes"].as_object().into_iter().flatten().map(|(name, value)| vec![name.clone(), text(value)]),
    );
    for running in lead["enrollments"].as_array().into_iter().flatten() {
        let until = time(&running["until"], paper);
        let at = format!(
            "{} at {}: {}, {until}",
            text(&running["sequence"]),
            text(&running["step"]),
            text(&running["phase"])
        );
        rows.push(vec!["in sequence".to_owned(), at]);
    }
    if let Some(handoff) = lead["handoff"].as_object() {
        let with = format!(
            "{} of {}, to be answered by {}",
            text(&handoff["rep"]),
            text(&handoff["team"]),
            time(&handoff["due_at"], paper)
        );
        rows.push(vec!["handed to".to_owned(), with]);
    }
    paper.table(&[], &rows)
}

async fn set(desk: &mut Desk, lead: &str, values: &[String], tags: &[String]) -> Result<(), Failure> {
    let body = json!({ "email": lead, "attributes": pairs(values)?, "tags": tags });
    let client = Client::open(desk, Access::Write).await?;
    let changed = client.put("/v1/leads", &body).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&changed);
    }
    let done = if changed["created"].as_bool() == Some(true) { "made" } else { "changed" };
    say(&format!("{} was {done}", text(&changed["email"])));
    Ok(())
}

async fn merge(desk: &mut Desk, lead: &str, into: &str) -> Result<(), Failure> {
    let client = Client::open(desk, Access::Write).await?;
    let merged = client.post(&format!("/v1/leads/{}/merge", escaped(into)), &json!({ "from": lead })).await?.ok()?;
    if desk.paper.json {
        return desk.paper.value(&merged);
    }
    let email = text(&merged["email"]);
    if merged["merged"].as_bool() == Some(false) {
        say(&format!("{lead} is {email} already"));
        return Ok(());
    }
    say(&format!("{lead} is {email} now; `overture why {email}` tells what became of what each was in"));
    Ok(())
}

/// Reads `name=value`, each; an empty value is null. Values stay texts: the declared type is given to them later.
pub fn pairs(values: &[String]) -> Result<Map<String, Value>, Failure> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((name, "")) => Ok((name.trim().to_owned(), Value::Null)),
        Some((name, value)) => Ok((name.trim().to_owned(), value.into())),
        None => Err(Failure::broken(format!("`{pair}` is no value")).hint("write name=value")),
    };
    values.iter().map(pair).collect()
}
