//! The form that GitHub shows beside the lines of a change: workflow commands on standard output.

use std::fmt::Write;

use super::{Diagnostic, Severity};
use crate::domain::inert::inert;

/// One annotation a line. `prefix` leads from the checkout to the workspace, with a slash at its end unless empty.
pub fn annotations(diagnostics: &[Diagnostic], prefix: &str) -> String {
    let mut out = String::new();
    for one in diagnostics {
        let level = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let ((line, column), (end_line, end_column)) = (one.position(), one.end_position());
        let file = property(&format!("{prefix}{}", one.file()));
        let hint = one.hint.as_ref().map_or_else(String::new, |hint| format!("\n{hint}"));
        // The column after the last character: GitHub counts the last one itself.
        let last = if end_line == line { end_column.saturating_sub(1).max(column) } else { end_column };
        let _ = writeln!(
            out,
            "::{level} file={file},line={line},endLine={end_line},col={column},endColumn={last},title={}::{}",
            property(one.code.id()),
            data(&inert(&format!("{}{hint}", one.message.replace("\r\n", "\n")))),
        );
    }
    out
}

/// What stands after `::` keeps to its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\n', "%0A")
}

/// What stands between commas keeps to its place.
fn property(text: &str) -> String {
    data(&inert(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Code;
    use super::*;
    use crate::compile::source::Source;

    #[test]
    fn an_annotation_keeps_to_its_line_and_its_place_whatever_it_says() {
        let one = Diagnostic {
            code: Code::UnknownKey,
            severity: Severity::Error,
            source: Arc::new(Source::new("sequences/a,b:c.yaml", "kind: nurture\nwhn: 100%\n")),
            start: 14,
            end: 17,
            message: "`whn` is 100%\r\nno key".to_owned(),
            hint: Some("did you mean `when`\u{1b}[2J?".to_owned()),
        };
        let odd = Diagnostic { severity: Severity::Warning, hint: None, message: "x".to_owned(), ..one.clone() };
        assert_eq!(
            annotations(&[one, odd], "mails/"),
            "::error file=mails/sequences/a%2Cb%3Ac.yaml,line=2,endLine=2,col=1,endColumn=3,title=OV0201::\
             `whn` is 100%25%0Ano key%0Adid you mean `when`\\u{1b}[2J?\n\
             ::warning file=mails/sequences/a%2Cb%3Ac.yaml,line=2,endLine=2,col=1,endColumn=3,title=OV0201::x\n"
        );
    }
}
