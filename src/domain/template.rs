//! A template's parsed form and the values it needs: check reads it, render fills it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// One value a template asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The dotted path, for example `lead.first_name`.
    pub path: String,
    /// Whether a fallback stands beside it (`or`), so that a missing value is no error.
    pub optional: bool,
}

/// Where a link of a template leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// The same address for everybody.
    Fixed(String),
    /// A Handlebars text that makes the address; what it made is stored with the touch.
    Templated(String),
}

/// What a template makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Handlebars texts of both parts of a mail. A link stands as `{{link N}}`, N counting from 0 into `links`.
    Mail { subject: String, preheader: Option<String>, text: String, html: String, links: Vec<LinkTarget> },
    /// A Handlebars text that makes JSON.
    Json(String),
    /// A Handlebars text, as in `with:` values.
    Text(String),
}

/// A template, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its path under templates/, without the extension.
    pub name: String,
    /// The hash of its source: what a touch records, and what a link number is looked up by.
    pub version: String,
    pub body: Body,
    pub needs: BTreeSet<Need>,
    /// Files that go with a mail.
    pub attachments: Vec<Attachment>,
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// As the reader sees it.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub kind: &'static str,
    pub bytes: Arc<[u8]>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} bytes)", self.name, self.kind, self.bytes.len())
    }
}

impl Template {
    pub fn asks_for(&self, path: &str) -> bool {
        self.needs.iter().any(|need| need.path == path)
    }

    /// The links of a mail; none for other bodies.
    pub fn links(&self) -> &[LinkTarget] {
        match &self.body {
            Body::Mail { links, .. } => links,
            Body::Json(_) | Body::Text(_) => &[],
        }
    }
}
