//! The bytes of a mail: the same message always makes the same bytes, so that a retry is the same mail.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox as LettreMailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Mail};

use super::Refuse;
use crate::domain::address::EmailAddress;
use crate::domain::message::Message;

/// Writes the mail: CRLF, no line over 998 octets, both texts quoted-printable (RFC 2045 section 6.7).
///
/// # Errors
/// Says which address or header no mail can carry.
pub fn bytes(message: &Message) -> Result<Vec<u8>, Refuse> {
    let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(message.date.0.div_euclid(1_000)).unwrap_or(0));
    let mut mail = Mail::builder()
        .from(LettreMailbox::new(message.from.display.clone(), address(&message.from.address)?))
        .to(LettreMailbox::new(None, address(&message.to)?))
        .subject(plain(&message.subject)?)
        .date(date)
        .message_id(Some(plain(&message.message_id)?));
    if let Some(reply_to) = &message.reply_to {
        mail = mail.reply_to(LettreMailbox::new(None, address(reply_to)?));
    }
    if let Some(parent) = &message.in_reply_to {
        mail = mail.in_reply_to(plain(parent)?);
    }
    if !message.references.is_empty() {
        mail = mail.references(plain(&message.references.join(" "))?);
    }
    for (name, value) in &message.headers {
        let name = HeaderName::new_from_ascii(name.clone())
            .map_err(|_| Refuse::Broken(format!("`{name}` is no name of a header")))?;
        mail = mail.raw_header(HeaderValue::new(name, plain(value)?));
    }
    let mail =
        mail.multipart(parts(message)).map_err(|error| Refuse::Broken(format!("the mail cannot be built: {error}")))?;
    Ok(mail.formatted())
}

/// Text and HTML; `=_` cannot stand in quoted-printable text, so the boundary never ends a part early.
fn parts(message: &Message) -> MultiPart {
    let part = |kind: ContentType, text: &str| {
        let body = Body::dangerous_pre_encoded(quoted_printable(text), ContentTransferEncoding::QuotedPrintable);
        SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(body)
    };
    MultiPart::alternative()
        .boundary(format!("=_{}", message.touch.as_str()))
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html))
}

/// The longest line of quoted-printable text, without its CRLF.
const LONGEST: usize = 76;

/// Which octets stand for themselves within a line.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = byte != b'=';
        byte += 1;
    }
    plain[b'\t' as usize] = true;
    plain
};

/// Writes lines that end with `\n` as quoted-printable (RFC 2045 section 6.7). Ours, because a mail's texts are the most of its bytes
/// and the library goes over them four times.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 16 + 64);
    for line in text.as_bytes().split_inclusive(|byte| *byte == b'\n') {
        let (line, ended) = line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
        quote_line(line, &mut out);
        if ended {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn quote_line(line: &[u8], out: &mut Vec<u8>) {
    // White space at the end of a line may be lost on the way.
    let (mut rest, tail) = match line.split_last() {
        Some((last @ (b' ' | b'\t'), before)) => (before, Some(*last)),
        _ => (line, None),
    };
    let mut column = 0;
    while let Some(first) = rest.first() {
        let room = (LONGEST - 1 - column).min(rest.len());
        let run = rest[..room].iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(room);
        if run > 0 {
            out.extend_from_slice(&rest[..run]);
            (column, rest) = (column + run, &rest[run..]);
            continue;
        }
        let ends = rest.len() == 1 && tail.is_none();
        let width = if PLAIN[usize::from(*first)] { 1 } else { 3 };
        if column + width > LONGEST - usize::from(!ends) {
            out.extend_from_slice(b"=\r\n");
            column = 0;
            continue;
        }
        if width == 1 {
            out.push(*first);
        } else {
            quote(*first, out);
        }
        (column, rest) = (column + width, &rest[1..]);
    }
    if let Some(last) = tail {
        if column + 3 > LONGEST {
            out.extend_from_slice(b"=\r\n");
        }
        quote(last, out);
    }
}

fn quote(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

fn address(address: &EmailAddress) -> Result<Address, Refuse> {
    address.as_str().parse().map_err(|error| Refuse::Broken(format!("no mail can be addressed to it: {error}")))
}

/// A header's value, once more looked at: a message may have come from elsewhere than our renderer.
fn plain(text: &str) -> Result<String, Refuse> {
    if text.chars().any(char::is_control) {
        return Err(Refuse::Hostile("a header would hold a line end or a control character".to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_back(quoted: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(quoted.to_vec()).unwrap().replace("=\r\n", "").replace("\r\n", "\n");
        let (mut bytes, mut read) = (text.bytes(), Vec::new());
        while let Some(byte) = bytes.next() {
            let mut digit = || char::from(bytes.next().unwrap()).to_digit(16).unwrap();
            read.push(if byte == b'=' { u8::try_from(digit() * 16 + digit()).unwrap() } else { byte });
        }
        read
    }

    #[test]
    fn a_line_breaks_softly_where_it_must_and_white_space_at_its_end_is_quoted() {
        let quoted = |text: &str| String::from_utf8(quoted_printable(text)).unwrap();
        assert_eq!(quoted("a=b é\nend \n\n\tx"), "a=3Db =C3=A9\r\nend=20\r\n\r\n\tx");
        assert_eq!(quoted(&"x".repeat(76)), "x".repeat(76));
        assert_eq!(quoted(&"x".repeat(77)), format!("{}=\r\nxx", "x".repeat(75)));
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_the_same_and_no_line_is_too_long(text in "([ -~]|[é€\t =\n]){0,400}") {
            let quoted = quoted_printable(&text);
            prop_assert_eq!(read_back(&quoted), text.as_bytes());
            for line in quoted.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                prop_assert!(line.len() <= LONGEST && !matches!(line.last(), Some(b' ' | b'\t')));
            }
        }
    }
}
