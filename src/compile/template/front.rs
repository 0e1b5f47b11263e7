//! The few lines above a mail: its subject and what an inbox shows beside it.

use std::ops::Range;

use super::expression::Wrong;
use crate::compile::diagnostic::Code;
use crate::compile::names;

/// The keys there are.
pub const KEYS: [&str; 4] = ["subject", "preheader", "layout", "attachments"];
const LATER: [&str; 2] = ["lang", "reply_to"];

/// What stands above the body, each with its bytes in the file.
#[derive(Debug, Default)]
pub struct Front {
    pub subject: Option<Range<usize>>,
    pub preheader: Option<Range<usize>>,
    /// The name of the layout around it.
    pub layout: Option<Range<usize>>,
    /// The files that go with it: `[a.pdf, b.pdf]`.
    pub attachments: Option<Range<usize>>,
    /// The byte the body begins at.
    pub body: usize,
}

/// Reads the block between the first line `---` and the next one.
pub fn front(text: &str) -> (Front, Vec<(Code, Wrong)>) {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut front = Front { body: skipped, ..Front::default() };
    let mut wrong = Vec::new();
    let mut lines = text[skipped..].split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return (front, wrong) };
    let mut at = skipped + first.len();
    for line in lines {
        let start = at;
        at += line.len();
        if line.trim_end() == "---" {
            front.body = at;
            return (front, wrong);
        }
        wrong.extend(field(line, start, &mut front));
    }
    let opening = skipped..skipped + 3;
    let hint = "end it with a line `---`, then write the mail".to_owned();
    wrong.push((Code::FrontMatter, Wrong::new(opening, "the front matter is never closed", hint)));
    front.body = text.len();
    (front, wrong)
}

fn field(line: &str, start: usize, front: &mut Front) -> Option<(Code, Wrong)> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let from = start + line.len() - line.trim_start().len();
    let Some((key, value)) = text.split_once(':') else {
        let hint = "write `subject: …`".to_owned();
        return Some((
            Code::FrontMatter,
            Wrong::new(from..from + text.len(), "a line of the front matter has no `:`", hint),
        ));
    };
    let place = from..from + key.len();
    let value_start = from + key.len() + 1 + value.len() - value.trim_start().len();
    let span = unquoted(value.trim(), value_start);
    let slot = match key.trim() {
        "subject" => &mut front.subject,
        "preheader" => &mut front.preheader,
        "layout" => &mut front.layout,
        "attachments" => &mut front.attachments,
        later if LATER.contains(&later) => {
            let message = format!("`{later}` in the front matter is not supported yet");
            return Some((Code::NotYet, Wrong::new(place, message, "remove it for now".to_owned())));
        }
        other => {
            let message = format!("`{other}` is no key of the front matter");
            return Some((Code::UnknownKey, Wrong::new(place, message, names::hint(other, KEYS))));
        }
    };
    if slot.is_some() {
        return Some((Code::DuplicateKey, Wrong::new(place, format!("`{}` stands twice", key.trim()), None)));
    }
    *slot = Some(span);
    None
}

fn unquoted(value: &str, start: usize) -> Range<usize> {
    let end = start + value.len();
    let quoted = ['"', '\''].into_iter().any(|q| value.len() >= 2 && value.starts_with(q) && value.ends_with(q));
    if quoted { start + 1..end - 1 } else { start..end }
}
