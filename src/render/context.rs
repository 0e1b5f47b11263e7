//! What a template may speak of. Null and blank values are left out, so that the strict renderer takes them for missing.

use serde_json::{Map, Value, json};

use crate::domain::address::EmailAddress;
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::message::Thread;
use crate::domain::playbook::{Company, Sender};
use crate::domain::time::Instant;
use crate::seal::Seal;

/// Whom and what a text is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    pub lead: &'a Lead,
    /// The account's attributes; `account.domain` is added.
    pub account: &'a Map<String, Value>,
    pub sender: Option<&'a Sender>,
    pub company: &'a Company,
    /// `step.*`: what the step and its trigger bring.
    pub step: &'a Map<String, Value>,
    /// `handoff.*` of alerts.
    pub handoff: Option<&'a Map<String, Value>>,
    /// The lead's zone, an IANA name; UTC if it is none.
    pub zone: &'a str,
}

/// What a mail needs beside what it is about.
#[derive(Clone, Copy, Debug)]
pub struct MailContext<'a> {
    pub about: About<'a>,
    pub touch: &'a TouchId,
    pub to: &'a EmailAddress,
    pub from: &'a Sender,
    /// The sequence's name and the step's id: they name the stream in List-Id and Feedback-ID.
    pub sequence: &'a str,
    pub step: &'a str,
    /// Whether people can unsubscribe from it: false for transactional mail and for mails to our own people.
    pub bulk: bool,
    /// The mails it follows up, if it belongs to a thread.
    pub thread: Option<&'a Thread>,
    pub track: Track,
    pub seal: &'a Seal,
    /// Without a slash at its end.
    pub public_url: &'a str,
    /// The Date header, and the day in the tokens.
    pub date: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    pub opens: bool,
    pub clicks: bool,
}

impl About<'_> {
    /// Everything a template may name, and under `~` what helpers need to know.
    pub(super) fn root(&self, template: &str) -> Map<String, Value> {
        let mut root = Map::new();
        root.insert("lead".to_owned(), self.lead_values());
        root.insert("account".to_owned(), self.account_values());
        root.insert(
            "company".to_owned(),
            tidy(json!({ "name": self.company.name, "postal_address": self.company.postal_address })),
        );
        root.insert("step".to_owned(), tidy(Value::Object(self.step.clone())));
        root.insert("handoff".to_owned(), tidy(Value::Object(self.handoff.cloned().unwrap_or_default())));
        root.insert("sender".to_owned(), self.sender.map_or_else(|| json!({}), sender_values));
        let dice = json!({ "lead": self.lead.id.as_str(), "template": template, "zone": self.zone });
        root.insert("~".to_owned(), dice);
        root
    }

    fn lead_values(&self) -> Value {
        let mut values: Map<String, Value> = self.lead.attributes.clone().into_iter().collect();
        values.insert("id".to_owned(), json!(self.lead.id.to_string()));
        values.insert("email".to_owned(), json!(self.lead.address.as_str()));
        values.insert("email_domain".to_owned(), json!(self.lead.address.domain()));
        tidy(Value::Object(values))
    }

    fn account_values(&self) -> Value {
        let mut values = self.account.clone();
        if let Some(domain) = &self.lead.account {
            values.entry("domain").or_insert_with(|| json!(domain));
        }
        tidy(Value::Object(values))
    }
}

fn sender_values(sender: &Sender) -> Value {
    let name = display_of(sender);
    let first = name.split_whitespace().next();
    tidy(json!({ "name": name, "first_name": first, "email": sender.address, "address": sender.address }))
}

/// What a sender is called in a text.
pub(super) fn display_of(sender: &Sender) -> &str {
    sender.display.as_deref().unwrap_or(&sender.name)
}

/// Takes null and blank values out of objects and lists.
pub(super) fn tidy(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().map(|(key, value)| (key, tidy(value))).filter(|(_, value)| !is_blank(value)).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(tidy).filter(|item| !is_blank(item)).collect()),
        other => other,
    }
}

/// Null, and texts of nothing but white space.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => is_blank_text(text),
        _ => false,
    }
}

pub(super) fn is_blank_text(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control())
}
