//! From the parser's events to the tree, with bounds on size and depth so that no file can hurt.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Entry, Key, Node, Style, Value, trouble};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::{Place, Source};

/// Lists and mappings inside each other at most.
const DEEPEST: usize = 48;

/// Reads one YAML document; `None` when it is broken, which the report then says.
pub fn read(number: usize, report: &Report) -> Option<Node> {
    let source = report.source(number);
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let skipped = source.text.len() - text.len();
    let bytes = text.char_indices().map(|(at, _)| skipped + at).chain([source.text.len()]).collect();
    let mut reader = Reader { parser: Parser::new_from_str(text), bytes, number, source: &source, report };
    let root = reader.document();
    if let Err(Broken::Scan(error)) = &root {
        let at = reader.byte(error.marker().index());
        trouble::tell(&source, Place { source: number, start: at, end: at + 1 }, error.info(), report);
    }
    root.ok().flatten()
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The byte of each character.
    bytes: Vec<usize>,
    number: usize,
    source: &'a Source,
    report: &'a Report,
}

/// Why reading stopped: the scanner's error, or one already told.
enum Broken {
    Scan(ScanError),
    Told,
}

impl From<ScanError> for Broken {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

type Read<T> = Result<T, Broken>;

impl<'a> Reader<'a> {
    fn document(&mut self) -> Read<Option<Node>> {
        let mut root = None;
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if root.is_some() => {
                    let message = "a second document begins here; a file holds one";
                    let hint = "move it into a file of its own, or remove the line `---` above it".to_owned();
                    self.report.error_with(Code::SecondDocument, self.place(span), message, hint);
                    return Err(Broken::Told);
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Read<Node> {
        let place = self.place(span);
        if depth > DEEPEST {
            let hint = "is a bracket missing? What is meant so deep belongs into a sequence of its own".to_owned();
            self.report.error_with(Code::TooDeep, place, format!("more than {DEEPEST} levels of nesting"), hint);
            return Err(Broken::Told);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_anchor(anchor, place);
                if tag.is_some() {
                    self.refuse_tag(place);
                }
                Ok(Node { place, value: Value::Scalar { text: text.into_owned(), style: style_of(style) } })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_anchor(anchor, place);
                tag.is_some().then(|| self.refuse_tag(place));
                self.list(place, depth)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_anchor(anchor, place);
                tag.is_some().then(|| self.refuse_tag(place));
                self.map(place, depth)
            }
            Event::Alias(_) => {
                self.report.error_with(Code::Alias, place, "aliases (`*name`) are not read", hint_alias());
                Err(Broken::Told)
            }
            _ => Err(Broken::Told),
        }
    }

    fn list(&mut self, place: Place, depth: usize) -> Read<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let place = place.at(place.start, self.place(span).end.max(place.end));
                return Ok(Node { place, value: Value::List(items) });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, place: Place, depth: usize) -> Read<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                let place = place.at(place.start, self.place(span).end.max(place.end));
                return Ok(Node { place, value: Value::Map(entries) });
            }
            let key = self.key(event, span, depth)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            match entries.iter().find(|entry| entry.key.text == key.text) {
                Some(first) => {
                    let (line, _) = self.source.position(first.key.place.start);
                    let hint = format!("the first one is in line {line}; keep one of them");
                    self.report.error_with(Code::DuplicateKey, key.place, format!("`{}` stands twice", key.text), hint);
                }
                None => entries.push(Entry { key, value }),
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: Span, depth: usize) -> Read<Key> {
        let node = self.node(event, span, depth + 1)?;
        match node.value {
            Value::Scalar { text, style } if text != "<<" || style != Style::Plain => {
                Ok(Key { text, place: node.place })
            }
            Value::Scalar { .. } => {
                self.report.error_with(Code::Alias, node.place, "merge keys (`<<`) are not read", hint_alias());
                Err(Broken::Told)
            }
            Value::List(_) | Value::Map(_) => {
                let braces = self.source.text[node.place.start.saturating_sub(1)..].starts_with("{{");
                let hint = braces.then(|| "a value that begins with `{{` must be quoted as a whole".to_owned());
                self.report.error_with(Code::KeyNotText, node.place, "a key must be plain text", hint);
                Err(Broken::Told)
            }
        }
    }

    fn next(&mut self) -> Read<(Event<'a>, Span)> {
        self.parser.next_event().ok_or(Broken::Told)?.map_err(Broken::Scan)
    }

    fn refuse_anchor(&self, anchor: usize, place: Place) {
        if anchor > 0 {
            self.report.error_with(Code::Alias, place, "anchors (`&name`) are not read", hint_alias());
        }
    }

    fn refuse_tag(&self, place: Place) {
        trouble::tag(self.source, place, self.report);
    }

    fn place(&self, span: Span) -> Place {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let kept = self.source.text.get(start..end).map_or(0, |text| text.trim_end().len());
        Place { source: self.number, start, end: start + kept }
    }

    fn byte(&self, character: usize) -> usize {
        self.bytes.get(character).copied().unwrap_or(self.source.text.len())
    }
}

fn hint_alias() -> String {
    "write the value out where it is used".to_owned()
}

const fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}
