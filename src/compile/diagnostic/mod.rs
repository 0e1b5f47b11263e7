//! A mistake is told like a good compiler tells it: what, where, what was expected, what to do.

mod code;
mod explain;
mod github;
mod report;
mod text;

use std::sync::Arc;

use serde::Serialize;

pub use code::Code;
pub use explain::{Example, Story};
pub use github::annotations;
pub use report::Report;
pub use text::render;

use super::source::Source;

/// Whether a mistake keeps the files from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub source: Arc<Source>,
    /// First byte at fault, and the one after the last; both in one line.
    pub start: usize,
    pub end: usize,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The form that programs read.
#[derive(Serialize)]
struct Shape<'a> {
    code: &'static str,
    severity: Severity,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'a str,
    hint: Option<&'a str>,
}

impl Diagnostic {
    /// The path of the file in the workspace.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// Line and column it begins at, from 1, columns in characters.
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.start)
    }

    /// Line and column after its last character.
    pub fn end_position(&self) -> (usize, usize) {
        self.source.position(self.end)
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ((line, column), (end_line, end_column)) = (self.position(), self.end_position());
        Shape {
            code: self.code.id(),
            severity: self.severity,
            file: self.file(),
            line,
            column,
            end_line,
            end_column,
            message: &self.message,
            hint: self.hint.as_deref(),
        }
        .serialize(serializer)
    }
}

/// All mistakes as one JSON array, in the order given.
pub fn to_json(diagnostics: &[Diagnostic]) -> serde_json::Value {
    diagnostics.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect()
}
