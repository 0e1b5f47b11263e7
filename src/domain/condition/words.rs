//! Most faults are slips of the finger, so every unknown word is answered with the nearest known one.

/// The names that stand alone.
pub const NAMES: [&str; 10] =
    ["lead", "account", "event", "score", "fit", "engagement", "stage", "temperature", "today", "free_mail_domains"];

/// Every function, in either form.
pub const FUNCTIONS: [&str; 15] = [
    "opened",
    "clicked",
    "replied",
    "done",
    "outcome",
    "happened",
    "happened_any",
    "count",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "lower",
    "upper",
    "size",
];

/// What to write instead of things that other dialects have.
pub(super) fn instead_of(function: &str) -> Option<&'static str> {
    match function {
        "has" => Some("write `lead.x != null`"),
        "lowerAscii" | "toLowerCase" => Some("did you mean `lower`?"),
        "upperAscii" | "toUpperCase" => Some("did you mean `upper`?"),
        "len" | "length" => Some("did you mean `size`?"),
        "now" => Some("did you mean `today`, which takes no parentheses?"),
        "duration" | "timestamp" | "date" => {
            Some("write 30d for a length, and \"2026-03-31\" in a comparison with a date")
        }
        "exists" | "all" | "filter" | "map" => Some("lists are asked with `in`, as in `\"vip\" in lead.tags`"),
        "includes" => Some("did you mean `contains`?"),
        _ => None,
    }
}

/// What to write instead of a word that stands where an operator belongs.
pub(super) fn operator_for(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "and" => Some("write `&&`"),
        "or" => Some("write `||`"),
        "is" | "eq" | "equals" => Some("write `==`"),
        "not" => Some("write `!(… in …)`"),
        "then" => Some("write `condition ? yes : no`"),
        "contains" | "matches" | "startswith" | "endswith" => Some("write it as a call: `lead.title.contains(\"VP\")`"),
        _ => None,
    }
}
