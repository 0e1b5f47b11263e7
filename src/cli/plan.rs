//! What the files would do to those in flight, read like a diff: counts first, then a few leads by name.

use clap::Args;
use serde_json::Value;

use super::client::{Client, escaped};
use super::desk::{Desk, plural};
use super::failure::Failure;
use super::fields::text;
use super::paper::{Paper, inert};
use crate::store::Access;

const AFTER: &str = "\
Compares the files with what is applied, and changes nothing. A changed file serves new enrollments as soon as it is read; whoever is in
its sequence is moved by `overture apply` alone, as `in_flight` of the file says: adopt (the step is found again by its id, time already
waited is kept), pin (they finish the version they began) or finish (they end after the touch in hand). A changed scoring file counts for
nobody before it is applied: then every lead is scored anew by all that was ever heard of it, and nobody is handed to sales by that alone.

Examples:
  overture plan
  overture plan --sequence trial-nurture --json
  overture plan --scoring";

/// Shows what changed files would do to the leads in flight
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Plan {
    /// Only this sequence
    #[arg(long, value_name = "NAME")]
    sequence: Option<String>,
    /// Only the scoring file
    #[arg(long, conflicts_with = "sequence")]
    scoring: bool,
}

impl Plan {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        let plan = asked(&client, (self.sequence.as_deref(), self.scoring), None).await?;
        if desk.paper.json {
            return desk.paper.value(&plan);
        }
        show(&plan, &mut desk.paper)?;
        if is_empty(&plan) {
            return Ok(());
        }
        desk.paper.line(format!("\n`overture apply` does exactly this (plan {})", text(&plan["fingerprint"])))
    }
}

/// The plan as it is now.
pub async fn asked(
    client: &Client,
    (sequence, scoring): (Option<&str>, bool),
    version: Option<&str>,
) -> Result<Value, Failure> {
    let pairs = [("sequence", sequence), ("scoring", scoring.then_some("true")), ("version", version)];
    let query: Vec<String> =
        pairs.iter().filter_map(|(key, value)| Some(format!("{key}={}", escaped((*value)?)))).collect();
    client.get(&format!("/v1/plan?{}", query.join("&"))).await?.ok()
}

pub fn is_empty(plan: &Value) -> bool {
    plan["scoring"].is_null() && plan["sequences"].as_array().is_none_or(Vec::is_empty)
}

pub fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or_default()).unwrap_or(usize::MAX)
}

fn leads(number: usize) -> String {
    format!("{number} {}", plural(number, "lead"))
}

/// Prints a plan.
pub fn show(plan: &Value, paper: &mut Paper) -> Result<(), Failure> {
    if is_empty(plan) {
        return paper.line("nothing to apply: the files are what is in force");
    }
    if !plan["scoring"].is_null() {
        scoring_of(&plan["scoring"], paper)?;
    }
    for sequence in plan["sequences"].as_array().into_iter().flatten() {
        sequence_of(sequence, paper)?;
    }
    let days = plan["days"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !days.is_empty() {
        paper.line("")?;
        paper.heading("sends of the next days")?;
        let row = |day: &Value| {
            vec![text(&day["date"]), format!("+{}", count(&day["added"])), format!("-{}", count(&day["dropped"]))]
        };
        paper.table(&["date", "added", "dropped"], &days.iter().map(row).collect::<Vec<_>>())?;
    }
    let (released, dropped) = (count(&plan["released"]), count(&plan["dropped"]));
    paper.line(format!(
        "\n{released} {} released at once, {dropped} {} of the next days dropped",
        plural(released, "touch"),
        plural(dropped, "touch")
    ))
}

fn sign_of(change: &str) -> char {
    match change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    }
}

fn short(version: &Value) -> String {
    text(version).chars().take(8).collect()
}

/// What another scoring file makes of the leads.
fn scoring_of(scoring: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let (change, total) = (text(&scoring["change"]), count(&scoring["leads"]));
    let sign = sign_of(&change);
    let versions = format!("version {} to {}", short(&scoring["from"]), short(&scoring["to"]));
    paper.line("")?;
    paper.marked(sign, &format!("{sign} scoring {change}, {versions}: {} scored anew", leads(total)))?;
    paper.line(format!("    {} another score", have(count(&scoring["scores"]))))?;
    for (key, what) in [("bands", "temperature"), ("stages", "stage")] {
        for shift in scoring[key].as_array().into_iter().flatten() {
            let (from, to) = (inert(&text(&shift["from"])), inert(&text(&shift["to"])));
            paper.line(format!("    {what} {from} -> {to}: {}", leads(count(&shift["leads"]))))?;
        }
    }
    let (waiting, announced) = (count(&scoring["waiting"]), count(&scoring["announced"]));
    if waiting > 0 {
        let told = "the points for sales: nobody is handed over before something new is heard or learnt";
        paper.line(format!("    {} {told}", have(waiting)))?;
    }
    if announced > 0 {
        paper.line(format!("    {} handed to sales at once, as the file says", leads(announced)))?;
    }
    let ended = count(&scoring["ended"]);
    if ended > 0 {
        paper.line(format!("    {ended} {} ended by it", plural(ended, "enrollment")))?;
    }
    named_of(scoring, paper)
}

fn have(number: usize) -> String {
    format!("{} {}", leads(number), if number == 1 { "has" } else { "have" })
}

fn sequence_of(sequence: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let (change, total) = (text(&sequence["change"]), count(&sequence["leads"]));
    let sign = sign_of(&change);
    let versions = match (sequence["from"].is_null(), sequence["to"].is_null()) {
        (false, false) => format!(", version {} to {}", short(&sequence["from"]), short(&sequence["to"])),
        _ => String::new(),
    };
    paper.line("")?;
    let rule = text(&sequence["in_flight"]);
    paper.marked(
        sign,
        &format!("{sign} {} {change}{versions}: {} in flight ({rule})", text(&sequence["name"]), leads(total)),
    )?;
    for edit in sequence["edits"].as_array().into_iter().flatten() {
        let what = text(&edit["edit"]);
        let sign = sign_of(&what);
        let ahead = leads(count(&edit["ahead"]));
        paper.marked(sign, &format!("    {sign} step {}: {what}, {ahead} with it ahead", text(&edit["step"])))?;
    }
    for step in sequence["steps"].as_array().into_iter().flatten() {
        paper.line(format!("    at {}: {}", inert(&text(&step["step"])), standing(step)))?;
    }
    named_of(sequence, paper)
}

/// A few leads by name.
fn named_of(part: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let named = part["named"].as_array().map(Vec::as_slice).unwrap_or_default();
    for one in named {
        let what: Vec<String> = one["what"].as_array().into_iter().flatten().map(words).collect();
        let (from, to) = (text(&one["from"]), text(&one["to"]));
        let place = if from == to { from } else { format!("{from} -> {to}") };
        paper.line(format!("      {}  {place}: {}", inert(&text(&one["email"])), what.join(", ")))?;
    }
    if named.len() >= 20 {
        paper.line("      … and others; `--json` has all counts")?;
    }
    Ok(())
}

/// `412 leads: 400 stay as they are, 12 go on at once`.
fn standing(step: &Value) -> String {
    let mut parts = Vec::new();
    let stay = count(&step["stay"]);
    if stay > 0 {
        parts.push(format!("{stay} stay as they are"));
    }
    for (mark, number) in step["marks"].as_object().into_iter().flatten() {
        parts.push(format!("{} {}", count(number), words(&Value::from(mark.as_str()))));
    }
    for (place, number) in step["land"].as_object().into_iter().flatten() {
        parts.push(format!("{} go on at {}", count(number), inert(place)));
    }
    format!("{}: {}", leads(count(&step["leads"])), parts.join(", "))
}

/// A mark in words, of several leads.
fn words(mark: &Value) -> String {
    match text(mark).as_str() {
        "new_copy" => "get new copy".to_owned(),
        "moved" => "move with their step".to_owned(),
        "lost_step" => "lose their step".to_owned(),
        "released" => "are released at once".to_owned(),
        "sooner" => "wait less".to_owned(),
        "later" => "wait longer".to_owned(),
        "ends" => "end".to_owned(),
        "band" => "another temperature".to_owned(),
        "stage" => "another stage".to_owned(),
        other => other.replace('_', " "),
    }
}
