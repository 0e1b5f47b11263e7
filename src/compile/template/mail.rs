//! From a template file to both parts of a mail, whatever it is written in.
//!
//! ```text
//! front matter ─ subject, preheader, layout
//! body + partials (+ layout of the same format) ─┬─ Markdown ─────────▶ text, HTML ─▶ page, or a layout in HTML or MJML
//!                                                ├─ MJML ─▶ HTML ─┐
//!                                                ├─ HTML ─────────┴──▶ HTML with our links ─▶ text
//!                                                └─ text ────────────▶ text
//! ```

use std::ops::Range;

use super::expression::Wrong;
use super::links::{Links, Odd};
use super::marks::{BODY, Marks};
use super::needs::Asked;
use super::tags::Tag;
use super::whole::{Whole, Writer};
use super::{Format, attached, bare, front, html, markdown, mjml, plain, shell, walked};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::domain::template::Body;

/// What a template asks for, with where.
type Needed = Vec<(Asked, Place)>;

/// Both parts of a mail while they are made.
#[derive(Default)]
struct Parts {
    text: String,
    html: String,
    links: Links,
    asked: Needed,
}

/// Reads the file of a mail; a text without a subject is a text. Whether it lacks a subject matters only where it is sent.
pub fn mail(format: Format, source: usize, writer: &mut Writer<'_>) -> (Body, Needed, bool) {
    let report = writer.report;
    let text = &report.source(source).text.clone();
    let (front, wrong) = front::front(text);
    let broken = !wrong.is_empty();
    let top = Whole::at(text, Place::top(source));
    for (code, wrong) in wrong {
        tell(code, wrong, &top, report);
    }
    let mut asked = Vec::new();
    let mut line = |range: &Option<Range<usize>>| -> Option<String> {
        let range = range.clone()?;
        let line = Whole::at(&text[range.clone()], Place { source, start: range.start, end: range.end });
        asked.extend(walked(&line, report).1);
        Some(line.text).filter(|line| !line.trim().is_empty())
    };
    let (subject, preheader) = (line(&front.subject), line(&front.preheader));
    if let Some(range) = front.attachments.clone() {
        writer.attached = attached::attached(text, (range, source), &writer.shared.files, report);
    }
    let whole = writer.body(source, front.body);
    if format == Format::Text && subject.is_none() && !broken {
        asked.extend(walked(&whole, report).1);
        return (Body::Text(whole.text), asked, false);
    }
    let lacks_subject = subject.is_none() && !broken;
    let subject = subject.unwrap_or_default();
    let layout = front.layout.as_ref().and_then(|range| {
        let place = Place { source, start: range.start, end: range.end };
        let (extension, number) = writer.layout(&text[range.clone()], place, format.layouts())?;
        Some(Layout { name: text[range.clone()].to_owned(), extension, number })
    });
    let mut parts = made((format, layout), whole, (&subject, preheader.is_some()), writer);
    asked.append(&mut parts.asked);
    let place = Place { source, start: front.body, end: front.body };
    confirm(&[&subject, &parts.text, &parts.html], place, writer);
    (
        Body::Mail { subject, preheader, text: parts.text, html: parts.html, links: parts.links.all },
        asked,
        lacks_subject,
    )
}

struct Layout {
    name: String,
    extension: &'static str,
    number: usize,
}

/// Makes both parts of a body in its layout.
fn made(
    (format, layout): (Format, Option<Layout>),
    body: Whole,
    (subject, has_preheader): (&str, bool),
    writer: &mut Writer<'_>,
) -> Parts {
    let (inner, outer) = match layout {
        Some(layout) if layout.extension == format.extension() => {
            (writer.around((&layout.name, layout.extension), layout.number, &body), None)
        }
        other => (body, other),
    };
    let mut parts = Parts::default();
    let page = |html: &str| shell::page(subject, has_preheader, html);
    match (format, outer) {
        (Format::Markdown, None) => {
            parts.add(Format::Markdown, &inner, writer.report);
            parts.html = page(&parts.html);
        }
        (Format::Markdown, Some(layout)) => {
            parts.add(Format::Markdown, &inner, writer.report);
            let place = inner.place(&(0..0));
            let outer = if layout.extension == "mjml" { Format::Mjml } else { Format::Html };
            writer.extensions = outer.partials();
            let hole = Whole::at(&BODY.to_string(), place);
            let whole = writer.around((&layout.name, layout.extension), layout.number, &hole);
            let (text, html) = (std::mem::take(&mut parts.text), std::mem::take(&mut parts.html));
            parts.add(outer, &whole, writer.report);
            parts.text = around(&parts.text, text.trim_end());
            parts.html = with_pixel(&parts.html.replace(BODY, &html), page);
        }
        (Format::Text | Format::Json, _) => parts.add(Format::Text, &inner, writer.report),
        (Format::Html | Format::Mjml, _) => {
            parts.add(format, &inner, writer.report);
            parts.html = with_pixel(&parts.html, page);
        }
    }
    parts
}

impl Parts {
    /// Reads a text in its format; what was read before gives way to it, but for the links.
    fn add(&mut self, format: Format, whole: &Whole, report: &Report) {
        if let Some(at) = Marks::clash(&whole.text).filter(|_| !whole.text.contains(BODY)) {
            let wrong = Wrong::new(at..at + 3, "this character is of a private area and shows nothing", None);
            return tell(Code::TemplateSyntax, wrong, whole, report);
        }
        let (tags, asked) = walked(whole, report);
        self.asked.extend(asked);
        let marks = Marks::new(&whole.text, 0..whole.text.len(), &tags);
        (self.text, self.html) = self.read(format, &marks, (whole, &tags), report);
        for odd in self.links.odd.drain(..) {
            match odd {
                Odd::Link(wrong) => tell(Code::BadLink, wrong, whole, report),
                Odd::Unsafe(wrong) => tell(Code::UnsafeHtml, wrong, whole, report),
                Odd::Html(wrong) => {
                    report.warn(Code::HtmlInMarkdown, whole.place(&wrong.span), wrong.message, wrong.hint);
                }
            }
        }
    }

    fn read(
        &mut self,
        format: Format,
        marks: &Marks<'_>,
        (whole, _): (&Whole, &[Tag]),
        report: &Report,
    ) -> (String, String) {
        let marked = match format {
            Format::Markdown => {
                let parts = markdown::parts(marks, &mut self.links);
                return (parts.text, parts.html);
            }
            Format::Text | Format::Json => {
                return (plain::text(&marks.marked(), marks, &mut self.links), String::new());
            }
            Format::Html => marks.marked(),
            Format::Mjml => {
                let warn = |wrong: Wrong| report.warn(Code::Mjml, whole.place(&wrong.span), wrong.message, wrong.hint);
                match mjml::html(&marks.marked(), marks, warn) {
                    Ok(html) => html,
                    Err(wrong) => {
                        tell(Code::Mjml, wrong, whole, report);
                        return Default::default();
                    }
                }
            }
        };
        let parts = html::parts(&marked, marks, &mut self.links);
        (marks.restore(&parts.text), marks.restore(&parts.html))
    }
}

/// The text of a layout with the body in it, at most one blank line between two lines.
fn around(layout: &str, body: &str) -> String {
    let mut text = layout.replace(BODY, &format!("{body}\n"));
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

fn tell(code: Code, wrong: Wrong, whole: &Whole, report: &Report) {
    report.error_with(code, whole.place(&wrong.span), wrong.message, wrong.hint);
}

/// HTML with the open pixel at its end; a piece of HTML gets the page that Markdown gets.
fn with_pixel(html: &str, page: impl Fn(&str) -> String) -> String {
    let lower = html.to_ascii_lowercase();
    if !lower.contains("<body") && !lower.contains("<html") {
        return page(html);
    }
    let at = lower.rfind("</body").or_else(|| lower.rfind("</html")).unwrap_or(html.len());
    format!("{}{{{{{{pixel}}}}}}{}", &html[..at], &html[at..])
}

/// The template library must agree that the texts can be rendered; it is asked only when nothing was told before, and about each piece once.
fn confirm(texts: &[&str], place: Place, writer: &Writer<'_>) {
    let (report, mut taken) = (writer.report, writer.shared.taken.borrow_mut());
    if report.errors() > 0 {
        return;
    }
    for piece in texts.iter().flat_map(|text| bare::pieces(text)) {
        if taken.contains(&piece) {
            continue;
        }
        match handlebars::Template::compile(&piece) {
            Ok(_) => drop(taken.insert(piece)),
            Err(error) => {
                let reason = error.reason().to_string();
                let message =
                    format!("this template cannot be rendered: {}", reason.lines().next().unwrap_or_default());
                let hint = "look for a brace or a quote too many in this file".to_owned();
                report.error_with(Code::TemplateSyntax, place, message, hint);
            }
        }
    }
}
