//! A name is only as good as what it names: this is what exists in the workspace.

use std::collections::{BTreeMap, BTreeSet};

use super::holidays::Lists;
use crate::compile::template::Parsed;
use crate::domain::condition::Type;

/// What a sequence may name. `None` lets any name pass, for versions stored long ago.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub lead: &'a BTreeMap<String, Type>,
    pub account: &'a BTreeMap<String, Type>,
    pub templates: &'a BTreeMap<String, Parsed>,
    /// The workspace's own lists of holidays.
    pub holidays: &'a Lists,
    /// None for a stored version.
    pub names: Option<Names<'a>>,
}

impl Known<'_> {
    /// Whether it is a version that was applied, to be read again: other files may have changed since, and rules may have.
    pub const fn is_stored(&self) -> bool {
        self.names.is_none()
    }
}

/// The names that other files declare.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Senders and pools of them.
    pub senders: &'a BTreeSet<String>,
    pub channels: &'a BTreeSet<String>,
    pub sequences: &'a BTreeSet<String>,
    /// Whether there is a team to hand a lead to.
    pub teams: bool,
}

/// The attributes every lead has.
pub fn standard_lead() -> BTreeMap<String, Type> {
    let text = ["email", "email_domain", "first_name", "last_name", "title", "phone", "company", "country", "region"];
    let more = ["city", "zone", "locale", "source", "authority", "need", "industry"];
    let others = [
        ("tags", Type::List),
        ("consent", Type::Bool),
        ("budget", Type::Number),
        ("employees", Type::Number),
        ("decide_by", Type::Date),
    ];
    let texts = text.into_iter().chain(more).map(|name| (name, Type::Text));
    texts.chain(others).map(|(name, kind)| (name.to_owned(), kind)).collect()
}

/// The attributes every account has.
pub fn standard_account() -> BTreeMap<String, Type> {
    ["name", "domain", "country", "zone"].into_iter().map(|name| (name.to_owned(), Type::Text)).collect()
}
