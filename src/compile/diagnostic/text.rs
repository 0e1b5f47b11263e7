//! The form that people read: the line with the fault underlined.

use std::fmt::{self, Write};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Diagnostic, Severity};
use crate::domain::inert::{inert, masked};

/// Bytes of a line that are shown.
const LONGEST: usize = 240;
/// Mistakes that are drawn: more at once help nobody.
const MOST: usize = 200;

/// What miette draws.
struct Shown<'a>(&'a Diagnostic, OneLine);

/// The one line a mistake is in, harmless to a terminal; lines around it may hold secrets.
struct OneLine {
    file: String,
    text: String,
    /// Where it begins in the file.
    start: usize,
    /// Line and column of the mistake, counted from 1.
    position: (usize, usize),
}

impl OneLine {
    fn of(diagnostic: &Diagnostic) -> Self {
        let (source, at) = (&diagnostic.source, diagnostic.start);
        let (start, text) = around(source.line_at(at), at);
        Self { file: inert(&source.name), text: masked(text), start, position: source.position(at) }
    }
}

impl SourceCode for OneLine {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (line, column) = self.position;
        let whole = SourceSpan::from((self.start, self.text.len()));
        let (name, text) = (self.file.clone(), self.text.as_bytes());
        Ok(Box::new(MietteSpanContents::new_named(name, text, whole, line - 1, column - 1, 1)))
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
        let shown = Shown(diagnostic, OneLine::of(diagnostic));
        if handler.render_report(&mut out, &shown).is_err() {
            let (line, column) = diagnostic.position();
            let said = format!("{}:{line}:{column}: {}", diagnostic.file(), diagnostic.message);
            let _ = writeln!(out, "{}", inert(&said));
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
        write!(f, "{}{colon}{}", inert(file), inert(&self.0.message))
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
        self.0.hint.as_ref().map(|hint| Box::new(inert(hint)) as Box<dyn fmt::Display>)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Code;
    use super::*;
    use crate::compile::source::Source;

    #[test]
    fn nothing_in_a_file_or_its_name_steers_the_terminal_and_the_fault_stays_underlined() {
        let text = "kind: \u{1b}]0;x\u{7}\u{9b}nur # \u{202e}\n";
        let one = Diagnostic {
            code: Code::UnknownKey,
            severity: Severity::Error,
            source: Arc::new(Source::new("sequences/a\u{1b}[2J.yaml", text)),
            start: 6,
            end: text.find(" #").unwrap(),
            message: "`\u{1b}]0;x\u{7}nur` is no kind".to_owned(),
            hint: Some("did you mean `\u{9b}nurture`?".to_owned()),
        };
        let drawn = render(&[one], false);
        assert!(!drawn.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{drawn:?}");
        for told in ["a\\u{1b}[2J.yaml:1:7", "kind: ?]0;x?¿nur", "`\\u{1b}]0;x\\u{7}nur` is", "`\\u{9b}nurture`"] {
            assert!(drawn.contains(told), "{told} is missing: {drawn}");
        }
        let underline = "─".repeat("?]0;x?¿nur".chars().count());
        assert!(drawn.lines().any(|line| line.trim().trim_start_matches('·').trim() == underline), "{drawn}");
    }
}
