//! Partials and layouts are written out before anything else is read, so that a template is checked as it will be sent.
//!
//! Every stretch of the text that comes of it remembers its file, so that a mistake in a partial is told in the partial.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::attached;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::source::Place;
use crate::domain::template::Attachment;

/// Octets a template may have with all its partials: they may show each other many times.
const LARGEST: usize = 1 << 20;
/// Stretches of files it may be made of: partials that show others twice each double with every level, and need no text to do it.
const MOST_STRETCHES: usize = 10_000;
const BODY: &str = "body";

/// The partials and layouts there are, by their path under templates/.
pub type Parts = BTreeMap<String, usize>;

/// What templates share, by path under templates/.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    pub parts: Parts,
    /// Files that can go with mails.
    pub files: attached::Files,
    /// Pieces that the template library takes, so that it is asked about each once.
    pub taken: RefCell<BTreeSet<String>>,
}

/// A text with where each stretch of it comes from.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub text: String,
    stretches: Vec<Stretch>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// The byte of the text it begins at.
    at: usize,
    source: usize,
    /// The byte of its source it begins at.
    from: usize,
}

/// Writes templates out.
pub struct Writer<'a> {
    pub shared: &'a Shared,
    pub report: &'a Report,
    /// Extensions of partials that fit, best first.
    pub extensions: &'a [&'static str],
    /// The partials and layouts that were written out.
    pub used: Parts,
    /// The files that go with it, by path.
    pub attached: Vec<(String, Attachment)>,
}

impl Whole {
    /// A text that was written at a place.
    pub fn at(text: &str, place: Place) -> Self {
        Self { text: text.to_owned(), stretches: vec![Stretch { at: 0, source: place.source, from: place.start }] }
    }

    /// Where a stretch of the text stands in its file.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let at = self.stretches.partition_point(|one| one.at <= span.start).saturating_sub(1);
        let Some(one) = self.stretches.get(at) else { return Place::top(0) };
        let start = one.from + span.start.saturating_sub(one.at);
        Place { source: one.source, start, end: start + span.len() }
    }

    fn push(&mut self, text: &str, source: usize, from: usize) {
        self.stretches.push(Stretch { at: self.text.len(), source, from });
        self.text.push_str(text);
    }
}

impl Writer<'_> {
    /// A file from a byte on, with its partials.
    pub fn body(&mut self, source: usize, from: usize) -> Whole {
        let mut whole = Whole::default();
        self.write(source, from.., (&mut whole, &mut Vec::new()));
        whole
    }

    /// The layout of this name in the best of these formats: its extension and number.
    pub fn layout(&self, name: &str, place: Place, extensions: &[&'static str]) -> Option<(&'static str, usize)> {
        let of = |extension: &&'static str| {
            Some((*extension, *self.shared.parts.get(&format!("layouts/{name}.{extension}"))?))
        };
        let found = extensions.iter().find_map(of);
        if found.is_none() {
            self.unknown("layout", name, place, extensions);
        }
        found
    }

    /// A layout, with `body` where it shows the body.
    pub fn around(&mut self, (layout, extension): (&str, &str), number: usize, body: &Whole) -> Whole {
        self.used.insert(format!("layouts/{layout}.{extension}"), number);
        let text = self.report.source(number).text.clone();
        let shown: Vec<Range<usize>> = bodies(&text);
        let mut whole = Whole::default();
        let [at] = shown.as_slice() else {
            let message = format!("a layout shows the body exactly once; this one does {} times", shown.len());
            let place =
                shown.get(1).map_or(Place::top(number), |at| Place { source: number, start: at.start, end: at.end });
            self.report.error_with(
                Code::LayoutBody,
                place,
                message,
                "write `{{{body}}}` where the mail's own text goes".to_owned(),
            );
            return body.clone();
        };
        self.write(number, ..at.start, (&mut whole, &mut Vec::new()));
        let base = whole.text.len();
        whole.stretches.extend(body.stretches.iter().map(|one| Stretch { at: one.at + base, ..*one }));
        whole.text.push_str(&body.text);
        self.write(number, at.end.., (&mut whole, &mut Vec::new()));
        whole
    }

    fn write(
        &mut self,
        source: usize,
        range: impl std::ops::RangeBounds<usize>,
        (whole, chain): (&mut Whole, &mut Vec<String>),
    ) {
        let text = self.report.source(source).text.clone();
        let bound = |bound: std::ops::Bound<&usize>, none: usize| match bound {
            std::ops::Bound::Included(at) | std::ops::Bound::Excluded(at) => *at,
            std::ops::Bound::Unbounded => none,
        };
        let (mut at, end) = (bound(range.start_bound(), 0), bound(range.end_bound(), text.len()));
        while let Some((tag, name)) = next_partial(&text[..end], at) {
            whole.push(&text[at..tag.start], source, at);
            at = tag.end;
            let place = Place { source, start: tag.start, end: tag.end };
            if whole.text.len() > LARGEST || whole.stretches.len() > MOST_STRETCHES {
                let message = format!(
                    "with its partials this template has more than {LARGEST} bytes, or more than {MOST_STRETCHES} pieces"
                );
                self.report.error_with(Code::FileTooLarge, place, message, "let it show fewer partials".to_owned());
                return;
            }
            self.partial(&name, place, (whole, chain));
        }
        whole.push(&text[at..end], source, at);
    }

    fn partial(&mut self, name: &str, place: Place, (whole, chain): (&mut Whole, &mut Vec<String>)) {
        if name.is_empty() || name.split_whitespace().count() > 1 {
            let hint = "write `{{> name}}`; a partial sees all that the template sees".to_owned();
            self.report.error_with(Code::TemplateSyntax, place, "a partial has a name and takes no arguments", hint);
            return;
        }
        if chain.iter().any(|open| open == name) {
            let circle = chain.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(" → ");
            let hint = "write the part that both need as a partial of its own".to_owned();
            let message = format!("partials show each other in a circle: {circle}");
            self.report.error_with(Code::PartialLoop, place, message, hint);
            return;
        }
        let path = |extension: &&'static str| format!("partials/{name}.{extension}");
        let Some(path) = self.extensions.iter().map(path).find(|path| self.shared.parts.contains_key(path)) else {
            return self.unknown("partial", name, place, self.extensions);
        };
        let number = self.shared.parts[&path];
        self.used.insert(path, number);
        chain.push(name.to_owned());
        self.write(number, .., (whole, chain));
        chain.pop();
    }

    fn unknown(&self, what: &str, name: &str, place: Place, extensions: &[&'static str]) {
        let known = self.shared.parts.keys().filter_map(|path| {
            let (bare, extension) = path.strip_prefix(what)?.strip_prefix("s/")?.rsplit_once('.')?;
            extensions.contains(&extension).then_some(bare)
        });
        let write = || format!("write templates/{what}s/{name}.{}", extensions.first().unwrap_or(&"md"));
        let hint = names::hint(name, known.collect::<Vec<_>>()).unwrap_or_else(write);
        self.report.error_with(Code::UnknownPart, place, format!("there is no {what} `{name}`"), hint);
    }
}

/// The next `{{> name}}` outside of comments, from a byte on.
fn next_partial(text: &str, mut at: usize) -> Option<(Range<usize>, String)> {
    loop {
        let start = at + text.get(at..)?.find("{{")?;
        let rest = &text[start..];
        if rest.starts_with("{{!--") {
            at = start + rest.find("--}}")? + 4;
            continue;
        }
        let inner = rest[2..].trim_start_matches('~').trim_start();
        if let Some(inner) = inner.strip_prefix('>').filter(|_| !text[..start].ends_with('\\')) {
            let end = start + rest.find("}}")? + 2;
            let length = inner.find("}}")?;
            return Some((start..end, inner[..length].trim_end_matches('~').trim().to_owned()));
        }
        at = start + 2;
    }
}

/// Where a layout shows the body.
fn bodies(text: &str) -> Vec<Range<usize>> {
    let tags = text.match_indices("{{{").filter_map(|(at, _)| {
        let end = at + text[at..].find("}}}")? + 3;
        (text[at + 3..end - 3].trim() == BODY).then_some(at..end)
    });
    tags.collect()
}
