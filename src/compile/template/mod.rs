//! Templates: what people write, parsed once, checked before anybody is mailed.

mod attached;
mod bare;
mod expression;
mod front;
mod html;
mod json;
mod law;
mod links;
mod literals;
mod mail;
mod markdown;
mod marks;
mod mjml;
mod needs;
mod paper;
mod plain;
mod prose;
mod shell;
mod tags;
mod values;
mod whole;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use attached::can_be as can_be_attached;
#[cfg(test)]
pub use front::KEYS as FRONT_KEYS;
use needs::Asked;
#[cfg(test)]
pub use needs::HELPERS;
use tags::Tag;
pub use values::Use;
pub use whole::{Parts, Shared};
use whole::{Whole, Writer};

use super::diagnostic::{Code, Report};
use super::hash;
use super::source::Place;
use crate::domain::condition::Type;
use crate::domain::template::{Attachment, Body, Need, Template};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Html,
    Mjml,
    Text,
    Json,
}

impl Format {
    const ALL: [Self; 5] = [Self::Markdown, Self::Html, Self::Mjml, Self::Text, Self::Json];

    pub fn of(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Mjml => "mjml",
            Self::Text => "txt",
            Self::Json => "json",
        }
    }

    /// The formats of partials it can show, best first.
    const fn partials(self) -> &'static [&'static str] {
        match self {
            Self::Markdown => &["md", "txt"],
            Self::Html => &["html", "txt"],
            Self::Mjml => &["mjml", "html", "txt"],
            Self::Text => &["txt"],
            Self::Json => &["json", "txt"],
        }
    }

    /// The formats of layouts that can stand around it, best first.
    const fn layouts(self) -> &'static [&'static str] {
        match self {
            Self::Markdown => &["md", "html", "mjml"],
            Self::Html => &["html"],
            Self::Mjml => &["mjml"],
            Self::Text => &["txt"],
            Self::Json => &[],
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
    /// The partials and layouts in it, by their path under templates/.
    pub used: Parts,
    /// The files that go with it, by their path under templates/.
    pub attached: Vec<(String, Attachment)>,
    asked: Vec<(Asked, Place)>,
    /// It is made as a mail is and has no subject, which nobody was told yet.
    lacks_subject: Cell<bool>,
}

/// Reads a template file; what is broken is told. A broken one is still given back, so that its users are not told it is missing.
pub fn parse(name: &str, format: Format, source: usize, (shared, report): (&Shared, &Report)) -> Parsed {
    let mut writer = Writer { shared, report, extensions: format.partials(), used: Parts::new(), attached: Vec::new() };
    let (body, asked, lacks_subject) = match format {
        Format::Markdown | Format::Html | Format::Mjml | Format::Text => mail::mail(format, source, &mut writer),
        Format::Json => {
            let whole = writer.body(source, 0);
            let (tags, asked) = walked(&whole, report);
            json::check(&whole, &tags, report);
            (Body::Json(whole.text), asked, false)
        }
    };
    let (used, attached) = (writer.used, writer.attached);
    let parts = used.iter().map(|(path, number)| (path, report.source(*number)));
    let mut texts = vec![report.source(source).text.clone()];
    texts.extend(parts.flat_map(|(path, part)| [path.clone(), part.text.clone()]));
    let files = attached.iter().flat_map(|(path, file)| [path.as_bytes(), &file.bytes]);
    let template = template(name, texts.iter().map(String::as_bytes).chain(files), body, &asked);
    let attachments = attached.iter().map(|(_, file)| file.clone()).collect();
    let template = Arc::new(Template { attachments, ..template });
    Parsed { template, format, source, used, attached, asked, lacks_subject: Cell::new(lacks_subject) }
}

/// Reads a text template that stands inside another file; `place` is where.
pub fn inline(name: &str, text: &str, place: Place, report: &Report) -> Parsed {
    let (tags, mut wrong) = tags::scan(text);
    let (asked, more) = needs::needs(&tags);
    wrong.extend(more);
    let told = wrong.into_iter().map(|one| (Code::TemplateSyntax, one));
    for (code, mistake) in told.chain(literals::wrong(&tags).into_iter().map(|one| (Code::BadValue, one))) {
        report.error_with(code, place, mistake.message, mistake.hint);
    }
    let asked: Vec<(Asked, Place)> = asked.into_iter().map(|asked| (asked, place)).collect();
    let template = Arc::new(template(name, [text.as_bytes()], Body::Text(text.to_owned()), &asked));
    let (used, attached, lacks_subject) = (Parts::new(), Vec::new(), Cell::new(false));
    Parsed { template, format: Format::Json, source: place.source, used, attached, asked, lacks_subject }
}

fn template<'a>(
    name: &str,
    texts: impl IntoIterator<Item = &'a [u8]>,
    body: Body,
    asked: &[(Asked, Place)],
) -> Template {
    let need = |(one, _): &(Asked, Place)| Need { path: one.path.clone(), optional: one.optional };
    let needs = asked.iter().map(need).collect::<BTreeSet<_>>();
    Template { name: name.to_owned(), version: hash(texts), body, needs, attachments: Vec::new() }
}

/// The tags of a text and what they ask for, each with its place; mistakes are told.
fn walked(whole: &Whole, report: &Report) -> (Vec<Tag>, Vec<(Asked, Place)>) {
    let (tags, wrong) = tags::scan(&whole.text);
    let (asked, helpers) = needs::needs(&tags);
    let told = wrong.into_iter().map(|one| (Code::TemplateSyntax, one));
    let unknown = helpers.into_iter().map(|one| (Code::UnknownHelper, one));
    let literals = literals::wrong(&tags).into_iter().map(|one| (Code::BadValue, one));
    for (code, wrong) in told.chain(unknown).chain(literals) {
        report.error_with(code, whole.place(&wrong.span), wrong.message, wrong.hint);
    }
    let asked = asked.into_iter().map(|asked| (whole.place(&asked.span), asked)).map(|(place, asked)| (asked, place));
    (tags, asked.collect())
}

impl Parsed {
    /// Tells the values that no lead can have.
    pub fn check_values(&self, lead: &BTreeMap<String, Type>, account: &BTreeMap<String, Type>, report: &Report) {
        for (asked, place) in &self.asked {
            if let Some(hint) = values::unknown(asked, lead, account) {
                let message = format!("no lead can have a value `{}`", asked.path);
                report.error_with(Code::UnknownValue, *place, message, hint);
            }
        }
    }

    /// Tells what does not fit where it is used: the wrong kind of body, or a value that does not exist there.
    pub fn fits(&self, place: Use, user: Place, report: &Report) {
        let name = &self.template.name;
        match (place, &self.template.body) {
            (Use::Mail | Use::Acknowledgement, Body::Json(_)) => {
                let message = format!("`{name}` makes JSON; a mail needs Markdown, HTML, MJML or a text");
                report.error_with(Code::WrongTemplateKind, user, message, format!("write templates/{name}.md"));
            }
            (Use::Mail | Use::Acknowledgement, Body::Text(_)) => {
                let message = format!("`{name}` makes a text without a subject, and a mail needs one");
                let hint = format!("begin templates/{name}.txt with `---`, `subject: …`, `---`");
                report.error_with(Code::WrongTemplateKind, user, message, hint);
            }
            (Use::Mail | Use::Acknowledgement, Body::Mail { .. }) if self.lacks_subject.take() => {
                let hint = "begin the file with `---`, `subject: …`, `---`".to_owned();
                report.error_with(Code::MissingSubject, Place::top(self.source), "this mail has no subject", hint);
            }
            (Use::Notes, Body::Json(_)) => {
                let message = format!("`{name}` makes JSON; notes are read by a person");
                report.error_with(Code::WrongTemplateKind, user, message, format!("write templates/{name}.md"));
            }
            (Use::Webhook, Body::Mail { .. }) => {
                let message =
                    format!("`{name}` makes a mail; a webhook needs a JSON template, or a text without a subject");
                report.error_with(Code::WrongTemplateKind, user, message, format!("write templates/{name}.json"));
            }
            _ => {}
        }
        for (asked, at) in self.asked.iter().filter(|(asked, _)| !values::exists_in(&asked.path, place)) {
            let what = match place {
                Use::Mail => "a mail of a sequence",
                Use::Webhook => "a webhook",
                Use::Notes => "a task",
                Use::Acknowledgement => "an after-hours mail",
            };
            let message = format!("`{}` does not exist in {what}", asked.path);
            report.error_with(Code::ValueOutOfPlace, *at, message, values::there_are(place));
        }
    }

    /// Tells that it asks for the sender of a sequence that has none.
    pub fn without_sender(&self, report: &Report) {
        for (asked, at) in &self.asked {
            if asked.path.starts_with("sender.") && !asked.optional {
                let message = format!("`{}` does not exist here: the sequence is from nobody", asked.path);
                report.error_with(Code::ValueOutOfPlace, *at, message, "add `send: {from: …}`".to_owned());
            }
        }
    }
}
