//! One mail, complete: whoever holds it can make its bytes, and always the same bytes.

use super::address::EmailAddress;
use super::id::TouchId;
use super::template::Attachment;
use super::time::Instant;

/// A name and an address, as in From and Reply-To.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub display: Option<String>,
    pub address: EmailAddress,
}

/// A mail before it is bytes. No value in it holds a control character but the two texts, which hold line ends and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub touch: TouchId,
    pub from: Mailbox,
    pub reply_to: Option<EmailAddress>,
    /// The return path, without angle brackets.
    pub envelope_from: String,
    pub to: EmailAddress,
    pub subject: String,
    /// With its angle brackets.
    pub message_id: String,
    /// Sent to the second.
    pub date: Instant,
    /// With its angle brackets.
    pub in_reply_to: Option<String>,
    /// Oldest first, each with its angle brackets.
    pub references: Vec<String>,
    /// `List-*`, `Feedback-ID`, …: in this order.
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Nothing in a mail of plain text.
    pub html: String,
    pub attachments: Vec<Attachment>,
}

/// The mails before this one in its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The subject of the first, without `Re:`.
    pub subject: String,
    /// Message-IDs with their angle brackets, oldest first.
    pub message_ids: Vec<String>,
}
