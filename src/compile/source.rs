//! An error is only as good as its place, so every text keeps its name and where its lines begin.

/// One file, or the variables of the environment, as errors quote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path in the workspace.
    pub name: String,
    pub text: String,
    /// The byte each line begins at.
    lines: Vec<usize>,
}

/// A stretch of bytes in one source, by its number in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

impl Place {
    /// The first line and column of a source.
    pub const fn top(source: usize) -> Self {
        Self { source, start: 0, end: 0 }
    }

    /// A stretch of the same source.
    #[must_use]
    pub const fn at(self, start: usize, end: usize) -> Self {
        Self { source: self.source, start, end }
    }
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines }
    }

    /// Line and column of a byte, both counted from 1, columns in characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.boundary(byte);
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        (line, self.text[start..byte].chars().count() + 1)
    }

    /// The byte a line and a column, both counted from 1, stand for.
    pub fn byte(&self, line: usize, column: usize) -> usize {
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        rest.char_indices().nth(column.saturating_sub(1)).map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The line a byte is in, without its end, and where it begins.
    pub fn line_at(&self, byte: usize) -> (usize, &str) {
        let byte = self.boundary(byte);
        let start = self.text[..byte].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[byte..].find('\n').map_or(self.text.len(), |at| byte + at);
        (start, self.text[start..end].trim_end_matches('\r'))
    }

    /// The part of a stretch that lies in its first line, so that an error underlines one line.
    pub fn clip(&self, start: usize, end: usize) -> (usize, usize) {
        let start = self.boundary(start);
        let end = self.boundary(end.max(start));
        let (line, text) = self.line_at(start);
        let stop = end.min(line + text.len()).max(start);
        let kept = self.text[start..stop].trim_end().len();
        (start, start + kept)
    }

    fn boundary(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        (0..=byte).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}
