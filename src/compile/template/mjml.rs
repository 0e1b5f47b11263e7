//! MJML becomes HTML once, when the template is read; nothing is fetched for it, and nothing of it is left for when mails are made.

use std::collections::HashMap;

use mrml::prelude::parser::{Error, ParserOptions, Span, WarningKind};
use mrml::prelude::render::RenderOptions;

use super::expression::Wrong;
use super::marks::Marks;

/// Elements that may be open at once; mails of tables in tables have some thirty.
const DEEPEST: usize = 128;
/// Elements of HTML that are never closed.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Turns a marked MJML text into marked HTML; warnings are told to `warn`.
pub fn html(marked: &str, marks: &Marks<'_>, mut warn: impl FnMut(Wrong)) -> Result<String, Wrong> {
    if let Some(at) = too_deep(marked) {
        let message = format!("more than {DEEPEST} elements are open here, one in another");
        return Err(Wrong::new(
            marks.original(at)..marks.original(at + 1),
            message,
            "close those that have ended".to_owned(),
        ));
    }
    let span = |at: Span| marks.original(at.start)..marks.original(at.end.max(at.start));
    let parsed = mrml::parse_with_options(marked, &ParserOptions::default()).map_err(|error| wrong(&error, span))?;
    for warning in parsed.warnings {
        let message = match warning.kind {
            WarningKind::UnexpectedAttribute => "MJML knows no such attribute here, and leaves it out",
            WarningKind::InlineStyleUnsupported => "`inline` styles are not moved into the elements",
        };
        warn(Wrong::new(span(warning.span), message, None));
    }
    // Fonts of others would be fetched by the reader's mail program, which tells them who reads what.
    let options = RenderOptions { fonts: HashMap::new(), ..RenderOptions::default() };
    let broken = |error: &dyn std::fmt::Display| Wrong::new(0..0, format!("this MJML makes no mail: {error}"), None);
    let html = parsed.element.render(&options).map_err(|error| broken(&error))?;
    // The library writes attributes of HTML inside of texts as Rust would, and so our marks by their numbers.
    let html = html.replace("\\u{e000}", "\u{e000}").replace("\\u{e001}", "\u{e001}").replace("\\u{e002}", "\u{e002}");
    match html.find("<mj-") {
        // An element it does not know comes out as it went in.
        Some(at) => {
            let rest = &html[at..];
            let name = &rest[..rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len())];
            let message = format!("MJML has no `{name}>` here");
            Err(Wrong::new(
                marks.locate(name),
                message,
                "its components are listed at https://documentation.mjml.io".to_owned(),
            ))
        }
        None => Ok(html),
    }
}

/// Where more elements are open than anybody writes: the library reads them one within another, and would run out of stack.
fn too_deep(text: &str) -> Option<usize> {
    let (mut at, mut open) = (0, 0_usize);
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        let length = rest.find(end).map_or(rest.len(), |length| length + end.len());
        let name =
            rest[1..length].split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
        if rest.starts_with("</") {
            open = open.saturating_sub(1);
        } else if name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !rest[..length].ends_with("/>")
            && !VOID.contains(&name.to_ascii_lowercase().as_str())
        {
            open += 1;
            if open > DEEPEST {
                return Some(start);
            }
        }
        at = start + length;
    }
    None
}

fn wrong(error: &Error, span: impl Fn(Span) -> std::ops::Range<usize>) -> Wrong {
    let blocks = "expressions that show nothing, such as `{{#if}}`, stand in texts or in `<mj-raw>` between components";
    match error {
        Error::UnexpectedElement { position, .. } => Wrong::new(
            span(*position),
            "this element cannot stand here in MJML",
            "mail components begin with `mj-`".to_owned(),
        ),
        Error::UnexpectedToken { position, .. } => {
            Wrong::new(span(*position), "this cannot stand here in MJML", blocks.to_owned())
        }
        Error::MissingAttribute { name, position, .. } => {
            Wrong::new(span(*position), format!("this element needs `{name}`"), None)
        }
        Error::InvalidAttribute { position, .. } => Wrong::new(span(*position), "this attribute cannot be read", None),
        Error::InvalidFormat { position, .. } => Wrong::new(span(*position), "this cannot be read as MJML", None),
        Error::IncludeLoaderError { position, .. } => {
            let hint = "write it as a partial: `{{> name}}`".to_owned();
            Wrong::new(span(*position), "`mj-include` reads no files here", hint)
        }
        Error::EndOfStream { .. } => Wrong::new(0..0, "this MJML ends too early: an element is not closed", None),
        Error::NoRootNode => Wrong::new(0..0, "this is no MJML: it begins with `<mjml>`", None),
        Error::SizeLimit { .. } | Error::ParserError { .. } => {
            Wrong::new(0..0, format!("this MJML cannot be read: {}", reason(error)), None)
        }
    }
}

fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
