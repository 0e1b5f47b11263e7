//! Content lines of iCalendar (RFC 5545, section 3.1): folded, with parameters that may hold quoted colons.

use std::ops::Range;

use super::Fault;

/// One content line.
pub struct Line {
    /// Its name, in capitals.
    pub name: String,
    /// What stands after its colon, without the parameters.
    pub value: String,
    /// Its bytes in the file, those of its first line where it is folded.
    pub span: Range<usize>,
}

/// The content lines of a text, each as it is or with what is wrong with it.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line, (Range<usize>, Fault)>> {
    unfolded(text).into_iter().filter(|(text, _)| !text.trim().is_empty()).map(|(text, span)| {
        let wrong = || {
            let hint = "a line of iCalendar has a name, a colon and a value; a folded one goes on after a space";
            (span.clone(), Fault::new("expected a line `NAME:value`", hint))
        };
        let colon = outside_quotes(&text, ':').ok_or_else(wrong)?;
        let (head, value) = (&text[..colon], &text[colon + 1..]);
        let name = head.split(';').next().unwrap_or_default().trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(wrong());
        }
        Ok(Line { name: name.to_ascii_uppercase(), value: value.trim().to_owned(), span: span.clone() })
    })
}

fn unfolded(text: &str) -> Vec<(String, Range<usize>)> {
    let mut lines: Vec<(String, Range<usize>)> = Vec::new();
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\r', '\n']);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some((before, _))) => before.push_str(more),
            _ => lines.push((line.trim_start_matches('\u{feff}').to_owned(), at..at + line.len())),
        }
        at += raw.len();
    }
    lines
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}
