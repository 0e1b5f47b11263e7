//! What a text sees while it is filled: values where they lie, and all of them copied out only when Handlebars asks for a context.

use std::borrow::Cow;
use std::cell::OnceCell;

use handlebars::{Context, JsonRender, JsonTruthy};
use serde_json::{Value, json};

use super::context::{About, display_of, is_blank, is_blank_text, tidy};
use super::press::Into;
use super::values;

/// Where a value of a template lies.
pub(super) enum Place {
    Lead(String),
    Account(String),
    Company(String),
    Step(String),
    Handoff(String),
    Sender(String),
    UnsubscribeUrl,
    Pixel,
    Preheader,
}

/// What is seen there; nothing that is absent or blank.
pub(super) enum Seen<'a> {
    Text(Cow<'a, str>),
    Value(&'a Value),
}

/// All there is to see.
pub(super) struct Sight<'a> {
    about: &'a About<'a>,
    template: &'a str,
    made: Made,
    context: OnceCell<Context>,
}

/// What we make for a mail ourselves, as far as it is made; unlike a lead's values it may be empty.
#[derive(Default)]
pub(super) struct Made {
    pub unsubscribe_url: Option<String>,
    pub pixel: Option<String>,
    pub preheader: Option<String>,
    pub links: Option<Vec<String>>,
}

impl Place {
    /// The place that these names lead to, if it is one of those that are seen at once.
    pub fn of(names: &[&str]) -> Option<Self> {
        Some(match *names {
            ["unsubscribe_url"] => Self::UnsubscribeUrl,
            ["pixel"] => Self::Pixel,
            ["preheader"] => Self::Preheader,
            ["lead", key] => Self::Lead(key.to_owned()),
            ["account", key] => Self::Account(key.to_owned()),
            ["company", key] => Self::Company(key.to_owned()),
            ["step", key] => Self::Step(key.to_owned()),
            ["handoff", key] => Self::Handoff(key.to_owned()),
            ["sender", key] => Self::Sender(key.to_owned()),
            _ => return None,
        })
    }
}

impl<'a> Sight<'a> {
    pub fn new(about: &'a About<'a>, template: &'a str, made: Made) -> Self {
        Self { about, template, made, context: OnceCell::new() }
    }

    /// Lets the texts that follow see more.
    pub fn make(&mut self, change: impl FnOnce(&mut Made)) {
        change(&mut self.made);
        self.context.take();
    }

    pub fn links(&self) -> &[String] {
        self.made.links.as_deref().unwrap_or_default()
    }

    pub fn see(&self, place: &Place) -> Option<Seen<'_>> {
        let about = self.about;
        let (lead, text) = (about.lead, |text: &'a str| Seen::Text(Cow::Borrowed(text)));
        let seen = match place {
            Place::UnsubscribeUrl => return self.made.unsubscribe_url.as_deref().map(ours),
            Place::Pixel => return self.made.pixel.as_deref().map(ours),
            Place::Preheader => return self.made.preheader.as_deref().map(ours),
            Place::Lead(key) => match key.as_str() {
                "id" => Some(Seen::Text(Cow::Owned(lead.id.to_string()))),
                "email" => Some(text(lead.address.as_str())),
                "email_domain" => Some(text(lead.address.domain())),
                _ => lead.attributes.get(key).map(Seen::Value),
            },
            Place::Account(key) => match (about.account.get(key), key.as_str()) {
                (None, "domain") => lead.account.as_deref().map(text),
                (value, _) => value.map(Seen::Value),
            },
            Place::Company(key) => match key.as_str() {
                "name" => Some(text(&about.company.name)),
                "postal_address" => about.company.postal_address.as_deref().map(text),
                _ => None,
            },
            Place::Step(key) => about.step.get(key).map(Seen::Value),
            Place::Handoff(key) => about.handoff.and_then(|handoff| handoff.get(key)).map(Seen::Value),
            Place::Sender(key) => about.sender.and_then(|sender| match key.as_str() {
                "name" => Some(text(display_of(sender))),
                "first_name" => display_of(sender).split_whitespace().next().map(text),
                "email" | "address" => Some(text(&sender.address)),
                _ => None,
            }),
        };
        seen.filter(|seen| !seen.is_blank())
    }

    /// The same as Handlebars wants it.
    pub fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let mut root = self.about.root(self.template);
            let Made { unsubscribe_url, pixel, preheader, links } = &self.made;
            for (name, value) in [("unsubscribe_url", unsubscribe_url), ("pixel", pixel), ("preheader", preheader)] {
                if let Some(value) = value {
                    root.insert(name.to_owned(), json!(value));
                }
            }
            if let Some(links) = links {
                root["~"]["links"] = json!(links);
            }
            Context::from(Value::Object(root))
        })
    }
}

fn ours(text: &str) -> Seen<'_> {
    Seen::Text(Cow::Borrowed(text))
}

impl Seen<'_> {
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => is_blank_text(text),
            Self::Value(value) => is_blank(value),
        }
    }

    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Value(value @ (Value::Array(_) | Value::Object(_))) => tidy((*value).clone()).is_truthy(false),
            Self::Value(value) => value.is_truthy(false),
        }
    }

    /// As a value by itself is written.
    pub fn write(&self, into: Into, out: &mut String) {
        match self {
            Self::Text(text) => into.write(text, out),
            Self::Value(Value::String(text)) => into.write(text, out),
            Self::Value(value) => into.write(&tidy((*value).clone()).render(), out),
        }
    }

    /// As a helper writes it: a list in words.
    pub fn write_in_words(&self, into: Into, out: &mut String) {
        match self {
            Self::Value(value @ Value::Array(_)) => into.write(&values::shown(&tidy((*value).clone())), out),
            _ => self.write(into, out),
        }
    }
}
