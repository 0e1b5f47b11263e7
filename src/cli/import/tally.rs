//! What came of the rows of a list: counted, and each refusal told at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::cli::desk::Desk;
use crate::cli::failure::Failure;
use crate::cli::fields::text;
use crate::cli::paper::{self, inert};
use crate::engine::{Came, Landed};
use crate::intake::csv::Refused;

/// Reasons told apart in the summary.
const REASONS: usize = 10;

/// What came of the rows so far.
pub struct Tally {
    bar: ProgressBar,
    kept: Option<csv::Writer<BufWriter<File>>>,
    created: u64,
    changed: u64,
    unchanged: u64,
    pub refused: u64,
    enrolled: u64,
    suppressed: u64,
    /// Rows that came in and did not enter the sequence, by reason.
    outside: BTreeMap<String, u64>,
}

impl Tally {
    pub fn new(bar: ProgressBar, kept: Option<&Path>) -> Result<Self, Failure> {
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

    pub const fn rows(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused
    }

    /// Says something above the bar, or on standard error if none is drawn.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| paper::say(text));
    }

    pub fn refuse(&mut self, refused: &Refused) -> Result<(), Failure> {
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

    /// Counts what the daemon says of a row.
    pub fn take(&mut self, result: &Value) -> Result<(), Failure> {
        let came = [Came::Created, Came::Changed, Came::Unchanged];
        let came = came.into_iter().find(|came| result["result"] == came.as_str()).unwrap_or(Came::Refused);
        let landed = Landed {
            came,
            reason: result["reason"].as_str().map(str::to_owned),
            suppressed: result["suppressed"].as_bool() == Some(true),
            enrolled: result["enrolled"].as_bool(),
        };
        self.count(result["line"].as_u64().unwrap_or(0), landed)
    }

    /// Counts what became of a row.
    pub fn count(&mut self, line: u64, landed: Landed) -> Result<(), Failure> {
        match landed.came {
            Came::Created => self.created += 1,
            Came::Changed => self.changed += 1,
            Came::Unchanged => self.unchanged += 1,
            Came::Refused => {
                let reason = landed.reason.unwrap_or_else(|| "it was refused".to_owned());
                return self.refuse(&Refused { line, column: None, reason });
            }
        }
        self.suppressed += u64::from(landed.suppressed);
        self.enrolled += u64::from(landed.enrolled == Some(true));
        if let Some(reason) = landed.reason {
            let known = self.outside.contains_key(&reason) || self.outside.len() < REASONS;
            *self.outside.entry(if known { reason } else { "not enrolled: other reasons".to_owned() }).or_default() +=
                1;
        }
        Ok(())
    }

    /// Shows how many rows are done.
    pub fn show(&self) {
        self.bar.set_message(format!("{} rows", self.rows()));
    }

    /// The last line: how many rows came to what.
    pub fn end(&mut self, desk: &mut Desk) -> Result<(), Failure> {
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

/// A cell that a spreadsheet takes for a text, whatever it begins with.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
