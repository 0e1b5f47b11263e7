//! The form that people read: the line with the fault underlined.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters, ThemeStyles};

use super::{Diagnostic, Severity};

/// What miette draws.
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    source: NamedSource<String>,
}

/// Draws mistakes one below the other; with colours only if wanted.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let styles = if colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_context_lines(0).with_width(110);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let source = NamedSource::new(diagnostic.file(), diagnostic.source.text.clone());
        let shown = Shown { diagnostic, source };
        if handler.render_report(&mut out, &shown).is_err() {
            let (line, column) = diagnostic.position();
            out.push_str(&format!("{}:{line}:{column}: {}\n", diagnostic.file(), diagnostic.message));
        }
        out.push('\n');
    }
    out
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code.id()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.diagnostic.source.text.is_empty()).then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Diagnostic { start, end, .. } = *self.diagnostic;
        let label = (!self.diagnostic.source.text.is_empty()).then(|| LabeledSpan::new(None, start, end - start));
        Some(Box::new(label.into_iter()))
    }
}
