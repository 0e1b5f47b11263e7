//! Which link was clicked is asked with a pattern, since tracked links carry parameters nobody types out.

use std::fmt;

/// A pattern of a whole URL in which `*` stands for any run of characters, also none; all else stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(Box<str>);

impl Glob {
    pub fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// Whether the whole of `url` fits, in time at most the product of both lengths.
    pub fn matches(&self, url: &str) -> bool {
        let Some((head, tail)) = self.0.split_once('*') else { return *self.0 == *url };
        let Some(mut rest) = url.strip_prefix(head) else { return false };
        let (middle, last) = tail.rsplit_once('*').unwrap_or(("", tail));
        for part in middle.split('*') {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
