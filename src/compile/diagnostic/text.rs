//! The form that people read: the line with the fault underlined.

use std::fmt::{self, Write};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Diagnostic, Severity};
use crate::compile::source::Source;

/// Bytes of a line that are shown.
const LONGEST: usize = 240;
/// Mistakes that are drawn: more at once help nobody.
const MOST: usize = 200;

/// What miette draws.
struct Shown<'a>(&'a Diagnostic, OneLine<'a>);

/// Shows the one line a mistake is in; lines around it may hold secrets.
struct OneLine<'a>(&'a Source);

impl SourceCode for OneLine<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, text) = around(self.0.line_at(span.offset()), span.offset());
        let (line, column) = self.0.position(span.offset());
        let whole = SourceSpan::from((start, text.len()));
        let name = self.0.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, text.as_bytes(), whole, line - 1, column - 1, 1)))
    }
}

/// The part of a line that is worth looking at: all of it, unless a program wrote it.
fn around((start, text): (usize, &str), fault: usize) -> (usize, &str) {
    if text.len() <= LONGEST {
        return (start, text);
    }
    let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = boundary((fault - start).saturating_sub(LONGEST / 2));
    (start + from, &text[from..boundary(from + LONGEST)])
}

/// Draws mistakes one below the other, and says how many more there are; with colours only if wanted.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let styles = if colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_context_lines(0).with_width(110);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MOST) {
        let shown = Shown(diagnostic, OneLine(&diagnostic.source));
        if handler.render_report(&mut out, &shown).is_err() {
            let (line, column) = diagnostic.position();
            let _ = writeln!(out, "{}:{line}:{column}: {}", diagnostic.file(), diagnostic.message);
        }
        out.push('\n');
    }
    if diagnostics.len() > MOST {
        let _ = writeln!(out, "… and {} more; mend these first, or see all as JSON", diagnostics.len() - MOST);
    }
    out
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where there is no line to show, the file is named here.
        let file = if self.0.source.text.is_empty() { self.0.file() } else { "" };
        let colon = if file.is_empty() { "" } else { ": " };
        write!(f, "{file}{colon}{}", self.0.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.0.code.id()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.0.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.0.source.text.is_empty()).then_some(&self.1 as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Diagnostic { start, end, .. } = *self.0;
        let label = (!self.0.source.text.is_empty()).then(|| LabeledSpan::new(None, start, end - start));
        Some(Box::new(label.into_iter()))
    }
}
