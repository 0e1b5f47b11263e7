//! A mail that came back to us: a person's reply, a machine's, a verdict on an address, or nothing of ours.
//!
//! The first that fits wins, and reports of delivery come before automatic replies, since real reports call themselves
//! automatic too. Whatever acts on a lead needs a token that only we can make.

mod auto;
mod away;
mod quoted;
mod report;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::Date;
use mail_parser::{Message, MessageParser};
use sha2::{Digest, Sha256};

use crate::domain::id::TouchId;
use crate::domain::time::Instant;
use crate::seal::Seal;
use report::Report;

/// What a mail is, and which of our mails it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    pub kind: Kind,
    /// There for every kind but `Unmatched`.
    pub touch: Option<TouchId>,
    /// Its Message-ID, else a hash of its bytes: the same mail read twice is one fact.
    pub message_id: String,
    /// The address in From.
    pub from: Option<String>,
    /// The Date header.
    pub at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person wrote.
    Reply {
        /// What they wrote themselves, without what they quote.
        text: String,
        /// They ask for no more mail, in so many words.
        stop: bool,
    },
    /// A machine answered for a person who is away until this day, if it says so.
    AutoReply { until: Option<Date> },
    /// The mail was not delivered.
    Bounce(Bounce),
    /// The recipient called the mail abuse (RFC 5965).
    Complaint,
    /// Something that is to be seen and changes nothing: a delay, a relaying, a receipt, a report about authentication.
    DeliveryNote { what: String },
    /// Nothing may follow from it.
    Unmatched { why: String },
}

/// A final failure to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// Whether the address itself is refused for ever; never for a refusal of us, a full mailbox, or a time-out.
    pub hard: bool,
    /// Enhanced status (RFC 3463), for example `5.1.1`.
    pub status: Option<String>,
    /// The address as we wrote it, if the report says; where it is not the lead's, the mail was forwarded and the verdict is on
    /// somebody else.
    pub recipient: Option<String>,
    /// What the server said, on one line.
    pub diagnostic: String,
}

/// Reads a mail as it was delivered, headers of delivery included.
pub fn read(bytes: &[u8], seal: &Seal) -> Incoming {
    let hash = || format!("sha256:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)));
    let Some(mail) = MessageParser::new().parse(bytes) else {
        return Incoming { kind: unmatched("it is no mail"), touch: None, message_id: hash(), from: None, at: None };
    };
    let report = report::of(&mail);
    let touch = tokens::touch(&mail, report.as_ref(), seal);
    let kind = kind(&mail, report, seal, touch.is_some());
    Incoming {
        touch: if matches!(kind, Kind::Unmatched { .. }) { None } else { touch },
        kind,
        message_id: mail.message_id().map_or_else(hash, str::to_owned),
        from: sender(&mail),
        at: mail.date().map(|date| Instant(date.to_timestamp().saturating_mul(1_000))),
    }
}

fn kind(mail: &Message<'_>, report: Option<Report>, seal: &Seal, ours: bool) -> Kind {
    if mail.message_id().is_some_and(|id| seal.open_message_id(id).is_some()) {
        return unmatched("it is a mail of our own");
    }
    let (what, kind) = if let Some(report) = report {
        ("a delivery report", report.kind)
    } else if let Some(why) = auto::sign(mail) {
        let until = away::until(mail.subject().unwrap_or_default(), &quoted::own_text(mail), mail.date());
        (why, Kind::AutoReply { until })
    } else {
        let text = quoted::own_text(mail);
        ("a reply", Kind::Reply { stop: quoted::asks_to_stop(&text), text })
    };
    if ours { kind } else { unmatched(&format!("{what} without a token of ours")) }
}

fn unmatched(why: &str) -> Kind {
    Kind::Unmatched { why: why.to_owned() }
}

fn sender(mail: &Message<'_>) -> Option<String> {
    mail.from()?.first()?.address().map(str::to_owned)
}

/// A header's text as it stands, unfolded; every one of that name.
fn raw<'a>(mail: &'a Message<'_>, name: &str) -> Vec<String> {
    let named = |(key, value): (&'a str, &'a str)| key.eq_ignore_ascii_case(name).then(|| unfolded(value));
    mail.headers_raw().filter_map(named).collect()
}

fn unfolded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
