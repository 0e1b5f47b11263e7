//! A mail in plain text has no HTML part; its addresses become links of ours all the same.

use super::links::{Links, is_web};
use super::marks::Marks;

/// What may follow an address in a sentence and is none of it.
const AFTER: [char; 8] = ['.', ',', ';', ':', '!', '?', ')', '>'];

/// The marked text with a number for each address in it; links are added to those there are.
pub fn text(marked: &str, marks: &Marks<'_>, links: &mut Links) -> String {
    let mut out = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(at) = next_address(rest) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(rest.len());
        let address = rest[..length].trim_end_matches(AFTER);
        if is_web(&marks.restore(address)) {
            let place = marks.locate(address);
            out.push_str(&links.target(address, marks, &place));
        } else {
            out.push_str(address);
        }
        rest = &rest[address.len()..];
    }
    marks.restore(&(out + rest))
}

fn next_address(text: &str) -> Option<usize> {
    ["https://", "http://"].into_iter().filter_map(|scheme| text.find(scheme)).min()
}
