//! Lists of leads, row by row: a file of any size is read in bounded memory, a bad row is told and costs only itself.

mod columns;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use crate::domain::address::EmailAddress;
use crate::domain::condition::Type;
use columns::{Column, Target};
use text::Utf8;

/// The longest cell, in characters.
const LONGEST_CELL: usize = 10_000;

/// How a list is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The declared attributes of a lead with their types.
    pub attributes: &'a BTreeMap<String, Type>,
    /// `COLUMN=attribute`, each.
    pub map: &'a [String],
    /// A label of the WHATWG Encoding Standard, for example `windows-1252`; UTF-8 if absent.
    pub encoding: Option<&'a str>,
}

/// One lead of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line it begins at, counted from 1.
    pub line: u64,
    pub address: EmailAddress,
    /// Typed values of the cells that are not empty: an empty cell changes nothing.
    pub values: Map<String, Value>,
    /// Tags to add.
    pub tags: Vec<String>,
}

/// A row that is no lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: u64,
    /// The name of the column, where one cell is to blame.
    pub column: Option<String>,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Row(Row),
    Refused(Refused),
}

/// Why the file cannot be read at all, or not any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// The rows of a list; ends after the first fault.
pub struct Rows<R: Read> {
    reader: Reader<Utf8<R>>,
    columns: Vec<Column>,
    width: usize,
    ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header and settles what each column is.
    ///
    /// # Errors
    /// Says which name is unknown or missing, and what was found instead.
    pub fn open(reader: R, options: &Options<'_>) -> Result<Self, Fault> {
        let text = Utf8::new(reader, options.encoding).map_err(Fault)?;
        let (text, delimiter) = text.with_delimiter().map_err(|error| Fault(error.to_string()))?;
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
        let header = reader.headers().map_err(|error| fault(&error))?.clone();
        let columns = columns::settle(&header, options).map_err(Fault)?;
        Ok(Self { reader, width: header.len(), columns, ended: false })
    }

    /// Columns nothing is made of.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.target == Target::Nothing).map(|column| column.name.as_str())
    }

    fn entry(&self, record: &StringRecord) -> Entry {
        // The reader's own number is that of a blank line before the row, if there is one.
        let inside = record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        let line = self.reader.position().line().saturating_sub(1 + inside);
        self.row(record, line).map_or_else(
            |(column, reason)| Entry::Refused(Refused { line, column: column.map(str::to_owned), reason }),
            Entry::Row,
        )
    }

    fn row<'a>(&'a self, record: &StringRecord, line: u64) -> Result<Row, (Option<&'a str>, String)> {
        if record.len() != self.width {
            return Err((
                None,
                format!(
                    "it has {} cells and the header {}: is a quote or a delimiter missing?",
                    record.len(),
                    self.width
                ),
            ));
        }
        let (mut address, mut values, mut tags) = (None, Map::new(), Vec::new());
        for (column, cell) in self.columns.iter().zip(record) {
            let wrong = |reason: String| (Some(column.name.as_str()), reason);
            if cell.contains('\0') || cell.chars().count() > LONGEST_CELL {
                return Err(wrong(format!("it holds a NUL character or more than {LONGEST_CELL} characters")));
            }
            match &column.target {
                Target::Email if cell.trim().is_empty() => return Err(wrong("the address is empty".to_owned())),
                Target::Email => address = Some(EmailAddress::parse(cell).map_err(wrong)?),
                Target::Tags => {
                    tags.extend(cell.split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned));
                }
                Target::Attribute(..) if cell.trim().is_empty() => {}
                Target::Attribute(name, kind) => {
                    values.insert(name.clone(), typed(cell, *kind).map_err(wrong)?);
                }
                Target::Nothing => {}
            }
        }
        let address = address.ok_or_else(|| (None, "it has no address".to_owned()))?;
        Ok(Row { line, address, values, tags })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        while !self.ended {
            self.reader.get_mut().begin_row();
            match self.reader.read_record(&mut record) {
                Ok(false) => self.ended = true,
                Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Some(Ok(self.entry(&record))),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(fault(&error)));
                }
            }
        }
        None
    }
}

fn typed(cell: &str, kind: Type) -> Result<Value, String> {
    let hint = if kind == Type::Date { "; dates are written YYYY-MM-DD" } else { "" };
    let value = kind.read(cell.trim()).ok_or_else(|| format!("`{}` is not {}{hint}", shortened(cell), kind.name()))?;
    Ok(value.to_json())
}

fn shortened(cell: &str) -> String {
    let short: String = cell.trim().chars().take(40).collect();
    if short.len() < cell.trim().len() { format!("{short}…") } else { short }
}

fn fault(error: &csv::Error) -> Fault {
    match error.kind() {
        ErrorKind::Io(inner) if inner.kind() == io::ErrorKind::InvalidData => Fault(inner.to_string()),
        _ => Fault(format!("the list cannot be read: {error}")),
    }
}
