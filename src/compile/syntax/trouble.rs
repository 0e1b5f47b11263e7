//! A YAML parser complains in its own words, often a line late; people get the likely cause instead.

use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::{Place, Source};

const QUOTE_WHOLE: &str = "put the whole value in single quotes: '…'";

/// Tells a scanner's error as what people most likely did.
pub fn tell(source: &Source, place: Place, info: &str, report: &Report) {
    let place = on_text(source, place);
    let (line_start, line) = source.line_at(place.start);
    if let Some(tab) = tab_in_indent(line) {
        let place = place.at(line_start + tab, line_start + tab + 1);
        report.error_with(Code::Tab, place, "a tab indents this line", "indent with spaces".to_owned());
        return;
    }
    for (start, text) in [Some((line_start, line)), line_before(source, line_start)].into_iter().flatten() {
        if let Some((from, to)) = quoted_then_more(text) {
            let message = "a value that begins with a quote ends at the next one, and more follows";
            report.error_with(Code::UnquotedCondition, place.at(start + from, start + to), message, whole(text, from));
            return;
        }
        if let Some((from, to)) = bang(text) {
            tag(source, place.at(start + from, start + to), report);
            return;
        }
    }
    let (message, hint) = in_words(info);
    report.error_with(Code::Yaml, place, message, hint);
}

/// At the end of a file there is nothing to underline, so the last character is.
fn on_text(source: &Source, place: Place) -> Place {
    let kept = source.text.trim_end();
    match kept.char_indices().last() {
        Some((last, _)) if place.start >= kept.len() => place.at(last, kept.len()),
        _ => place,
    }
}

/// Tells that a value begins with `!`.
pub fn tag(source: &Source, place: Place, report: &Report) {
    let (start, line) = source.line_at(place.start);
    let from = bang(line).map_or(place.start, |(from, _)| start + from);
    let place = place.at(from, start + line.len());
    let message = "a value that begins with `!` is a tag in YAML";
    report.error_with(Code::UnquotedCondition, place, message, whole(line, from - start));
}

fn whole(line: &str, from: usize) -> String {
    let value = line.get(from..).unwrap_or_default().trim();
    if value.is_empty() || value.contains('\'') {
        QUOTE_WHOLE.to_owned()
    } else {
        format!("quote it as a whole: '{value}'")
    }
}

fn line_before(source: &Source, line_start: usize) -> Option<(usize, &str)> {
    line_start.checked_sub(1).map(|end| source.line_at(end))
}

fn tab_in_indent(line: &str) -> Option<usize> {
    line.find(|c: char| c != ' ').filter(|at| line[*at..].starts_with('\t'))
}

/// The value of a line of the form `key: "text" more`.
fn quoted_then_more(line: &str) -> Option<(usize, usize)> {
    let from = line.find(": \"")? + 2;
    let rest = &line[from + 1..];
    let close = rest.find('"')?;
    let more = rest[close + 1..].trim();
    let continues = more.starts_with(|c: char| c.is_ascii_alphabetic() || "=!<>&|.+-*/".contains(c));
    continues.then(|| (from, line.trim_end().len()))
}

/// The value of a line of the form `key: !value`.
fn bang(line: &str) -> Option<(usize, usize)> {
    let from = line.find(": !").map(|at| at + 2)?;
    Some((from, line.trim_end().len()))
}

fn in_words(info: &str) -> (String, Option<String>) {
    let (message, hint) = match info {
        _ if info.contains("mapping values are not allowed") => {
            ("a `:` stands where no key can begin", "quote the value if it holds `: `, or check the indentation")
        }
        _ if info.contains("did not find expected key") || info.contains("expected '-'") || info.contains("indent") => {
            ("this line does not fit where it stands", "check its indentation, and the quotes of the line above")
        }
        _ if info.contains("expected node content") => {
            ("a value is missing here", "give it one, or close what was opened before")
        }
        _ if info.contains("',' or") || info.contains("flow") => {
            ("a `[` or `{` is not closed, or a comma is missing", "close it with `]` or `}`")
        }
        _ if info.contains("quoted scalar") || info.contains("end of stream") => {
            ("a quote is never closed", "close it, or quote the whole value with the other kind of quote")
        }
        _ if info.contains("simple key") => ("a key lacks its `:`", "write `key: value`"),
        _ => return (format!("the YAML is broken here: {info}"), None),
    };
    (message.to_owned(), Some(hint.to_owned()))
}
