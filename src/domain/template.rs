//! A template's parsed form and the values it needs: check reads it, render fills it.

use std::collections::BTreeSet;

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
