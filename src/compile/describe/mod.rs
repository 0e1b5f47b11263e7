//! What the files may say, described once: editors, the reference of the language and its JSON Schemas are all made from here.
//!
//! ```text
//! *.yaml ──read──▶ Language ──schema────▶ `overture schema …`, docs/schemas/     (editors complete, explain and check)
//!                           └─reference─▶ `overture schema reference`, docs/language.md
//! ```
//! The parser has the last word on what is right. That both speak of the same keys is a test beside this: it reads the constants
//! `Keys` of `check`, so a key that is parsed and not described here cannot pass.

mod read;
mod reference;
mod schema;
mod shape;

#[cfg(test)]
mod tests;

pub use reference::reference;
pub use schema::schema;

use read::{Speech, language};
use shape::Shape;

use super::files::{CONFIG, Role, role};

/// The files that have a schema: the word for `overture schema`, and the mapping a file consists of.
pub const FILES: [(&str, &str); 6] = [
    ("sequence", "a sequence"),
    ("config", "the workspace file"),
    ("scoring", "the scoring file"),
    ("team", "the team file"),
    ("test", "a file of tests"),
    ("behaviour", "a file of behaviour"),
];

/// The schema of a file, by its path in the workspace; `None` for files that have none.
pub fn schema_of(path: &str) -> Option<&'static str> {
    match role(path) {
        Role::Config if path == CONFIG[0] => Some("config"),
        Role::Config if path == CONFIG[1] => Some("scoring"),
        Role::Config => Some("team"),
        Role::Sequence { .. } => Some("sequence"),
        Role::Test { .. } => Some("test"),
        Role::Calendar
        | Role::Template { .. }
        | Role::Shared { .. }
        | Role::Attachment { .. }
        | Role::Stray
        | Role::Other => None,
    }
}

/// Everything that is described.
#[derive(Debug, Default)]
struct Language {
    plain: Vec<Plain>,
    mappings: Vec<Mapping>,
    conditions: Speech,
    templates: Speech,
}

/// A kind of single values, such as a length of time.
#[derive(Debug)]
struct Plain {
    name: String,
    is: String,
    form: Form,
    example: String,
}

/// What a single value looks like in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Any scalar: the parser reads it as text.
    Text,
    Number,
    Flag,
    Condition,
    /// A text that fits a pattern.
    Pattern(String),
}

/// A mapping, by the words that messages name it with.
#[derive(Debug)]
struct Mapping {
    what: String,
    is: String,
    /// Read entry by entry, so that no constant `Keys` names its keys.
    #[cfg(test)]
    by_hand: bool,
    /// The things it may be, each known by one key; empty where all keys go together.
    kinds: Vec<KindOf>,
    keys: Vec<Key>,
    /// Keys that people name themselves.
    others: Option<(String, Key)>,
}

/// One of the things a mapping may be.
#[derive(Debug)]
struct KindOf {
    key: String,
    is: String,
    keys: Vec<String>,
    needed: Vec<String>,
}

/// One key and what may stand under it.
#[derive(Debug)]
struct Key {
    /// A name before a `/` is the kind in which this key means something else than elsewhere.
    name: String,
    is: String,
    shape: Shape,
    /// The words it may be, each with what it means.
    words: Vec<(String, String)>,
    /// Words with a meaning of their own beside all else it may be.
    suggest: Vec<String>,
    /// What counts where nothing is said.
    usual: Option<String>,
    needed: bool,
    example: Option<String>,
}

impl Language {
    fn mapping(&self, what: &str) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.what == what)
    }

    fn plain(&self, name: &str) -> Option<&Plain> {
        self.plain.iter().find(|plain| plain.name == name)
    }

    /// A mapping and all that may stand in it, itself first, each once.
    fn within(&self, what: &str) -> Vec<&Mapping> {
        let (mut found, mut open): (Vec<&Mapping>, Vec<&str>) = (Vec::new(), vec![what]);
        while let Some(what) = open.pop() {
            let Some(mapping) = self.mapping(what).filter(|_| found.iter().all(|one| one.what != what)) else {
                continue;
            };
            found.push(mapping);
            let keys = mapping.keys.iter().chain(mapping.others.as_ref().map(|(_, key)| key));
            let named: Vec<&str> = keys.flat_map(|key| key.shape.mappings()).collect();
            open.extend(named.into_iter().rev());
        }
        found
    }
}

impl Key {
    /// The key as it is written in a file.
    fn written(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}
