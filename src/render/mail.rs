//! Puts a mail together: first its links, then its texts, then the headers that follow from both.

use super::context::{About, MailContext, is_blank_text};
use super::links::Links;
use super::press::{Into, Link, Renderer, Texts};
use super::sight::{Made, Sight};
use super::{Refuse, Rendered};
use crate::domain::address::EmailAddress;
use crate::domain::message::{Mailbox, Message};
use crate::domain::playbook::Sender;
use crate::domain::template::Template;
use crate::seal::Purpose;

/// The longest subject, in characters; most mail programs show the first 60.
const LONGEST_SUBJECT: usize = 300;
/// Message-IDs kept in References: the first, and the last ones.
const MOST_REFERENCES: usize = 20;

/// The parts of a mail that a template makes.
struct Parts {
    unsubscribe_url: String,
    subject: String,
    text: String,
    html: String,
    links: Vec<(u16, String)>,
}

impl Renderer {
    /// Renders a mail.
    ///
    /// # Errors
    /// Says why it must not go out.
    pub fn mail(&self, template: &Template, mail: &MailContext<'_>) -> Result<Rendered, Refuse> {
        let Parts { unsubscribe_url, subject, text, html, links } = self.texts(template, mail)?;
        let from = sender_mailbox(mail.from)?;
        let references = mail.thread.map(|thread| references(&thread.message_ids)).unwrap_or_default();
        let message = Message {
            touch: mail.touch.clone(),
            reply_to: mail.from.reply_to.as_deref().map(own_address).transpose()?,
            envelope_from: mail.seal.return_path(mail.touch.as_str(), &mail.from.bounce_domain),
            to: mail.to.clone(),
            subject,
            message_id: mail.seal.message_id(mail.touch.as_str(), from.address.domain()),
            date: mail.date,
            in_reply_to: references.last().cloned(),
            references,
            headers: stream_headers(mail, from.address.domain(), &unsubscribe_url)?,
            from,
            text,
            html,
            attachments: template.attachments.clone(),
        };
        Ok(Rendered { message, links })
    }

    /// Renders the subject of a mail alone, as follow-ups in its thread repeat it.
    ///
    /// # Errors
    /// Says why it must not go out.
    pub fn subject(&self, template: &Template, about: &About<'_>) -> Result<String, Refuse> {
        let compiled = self.compiled(template)?;
        let Texts::Mail(texts) = &compiled.texts else {
            return Err(Refuse::Broken(format!("template `{}` makes no mail", template.name)));
        };
        let sight = Sight::new(about, &template.name, Made::default());
        subject_line(&self.fill(&texts.subject, &sight, Into::Plain)?)
    }

    /// Renders what is read by our own people: a text, or the text of a mail with its links as they are.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn prose(&self, template: &Template, about: &About<'_>) -> Result<String, Refuse> {
        let compiled = self.compiled(template)?;
        let Texts::Mail(texts) = &compiled.texts else { return self.text(template, about) };
        let sight = Sight::new(about, &template.name, Made::default());
        let mut shown = Vec::with_capacity(texts.links.len());
        for link in &texts.links {
            shown.push(match link {
                Link::Fixed(address) => address.clone()?,
                Link::Templated(program, into) => self.fill(program, &sight, *into)?,
            });
        }
        let mut sight = sight;
        sight.make(|all| all.links = Some(shown));
        self.fill(&texts.text, &sight, Into::Plain)
    }

    fn texts(&self, template: &Template, mail: &MailContext<'_>) -> Result<Parts, Refuse> {
        let compiled = self.compiled(template)?;
        let Texts::Mail(texts) = &compiled.texts else {
            return Err(Refuse::Broken(format!("template `{}` makes no mail", template.name)));
        };
        let unsubscribe_url = mail.token_url('u', Purpose::Unsubscribe, 0);
        let made =
            Made { unsubscribe_url: Some(unsubscribe_url.clone()), pixel: Some(mail.pixel()), ..Made::default() };
        let mut sight = Sight::new(&mail.about, &template.name, made);
        let Links { shown, made } = self.links(&texts.links, &sight, mail)?;
        sight.make(|all| all.links = Some(shown));
        let subject = match mail.thread {
            Some(thread) => format!("Re: {}", without_re(&thread.subject)),
            None => self.fill(&texts.subject, &sight, Into::Plain)?,
        };
        let text = self.fill(&texts.text, &sight, Into::Plain)?;
        if is_blank_text(&text) {
            return Err(Refuse::Blank("the text"));
        }
        let teaser =
            texts.preheader.as_ref().map_or(Ok(String::new()), |source| self.fill(source, &sight, Into::Plain))?;
        sight.make(|all| all.preheader = Some(teaser.clone()));
        let html = self.fill(&texts.html, &sight, Into::Html)?;
        // A mail in plain text has no HTML to hide it in.
        let html = if texts.places_preheader || teaser.is_empty() || html.is_empty() {
            html
        } else {
            with_teaser(&html, &teaser)
        };
        let subject = subject_line(&subject)?;
        Ok(Parts { unsubscribe_url, subject, text: lines(text), html: lines(html), links: made })
    }
}

/// List-Unsubscribe and its POST (RFC 8058), List-Id (RFC 2919), Feedback-ID: of bulk mail only.
fn stream_headers(mail: &MailContext<'_>, domain: &str, unsubscribe: &str) -> Result<Vec<(String, String)>, Refuse> {
    if !mail.bulk {
        return Ok(Vec::new());
    }
    if !mail.may_unsubscribe_there() {
        return Err(Refuse::Broken(
            "`public_url` must be https, so that people can unsubscribe there (plain http is for loopback only)"
                .to_owned(),
        ));
    }
    let stream = label(mail.sequence);
    let pairs = [
        ("List-Unsubscribe", format!("<{unsubscribe}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ("List-Id", format!("<{stream}.{domain}>")),
        ("Feedback-ID", format!("{stream}:{}:{}:{}", label(mail.step), label(&mail.from.name), label(domain))),
    ];
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A name as one label: lower-case letters, digits, hyphens and dots, at most 60 characters.
fn label(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else if matches!(c, '/' | '.') {
            '.'
        } else {
            '-'
        }
    };
    let made: String = name.chars().map(plain).take(60).collect();
    let made = made.trim_matches(['.', '-']);
    if made.is_empty() { "overture".to_owned() } else { made.to_owned() }
}

fn sender_mailbox(sender: &Sender) -> Result<Mailbox, Refuse> {
    let display = sender.display.as_deref().map(|name| header(name, "the sender's name")).transpose()?;
    Ok(Mailbox { display: display.filter(|name| !name.is_empty()), address: own_address(&sender.address)? })
}

fn own_address(address: &str) -> Result<EmailAddress, Refuse> {
    EmailAddress::parse(address).map_err(|why| Refuse::Broken(format!("the sender's address `{address}`: {why}")))
}

fn subject_line(text: &str) -> Result<String, Refuse> {
    let subject = header(text, "the subject")?;
    if subject.is_empty() {
        return Err(Refuse::Blank("the subject"));
    }
    if subject.chars().count() > LONGEST_SUBJECT {
        return Err(Refuse::Hostile(format!("the subject is longer than {LONGEST_SUBJECT} characters")));
    }
    Ok(subject)
}

/// A text that becomes a header: one line, nothing that a mail program would decode into something else.
fn header(text: &str, what: &str) -> Result<String, Refuse> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Refuse::Hostile(format!("{what} would hold a line end or a control character")));
    }
    if text.contains("=?") {
        return Err(Refuse::Hostile(format!("{what} would hold `=?`, which mail programs decode (RFC 2047)")));
    }
    Ok(text.to_owned())
}

fn without_re(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some(after) =
        rest.get(..3).filter(|head| head.eq_ignore_ascii_case("re:")).map(|_| rest[3..].trim_start())
    {
        rest = after;
    }
    rest
}

fn references(ids: &[String]) -> Vec<String> {
    let skipped = ids.len().saturating_sub(MOST_REFERENCES);
    ids.iter().enumerate().filter(|(at, _)| *at == 0 || *at > skipped).map(|(_, id)| id.clone()).collect()
}

/// Line ends as `\n`, and no other control character but the tab.
fn lines(text: String) -> String {
    if is_plain(text.as_bytes()) {
        return text;
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Whether UTF-8 holds no control character but line ends and tabs: most texts do not, and need not be looked at by character.
fn is_plain(text: &[u8]) -> bool {
    const PIECE: usize = 64;
    let odd = |byte: u8| (byte < b' ' && !matches!(byte, b'\n' | b'\t')) || matches!(byte, 0x7f | 0xc2);
    // U+0080 to U+009F, the second set of control characters, begin with C2; so do quite ordinary ones.
    let fine = |at: usize| text[at] == 0xc2 && text.get(at + 1).is_none_or(|next| *next >= 0xa0);
    text.chunks(PIECE).enumerate().all(|(piece, bytes)| {
        let any = bytes.iter().fold(false, |any, byte| any | odd(*byte));
        !any || (piece * PIECE..piece * PIECE + bytes.len()).all(|at| !odd(text[at]) || fine(at))
    })
}

/// The line mail programs show beside the subject, hidden in the mail itself.
fn with_teaser(html: &str, teaser: &str) -> String {
    let hidden = format!(
        r#"<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{}</div>"#,
        handlebars::html_escape(teaser)
    );
    let body = html.to_ascii_lowercase().find("<body").and_then(|at| html[at..].find('>').map(|end| at + end + 1));
    let (before, after) = html.split_at(body.unwrap_or(0));
    format!("{before}{hidden}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_leave_a_text_and_all_else_stays() {
        for plain in ["", "Grüße · Zoë\n\tÄ €", "a\u{a0}b"] {
            assert_eq!(lines(plain.to_owned()), plain);
        }
        assert_eq!(lines("a\r\nb\rc\u{7f}\u{0}\u{85}d\u{9f}".to_owned()), "a\nb\ncd");
    }
}
