//! The long story of a code: a line of `check` says what is wrong here, this says what it means and how it looks when it is right.

use super::Code;

const STORIES: &str = include_str!("explain.md");
const FENCE: &str = "~~~~";

/// What is told of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// What it means and why it matters, in paragraphs.
    pub text: String,
    /// Files that bring it about.
    pub fails: Vec<Example>,
    /// The same files, mended.
    pub mended: Vec<Example>,
}

/// One file of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub path: String,
    /// As it is shown; nothing where the file is not there.
    pub shown: Option<String>,
    /// How its bytes are written: `bytes` with escapes, `repeat` as a count and what, all else as they are.
    kind: String,
}

impl Example {
    /// The bytes of the file; nothing where it is not there.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let shown = self.shown.as_deref()?;
        Some(match self.kind.as_str() {
            "bytes" => unescaped(shown),
            "repeat" => {
                let (count, what) = shown.trim().split_once(' ').unwrap_or(("1", shown));
                what.repeat(count.parse().unwrap_or(1)).into_bytes()
            }
            _ => shown.as_bytes().to_vec(),
        })
    }
}

impl Code {
    /// The code with this id, such as `OV0201`, in any case.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id.trim()))
    }

    /// Its long story.
    pub fn story(self) -> Story {
        let mut story = Story { text: String::new(), fails: Vec::new(), mended: Vec::new() };
        let heading = format!("## {}\n", self.id());
        let section = STORIES.split_once(&heading).map_or("", |(_, rest)| rest);
        let section = section.split("\n## ").next().unwrap_or_default();
        let mut lines = section.lines();
        while let Some(line) = lines.next() {
            let (fails, mended) = (line.strip_prefix("Fails: `"), line.strip_prefix("Mended: `"));
            let Some(path) = fails.or(mended) else {
                story.text.push_str(line);
                story.text.push('\n');
                continue;
            };
            let (path, rest) = path.split_once('`').unwrap_or((path, ""));
            let shown = rest.trim().is_empty().then(|| fenced(&mut lines));
            let (kind, shown) = shown.map_or((String::new(), None), |(kind, text)| (kind, Some(text)));
            let files = if fails.is_some() { &mut story.fails } else { &mut story.mended };
            files.push(Example { path: path.to_owned(), shown, kind });
        }
        Story { text: story.text.trim().to_owned(), ..story }
    }
}

/// The next fenced text: its kind, and its lines.
fn fenced<'a>(lines: &mut impl Iterator<Item = &'a str>) -> (String, String) {
    let kind = lines.by_ref().find_map(|line| line.strip_prefix(FENCE)).unwrap_or_default().to_owned();
    let inside = lines.take_while(|line| *line != FENCE);
    (kind, inside.map(|line| format!("{line}\n")).collect())
}

/// `\xff` and `\0` as the bytes they stand for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let hex = rest.strip_prefix('x').and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                rest = &rest[3..];
            }
            None if rest.starts_with('0') => {
                out.push(0);
                rest = &rest[1..];
            }
            None => out.push(b'\\'),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
