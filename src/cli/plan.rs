//! What the files would do to those in flight, read like a diff: counts first, then a few leads by name.

use clap::Args;
use serde_json::Value;

use super::client::{Client, escaped};
use super::desk::{Desk, plural};
use super::failure::Failure;
use super::fields::{cut, text};
use super::paper::{Paper, inert};
use crate::store::Access;

const AFTER: &str = "\
Compares the files with what is applied, and changes nothing. A changed file serves new enrollments as soon as it is read; whoever is in
its sequence is moved by `overture apply` alone, as `in_flight` of the file says: adopt (the step is found again by its id, time already
waited is kept), pin (they finish the version they began) or finish (they end after the touch in hand). A changed scoring file counts for
nobody before it is applied: then every lead is scored anew by all that was ever heard of it, and nobody is handed to sales by that alone.

Touches \"dropped\" never come, on whatever day they were due. The days say which sends a date has more or fewer of than without the edit,
as calendars and the frequency cap have it; a sender's cap and gap may make them later.

Examples:
  overture plan
  overture plan --sequence trial-nurture --json
  overture plan --sequence trial-nurture --version 9c41d2aa    what going back would do
  overture plan --scoring";

/// Lines of a diff that a page shows of each file.
const DIFF: usize = 40;

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
    /// An older version of it, by the beginning of its hash
    #[arg(long, value_name = "HASH")]
    version: Option<String>,
    /// Names every lead for whom something changes; --json does
    #[arg(long)]
    all: bool,
}

impl Plan {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        if self.version.is_some() && self.sequence.is_none() && !self.scoring {
            return Err(nameless_version());
        }
        let client = Client::open(desk, Access::ReadOnly).await?;
        let (which, all) = ((self.sequence.as_deref(), self.scoring), self.all || desk.paper.json);
        let plan = asked(&client, which, self.version.as_deref(), all).await?;
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
    all: bool,
) -> Result<Value, Failure> {
    let yes = |flag: bool| flag.then_some("true");
    let pairs = [("sequence", sequence), ("scoring", yes(scoring)), ("version", version), ("all", yes(all))];
    let query: Vec<String> =
        pairs.iter().filter_map(|(key, value)| Some(format!("{key}={}", escaped((*value)?)))).collect();
    client.get(&format!("/v1/plan?{}", query.join("&"))).await?.ok()
}

/// A version is one of something.
pub fn nameless_version() -> Failure {
    Failure::no("a version of what?").hint("name its `--sequence`, or say `--scoring`")
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
    beside(plan, paper)?;
    if is_empty(plan) {
        let quiet = ["settings", "set_aside"].iter().all(|key| plan[*key].as_array().is_none_or(Vec::is_empty));
        let rest = if quiet { "the files are what is in force" } else { "no sequence changed" };
        return paper.line(format!("nothing to apply: {rest}"));
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
        paper.heading("sends of the next days, against those without this")?;
        let row = |day: &Value| {
            vec![text(&day["date"]), format!("+{}", count(&day["more"])), format!("-{}", count(&day["fewer"]))]
        };
        paper.table(&["date", "more", "fewer"], &days.iter().map(row).collect::<Vec<_>>())?;
        crowded(plan, paper)?;
    }
    let (released, dropped) = (count(&plan["released"]), count(&plan["dropped"]));
    let ended = count(&plan["ended"]);
    paper.line(format!(
        "\n{released} {} released at once, {dropped} {} ahead never {}, {ended} {} {}",
        plural(released, "touch"),
        plural(dropped, "touch"),
        if dropped == 1 { "comes" } else { "come" },
        plural(ended, "enrollment"),
        if ended == 1 { "ends" } else { "end" },
    ))
}

/// What a plan does not apply, though the files say something else.
fn beside(plan: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let changes = |one: &Value| {
        let sequences = || plan["sequences"].as_array().into_iter().flatten();
        if one["kind"] == "scoring" {
            !plan["scoring"].is_null()
        } else {
            sequences().any(|of| of["name"] == one["name"])
        }
    };
    for one in plan["set_aside"].as_array().into_iter().flatten() {
        let (name, version) = (text(&one["name"]), cut(&one["version"], 8));
        let flag = if one["kind"] == "scoring" { "--scoring".to_owned() } else { format!("--sequence {name}") };
        let then = if changes(one) {
            "applying this takes that back".to_owned()
        } else {
            format!("its file takes no part; `overture apply {flag}` takes that back")
        };
        paper.line(format!("{name} was set aside for version {version}: {then}"))?;
    }
    let settings: Vec<String> = plan["settings"].as_array().into_iter().flatten().map(text).collect();
    if settings.is_empty() {
        return Ok(());
    }
    let (differ, them) = if settings.len() == 1 { ("differs", "it") } else { ("differ", "them") };
    paper.line(format!(
        "{} {differ} from what is in force; the daemon takes {them} when it reads its files again (SIGHUP), or applies a sequence",
        settings.join(" and ")
    ))
}

/// What a sender's cap and gap make of the days.
fn crowded(plan: &Value, paper: &mut Paper) -> Result<(), Failure> {
    paper.line("a sender's cap and gap may make them later")?;
    for one in plan["crowded"].as_array().into_iter().flatten() {
        let (mails, per_day) = (count(&one["mails"]), count(&one["per_day"]));
        let (sender, date) = (text(&one["sender"]), text(&one["date"]));
        paper.line(format!("    {sender} would have {mails} of them on {date}, and sends {per_day} a day"))?;
    }
    Ok(())
}

/// The changed lines of a unified diff, the file named where it is another one. What a line means is known by the lengths that its hunk tells:
/// a removed `-- ` looks as a file's name does.
fn diff_of(part: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let mut lines: Vec<(char, String)> = Vec::new();
    let (mut old, mut new) = (0_usize, 0_usize);
    for line in part["diff"].as_str().unwrap_or_default().lines() {
        let sign = line.chars().next().unwrap_or(' ');
        if old + new > 0 {
            (old, new) = match sign {
                '-' => (old.saturating_sub(1), new),
                '+' => (old, new.saturating_sub(1)),
                '\\' => (old, new),
                _ => (old.saturating_sub(1), new.saturating_sub(1)),
            };
            if matches!(sign, '+' | '-') {
                lines.push((sign, line.to_owned()));
            }
        } else if let Some(ranges) = line.strip_prefix("@@ ") {
            let mut lengths =
                ranges.split(' ').map(|range| range.split_once(',').map_or(Some(1), |(_, length)| length.parse().ok()));
            let mut length = || lengths.next().flatten().unwrap_or_default();
            (old, new) = (length(), length());
        } else if let Some((_, path)) = line.split_once('/').filter(|_| matches!(sign, '+' | '-')) {
            let path = path.split('\t').next().unwrap_or(path);
            if path != "dev/null" && lines.last().is_none_or(|(_, last)| last != path) {
                lines.push((' ', path.to_owned()));
            }
        }
    }
    for (sign, line) in lines.iter().take(DIFF) {
        paper.marked(*sign, &format!("    {line}"))?;
    }
    if lines.len() > DIFF {
        paper.line(format!("    … {} more lines; `overture plan --json` has all", lines.len() - DIFF))?;
    }
    Ok(())
}

fn sign_of(change: &str) -> char {
    match change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    }
}

/// What another scoring file makes of the leads.
fn scoring_of(scoring: &Value, paper: &mut Paper) -> Result<(), Failure> {
    let (change, total) = (text(&scoring["change"]), count(&scoring["leads"]));
    let sign = sign_of(&change);
    let versions = format!("version {} to {}", cut(&scoring["from"], 8), cut(&scoring["to"], 8));
    paper.line("")?;
    paper.marked(sign, &format!("{sign} scoring {change}, {versions}: {} scored anew", leads(total)))?;
    diff_of(scoring, paper)?;
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
        (false, false) => format!(", version {} to {}", cut(&sequence["from"], 8), cut(&sequence["to"], 8)),
        _ => String::new(),
    };
    paper.line("")?;
    let rule = text(&sequence["in_flight"]);
    paper.marked(
        sign,
        &format!("{sign} {} {change}{versions}: {} in flight ({rule})", text(&sequence["name"]), leads(total)),
    )?;
    diff_of(sequence, paper)?;
    for edit in sequence["edits"].as_array().into_iter().flatten() {
        let what = text(&edit["edit"]);
        let sign = sign_of(&what);
        let ahead = leads(count(&edit["ahead"]));
        let (was, now) = (edit["was"].as_str(), edit["now"].as_str());
        let waits = was.zip(now).map_or_else(String::new, |(was, now)| format!(" ({was} -> {now})"));
        paper
            .marked(sign, &format!("    {sign} step {}: {what}{waits}, {ahead} with it ahead", text(&edit["step"])))?;
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
        let what: Vec<String> =
            one["what"].as_array().into_iter().flatten().map(|mark| words(&text(mark), 1)).collect();
        let (from, to) = (text(&one["from"]), text(&one["to"]));
        let place = if from == to { from } else { format!("{from} -> {to}") };
        paper.line(format!("      {}  {place}: {}", inert(&text(&one["email"])), what.join(", ")))?;
    }
    match count(&part["changed"]).saturating_sub(named.len()) {
        0 => Ok(()),
        others => {
            paper.line(format!("      … and {others} {}; `overture plan --all` names all", plural(others, "other")))
        }
    }
}

/// `412 leads: 400 stay as they are, 12 go on at once`.
fn standing(step: &Value) -> String {
    let mut parts = Vec::new();
    let stay = count(&step["stay"]);
    if stay > 0 {
        parts.push(if stay == 1 { "1 stays as it is".to_owned() } else { format!("{stay} stay as they are") });
    }
    for (mark, number) in step["marks"].as_object().into_iter().flatten() {
        parts.push(format!("{} {}", count(number), words(mark, count(number))));
    }
    for (place, number) in step["land"].as_object().into_iter().flatten() {
        let go = if count(number) == 1 { "goes" } else { "go" };
        parts.push(format!("{} {go} on at {}", count(number), inert(place)));
    }
    format!("{}: {}", leads(count(&step["leads"])), parts.join(", "))
}

/// A mark in words, of one lead or of several.
fn words(mark: &str, number: usize) -> String {
    let (one, several) = match mark {
        "new_copy" => ("gets new copy", "get new copy"),
        "moved" => ("moves with its step", "move with their step"),
        "lost_step" => ("loses its step", "lose their step"),
        "released" => ("is released at once", "are released at once"),
        "sooner" => ("waits less", "wait less"),
        "later" => ("waits longer", "wait longer"),
        "ends" => ("ends", "end"),
        "band" => ("another temperature", "another temperature"),
        "stage" => ("another stage", "another stage"),
        other => (other, other),
    };
    if number == 1 { one.to_owned() } else { several.to_owned() }
}
