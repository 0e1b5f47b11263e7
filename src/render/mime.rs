//! The bytes of a mail: the same message always makes the same bytes, so that a retry is the same mail.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as LettreMailbox, MultiPart, SinglePart};
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
        SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text.to_owned())
    };
    MultiPart::alternative()
        .boundary(format!("=_{}", message.touch.as_str()))
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html))
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
