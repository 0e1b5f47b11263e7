//! A list of any length comes in a thousand rows at a time: a bad row is told with its line and costs only itself, and the same list
//! again changes nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::client::Client;
use super::desk::Desk;
use super::failure::Failure;
use super::fields::text;
use super::paper::inert;
use crate::config;
use crate::domain::condition::Type;
use crate::intake::csv::{Entry, Options, Refused, Row, Rows};
use crate::store::Access;

/// Rows and octets sent at once.
const ROWS: usize = 1_000;
const OCTETS: usize = 2 << 20;
/// Reasons told apart in the summary.
const REASONS: usize = 10;

const AFTER: &str = "\
The first line names the columns. `email` is needed; columns named like attributes are taken, --map takes others, the rest is ignored and
told. An empty cell changes nothing. Values a lead has already stay, unless --overwrite. Suppressed addresses come in and stay suppressed.
Comma, semicolon and tab are all fine; the text is UTF-8 unless --encoding says otherwise. The file is streamed, so it may be of any size.

Examples:
  overture leads import fair.csv --tag fair-2026
  overture leads import crm.csv --map 'Work mail=email' --map Firma=company --encoding windows-1252
  overture leads import list.csv --enroll outbound-cadence --refused bad-rows.csv
  zcat big.csv.gz | overture leads import -

Exit codes: 0 every row came in, 1 some were refused (each with its reason on standard error), 2 could not run.";

/// Brings in a list of leads from a CSV file
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Import {
    /// The file; - for standard input
    file: PathBuf,
    /// Takes a column for an attribute
    #[arg(long, value_name = "COLUMN=ATTRIBUTE")]
    map: Vec<String>,
    /// Gives every lead of the list a tag
    #[arg(long)]
    tag: Option<String>,
    /// Puts every lead of the list into a sequence
    #[arg(long, value_name = "SEQUENCE")]
    enroll: Option<String>,
    /// With --enroll: lets in who was in the sequence before
    #[arg(long, requires = "enroll")]
    again: bool,
    /// Lets values of the list replace those a lead has
    #[arg(long)]
    overwrite: bool,
    /// What the file is written in, if not UTF-8: windows-1252, iso-8859-15, utf-16le, …
    #[arg(long)]
    encoding: Option<String>,
    /// Keeps the refused rows with their reasons in a CSV file
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

impl Import {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let attributes = attributes(desk)?;
        let bar = bar(&self.file);
        let source = bar.wrap_read(open(&self.file)?);
        let options = Options { attributes: &attributes, map: &self.map, encoding: self.encoding.as_deref() };
        let mut rows = Rows::open(source, &options).map_err(|fault| self.unreadable(&fault.0))?;
        let client = Client::open(desk, Access::Write).await?;
        let mut tally = Tally::new(bar, self.refused.as_deref())?;
        let ignored: Vec<&str> = rows.ignored().collect();
        if !ignored.is_empty() {
            tally.say(&format!(
                "ignored: {} (no attribute has such a name; --map takes a column for one)",
                ignored.join(", ")
            ));
        }
        let read = self.stream(&mut rows, &client, &mut tally).await;
        tally.end(desk)?;
        read?;
        if tally.refused > 0 { Err(Failure::said()) } else { Ok(()) }
    }

    async fn stream<R: Read>(&self, rows: &mut Rows<R>, client: &Client, tally: &mut Tally) -> Result<(), Failure> {
        let (mut batch, mut octets) = (Vec::new(), 0);
        for entry in rows {
            match entry {
                Ok(Entry::Row(row)) => {
                    octets += size(&row);
                    batch.push(shape(&row));
                }
                Ok(Entry::Refused(refused)) => tally.refuse(&refused)?,
                Err(fault) => {
                    self.send(&mut batch, client, tally).await?;
                    let broken = self.unreadable(&fault.0);
                    return Err(broken.hint(
                        "the rows before this came in; once mended, the same list again changes nothing in them",
                    ));
                }
            }
            if batch.len() == ROWS || octets > OCTETS {
                self.send(&mut batch, client, tally).await?;
                octets = 0;
            }
        }
        self.send(&mut batch, client, tally).await
    }

    async fn send(&self, batch: &mut Vec<Value>, client: &Client, tally: &mut Tally) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = json!({
            "rows": std::mem::take(batch),
            "overwrite": self.overwrite,
            "tag": self.tag,
            "enroll": self.enroll,
            "again": self.again,
        });
        let answer = client.post("/v1/leads/import", &body).await.and_then(super::client::Answer::ok);
        let answer = answer.map_err(|failure| match tally.rows() {
            0 => failure,
            rows => failure.hint(format!("{rows} rows were done before; the same list again changes nothing in them")),
        })?;
        answer["results"].as_array().into_iter().flatten().try_for_each(|result| tally.take(result))
    }

    fn unreadable(&self, why: &str) -> Failure {
        Failure::broken(format!("{}: {why}", self.file.display()))
    }
}

/// The declared attributes of a lead: cells are read by their types.
fn attributes(desk: &Desk) -> Result<BTreeMap<String, Type>, Failure> {
    let compiled = config::check(&desk.workspace, &desk.environment)?;
    match compiled.playbook {
        Some(playbook) => Ok(playbook.settings.lead_attributes),
        None => Err(desk.refused(&compiled.diagnostics)),
    }
}

fn open(file: &Path) -> Result<Box<dyn Read>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let opened =
        File::open(file).map_err(|error| Failure::broken(format!("cannot read {}: {error}", file.display())))?;
    Ok(Box::new(opened))
}

/// How far the file is read; drawn only where somebody looks.
fn bar(file: &Path) -> ProgressBar {
    let length = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).map(|found| found.len());
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(length, target);
    let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}  {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn shape(row: &Row) -> Value {
    json!({ "line": row.line, "email": row.address.as_str(), "attributes": row.values, "tags": row.tags })
}

/// A cell that a spreadsheet takes for a text, whatever it begins with.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// About how many octets a row takes on its way.
fn size(row: &Row) -> usize {
    let value = |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(16, str::len);
    row.address.as_str().len() + row.values.iter().map(value).sum::<usize>() + 64
}

/// What came of the rows so far.
struct Tally {
    bar: ProgressBar,
    kept: Option<csv::Writer<BufWriter<File>>>,
    created: u64,
    changed: u64,
    unchanged: u64,
    refused: u64,
    enrolled: u64,
    suppressed: u64,
    /// Rows that came in and did not enter the sequence, by reason.
    outside: BTreeMap<String, u64>,
}

impl Tally {
    fn new(bar: ProgressBar, kept: Option<&Path>) -> Result<Self, Failure> {
        let kept = match kept {
            Some(path) => {
                let unwritten = |error| Failure::broken(format!("cannot write {}: {error}", path.display()));
                let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(path).map_err(unwritten)?));
                writer.write_record(["line", "column", "reason"]).map_err(|error| unwritten(error.into()))?;
                Some(writer)
            }
            None => None,
        };
        let none = (0, 0, 0, 0, 0, 0);
        let (created, changed, unchanged, refused, enrolled, suppressed) = none;
        Ok(Self { bar, kept, created, changed, unchanged, refused, enrolled, suppressed, outside: BTreeMap::new() })
    }

    const fn rows(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused
    }

    /// Says something above the bar, or on standard error if none is drawn.
    fn say(&self, text: &str) {
        self.bar.suspend(|| super::paper::say(text));
    }

    fn refuse(&mut self, refused: &Refused) -> Result<(), Failure> {
        let column = refused.column.as_deref().unwrap_or_default();
        let place = if column.is_empty() { String::new() } else { format!(", column {column}") };
        self.say(&inert(&format!("line {}{place}: {}", refused.line, refused.reason)));
        self.refused += 1;
        if let Some(kept) = &mut self.kept {
            let line = refused.line.to_string();
            kept.write_record([line.as_str(), &plain(column), &plain(&refused.reason)])
                .map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    fn take(&mut self, result: &Value) -> Result<(), Failure> {
        let reason = result["reason"].as_str();
        match result["result"].as_str() {
            Some("created") => self.created += 1,
            Some("changed") => self.changed += 1,
            Some("unchanged") => self.unchanged += 1,
            _ => {
                let reason = reason.unwrap_or("it was refused").to_owned();
                return self.refuse(&Refused { line: result["line"].as_u64().unwrap_or(0), column: None, reason });
            }
        }
        self.suppressed += u64::from(result["suppressed"].as_bool() == Some(true));
        self.enrolled += u64::from(result["enrolled"].as_bool() == Some(true));
        if let Some(reason) = reason {
            let known = self.outside.contains_key(reason) || self.outside.len() < REASONS;
            *self.outside.entry(if known { reason } else { "not enrolled: other reasons" }.to_owned()).or_default() +=
                1;
        }
        self.bar.set_message(format!("{} rows", self.rows()));
        Ok(())
    }

    /// The last line: how many rows came to what.
    fn end(&mut self, desk: &mut Desk) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        if let Some(kept) = &mut self.kept {
            kept.flush()?;
        }
        if desk.paper.json {
            return desk.paper.value(&json!({
                "created": self.created,
                "changed": self.changed,
                "unchanged": self.unchanged,
                "refused": self.refused,
                "enrolled": self.enrolled,
                "suppressed": self.suppressed,
                "not_enrolled": self.outside,
            }));
        }
        for (reason, count) in &self.outside {
            desk.paper.line(format!("{count} {}", text(&Value::from(reason.as_str()))))?;
        }
        let flagged =
            if self.suppressed > 0 { format!(", {} of them suppressed", self.suppressed) } else { String::new() };
        desk.paper.line(format!(
            "{} created, {} changed, {} unchanged, {} refused, {} enrolled{flagged}",
            self.created, self.changed, self.unchanged, self.refused, self.enrolled
        ))
    }
}
