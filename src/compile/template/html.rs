//! What a marketer writes in HTML stays as it is: links become ours, a text part is made of it, and what no mail may hold is told.
//!
//! It reads tags and texts as browsers do where that matters and copies everything else, so that hand-made mails for odd mail
//! programs (conditional comments, nested tables) come through unchanged. Expressions are marks here, as in Markdown.

use super::expression::Wrong;
use super::links::{Links, Odd};
use super::marks::{Marks, Piece, pieces};
use super::paper::escape_around;
use super::prose::{Prose, Target, decoded};

/// Elements that mail programs take out, or that would make a mail dangerous.
const BANNED: [&str; 5] = ["script", "iframe", "object", "embed", "base"];
/// Elements whose inside is no text that people see.
const UNSEEN: [&str; 3] = ["head", "title", "style"];

/// A value in a style, and what to do about it.
const STYLED: (&str, &str) = (
    "a value cannot stand in a style: it could be more than text there",
    "choose among fixed styles with `{{#if}}` around whole tags",
);

/// HTML with its links rewritten, and the text part; both still with marks.
pub struct Parts {
    pub html: String,
    pub text: String,
}

/// One attribute: its name, and the bytes of its value in the tag.
struct Attribute<'t> {
    name: &'t str,
    value: &'t str,
    quoted: bool,
    /// Its value's bytes in the text, without quotes.
    start: usize,
}

/// Reads a marked HTML text; links are added to those there are.
pub fn parts(marked: &str, marks: &Marks<'_>, links: &mut Links) -> Parts {
    let mut reader = Reader { marked, marks, links, html: String::new(), prose: Prose::default(), unseen: None };
    reader.run();
    Parts { html: reader.html, text: reader.prose.finish() }
}

struct Reader<'a, 'l> {
    marked: &'a str,
    marks: &'a Marks<'a>,
    links: &'l mut Links,
    html: String,
    prose: Prose,
    /// The element whose inside is not shown, and how many of its name are open inside.
    unseen: Option<(String, usize)>,
}

impl Reader<'_, '_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(found) = self.marked[at..].find('<') {
            let start = at + found;
            self.text(at, start);
            let rest = &self.marked[start..];
            let end = match rest.as_bytes().get(1) {
                Some(b'!') if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
                Some(b'!' | b'?') => rest.find('>').map(|end| end + 1),
                Some(b'/' | b'a'..=b'z' | b'A'..=b'Z') => tag_end(rest),
                _ => Some(1),
            };
            at = start + end.unwrap_or(rest.len());
            let whole = &self.marked[start..at];
            match rest.as_bytes().get(1) {
                Some(b'/') => self.close(whole),
                Some(b'a'..=b'z' | b'A'..=b'Z') => self.open(whole),
                _ if whole == "<" => self.text(start, at),
                _ => self.html.push_str(whole),
            }
        }
        self.text(at, self.marked.len());
    }

    fn text(&mut self, from: usize, to: usize) {
        let text = &self.marked[from..to];
        self.html.push_str(text);
        if let Some((name, _)) = &self.unseen {
            if name == "style" && Marks::has_value(text) {
                self.wrong(STYLED, text);
            }
            return;
        }
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => self.prose.words(text),
                Piece::Tag(number) => {
                    let silent = self.marks.kind(number).is_some_and(super::tags::Kind::is_silent);
                    self.prose.tag(self.marks.source(number), silent);
                }
            }
        }
    }

    fn close(&mut self, tag: &str) {
        self.html.push_str(tag);
        let name = tag[2..].trim_end_matches('>').trim().to_ascii_lowercase();
        if let Some((unseen, depth)) = &mut self.unseen {
            if *unseen == name {
                if *depth == 0 {
                    self.unseen = None;
                } else {
                    *depth -= 1;
                }
            }
            return;
        }
        self.prose.close(&name);
    }

    fn open(&mut self, tag: &str) {
        let name_end =
            tag[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':').map_or(tag.len(), |at| at + 1);
        let name = tag[1..name_end].to_ascii_lowercase();
        let attributes = attributes(tag, name_end);
        if BANNED.contains(&name.as_str()) {
            self.wrong(
                (
                    &format!("`<{name}>` cannot stand in a mail"),
                    "remove it: mail programs take it out or refuse the mail",
                ),
                tag,
            );
        }
        let mut link = None;
        let mut out = String::with_capacity(tag.len());
        let mut copied = 0;
        for attribute in &attributes {
            self.safe(attribute, tag);
            let is_link = attribute.name.eq_ignore_ascii_case("href") && matches!(name.as_str(), "a" | "area");
            if is_link && !attribute.value.trim().is_empty() {
                let target = self.link(attribute);
                out.push_str(&tag[copied..attribute.start]);
                out.push_str(&escape_around(&target));
                copied = attribute.start + attribute.value.len();
                let written = self.marks.restore(&decoded(attribute.value));
                let leads = !target.starts_with('#');
                let shown = target.strip_prefix("mailto:").map_or(target.clone(), str::to_owned);
                link = leads.then_some(Target { written: written.trim_start_matches("mailto:").to_owned(), shown });
            } else if attribute.name.eq_ignore_ascii_case("src") {
                self.picture(attribute);
            }
        }
        out.push_str(&tag[copied..]);
        self.html.push_str(&out);
        self.show((tag, &name), &attributes, link);
    }

    /// Writes what an element means to the text part.
    fn show(&mut self, (tag, name): (&str, &str), attributes: &[Attribute<'_>], link: Option<Target>) {
        let closed = tag.ends_with("/>");
        if let Some((unseen, depth)) = &mut self.unseen {
            *depth += usize::from(*unseen == name && !closed);
            return;
        }
        let value =
            |wanted: &str| attributes.iter().find(|one| one.name.eq_ignore_ascii_case(wanted)).map(|one| one.value);
        let void = matches!(name, "img" | "br" | "hr" | "meta" | "link" | "input" | "area" | "col" | "wbr" | "source");
        let hidden =
            value("style").is_some_and(|style| style.to_ascii_lowercase().replace(' ', "").contains("display:none"));
        if (hidden || UNSEEN.contains(&name)) && !closed && !void {
            self.unseen = Some((name.to_owned(), 0));
            return;
        }
        match name {
            "img" => self.prose.words(&self.marks.restore(value("alt").unwrap_or_default())),
            "a" => self.prose.link(link),
            _ => self.prose.open(name),
        }
    }

    fn safe(&mut self, attribute: &Attribute<'_>, tag: &str) {
        let has_value =
            !attribute.value.is_empty() && pieces(attribute.value).iter().any(|piece| matches!(piece, Piece::Tag(_)));
        let name = attribute.name.to_ascii_lowercase();
        if pieces(attribute.name).iter().any(|piece| matches!(piece, Piece::Tag(_))) {
            self.wrong(
                (
                    "an expression cannot stand among the attributes of a tag",
                    "write the attribute out, and let only its value be an expression",
                ),
                tag,
            );
        } else if name.starts_with("on") && name.len() > 2 {
            self.wrong((&format!("`{name}` would be a script, and no mail program runs one"), "remove it"), tag);
        } else if has_value && !attribute.quoted {
            let message = format!("the value of `{name}` needs quotes around it: it could be more than one word");
            self.wrong((&message, &format!("write `{name}=\"{{{{…}}}}\"`")), tag);
        } else if has_value && name == "style" {
            self.wrong(STYLED, tag);
        }
    }

    /// Where a link leads, as it stands in both parts.
    fn link(&mut self, attribute: &Attribute<'_>) -> String {
        let target = decoded(attribute.value);
        if target.starts_with('#') || target.to_ascii_lowercase().starts_with("tel:") {
            return self.marks.restore(&target);
        }
        let place = self.locate(attribute.value);
        self.links.target(target.trim(), self.marks, &place)
    }

    fn picture(&mut self, attribute: &Attribute<'_>) {
        let target = decoded(attribute.value).to_ascii_lowercase();
        let begins = ["https://", "http://", "cid:", "data:image/"].iter().any(|scheme| target.starts_with(scheme));
        let fixed = !matches!(pieces(attribute.value).first(), Some(Piece::Tag(_)));
        if fixed && !begins {
            let (place, shown) = (self.locate(attribute.value), self.marks.restore(attribute.value));
            let hint = "begin it with https://".to_owned();
            self.links.odd.push(Odd::Link(Wrong::new(place, format!("a picture cannot come from `{shown}`"), hint)));
        }
    }

    fn wrong(&mut self, (message, hint): (&str, &str), near: &str) {
        let place = self.locate(near);
        self.links.odd.push(Odd::Unsafe(Wrong::new(place, message, hint.to_owned())));
    }

    /// Where a stretch of the HTML was written: MJML moves things about, so it is looked for.
    fn locate(&self, near: &str) -> std::ops::Range<usize> {
        self.marks.locate(near)
    }
}

/// The byte after the `>` that ends a tag: not one between quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn attributes(tag: &str, from: usize) -> Vec<Attribute<'_>> {
    let bytes = tag.as_bytes();
    let end = tag.trim_end_matches(['>', '/']).len();
    let space = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
    let mut found = Vec::new();
    let mut at = from;
    while at < end {
        if space(at) || bytes[at] == b'/' {
            at += 1;
            continue;
        }
        let start = at;
        while at < end && !space(at) && bytes[at] != b'=' {
            at += 1;
        }
        let name = &tag[start..at];
        while at < end && space(at) {
            at += 1;
        }
        if bytes.get(at) != Some(&b'=') || at >= end {
            found.push(Attribute { name, value: "", quoted: true, start: at });
            continue;
        }
        at += 1;
        while at < end && space(at) {
            at += 1;
        }
        let quote = bytes.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let value_start = at + usize::from(quote.is_some());
        let ends = |byte: &u8| quote.map_or(byte.is_ascii_whitespace() || *byte == b'>', |quote| *byte == quote);
        let length =
            bytes[value_start.min(tag.len())..].iter().position(ends).unwrap_or(end.saturating_sub(value_start));
        let value = tag.get(value_start..value_start + length).unwrap_or_default();
        found.push(Attribute { name, value, quoted: quote.is_some(), start: value_start });
        at = value_start + length + usize::from(quote.is_some());
    }
    found
}
