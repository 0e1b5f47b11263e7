//! Files that go with a mail: base64 in lines of 76, and names that mail programs of any age can read.

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
    let _ = write!(head, "Content-Disposition: attachment;\r\n filename=\"{}\"", plain(&file.name));
    if !file.name.is_ascii() {
        // The name as it is, for those who read RFC 2231 (section 4); the one before is for those who do not.
        let _ = write!(head, ";\r\n filename*=UTF-8''{}", url_part(&file.name));
    }
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    for (n, line) in file.bytes.chunks(LINE).enumerate() {
        if n > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(BASE64.encode(line).as_bytes());
    }
}

/// A name in ASCII, with nothing that ends a quoted text.
fn plain(name: &str) -> String {
    name.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '_' }).collect()
}
