//! Files that go with a mail: base64 in lines of 76, and names as RFC 2231 (section 4) writes them.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::values::url_part;
use crate::domain::template::Attachment;

/// Octets of a file in one line of base64 (RFC 2045 section 6.8).
const LINE: usize = 57;

/// Writes one part with its headers.
pub(super) fn write(file: &Attachment, out: &mut Vec<u8>) {
    let mut head = format!("Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\n", file.kind);
    head.push_str("Content-Disposition: attachment;\r\n ");
    // A name in ASCII beside the real one would be the one that many readers take, so there is one only.
    let _ = if file.name.is_ascii() {
        write!(head, "filename=\"{}\"", plain(&file.name))
    } else {
        write!(head, "filename*=UTF-8''{}", url_part(&file.name))
    };
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    for (n, line) in file.bytes.chunks(LINE).enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(BASE64.encode(line).as_bytes());
    }
}

/// A name of ASCII, with nothing that ends a quoted text.
fn plain(name: &str) -> String {
    name.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '_' }).collect()
}
