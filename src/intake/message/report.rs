//! Reports about a mail of ours: of its delivery (RFC 3464), of a complaint (RFC 5965), of its reading (RFC 8098), and the bounces
//! of servers that follow no standard, which are believed only from nobody or a mailer daemon.

use std::collections::BTreeMap;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{Bounce, Kind, auto, raw, unfolded};
use crate::domain::refusal::{Reply, Stage, Verdict, classify, parse_enhanced};

/// What a report says, and the texts in which our own headers may stand.
pub struct Report {
    pub kind: Kind,
    pub returned: String,
}

type Fields = BTreeMap<String, String>;

/// The longest part of a returned mail that is searched for our headers, in octets.
const SEARCHED: usize = 64 * 1024;

/// What the subjects of failures hold, where no report stands in the mail; in lower case.
const FAILURES: [&str; 9] = [
    "could not be delivered",
    "error",
    "fail",
    "nondeliverable",
    "not delivered",
    "returned mail",
    "status notification",
    "undeliver",
    "unzustellbar",
];
/// Who sends them.
const DAEMONS: [&str; 6] =
    ["mail-daemon", "mailer daemon", "mailer-daemon", "mail.delivery.system", "mail delivery", "postmaster"];

/// The report in a mail, if it is one.
pub fn of(mail: &Message<'_>) -> Option<Report> {
    let parts = || mail.parts.iter().map(|part| (kind_of(part), part));
    let find = |names: &[&str]| parts().find(|(kind, _)| names.contains(&kind.as_str())).map(|(_, part)| text_of(part));
    let returned = || returned(mail);
    if let Some(text) = find(&["message/delivery-status", "message/global-delivery-status"]) {
        let note = || Kind::DeliveryNote { what: "a report without a recipient".to_owned() };
        let kind = delivery(&text, &human_part(mail)).or_else(|| unusual(mail)).unwrap_or_else(note);
        return Some(Report { kind, returned: format!("{text}\n{}", returned()) });
    }
    if let Some(text) = find(&["message/feedback-report"]) {
        return Some(Report { kind: feedback(&text), returned: format!("{text}\n{}", returned()) });
    }
    if let Some(text) = find(&["message/disposition-notification"]) {
        let kind = Kind::DeliveryNote { what: "a receipt".to_owned() };
        return Some(Report { kind, returned: text });
    }
    unusual(mail).map(|kind| Report { kind, returned: returned() })
}

/// The worst that is said of a recipient: failed is a bounce, all else is a note (RFC 3464 section 2.3.3).
fn delivery(text: &str, human: &str) -> Option<Kind> {
    let recipients: Vec<Fields> = blocks(text).into_iter().filter(|fields| fields.contains_key("action")).collect();
    let action = |fields: &Fields| fields["action"].split_whitespace().next().unwrap_or_default().to_lowercase();
    let Some(failed) = recipients.iter().find(|fields| action(fields) == "failed") else {
        let said: Vec<String> = recipients.iter().map(action).collect();
        return (!said.is_empty()).then(|| Kind::DeliveryNote { what: said.join(", ") });
    };
    let value = |name: &str| failed.get(name).map(String::as_str).unwrap_or_default();
    let diagnostic = typed(value("diagnostic-code"));
    let recipient =
        [value("original-recipient"), value("final-recipient")].into_iter().map(typed).find(|text| text.contains('@'));
    let status = value("status").split_whitespace().next().unwrap_or_default();
    Some(Kind::Bounce(bounce(status, diagnostic, recipient, stage(human))))
}

/// Where in the conversation it failed: Postfix says so in its words to people.
fn stage(human: &str) -> Stage {
    let human = human.to_lowercase();
    let answered = |to: &str| human.contains(&format!("in reply to {to}"));
    if answered("end of data") {
        Stage::Final
    } else if answered("data") {
        Stage::Data
    } else if answered("mail from") {
        Stage::Mail
    } else {
        Stage::Rcpt
    }
}

fn bounce(status: &str, diagnostic: &str, recipient: Option<&str>, stage: Stage) -> Bounce {
    let words: Vec<&str> = diagnostic.split_whitespace().collect();
    let code = words.iter().take(6).find_map(|word| basic_code(word));
    let rest = usize::from(words.first().is_some_and(|word| basic_code(word).is_some()));
    let mut reply =
        Reply::from_lines(stage, code.unwrap_or(550), [words.get(rest..).unwrap_or_default().join(" ").as_str()]);
    // What the server said is nearer to the truth than what a relay made of it; the words decide where both say nothing.
    let own = parse_enhanced(status);
    let inner = reply
        .enhanced
        .or_else(|| words.iter().find_map(|word| parse_enhanced(word.trim_matches(['(', ')', '[', ']']))));
    let says_something = |status: &(u8, u16, u16)| status.1 != 0 || status.2 != 0;
    reply.enhanced = inner.filter(says_something).or(own.filter(says_something)).or(inner).or(own);
    let expired = own.is_some_and(|(class, ..)| class == 4);
    Bounce {
        hard: !expired && classify(&reply) == Verdict::Hard,
        status: reply.enhanced.map(|(class, subject, detail)| format!("{class}.{subject}.{detail}")),
        recipient: recipient.map(|text| text.trim_matches(['<', '>']).to_owned()),
        diagnostic: Reply::from_lines(stage, reply.code, [diagnostic]).text,
    }
}

fn basic_code(word: &str) -> Option<u16> {
    let digits = word.get(..3)?;
    let plain = word.len() == 3 || word[3..].starts_with(['-', ':', ',', ';']);
    (plain && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|code| (400..600).contains(code))
}

/// Abuse and fraud are a person's complaint; what is about authentication or no spam is for us to see.
fn feedback(text: &str) -> Kind {
    let fields: Fields = blocks(text).into_iter().flatten().collect();
    let what = fields.get("feedback-type").map(|kind| kind.to_lowercase()).unwrap_or_default();
    if matches!(what.trim(), "abuse" | "fraud" | "virus") {
        Kind::Complaint
    } else {
        Kind::DeliveryNote { what: format!("a feedback report: {what}") }
    }
}

/// A bounce without a report in it, as old and proud servers write them.
fn unusual(mail: &Message<'_>) -> Option<Kind> {
    let daemon = is_daemon(mail);
    let failed = raw(mail, "X-Failed-Recipients");
    let subject = mail.subject().unwrap_or_default().trim().to_lowercase();
    let human = human_part(mail);
    let qmail = human.trim_start().starts_with("Hi. This is the");
    if !daemon && !(auto::has_null_sender(mail) && (qmail || !failed.is_empty())) {
        return None;
    }
    if subject.contains("warning") || subject.contains("delayed") || subject.contains("(delay)") {
        return Some(Kind::DeliveryNote { what: "delayed".to_owned() });
    }
    if !qmail && failed.is_empty() && !FAILURES.iter().any(|form| subject.contains(form)) {
        return None;
    }
    let lines: Vec<&str> = human.lines().map(str::trim).collect();
    let at = lines
        .iter()
        .position(|line| line.split_whitespace().any(|word| basic_code(word).is_some() || status_word(word).is_some()));
    let said = at.map(|at| {
        lines[at..]
            .iter()
            .take_while(|line| !line.is_empty() && !line.starts_with("--"))
            .take(3)
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    });
    let said = unfolded(&said.unwrap_or_default());
    let code = said.split_whitespace().position(|word| basic_code(word).is_some()).unwrap_or(0);
    let diagnostic = said.split_whitespace().skip(code).collect::<Vec<_>>().join(" ");
    let status = diagnostic.split_whitespace().find_map(status_word).unwrap_or_default();
    Some(Kind::Bounce(bounce(status, &diagnostic, failed.first().map(String::as_str), stage(&human))))
}

/// Whether it says to come from a program that delivers mail.
pub fn is_daemon(mail: &Message<'_>) -> bool {
    raw(mail, "From").iter().any(|from| DAEMONS.iter().any(|name| from.to_lowercase().contains(name)))
}

fn status_word(word: &str) -> Option<&str> {
    let bare = word.trim_matches(|c: char| !c.is_ascii_digit());
    parse_enhanced(bare).filter(|(class, ..)| *class != 2).map(|_| bare)
}

/// The returned mail, or as much of it as came back, as text to be searched for our headers.
fn returned(mail: &Message<'_>) -> String {
    let mut text = String::new();
    for part in &mail.parts {
        let kind = kind_of(part);
        if matches!(
            kind.as_str(),
            "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/global-headers"
        ) {
            text.push_str(&text_of(part));
            text.push('\n');
        }
    }
    if text.is_empty() { human_part(mail) } else { text }
}

/// The first text part, cut to what may be searched.
fn human_part(mail: &Message<'_>) -> String {
    mail.body_text(0).unwrap_or_default().chars().take(SEARCHED).collect()
}

fn kind_of(part: &MessagePart<'_>) -> String {
    let kind = part.content_type();
    kind.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_lowercase())
        .unwrap_or_default()
}

fn text_of(part: &MessagePart<'_>) -> String {
    let bytes = match &part.body {
        PartType::Message(inner) => inner.raw_message(),
        _ => part.contents(),
    };
    String::from_utf8_lossy(&bytes[..bytes.len().min(SEARCHED)]).into_owned()
}

/// Groups of `Name: value` lines, unfolded, names in lower case; a blank line ends a group.
fn blocks(text: &str) -> Vec<Fields> {
    let mut found = vec![Fields::new()];
    let mut last: Option<String> = None;
    for line in text.lines() {
        let fields = found.len() - 1;
        if line.trim().is_empty() {
            found.push(Fields::new());
            last = None;
        } else if line.starts_with([' ', '\t']) {
            if let Some(value) = last.as_ref().and_then(|name| found[fields].get_mut(name)) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_lowercase();
            found[fields].entry(name.clone()).or_insert_with(|| value.trim().to_owned());
            last = Some(name);
        }
    }
    found
}

/// The value behind its type: `rfc822; a@b.c`, `smtp; 550 …`.
fn typed(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim()
}
