//! Templates: what people write, parsed once, checked before anybody is mailed.

mod bare;
mod expression;
mod front;
mod json;
mod markdown;
mod marks;
mod needs;
mod paper;
mod shell;
mod tags;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use expression::Wrong;
use marks::Marks;
use needs::Asked;
#[cfg(test)]
pub use needs::HELPERS;
use tags::Tag;
pub use values::Use;

use super::diagnostic::{Code, Report};
use super::hash;
use super::source::Place;
use crate::domain::condition::Type;
use crate::domain::sequence::Kind;
use crate::domain::template::{Body, Need, Template};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Json,
}

impl Format {
    pub fn of(extension: &str) -> Option<Self> {
        match extension {
            "md" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }
}

/// A template with what check needs to know of its source.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub template: Arc<Template>,
    pub format: Format,
    /// The number of its source.
    pub source: usize,
    asked: Vec<Asked>,
}

/// Reads a template file; what is broken is told. A broken one is still given back, so that its users are not told it is missing.
pub fn parse(name: &str, format: Format, source: usize, report: &Report) -> Parsed {
    let text = &report.source(source).text;
    let (body, asked) = match format {
        Format::Markdown => mail(text, source, report),
        Format::Json => {
            let (tags, asked) = walked(text, 0..text.len(), source, report);
            json::check(text, &tags, source, report);
            (Body::Json(text.clone()), asked)
        }
    };
    Parsed { template: template(name, text, body, &asked), format, source, asked }
}

/// Reads a text template that stands inside another file; `place` is where.
pub fn inline(name: &str, text: &str, place: Place, report: &Report) -> Parsed {
    let (tags, mut wrong) = tags::scan(text);
    let (asked, more) = needs::needs(&tags);
    wrong.extend(more);
    for mistake in wrong {
        report.error_with(Code::TemplateSyntax, place, mistake.message, mistake.hint);
    }
    let body = Body::Text(text.to_owned());
    let asked: Vec<Asked> = asked.into_iter().map(|asked| Asked { span: place.start..place.end, ..asked }).collect();
    Parsed { template: template(name, text, body, &asked), format: Format::Json, source: place.source, asked }
}

fn template(name: &str, source: &str, body: Body, asked: &[Asked]) -> Arc<Template> {
    let needs =
        asked.iter().map(|one| Need { path: one.path.clone(), optional: one.optional }).collect::<BTreeSet<_>>();
    Arc::new(Template { name: name.to_owned(), version: hash([source.as_bytes()]), body, needs })
}

fn mail(text: &str, source: usize, report: &Report) -> (Body, Vec<Asked>) {
    let tell = |code, wrong: Wrong| {
        let place = Place { source, start: wrong.span.start, end: wrong.span.end };
        report.error_with(code, place, wrong.message, wrong.hint);
    };
    let (front, wrong) = front::front(text);
    let broken = !wrong.is_empty();
    for (code, wrong) in wrong {
        tell(code, wrong);
    }
    if let Some(at) = Marks::clash(text) {
        tell(
            Code::TemplateSyntax,
            Wrong::new(at..at + 3, "this character is of a private area and shows nothing", None),
        );
        return (Body::Text(String::new()), Vec::new());
    }
    let mut asked = Vec::new();
    let mut line = |range: &Option<Range<usize>>| -> Option<String> {
        let range = range.clone()?;
        asked.extend(walked(text, range.clone(), source, report).1);
        Some(text[range].to_owned()).filter(|line| !line.trim().is_empty())
    };
    let (subject, preheader) = (line(&front.subject), line(&front.preheader));
    if subject.is_none() && !broken {
        let hint = "begin the file with `---`, `subject: …`, `---`".to_owned();
        tell(Code::MissingSubject, Wrong::new(0..0, "this mail has no subject", hint));
    }
    let (tags, more) = walked(text, front.body..text.len(), source, report);
    asked.extend(more);
    let marks = Marks::new(text, front.body..text.len(), &tags);
    let (parts, odd) = markdown::parts(&marks);
    for odd in odd {
        match odd {
            markdown::Odd::Link(wrong) => tell(Code::BadLink, wrong),
            markdown::Odd::Html(wrong) => {
                let place = Place { source, start: wrong.span.start, end: wrong.span.end };
                report.warn(Code::HtmlInMarkdown, place, wrong.message, wrong.hint);
            }
        }
    }
    let subject = subject.unwrap_or_default();
    let html = shell::page(&subject, preheader.is_some(), &parts.html);
    confirm(&[&subject, &parts.text, &html], front.body, source, report);
    (Body::Mail { subject, preheader, text: parts.text, html, links: parts.links }, asked)
}

/// The tags of a stretch of a file and what they ask for; mistakes are told.
fn walked(text: &str, range: Range<usize>, source: usize, report: &Report) -> (Vec<Tag>, Vec<Asked>) {
    let base = range.start;
    let (tags, wrong) = tags::scan(&text[range]);
    let (asked, helpers) = needs::needs(&tags);
    let told = wrong.into_iter().map(|one| (Code::TemplateSyntax, one));
    let unknown = helpers.into_iter().map(|one| (Code::UnknownHelper, one));
    for (code, wrong) in told.chain(unknown) {
        let place = Place { source, start: base + wrong.span.start, end: base + wrong.span.end };
        report.error_with(code, place, wrong.message, wrong.hint);
    }
    let shifted = |span: Range<usize>| base + span.start..base + span.end;
    let tags = tags.into_iter().map(|tag| Tag { span: shifted(tag.span), kind: tag.kind }).collect();
    let asked = asked.into_iter().map(|asked| Asked { span: shifted(asked.span.clone()), ..asked }).collect();
    (tags, asked)
}

/// The template library must agree that the texts can be rendered; it is asked only when nothing was told before.
fn confirm(texts: &[&str], at: usize, source: usize, report: &Report) {
    if report.errors() > 0 {
        return;
    }
    for error in texts.iter().filter_map(|text| handlebars::Template::compile(&bare::bare(text)).err()) {
        let place = Place { source, start: at, end: at };
        let reason = error.reason().to_string();
        let message = format!("this template cannot be rendered: {}", reason.lines().next().unwrap_or_default());
        report.error(Code::TemplateSyntax, place, message);
    }
}

impl Parsed {
    /// Tells the values that no lead can have.
    pub fn check_values(&self, lead: &BTreeMap<String, Type>, account: &BTreeMap<String, Type>, report: &Report) {
        for asked in &self.asked {
            if let Some(hint) = values::unknown(asked, lead, account) {
                let message = format!("no lead can have a value `{}`", asked.path);
                report.error_with(Code::UnknownValue, self.at(&asked.span), message, hint);
            }
        }
    }

    /// Tells what does not fit where it is used: the wrong kind of body, or a value that does not exist there.
    pub fn fits(&self, place: Use, user: Place, report: &Report) {
        let name = &self.template.name;
        match (place, &self.template.body) {
            (Use::Mail | Use::Acknowledgement, Body::Json(_)) => {
                let message = format!("`{name}` makes JSON; a mail needs a Markdown template");
                report.error_with(Code::WrongTemplateKind, user, message, format!("write templates/{name}.md"));
            }
            (Use::Webhook, Body::Mail { .. }) => {
                let message = format!("`{name}` makes a mail; a webhook needs a JSON template");
                report.error_with(Code::WrongTemplateKind, user, message, format!("write templates/{name}.json"));
            }
            _ => {}
        }
        for asked in self.asked.iter().filter(|asked| !values::exists_in(&asked.path, place)) {
            let what = match place {
                Use::Mail => "a mail of a sequence",
                Use::Webhook => "a webhook",
                Use::Acknowledgement => "an after-hours mail",
            };
            let message = format!("`{}` does not exist in {what}", asked.path);
            report.error(Code::ValueOutOfPlace, self.at(&asked.span), message);
        }
    }

    /// Tells what the law wants in a mail of this kind and is not there.
    pub fn lawful(&self, kind: Kind, has_address: bool, (user, report): (Place, &Report)) {
        if kind == Kind::Transactional || self.format != Format::Markdown {
            return;
        }
        let name = &self.template.name;
        if !self.template.asks_for("unsubscribe_url") {
            let hint = format!("add to templates/{name}.md: `[Unsubscribe]({{{{unsubscribe_url}}}})`");
            let message = format!("`{name}` is a {} mail without an unsubscribe link", kind.as_str());
            report.error_with(Code::NoUnsubscribe, user, message, hint);
        }
        if !self.template.asks_for("company.postal_address") {
            let hint = format!("add to templates/{name}.md: `{{{{company.name}}}}, {{{{company.postal_address}}}}`");
            let message = format!("`{name}` is a {} mail without the company's postal address", kind.as_str());
            report.error_with(Code::NoPostalAddress, user, message, hint);
        } else if !has_address {
            let hint = "add `company: {name: …, postal_address: …}` to config/overture.yaml".to_owned();
            let message = format!("`{name}` shows the company's postal address, and there is none");
            report.error_with(Code::NoPostalAddress, user, message, hint);
        }
    }

    fn at(&self, span: &Range<usize>) -> Place {
        Place { source: self.source, start: span.start, end: span.end }
    }
}
