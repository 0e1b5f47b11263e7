//! Marks stand in for expressions while Markdown is read: characters of a private area that it passes through.

use std::fmt::Write;
use std::ops::Range;

use super::expression::Expr;
use super::tags::{Kind, Tag};

const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';
/// Stands where a layout of another format shows the body.
pub const BODY: char = '\u{e002}';

/// A body with its tags.
pub struct Marks<'a> {
    /// The whole file.
    text: &'a str,
    /// The bytes of the body.
    body: Range<usize>,
    tags: &'a [Tag],
}

/// A stretch of marked text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    Text(&'t str),
    /// A tag, by its number.
    Tag(usize),
}

impl<'a> Marks<'a> {
    /// The tags are those of the body, in order, with places in the whole file.
    pub const fn new(text: &'a str, body: Range<usize>, tags: &'a [Tag]) -> Self {
        Self { text, body, tags }
    }

    /// Whether a text holds characters that marks are made of.
    pub fn clash(text: &str) -> Option<usize> {
        text.find(|c: char| ('\u{e000}'..='\u{e00f}').contains(&c))
    }

    /// The body with a mark for each tag.
    pub fn marked(&self) -> String {
        let mut out = String::new();
        let mut at = self.body.start;
        for (number, tag) in self.tags.iter().enumerate() {
            out.push_str(&self.text[at..tag.span.start]);
            let _ = write!(out, "{OPEN}{number}{CLOSE}");
            at = tag.span.end;
        }
        out + &self.text[at..self.body.end]
    }

    /// The byte in the file that a byte of the marked body stands for.
    pub fn original(&self, wanted: usize) -> usize {
        let (mut file, mut marked) = (self.body.start, 0);
        for (number, tag) in self.tags.iter().enumerate() {
            let before = tag.span.start - file;
            if wanted < marked + before {
                break;
            }
            marked += before;
            file = tag.span.start;
            let mark = OPEN.len_utf8() + number.to_string().len() + CLOSE.len_utf8();
            if wanted < marked + mark {
                return file;
            }
            marked += mark;
            file = tag.span.end;
        }
        (file + wanted.saturating_sub(marked)).min(self.body.end)
    }

    /// The bytes of the body where a marked stretch, or at least its first words, was written; its begin where that is not found.
    pub fn locate(&self, marked: &str) -> Range<usize> {
        let wanted = self.restore(marked);
        let short = wanted.split(['>', '\n']).next().unwrap_or_default();
        let found = [wanted.as_str(), short].into_iter().filter(|text| !text.is_empty()).find_map(|text| {
            let at = self.text[self.body.clone()].find(text)?;
            Some(self.body.start + at..self.body.start + at + text.len())
        });
        found.unwrap_or(self.body.start..self.body.start)
    }

    /// Puts the expressions back.
    pub fn restore(&self, marked: &str) -> String {
        let show = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Tag(number) => self.source(number),
        };
        pieces(marked).into_iter().map(show).collect()
    }

    /// Whether any expression stands in it.
    pub fn has_value(marked: &str) -> bool {
        pieces(marked).iter().any(|piece| matches!(piece, Piece::Tag(_)))
    }

    /// The tag as it was written.
    pub fn source(&self, number: usize) -> &'a str {
        self.tags.get(number).map_or("", |tag| &self.text[tag.span.clone()])
    }

    pub fn kind(&self, number: usize) -> Option<&'a Kind> {
        self.tags.get(number).map(|tag| &tag.kind)
    }

    /// The expression, where the text is nothing but one.
    pub fn lone_value(&self, marked: &str) -> Option<&'a Expr> {
        let [Piece::Tag(number)] = pieces(marked)[..] else { return None };
        match self.kind(number)? {
            Kind::Value(expr) => Some(expr),
            _ => None,
        }
    }

    /// Splits off the tags that show nothing at both ends, where what stays between them is whole by itself.
    pub fn hoist<'t>(&self, marked: &'t str) -> (Vec<usize>, &'t str, Vec<usize>) {
        let parts = pieces(marked);
        let quiet = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => text.trim().is_empty(),
            Piece::Tag(number) => self.kind(*number).is_some_and(Kind::is_silent),
        };
        let before = parts.iter().take_while(|piece| quiet(piece)).count();
        let after = parts[before..].iter().rev().take_while(|piece| quiet(piece)).count();
        let core = &parts[before..parts.len() - after];
        if !self.is_whole(core) {
            return (Vec::new(), marked, Vec::new());
        }
        let tags = |pieces: &[Piece<'_>]| -> Vec<usize> {
            let number = |piece: &Piece<'_>| match piece {
                Piece::Tag(number) => Some(*number),
                Piece::Text(_) => None,
            };
            pieces.iter().filter_map(number).collect()
        };
        let start: usize = parts[..before].iter().map(length).sum();
        let end = marked.len() - parts[parts.len() - after..].iter().map(length).sum::<usize>();
        (tags(&parts[..before]), &marked[start..end], tags(&parts[parts.len() - after..]))
    }

    fn is_whole(&self, core: &[Piece<'_>]) -> bool {
        let mut depth = 0_usize;
        for piece in core {
            let Piece::Tag(number) = piece else { continue };
            match self.kind(*number) {
                Some(Kind::Open { .. }) => depth += 1,
                Some(Kind::Close | Kind::Else(_)) if depth == 0 => return false,
                Some(Kind::Close) => depth -= 1,
                _ => {}
            }
        }
        depth == 0
    }
}

/// The texts and tags of a marked text, in order.
pub fn pieces(marked: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = marked;
    while let Some(at) = rest.find(OPEN) {
        let inner = &rest[at + OPEN.len_utf8()..];
        let Some(end) = inner.find(CLOSE) else { break };
        let Ok(number) = inner[..end].parse() else { break };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(Piece::Tag(number));
        rest = &inner[end + CLOSE.len_utf8()..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn length(piece: &Piece<'_>) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Tag(number) => OPEN.len_utf8() + number.to_string().len() + CLOSE.len_utf8(),
    }
}
