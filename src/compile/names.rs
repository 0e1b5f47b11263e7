//! What is said of an unknown name.

use crate::domain::spelling::nearest;

/// A hint that names the nearest of the known names, or lists them where they are few.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.dedup();
    if let Some(name) = nearest(word, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    match known.len() {
        0 => None,
        1..=12 => Some(format!("known here: {}", known.join(", "))),
        more => Some(format!("known here: {}, and {} more", known[..10].join(", "), more - 10)),
    }
}

/// Whether a name may stand in files, addresses and commands: lower-case letters, digits, `-`, `_`, at most 64.
pub fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}

/// Whether a text can be the name of an event: letters, digits, `_`, `-`, `.`, at most 64.
pub fn is_event(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}
