//! A lead, a sender and a template to render with, and the least that a test must say about them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use overture::domain::address::EmailAddress;
use overture::domain::id::TouchId;
use overture::domain::lead::Lead;
use overture::domain::message::Thread;
use overture::domain::playbook::{Company, Sender};
use overture::domain::template::{Body, LinkTarget, Template};
use overture::domain::time::{Instant, Millis};
use overture::render::{About, MailContext, Refuse, Rendered, Renderer, Track};
use overture::seal::Seal;
use serde_json::{Map, Value, json};

pub const TOUCH: &str = "3z41vb6m8tq0x9rjkw5nhc2def";
/// 2026-11-20T08:00:00Z.
pub const DATE: Instant = Instant(1_795_161_600_000);

pub static SEAL: LazyLock<Seal> = LazyLock::new(|| Seal::new(&[42; 32]));
static RENDERER: LazyLock<Renderer> = LazyLock::new(Renderer::new);

/// Everything a test may turn before it renders.
pub struct Stage {
    pub lead: Lead,
    pub account: Map<String, Value>,
    pub sender: Sender,
    pub template: Template,
    pub thread: Option<Thread>,
    pub track: Track,
    pub bulk: bool,
    pub public_url: &'static str,
}

pub fn lead(attributes: &Value) -> Lead {
    serde_json::from_value(json!({
        "id": "00000000000000000000000007", "address": "zoe@xn--bcher-kva.example", "account": "xn--bcher-kva.example",
        "created_at": 0, "seq": 1, "stage": "lead", "stage_since": 0, "attributes": attributes,
    }))
    .unwrap()
}

pub fn template(subject: &str, text: &str, html: &str, links: &[LinkTarget]) -> Template {
    let body = Body::Mail {
        subject: subject.to_owned(),
        preheader: None,
        text: text.to_owned(),
        html: html.to_owned(),
        links: links.to_vec(),
    };
    of(body)
}

pub fn of(body: Body) -> Template {
    Template {
        name: "trial/welcome".to_owned(),
        version: "v1".to_owned(),
        body,
        needs: BTreeSet::new(),
        attachments: Vec::new(),
    }
}

impl Stage {
    pub fn new(attributes: &Value, template: Template) -> Self {
        let sender = Sender {
            name: "growth".to_owned(),
            display: Some("Maya Lindqvist".to_owned()),
            address: "maya@northwind.example".to_owned(),
            reply_to: None,
            bounce_domain: "bounces.northwind.example".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            per_day: None,
            gap: Millis::ZERO,
        };
        Self {
            lead: lead(attributes),
            account: Map::new(),
            sender,
            template,
            thread: None,
            track: Track { opens: true, clicks: true },
            bulk: true,
            public_url: "https://go.northwind.example",
        }
    }

    pub fn mail(&self) -> Result<Rendered, Refuse> {
        let company =
            Company { name: "Northwind".to_owned(), postal_address: Some("12 Harbour Street, Berlin".to_owned()) };
        let touch = TouchId(TOUCH.to_owned());
        RENDERER.mail(
            &self.template,
            &MailContext {
                about: self.about(&company, &Map::new()),
                touch: &touch,
                to: &EmailAddress::parse("zoe@bücher.example").unwrap(),
                from: &self.sender,
                sequence: "trial-nurture",
                step: "welcome",
                bulk: self.bulk,
                thread: self.thread.as_ref(),
                track: self.track,
                seal: &SEAL,
                public_url: self.public_url,
                date: DATE,
            },
        )
    }

    pub fn json(&self) -> Result<Value, Refuse> {
        RENDERER.json(&self.template, &self.about(&Company::default(), &Map::new()))
    }

    pub fn text(&self) -> Result<String, Refuse> {
        RENDERER.text(&self.template, &self.about(&Company::default(), &Map::new()))
    }

    fn about<'a>(&'a self, company: &'a Company, step: &'a Map<String, Value>) -> About<'a> {
        About {
            lead: &self.lead,
            account: &self.account,
            sender: Some(&self.sender),
            company,
            step,
            handoff: None,
            zone: "Europe/Berlin",
        }
    }
}

/// What a text template makes of these attributes.
pub fn said(source: &str, attributes: &Value) -> Result<String, Refuse> {
    Stage::new(attributes, of(Body::Text(source.to_owned()))).text()
}
