//! A webhook body must make JSON whatever the values are; what can be seen of that without values is seen here.

use super::tags::{Kind, Tag};
use super::whole::Whole;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Source;

/// Reads the template with a sample in the place of each value. Where blocks come and go only rendering can tell.
pub fn check(whole: &Whole, tags: &[Tag], report: &Report) {
    let text = whole.text.as_str();
    let has_blocks = tags.iter().any(|tag| !matches!(tag.kind, Kind::Value(_) | Kind::Comment));
    if has_blocks || report.errors() > 0 {
        return;
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&sample(text, tags)) {
        let at = Source::new("", text).byte(error.line(), error.column().max(1));
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let message = format!("this does not make JSON: {reason}");
        let hint = "texts stand in double quotes; numbers and true or false stand without".to_owned();
        report.error_with(Code::TemplateJson, whole.place(&(at..at + 1)), message, hint);
    }
}

/// Each tag becomes digits of its own length, which are a number outside of quotes and a text inside.
fn sample(text: &str, tags: &[Tag]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for tag in tags {
        out.push_str(&text[at..tag.span.start]);
        let fill = if matches!(tag.kind, Kind::Comment) { " " } else { "1" };
        let length = text[tag.span.clone()].chars().count();
        out.push_str(&fill.repeat(length));
        at = tag.span.end;
    }
    out + &text[at..]
}
