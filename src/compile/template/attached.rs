//! Files that go with a mail: named in its front matter, kept under templates/, and part of its version.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::source::Place;
use crate::domain::template::Attachment;

/// The files there are, by their path under templates/.
pub type Files = BTreeMap<String, Arc<[u8]>>;

/// Octets of all files of one mail: most mailboxes take 10 MiB, and base64 adds a third.
const LARGEST: usize = 5 << 20;
/// What may be attached, by extension. Programs and archives are left out: mail servers refuse them.
const KINDS: [(&str, &str); 11] = [
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("csv", "text/csv; charset=utf-8"),
    ("ics", "text/calendar; charset=utf-8"),
    ("vcf", "text/vcard; charset=utf-8"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// Whether a file of this path can be attached.
pub fn can_be(path: &str) -> bool {
    kind(path).is_some()
}

fn kind(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

/// Reads `[files/guide.pdf, other.png]` in the front matter of a text: the paths, and the files.
pub fn attached(
    text: &str,
    (range, source): (Range<usize>, usize),
    files: &Files,
    report: &Report,
) -> Vec<(String, Attachment)> {
    let mut found: Vec<(String, Attachment)> = Vec::new();
    let whole = &text[range.clone()];
    for name in whole.trim().trim_start_matches('[').trim_end_matches(']').split(',').map(str::trim) {
        let name = name.trim_matches(['"', '\'']);
        let at = range.start + whole.find(name).unwrap_or(0);
        let place = Place { source, start: at, end: at + name.len() };
        let path = name.strip_prefix("templates/").unwrap_or(name);
        let (Some(bytes), Some(kind)) = (files.get(path), kind(path)) else {
            let near = names::hint(path, files.keys().map(String::as_str));
            let kinds = || format!("put it under templates/; it may be {}", KINDS.map(|(known, _)| known).join(", "));
            let message = format!("there is no file `{path}` that can be attached");
            report.error_with(Code::UnknownPart, place, message, near.unwrap_or_else(kinds));
            continue;
        };
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        found.push((path.to_owned(), Attachment { name, kind, bytes: Arc::clone(bytes) }));
    }
    let size: usize = found.iter().map(|(_, file)| file.bytes.len()).sum();
    if size > LARGEST {
        let place = Place { source, start: range.start, end: range.end };
        let message = format!("the files of this mail have {size} bytes; at most {LARGEST} go with one");
        report.error_with(Code::FileTooLarge, place, message, "link to the larger ones instead".to_owned());
    }
    found
}
