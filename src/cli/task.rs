//! The inbox: what sequences ask people to do, and how it came out.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Client, escaped};
use super::desk::{Desk, plural};
use super::failure::Failure;
use super::fields::{text, time};
use super::paper::{Paper, say};
use crate::store::Access;

const AFTER: &str = "\
Acts take ids, or with --yes all that the filters find. Without --yes they say how many that would be.

Examples:
  overture task list --owner maya --overdue
  overture task done tsk_06em… --outcome connected
  overture task snooze tsk_06em… tsk_06en… --for 1bd
  overture task skip --sequence trial-nurture --kind call --yes";

/// Lists what people are asked to do, and says what came of it
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Task {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists the inbox, the one due first first
    List {
        #[command(flatten)]
        filter: Filter,
        /// `snoozed`, `paused`, `done`, `skipped`, `overdue` or `called_off` instead of those to do now
        #[arg(long, default_value = "open")]
        state: String,
        /// How many at most; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Shows one with its notes
    Show { task: String },
    /// Says that they are done, and how each came out
    Done {
        #[command(flatten)]
        which: Which,
        /// One of the outcomes its sequence names
        #[arg(long)]
        outcome: Option<String>,
    },
    /// Puts them off
    Snooze {
        #[command(flatten)]
        which: Which,
        /// Until then: 2026-01-05, `2026-01-05 09:00`, or with a zone
        #[arg(long, conflicts_with = "length", required_unless_present = "length")]
        until: Option<String>,
        /// For so long: 4h, 2d, 1bd
        #[arg(long = "for", value_name = "LENGTH", id = "length")]
        length: Option<String>,
    },
    /// Skips them: their sequences go on
    Skip {
        #[command(flatten)]
        which: Which,
    },
    /// Gives them to somebody
    Assign {
        #[command(flatten)]
        which: Which,
        #[arg(long, value_name = "REP")]
        to: String,
    },
}

#[derive(Args)]
struct Filter {
    /// Only those of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Only calls, linkedin, email, research or other
    #[arg(long)]
    kind: Option<String>,
    /// Only those of this sequence
    #[arg(long)]
    sequence: Option<String>,
    /// Only those about this lead: address or id
    #[arg(long)]
    lead: Option<String>,
    /// Only those due then or earlier
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// Only those past their time
    #[arg(long)]
    overdue: bool,
}

#[derive(Args)]
struct Which {
    /// Their ids
    tasks: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// Acts on all that the filters find
    #[arg(long)]
    yes: bool,
    /// Who does it; your login name if not given
    #[arg(long, value_name = "REP")]
    by: Option<String>,
}

impl Filter {
    /// The filter as an object of the API.
    fn object(&self, desk: &Desk) -> Result<Map<String, Value>, Failure> {
        let mut object = Map::new();
        let texts = [("owner", &self.owner), ("kind", &self.kind), ("sequence", &self.sequence), ("lead", &self.lead)];
        for (name, value) in texts {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.as_str().into());
            }
        }
        if let Some(due) = &self.due {
            object.insert("due_by".to_owned(), desk.instant(Some(due))?.to_string().into());
        }
        if self.overdue {
            object.insert("overdue".to_owned(), true.into());
        }
        Ok(object)
    }

    fn query(&self, desk: &Desk) -> Result<Vec<String>, Failure> {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(self.object(desk)?.iter().map(|(name, value)| format!("{name}={}", escaped(&plain(value)))).collect())
    }
}

impl Task {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        match self.what {
            What::List { filter, state, limit } => list(desk, &filter, (&state, limit)).await,
            What::Show { task } => show(desk, &task).await,
            What::Done { which, outcome } => which.tell(desk, "done", json!({ "outcome": outcome })).await,
            What::Skip { which } => which.tell(desk, "skip", json!({})).await,
            What::Assign { which, to } => which.tell(desk, "assign", json!({ "to": to })).await,
            What::Snooze { which, until, length } => {
                // Days and clock times are the workspace's.
                desk.settle()?;
                let until = until.map(|text| desk.instant(Some(&text))).transpose()?;
                let until = until.map(|at| at.to_string());
                which.tell(desk, "snooze", json!({ "until": until, "for": length })).await
            }
        }
    }
}

impl Which {
    /// Says one thing about them all.
    async fn tell(self, desk: &mut Desk, act: &str, mut body: Value) -> Result<(), Failure> {
        let access = if self.tasks.is_empty() && !self.yes { Access::ReadOnly } else { Access::Write };
        let client = Client::open(desk, access).await?;
        let filter = self.filter.object(desk)?;
        if !self.tasks.is_empty() && !filter.is_empty() {
            return Err(Failure::no("give ids or filters, not both"));
        }
        if self.tasks.is_empty() && !self.yes {
            return self.would(desk, &client).await;
        }
        body["act"] = act.into();
        body["by"] = self.by.unwrap_or_else(|| desk.by()).into();
        if self.tasks.is_empty() {
            body["filter"] = filter.into();
        } else {
            body["tasks"] = json!(self.tasks);
        }
        let mut refused = 0;
        loop {
            let told = client.post("/v1/tasks/bulk", &body).await?.ok()?;
            refused += report(desk, act, &told)?;
            // What was acted on may still be found, so the next page is where this one ended.
            let Some(next) = told["next"].as_str() else { break };
            body["filter"]["cursor"] = next.into();
        }
        if refused == 0 { Ok(()) } else { Err(Failure::no(format!("{refused} were refused"))) }
    }

    async fn would(&self, desk: &Desk, client: &Client) -> Result<(), Failure> {
        let query = self.filter.query(desk)?;
        let mut count = 0;
        client
            .pages(&format!("/v1/tasks?state=open&{}", query.join("&")), 0, |rows| {
                count += rows.len();
                Ok(())
            })
            .await?;
        Err(Failure::no(format!("this would be {count} {}", plural(count, "task")))
            .hint("name some by their ids, or add --yes for all of them"))
    }
}

/// Prints what came of each; gives how many were refused.
fn report(desk: &mut Desk, act: &str, told: &Value) -> Result<usize, Failure> {
    let results = told["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if desk.paper.json {
        results.iter().try_for_each(|one| desk.paper.compact(one))?;
    }
    let mut refused = 0;
    for one in results {
        if one["status"] == "refused" {
            refused += 1;
            say(&format!("{}: {}", text(&one["task"]), text(&one["reason"])));
        }
    }
    if !desk.paper.json {
        say(&format!("{act}: {} of {}", results.len() - refused, results.len()));
    }
    Ok(refused)
}

async fn list(desk: &mut Desk, filter: &Filter, (state, limit): (&str, usize)) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let query = [vec![format!("state={}", escaped(state))], filter.query(desk)?].concat();
    let header = ["task", "due", "owner", "kind", "what", "lead", "sequence", "state"];
    let shown = |one: &Value, paper: &Paper| {
        let late = one["overdue"] == true && one["ended_at"].is_null();
        let due = if late { format!("{}, late", time(&one["due_at"], paper)) } else { time(&one["due_at"], paper) };
        let state = if one["outcome"].is_null() { text(&one["state"]) } else { text(&one["outcome"]) };
        let (id, owner, kind) = (text(&one["id"]), text(&one["owner"]), text(&one["kind"]));
        vec![id, due, owner, kind, text(&one["title"]), text(&one["email"]), text(&one["sequence"]), state]
    };
    let none = format!("no tasks are {}", state.replace('_', " "));
    desk.paper.pages(&client, (&format!("/v1/tasks?{}", query.join("&")), limit, &none), &header, shown).await
}

async fn show(desk: &mut Desk, task: &str) -> Result<(), Failure> {
    let client = Client::open(desk, Access::ReadOnly).await?;
    let one = client.get(&format!("/v1/tasks/{}", escaped(task))).await?.ok()?;
    let paper = &mut desk.paper;
    if paper.json {
        return paper.value(&one);
    }
    paper.heading(&text(&one["title"]))?;
    let mut rows = Vec::new();
    for name in
        ["id", "kind", "email", "owner", "sequence", "step", "state", "outcomes", "outcome", "ended_by", "missing"]
    {
        rows.push(vec![name.replace('_', " "), text(&one[name])]);
    }
    for name in ["asked_at", "shown_at", "due_at", "ended_at"] {
        rows.push(vec![name.trim_end_matches("_at").to_owned(), time(&one[name], paper)]);
    }
    paper.table(&[], &rows)?;
    if let Some(notes) = one["notes"].as_str() {
        paper.line("")?;
        notes.lines().try_for_each(|line| paper.line(line))?;
    }
    Ok(())
}
