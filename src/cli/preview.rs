//! Every mail as a given lead would get it, with its date, before anybody gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::desk::Desk;
use super::failure::Failure;
use super::fields::size;
use super::paper::{Paper, say};
use super::proof::{Leg, Proof, What};
use super::someone;
use crate::config;
use crate::domain::experiment::Key;
use crate::domain::lead::Lead;
use crate::domain::message::Message;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::Sequence;
use crate::domain::spelling::nearest;
use crate::domain::template::Attachment;
use crate::domain::time::Instant;

const AFTER: &str = "\
Shows all arms of every branch and all variants of a mail; `->` marks the one the lead would take as it is now, and later dates count from
there. Dates follow the sequence's waits, windows and holidays in the lead's zone; a sender's cap and gap may make them later. A mail that
lacks a value is shown as held, with what is missing; what an earlier step is to bring is named, as in `[step.seats]`, and a link made of it
leads to example.com. With --lead the mark heeds the variant it has had, and the one that has won; else it is the lead's own by hash. Nothing
is sent and nothing is stored; links are shown as they are written, not as they are tracked.

Examples:
  overture preview trial-nurture                        for somebody made up
  overture preview trial-nurture --lead zoe@example.com
  overture preview trial-nurture --as zoe.json --at '2026-12-23 16:00'
  overture preview trial-nurture --variant story
  overture preview trial-nurture --html out --open      as they look in a mail program

Exit codes: 0 all can be made, 1 a mail or a call would be held, or a task lacks words, 2 could not run.";

/// Shows every step of a sequence as a lead would get it, with dates
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Preview {
    /// Its path under sequences/ without extension
    sequence: String,
    /// A lead of the store: address or id
    #[arg(long, value_name = "LEAD")]
    lead: Option<String>,
    /// A lead from a JSON file: its address under "email", all else are attributes
    #[arg(long = "as", value_name = "FILE", conflicts_with = "lead")]
    file: Option<PathBuf>,
    /// Shows this variant alone of every mail that has it; else all, with the lead's own marked
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// When the lead enters; now if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Writes the mails as pages into this folder
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
    /// Opens these pages
    #[arg(long, requires = "html")]
    open: bool,
}

impl Preview {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let playbook = playbook(desk)?;
        let sequence = named(&playbook, &self.sequence)?;
        let start = desk.instant(self.at.as_deref())?;
        let (lead, winners) = lead(desk, &playbook, (self.lead.as_deref(), self.file.as_deref()), start).await?;
        let who = lead.address.to_string();
        known_variant(&sequence, self.variant.as_deref())?;
        let mut proof = Proof::new(&playbook, Arc::clone(&sequence), lead, start);
        proof.show_only(self.variant);
        proof.heed(winners);
        let zone = proof.zone();
        desk.paper.in_zone(jiff::tz::TimeZone::get(&zone).unwrap_or(jiff::tz::TimeZone::UTC));
        let legs = proof.legs(start);
        let mut page = None;
        if let Some(folder) = &self.html {
            let index = super::pages::write(folder, &legs, &desk.paper)?;
            page = Some(index.display().to_string());
            say(&format!("written to {}", index.display()));
            if self.open {
                show(&index)?;
            }
        }
        if desk.paper.json {
            let steps: Vec<Value> = legs.iter().map(shape).collect();
            let mut told = json!({ "sequence": sequence.name, "lead": who, "zone": zone, "steps": steps });
            if let Some(page) = page {
                told["page"] = page.into();
            }
            desk.paper.value(&told)?;
        } else if page.is_none() {
            let paper = &mut desk.paper;
            paper.heading(&format!(
                "{} ({}), as {who} would get it from {}",
                sequence.title,
                sequence.name,
                paper.time(start)
            ))?;
            paper.line(format!("times in {zone}"))?;
            legs.iter().try_for_each(|leg| print(leg, paper))?;
        }
        let poor = legs.iter().filter(|leg| lacks(leg).is_some()).count();
        if poor == 0 { Ok(()) } else { Err(Failure::no(format!("{poor} of the steps lack something for this lead"))) }
    }
}

/// The files as they are, or their mistakes.
pub fn playbook(desk: &mut Desk) -> Result<Playbook, Failure> {
    desk.settle()?;
    let compiled = config::check(&desk.workspace, &desk.environment)?;
    compiled.playbook.ok_or_else(|| desk.refused(&compiled.diagnostics))
}

pub fn named(playbook: &Playbook, name: &str) -> Result<Arc<Sequence>, Failure> {
    playbook.sequences.get(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = playbook.sequences.keys().map(String::as_str).collect();
        let hint = nearest(name, known.iter().copied())
            .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        Failure::no(format!("there is no sequence `{name}`")).hint(hint)
    })
}

/// Whether some mail of the sequence has such a variant, if one is asked for.
pub fn known_variant(sequence: &Sequence, asked: Option<&str>) -> Result<(), Failure> {
    let Some(asked) = asked else { return Ok(()) };
    let variants = sequence.experiments().flat_map(|(_, experiment)| &experiment.variants);
    let names: BTreeSet<&str> = variants.map(|variant| variant.name.as_str()).collect();
    if names.contains(asked) {
        return Ok(());
    }
    let none = Failure::no(format!("no mail of `{}` has a variant `{asked}`", sequence.name));
    let all = || format!("there are {}", names.iter().copied().collect::<Vec<_>>().join(", "));
    Err(match nearest(asked, names.iter().copied()) {
        Some(near) => none.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => none.hint("all its mails have one text"),
        None => none.hint(all()),
    })
}

/// A lead of the store, with the variants that have won, one from a file, or somebody made up.
pub async fn lead(
    desk: &Desk,
    playbook: &Playbook,
    (stored, file): (Option<&str>, Option<&Path>),
    now: Instant,
) -> Result<(Lead, BTreeMap<Key, String>), Failure> {
    let alone = |lead| (lead, BTreeMap::new());
    match (stored, file) {
        (Some(who), _) => someone::stored(desk, who).await,
        (None, Some(file)) => someone::from_file(file, playbook, now).map(alone),
        (None, None) => someone::made_up(playbook, now).map(alone),
    }
}

/// What is missing, where something is.
fn lacks(leg: &Leg) -> Option<String> {
    match &leg.what {
        What::Mail(Err(refuse))
        | What::Call { values: Err(refuse), .. }
        | What::Task { title: Err(refuse), .. }
        | What::Task { notes: Some(Err(refuse)), .. } => Some(refuse.to_string()),
        _ => None,
    }
}

fn print(leg: &Leg, paper: &mut Paper) -> Result<(), Failure> {
    let margin = "    ".repeat(leg.depth);
    let at = paper.time(leg.at);
    let head = match &leg.what {
        What::Mail(Ok(mail)) => {
            paper.line("")?;
            return print_mail(leg, mail, (&margin, &at), paper);
        }
        What::Mail(Err(refuse)) => format!("\n{margin}{at}  {}: HELD, {refuse}", leg.step),
        What::Call { channel, values: Ok(values) } => {
            let values = Value::Object(values.clone());
            format!("\n{margin}{at}  {}: calls {channel} with {values}", leg.step)
        }
        What::Call { channel, values: Err(refuse) } => {
            format!("\n{margin}{at}  {}: calls {channel}: HELD, {refuse}", leg.step)
        }
        What::Wait(until) => format!("\n{margin}waits until {}", paper.time(*until)),
        What::WaitFor { when, until } => {
            format!("\n{margin}waits for {when}, until {} at the latest", paper.time(*until))
        }
        What::Task { .. } => return print_task(leg, (&margin, &at), paper),
        What::Way { said, now } => {
            let mark = if *now { "->" } else { "  " };
            format!("\n{margin}{mark} {said}:")
        }
        What::Set(said) => format!("{margin}sets {said}"),
        What::Handoff { reason, when: None } => format!("{margin}hands the lead to sales: {reason}"),
        What::Handoff { reason, when: Some(when) } => format!("{margin}hands the lead to sales if {when}: {reason}"),
        What::Enroll(sequence) => format!("{margin}enters {sequence}"),
        What::End(reason) => format!("{margin}ends: {reason}"),
    };
    paper.line(head)
}

fn print_task(leg: &Leg, (margin, at): (&str, &str), paper: &mut Paper) -> Result<(), Failure> {
    let What::Task { title, notes, due, until } = &leg.what else { return Ok(()) };
    let title = title.as_ref().map_or_else(|refuse| format!("without a title, {refuse}"), Clone::clone);
    let due = due.map_or_else(String::new, |due| format!(", due {}", paper.time(due)));
    let until = until.map_or_else(String::new, |until| format!(", waited for until {}", paper.time(until)));
    paper.line(format!("\n{margin}{at}  {}: somebody is asked: {title}{due}{until}", leg.step))?;
    match notes {
        Some(Ok(notes)) => quote(notes, margin, paper),
        Some(Err(refuse)) => paper.line(format!("{margin}  without its notes, {refuse}")),
        None => Ok(()),
    }
}

/// A text that somebody will read, beside a bar.
fn quote(text: &str, margin: &str, paper: &mut Paper) -> Result<(), Failure> {
    text.lines().try_for_each(|line| paper.line(format!("{margin}  | {line}").trim_end()))
}

fn print_mail(leg: &Leg, mail: &Message, (margin, at): (&str, &str), paper: &mut Paper) -> Result<(), Failure> {
    paper.heading(&format!("{margin}{at}  {}: {}", leg.step, mail.subject))?;
    let from = mail
        .from
        .display
        .as_ref()
        .map_or_else(|| mail.from.address.to_string(), |name| format!("{name} <{}>", mail.from.address));
    paper.line(format!("{margin}  from {from} to {}", mail.to))?;
    quote(&mail.text, margin, paper)?;
    let files = mail.attachments.iter();
    files.map(|file| format!("{margin}  + {}", attached(file))).try_for_each(|line| paper.line(line))
}

/// A file that goes with a mail, by its name and size.
pub fn attached(file: &Attachment) -> String {
    format!("{}, {}", file.name, size(file.bytes.len() as u64))
}

fn shape(leg: &Leg) -> Value {
    let file = |file: &Attachment| json!({ "name": file.name, "kind": file.kind, "bytes": file.bytes.len() });
    let what = match &leg.what {
        What::Mail(Ok(mail)) => json!({
            "mail": {
                "from": mail.from.address, "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html,
                "attachments": mail.attachments.iter().map(file).collect::<Vec<_>>(),
            },
        }),
        What::Call { channel, values: Ok(values) } => json!({ "call": { "channel": channel, "with": values } }),
        What::Mail(Err(_)) | What::Call { values: Err(_), .. } => json!({ "held": lacks(leg) }),
        What::Wait(until) => json!({ "wait_until": until.to_string() }),
        What::WaitFor { when, until } => json!({ "wait_for": when, "until": until.to_string() }),
        What::Task { title, notes, due, until } => json!({ "task": {
            "title": title.as_ref().ok(),
            "notes": notes.as_ref().and_then(|notes| notes.as_ref().ok()),
            "missing": lacks(leg),
            "due": due.map(|at| at.to_string()),
            "until": until.map(|at| at.to_string()),
        } }),
        What::Way { said, now } => json!({ "way": said, "taken_now": now }),
        What::Set(said) => json!({ "set": said }),
        What::Handoff { reason, when } => json!({ "handoff": { "reason": reason, "when": when } }),
        What::Enroll(sequence) => json!({ "enroll": sequence }),
        What::End(reason) => json!({ "end": reason }),
    };
    let mut told = json!({ "step": leg.step, "at": leg.at.to_string(), "depth": leg.depth });
    if let (Value::Object(told), Value::Object(what)) = (&mut told, what) {
        told.extend(what);
    }
    told
}

/// Opens a page in whatever opens pages here.
fn show(page: &Path) -> Result<(), Failure> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let shown = Command::new(opener).arg(page).status();
    if shown.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Failure::broken(format!("`{opener}` could not open it")).hint(format!("open {} by hand", page.display())))
}
