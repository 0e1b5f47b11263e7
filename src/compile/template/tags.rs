//! The tags of a template in their order, with blocks matched, so that what follows can trust the nesting.

use std::ops::Range;

use super::expression::{Expr, Reader, Wrong, call};

/// One `{{…}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// With its braces.
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Value(Expr),
    /// `{{#if …}}` and its kin.
    Open {
        block: Block,
        arg: Expr,
    },
    /// `{{else}}` or `{{else if …}}`.
    Else(Option<Expr>),
    Close,
    Comment,
}

/// The blocks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    If,
    Unless,
    Each,
    With,
}

impl Block {
    const ALL: [(&str, Self); 4] =
        [("if", Self::If), ("unless", Self::Unless), ("each", Self::Each), ("with", Self::With)];

    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, block)| *block)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Unless => "unless",
            Self::Each => "each",
            Self::With => "with",
        }
    }
}

impl Kind {
    /// Whether it shows nothing itself.
    pub const fn is_silent(&self) -> bool {
        !matches!(self, Self::Value(_))
    }
}

/// Blocks that may be open at once.
const DEEPEST: usize = 48;

/// Finds all tags; the errors are all mistakes found.
pub fn scan(text: &str) -> (Vec<Tag>, Vec<Wrong>) {
    let (mut tags, mut wrong) = (Vec::new(), Vec::new());
    let mut open: Vec<(Block, Range<usize>)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        if text[..start].ends_with('\\') {
            at = start + 2;
            continue;
        }
        match tag(text, start) {
            Ok(tag) => {
                at = tag.span.end;
                if open.len() == DEEPEST && matches!(tag.kind, Kind::Open { .. }) {
                    let message = format!("more than {DEEPEST} blocks are open here, one in another");
                    wrong.push(Wrong::new(
                        tag.span,
                        message,
                        "ask for fewer things at once: a template is read by people".to_owned(),
                    ));
                    return (tags, wrong);
                }
                wrong.extend(nest(&mut open, &tag, &text[tag.span.clone()]));
                tags.push(tag);
            }
            Err((mistake, end)) => {
                wrong.push(mistake);
                at = end;
            }
        }
    }
    for (block, span) in open {
        let name = block.name();
        let message = format!("`{{{{#{name}}}}}` is never closed");
        wrong.push(Wrong::new(span, message, format!("write `{{{{/{name}}}}}` where it ends")));
    }
    (tags, wrong)
}

/// Reads the tag that begins at `start`; an error says where to go on.
fn tag(text: &str, start: usize) -> Result<Tag, (Wrong, usize)> {
    let rest = &text[start..];
    if rest.starts_with("{{!") {
        let end = if rest.starts_with("{{!--") {
            rest.find("--}}").map(|at| at + 4)
        } else {
            rest.find("}}").map(|at| at + 2)
        };
        let Some(end) = end else { return Err((unclosed(start), text.len())) };
        return Ok(Tag { span: start..start + end, kind: Kind::Comment });
    }
    let Some(length) = rest.find("}}") else { return Err((unclosed(start), text.len())) };
    let mut end = start + length + 2;
    if rest.starts_with("{{{") {
        end += usize::from(text[end..].starts_with('}'));
        let hint = "write two braces; what a value holds is always escaped".to_owned();
        return Err((Wrong::new(start..end, "three braces would let a value write HTML", hint), end));
    }
    if rest[2..length].contains("{{") {
        let end = start + 2;
        return Err((unclosed(start), end));
    }
    let span = start..end;
    inner(&rest[2..length], start + 2, &span).map(|kind| Tag { span, kind }).map_err(|wrong| (wrong, end))
}

fn unclosed(start: usize) -> Wrong {
    Wrong::new(start..start + 2, "`{{` is never closed", "write `}}` where the expression ends".to_owned())
}

fn inner(raw: &str, base: usize, span: &Range<usize>) -> Result<Kind, Wrong> {
    let open = raw.strip_prefix('~').unwrap_or(raw);
    let base = base + raw.len() - open.len();
    let body = open.strip_suffix('~').unwrap_or(open);
    let trimmed = body.trim_start();
    let base = base + body.len() - trimmed.len();
    let mut chars = trimmed.chars();
    match chars.next() {
        Some('#') => block(chars.as_str(), base + 1, span),
        Some('/') => match Block::of(chars.as_str().trim()) {
            Some(_) => Ok(Kind::Close),
            None => Err(unknown_block(chars.as_str().trim(), span)),
        },
        Some('>') => Err(Wrong::new(span.clone(), "a partial cannot stand here", "write its text out".to_owned())),
        Some('&') => {
            let hint = "remove the `&`; what a value holds is always escaped".to_owned();
            Err(Wrong::new(span.clone(), "`&` would let a value write HTML", hint))
        }
        Some('^') => Err(Wrong::new(span.clone(), "`^` cannot stand here", "write `{{else}}`".to_owned())),
        Some('*') => Err(Wrong::new(span.clone(), "decorators are not supported", None)),
        _ => value(trimmed, base, span),
    }
}

fn value(text: &str, base: usize, span: &Range<usize>) -> Result<Kind, Wrong> {
    let mut words = Reader::new(text, base).words(0)?;
    if matches!(words.first(), Some(Expr::Path(name, _)) if name == "else") {
        words.remove(0);
        return otherwise(words, span).map(Kind::Else);
    }
    call(words).map(Kind::Value).map_err(|message| Wrong::new(span.clone(), message, None))
}

fn otherwise(mut words: Vec<Expr>, span: &Range<usize>) -> Result<Option<Expr>, Wrong> {
    if words.is_empty() {
        return Ok(None);
    }
    if words.len() == 2 && matches!(&words[0], Expr::Path(name, _) if name == "if") {
        return Ok(words.pop());
    }
    Err(Wrong::new(span.clone(), "after `else` comes nothing, or `if` and one value", None))
}

fn block(text: &str, base: usize, span: &Range<usize>) -> Result<Kind, Wrong> {
    let mut words = Reader::new(text, base).words(0)?;
    let name = match words.first() {
        Some(Expr::Path(name, _)) => name.clone(),
        _ => String::new(),
    };
    let block = Block::of(&name).ok_or_else(|| unknown_block(&name, span))?;
    if words.len() == 2
        && let Some(arg) = words.pop()
    {
        return Ok(Kind::Open { block, arg });
    }
    let hint = format!("for several, nest it: `{{{{#{name} (or …)}}}}`");
    Err(Wrong::new(span.clone(), format!("`{{{{#{name}}}}}` takes one value"), hint))
}

fn unknown_block(name: &str, span: &Range<usize>) -> Wrong {
    let known = Block::ALL.iter().map(|(name, _)| *name);
    Wrong::new(span.clone(), format!("there is no block `{name}`"), crate::compile::names::hint(name, known))
}

/// Keeps the stack of open blocks, and tells what does not match.
fn nest(open: &mut Vec<(Block, Range<usize>)>, tag: &Tag, text: &str) -> Option<Wrong> {
    match &tag.kind {
        Kind::Open { block, .. } => open.push((*block, tag.span.clone())),
        Kind::Else(_) if open.is_empty() => {
            return Some(Wrong::new(tag.span.clone(), "`{{else}}` stands outside of any block", None));
        }
        Kind::Close => {
            let name = text.trim_matches(|c: char| !c.is_alphanumeric());
            match open.pop() {
                Some((block, _)) if block.name() == name => {}
                Some((block, _)) => {
                    let (wanted, given) = (block.name(), name);
                    let message = format!("`{{{{/{given}}}}}` closes a block that began as `{{{{#{wanted}}}}}`");
                    return Some(Wrong::new(tag.span.clone(), message, format!("write `{{{{/{wanted}}}}}`")));
                }
                None => return Some(Wrong::new(tag.span.clone(), "this closes a block that was never opened", None)),
            }
        }
        Kind::Else(_) | Kind::Value(_) | Kind::Comment => {}
    }
    None
}
