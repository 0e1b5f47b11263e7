//! A list of any length comes in a thousand rows at a time: a bad row is told with its line and costs only itself, and the same list
//! again changes nothing.

mod tally;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::client::Client;
use super::desk::Desk;
use super::failure::Failure;
use crate::config;
use crate::domain::condition::Type;
use crate::engine::{Engine, Landed, Listed, Prepared, Terms};
use crate::intake::csv::{Entry, Options, Refused, Row, Rows};
use crate::store::{Access, StoreError};
use crate::web::Problem;
use crate::web::private::attributes as checked;
use tally::Tally;

/// Rows and octets sent at once.
const ROWS: usize = 1_000;
const OCTETS: usize = 2 << 20;
/// Rows written with one commit where no daemon has to answer others in between.
const COMMITTED: usize = 2_000;
/// Rows read before the writing of those before may go on.
const READ: usize = 100;

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
        let read = match client.engine().filter(|_| self.enroll.is_none()) {
            Some(engine) => self.write(&mut rows, engine, &mut tally).await,
            None => self.stream(&mut rows, &client, &mut tally).await,
        };
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
                    return Err(self.broke_off(&fault.0));
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
        answer["results"].as_array().into_iter().flatten().try_for_each(|result| tally.take(result))?;
        tally.show();
        Ok(())
    }

    /// Writes the list from this process, in which nobody else waits: rows are read and made ready while those before are written.
    async fn write<R: Read>(&self, rows: &mut Rows<R>, engine: &Engine, tally: &mut Tally) -> Result<(), Failure> {
        let terms = Terms { overwrite: self.overwrite, ..Terms::default() };
        let tag = checked::tags(self.tag.as_slice()).map_err(Failure::no)?;
        let mut reading = Reading { engine, terms: &terms, tag: &tag, rows, broken: None };
        let mut ready = reading.next(tally).await?;
        while let Some(Batch { lines, prepared }) = ready {
            let writing = engine.take_in(prepared, &terms);
            // Who pipes a list in may take its time, and a transaction must not wait for that.
            let (landed, next) = if self.file == Path::new("-") {
                (writing.await, None)
            } else {
                let (landed, next) = tokio::join!(writing, reading.next(tally));
                (landed, Some(next))
            };
            let landed = landed.map_err(|error| untaken(error, tally))?;
            engine.fail.hit("import.batch");
            lines.into_iter().zip(landed).try_for_each(|(line, landed): (u64, Landed)| tally.count(line, landed))?;
            tally.show();
            ready = match next {
                Some(next) => next?,
                None => reading.next(tally).await?,
            };
        }
        reading.broken.map_or(Ok(()), |why| Err(self.broke_off(&why)))
    }

    fn broke_off(&self, why: &str) -> Failure {
        let hint = "the rows before this came in; once mended, the same list again changes nothing in them";
        self.unreadable(why).hint(hint)
    }

    fn unreadable(&self, why: &str) -> Failure {
        Failure::broken(format!("{}: {why}", self.file.display()))
    }
}

/// A list that is read into batches.
struct Reading<'a, R: Read> {
    engine: &'a Engine,
    terms: &'a Terms,
    tag: &'a [String],
    rows: &'a mut Rows<R>,
    /// Why it could not be read to its end.
    broken: Option<String>,
}

/// Rows that are written together, with their lines.
struct Batch {
    lines: Vec<u64>,
    prepared: Prepared,
}

impl<R: Read> Reading<'_, R> {
    /// The next batch, made ready; `None` at the end of the list.
    async fn next(&mut self, tally: &mut Tally) -> Result<Option<Batch>, Failure> {
        let (mut lines, mut octets) = (Vec::new(), 0);
        let mut prepared = self.engine.batch_of(COMMITTED, self.terms);
        while self.broken.is_none() && lines.len() < COMMITTED && octets < OCTETS {
            let Some(entry) = self.rows.next() else { break };
            match entry {
                Ok(Entry::Row(row)) => {
                    octets += size(&row);
                    let line = row.line;
                    match self.listed(row) {
                        Ok(row) => {
                            lines.push(line);
                            prepared.push(row)?;
                        }
                        Err(reason) => tally.refuse(&Refused { line, column: None, reason })?,
                    }
                }
                Ok(Entry::Refused(refused)) => tally.refuse(&refused)?,
                Err(fault) => self.broken = Some(fault.0),
            }
            if lines.len() % READ == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok((!lines.is_empty()).then_some(Batch { lines, prepared }))
    }

    fn listed(&self, row: Row) -> Result<Listed, String> {
        row.values.iter().try_for_each(|(name, value)| checked::short(name, value))?;
        let tags = checked::with_common(&row.tags, self.tag)?;
        Ok(Listed { address: row.address, set: row.values, tags })
    }
}

fn untaken(error: Arc<StoreError>, tally: &Tally) -> Failure {
    let failure = Failure::broken(Problem::from(error).detail());
    match tally.rows() {
        0 => failure,
        rows => failure.hint(format!("{rows} rows were done before; the same list again changes nothing in them")),
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

/// About how many octets a row takes on its way.
fn size(row: &Row) -> usize {
    let value = |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(16, str::len);
    row.address.as_str().len() + row.values.iter().map(value).sum::<usize>() + 64
}
