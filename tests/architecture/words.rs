//! Words no Rust file of ours may use: each hides a warning, a gap or a trace.

use crate::{Fault, assert_none, name_of, read, rust, rust_files};

/// Macros that mark unfinished or exploring work.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

#[test]
fn nothing_is_left_unfinished_or_silenced() {
    let mut faults = Vec::new();
    for path in rust_files() {
        let file = name_of(&path);
        let tokens = rust::tokens(&read(&path));
        for (at, token) in tokens.iter().enumerate() {
            let next = tokens.get(at + 1).map_or("", |t| t.text.as_str());
            let fault = match (token.text.as_str(), next) {
                (word, "!") if UNFINISHED.contains(&word) => {
                    Some((format!("`{word}!`"), "finish it, or return an error that says what is not supported"))
                }
                ("allow", "(") if in_attribute(&tokens, at) => Some((
                    "an `allow`".to_owned(),
                    "write #[expect(lint, reason = \"…\")]: it fails once it is no longer needed",
                )),
                ("expect", "(") if in_attribute(&tokens, at) && !has_reason(&tokens[at..]) => Some((
                    "an `expect` without a reason".to_owned(),
                    "add reason = \"…\": the next reader wants to know why",
                )),
                _ => None,
            };
            faults.extend(fault.map(|(rule, help)| Fault { file: file.clone(), line: token.line, rule, help }));
        }
    }
    assert_none(&faults);
}

/// Whether a word is the head of an attribute: after `#[`, `#![`, or inside `cfg_attr(…, `.
fn in_attribute(tokens: &[rust::Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map_or("", |i| tokens[i].text.as_str());
    match before(1) {
        "[" => before(2) == "#" || (before(2) == "!" && before(3) == "#"),
        "," => tokens[..at].iter().rev().take_while(|t| t.text != "]").any(|t| t.text == "cfg_attr"),
        _ => false,
    }
}

fn has_reason(from_expect: &[rust::Token]) -> bool {
    from_expect.iter().take_while(|t| t.text != "]").any(|t| t.text == "reason")
}
