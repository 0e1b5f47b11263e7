//! The bytes of a mail: the same message always makes the same bytes, so that a retry is the same mail.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox as LettreMailbox, Mailboxes};

use super::{Refuse, attachment};
use crate::domain::address::EmailAddress;
use crate::domain::message::Message;

/// Writes the mail: CRLF, no line over 998 octets, both texts quoted-printable (RFC 2045 section 6.7); a mail without HTML
/// is its text alone.
///
/// The library encodes the headers. It does not build the mail, since it reads its own headers back and copies each part twice.
///
/// # Errors
/// Says which address or header no mail can carry.
pub fn bytes(message: &Message) -> Result<Vec<u8>, Refuse> {
    let mut headers = headers(message)?;
    if !is_read_back(message, &headers) {
        return Err(Refuse::Broken("the mail cannot be built: its addresses would not be read as they are".to_owned()));
    }
    let texts = message.text.len() + message.html.len();
    let files: usize = message.attachments.iter().map(|file| file.bytes.len()).sum();
    let mut out = Vec::with_capacity(texts + texts / 16 + files / 3 * 4 + files / 50 + 2_048);
    if message.attachments.is_empty() {
        texts_of(message, headers, &mut out);
        return Ok(out);
    }
    let boundary = format!("=_mixed_{}", message.touch.as_str());
    parts_kind("mixed", &boundary, &mut headers);
    head(&headers, &mut out);
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
    texts_of(message, Headers::with_capacity(2), &mut out);
    for file in &message.attachments {
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        attachment::write(file, &mut out);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// The text, or both texts as alternatives, under the headers there are.
fn texts_of(message: &Message, mut headers: Headers, out: &mut Vec<u8>) {
    if message.html.is_empty() {
        return part(headers, ContentType::TEXT_PLAIN, &message.text, out);
    }
    // `=_` cannot stand in quoted-printable text, so the boundary never ends a part early.
    let boundary = format!("=_{}", message.touch.as_str());
    parts_kind("alternative", &boundary, &mut headers);
    head(&headers, out);
    for (kind, text) in [(ContentType::TEXT_PLAIN, &message.text), (ContentType::TEXT_HTML, &message.html)] {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        part(Headers::with_capacity(2), kind, text, out);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
}

fn parts_kind(kind: &str, boundary: &str, headers: &mut Headers) {
    let kind = format!("multipart/{kind}; boundary=\"{boundary}\"");
    headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str("Content-Type"), kind));
}

fn head(headers: &Headers, out: &mut Vec<u8>) {
    out.extend_from_slice(headers.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn part(mut headers: Headers, kind: ContentType, text: &str, out: &mut Vec<u8>) {
    headers.set(kind);
    headers.set(ContentTransferEncoding::QuotedPrintable);
    head(&headers, out);
    quoted_printable(text, out);
}

fn headers(message: &Message) -> Result<Headers, Refuse> {
    let seconds = u64::try_from(message.date.0.div_euclid(1_000)).unwrap_or(0);
    let from = LettreMailbox::new(message.from.display.clone(), address(&message.from.address)?);
    let mailbox = |to: &EmailAddress| Ok(Mailboxes::from(LettreMailbox::new(None, address(to)?)));
    let mut headers = Headers::with_capacity(16);
    headers.set(header::From::from(Mailboxes::from(from)));
    headers.set(header::To::from(mailbox(&message.to)?));
    headers.set(header::Subject::from(plain(&message.subject)?));
    headers.set(header::Date::new(UNIX_EPOCH + Duration::from_secs(seconds)));
    headers.set(header::MessageId::from(plain(&message.message_id)?));
    if let Some(reply_to) = &message.reply_to {
        headers.set(header::ReplyTo::from(mailbox(reply_to)?));
    }
    if let Some(parent) = &message.in_reply_to {
        headers.set(header::InReplyTo::from(plain(parent)?));
    }
    if !message.references.is_empty() {
        headers.set(header::References::from(plain(&message.references.join(" "))?));
    }
    for (name, value) in &message.headers {
        let name = HeaderName::new_from_ascii(name.clone())
            .map_err(|_| Refuse::Broken(format!("`{name}` is no name of a header")))?;
        headers.insert_raw(HeaderValue::new(name, plain(value)?));
    }
    headers.set(header::MIME_VERSION_1_0);
    Ok(headers)
}

/// Whether From and To are read as they were written; of letters, digits and little else that is plain without reading.
fn is_read_back(message: &Message, headers: &Headers) -> bool {
    let are =
        |text: &str, others: &[u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte));
    let named = message.from.display.as_deref().is_none_or(|name| are(name, b" "));
    let plain = named && [&message.from.address, &message.to].iter().all(|address| are(address.as_str(), b"@.-_+"));
    plain || (headers.get::<header::From>().is_some() && headers.get::<header::To>().is_some())
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
fn quoted_printable(text: &str, out: &mut Vec<u8>) {
    for line in text.split_inclusive('\n') {
        let (line, ended) = line.strip_suffix('\n').map_or((line, false), |line| (line, true));
        quote_line(line.as_bytes(), out);
        if ended {
            out.extend_from_slice(b"\r\n");
        }
    }
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
        let run = plain_run(&rest[..room]);
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

/// How many octets from the first on stand for themselves.
fn plain_run(bytes: &[u8]) -> usize {
    const PIECE: usize = 16;
    // Without a branch, so that the machine looks at a whole piece at once.
    let odd = |byte: u8| {
        let strange = u8::from(byte.wrapping_sub(b' ') > b'~' - b' ') & u8::from(byte != b'\t');
        strange | u8::from(byte == b'=')
    };
    let (pieces, _) = bytes.as_chunks::<PIECE>();
    let plain = pieces.iter().take_while(|piece| piece.iter().fold(0, |any, byte| any | odd(*byte)) == 0);
    let whole = plain.count() * PIECE;
    let rest = &bytes[whole..];
    whole + rest.iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(rest.len())
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
    use lettre::message::{Body, MultiPart, SinglePart};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::id::TouchId;
    use crate::domain::message::Mailbox;
    use crate::domain::time::Instant;

    fn quoted(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        quoted_printable(text, &mut out);
        out
    }

    /// The same mail as the library builds it.
    fn built(message: &Message) -> Option<Vec<u8>> {
        let part = |kind: ContentType, text: &str| {
            let body = Body::dangerous_pre_encoded(quoted(text), ContentTransferEncoding::QuotedPrintable);
            SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(body)
        };
        let parts = MultiPart::alternative()
            .boundary(format!("=_{}", message.touch.as_str()))
            .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
            .singlepart(part(ContentType::TEXT_HTML, &message.html));
        let address = |address: &EmailAddress| address.as_str().parse::<Address>().ok();
        let mut mail = lettre::Message::builder()
            .from(LettreMailbox::new(message.from.display.clone(), address(&message.from.address)?))
            .to(LettreMailbox::new(None, address(&message.to)?))
            .subject(message.subject.clone())
            .date(UNIX_EPOCH + Duration::from_secs(u64::try_from(message.date.0 / 1_000).unwrap()))
            .message_id(Some(message.message_id.clone()));
        if let Some(reply_to) = &message.reply_to {
            mail = mail.reply_to(LettreMailbox::new(None, address(reply_to)?));
        }
        if let Some(parent) = &message.in_reply_to {
            mail = mail.in_reply_to(parent.clone()).references(message.references.join(" "));
        }
        for (name, value) in message.headers.clone() {
            mail = mail.raw_header(HeaderValue::new(HeaderName::new_from_ascii(name).unwrap(), value));
        }
        Some(mail.multipart(parts).ok()?.formatted())
    }

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
        let quoted = |text: &str| String::from_utf8(quoted(text)).unwrap();
        assert_eq!(quoted("a=b é\nend \n\n\tx"), "a=3Db =C3=A9\r\nend=20\r\n\r\n\tx");
        assert_eq!(quoted(&"x".repeat(76)), "x".repeat(76));
        assert_eq!(quoted(&"x".repeat(77)), format!("{}=\r\nxx", "x".repeat(75)));
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_the_same_and_no_line_is_too_long(text in "([ -~]|[é€\t =\n]){0,400}") {
            let quoted = quoted(&text);
            prop_assert_eq!(read_back(&quoted), text.as_bytes());
            for line in quoted.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                prop_assert!(line.len() <= LONGEST && !matches!(line.last(), Some(b' ' | b'\t')));
            }
        }

        #[test]
        fn a_mail_is_byte_for_byte_what_the_library_builds(
            (display, subject) in (proptest::option::of("[a-zé ,.\"<>@()-]{1,40}"), "[ -~é]{1,90}"),
            to in prop_oneof![Just("a.b+c@x.example"), Just("o'neil@xn--bcher-kva.example"), Just("zoë@x.example"), Just("a=b@x.io")],
            (text, html, threaded) in ("[ -~\n]{0,200}", "[ -~é\n]{1,200}", any::<bool>()),
        ) {
            let Ok(to) = EmailAddress::parse(to) else { return Ok(()) };
            let ids = vec!["<t.1@x.example>".to_owned(), format!("<{}@x.example>", "y".repeat(90))];
            let message = Message {
                touch: TouchId("3z41vb6m8tq0x9rjkw5nhc2def".to_owned()),
                from: Mailbox { display, address: EmailAddress::parse("maya@x.example").unwrap() },
                reply_to: threaded.then(|| to.clone()),
                envelope_from: "b@x.example".to_owned(),
                to,
                subject,
                message_id: "<t.2@x.example>".to_owned(),
                date: Instant(1_795_161_600_000),
                in_reply_to: threaded.then(|| ids[1].clone()),
                references: if threaded { ids } else { Vec::new() },
                headers: vec![("List-Id".to_owned(), format!("<{}.x.example>", "z".repeat(80)))],
                text,
                html,
                attachments: Vec::new(),
            };
            prop_assert_eq!(bytes(&message).ok(), built(&message));
        }
    }
}
