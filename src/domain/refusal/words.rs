//! The words servers use, because many give no enhanced code, or one that says nothing.

use super::UsKind;

/// A refusal's text in lower case, without addresses: a lead called spam@example.com must not read as a spam verdict.
pub(super) struct Words(String);

const GREYLISTED: &[&str] =
    &["greylist", "graylist", "grey-list", "gray-list", "postgrey", "grey listed", "gray listed"];
const THROTTLED: &[&str] = &[
    "rate limit",
    "ratelimit",
    "rate-limit",
    "throttl",
    "too many",
    "too fast",
    "too much mail",
    "slow down",
    "receiving mail at a rate",
    "temporarily deferred",
    "rate exceeded",
    "unusual rate",
    "limit exceeded",
    "exceeded the",
    "over quota for sending",
    "rate limited",
    "sending rate",
    "message rate",
    "connection limit",
    "try fewer",
];
const MAILBOX_FULL: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "mailbox quota",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded quota",
    "exceeds quota",
    "quota is exceeded",
    "inbox is full",
    "out of storage",
    "insufficient disk space in mailbox",
    "exceeded storage",
    "storage exceeded",
    "not enough storage space",
];
const USER_UNKNOWN: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "user not found",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "no such recipient",
    "no such mailbox",
    "mailbox not found",
    "mailbox unknown",
    "unknown mailbox",
    "no mailbox here by that name",
    "mailbox does not exist",
    "mailbox doesn't exist",
    "user does not exist",
    "user doesn't exist",
    "recipient does not exist",
    "recipient doesn't exist",
    "address does not exist",
    "address doesn't exist",
    "account does not exist",
    "account doesn't exist",
    "tried to reach does not exist",
    "no such address",
    "address unknown",
    "unknown address",
    "invalid recipient",
    "invalid mailbox",
    "unknown local part",
    "unknown local-part",
    "unrouteable address",
    "not a known user",
    "not a valid user",
    "not a valid mailbox",
    "no such account",
    "account not found",
    "address not found",
    "user not known",
    "user doesn't have a",
    "user does not have a",
    "not our user",
    "not our customer",
    "user not local",
    "no user here by that name",
    "no such person",
];
/// Signs that a refusal at RCPT speaks of us although its code blames the address.
const OUR_SENDER: &[&str] = &[
    "sender address",
    "sender domain",
    "sender rejected",
    "sender denied",
    "sender verify",
    "sender not",
    "invalid sender",
    "from address",
    "from domain",
    "from: domain",
    "your domain",
    "mail from",
    "return path",
    "return-path",
    "helo",
    "ehlo",
];
const RELAY: &[&str] = &[
    "relay access",
    "relaying denied",
    "relay denied",
    "unable to relay",
    "not relay",
    "relaying not",
    "relay not",
    "mail relay",
    "not permitted to relay",
    "prohibited to relay",
];
const AUTHENTICATION: &[&str] =
    &["dmarc", "dkim", "spf ", "spf-", "spf:", "(spf", "sender policy", "unauthenticated", "domainkeys"];
const LOGIN: &[&str] = &[
    "authentication required",
    "must authenticate",
    "not logged in",
    "authentication failed",
    "log in first",
    "login failed",
    "bad credentials",
];
const REPUTATION: &[&str] = &[
    "blacklist",
    "black list",
    "blocklist",
    "block list",
    "blocked",
    "block-list",
    "denylist",
    "spamhaus",
    "spamcop",
    "barracuda",
    "sorbs",
    "dnsbl",
    "rbl",
    "listed",
    "reputation",
    "reverse dns",
    "ptr record",
    "rdns",
    "banned",
    "poor reputation",
    "ip address",
    "ip name lookup",
    "not accepting connections",
    "your server",
    "your ip",
    "abusive",
    "reverse lookup",
    "reverse-dns",
    "bad host",
];
const CONTENT: &[&str] = &[
    "spam",
    "virus",
    "malware",
    "content",
    "phish",
    "unsolicited",
    "bulk mail",
    "junk",
    "attachment",
    "ube,",
    "header",
    "suspicious",
    "url",
    "multiple addresses in",
    "message rejected",
    "mail rejected",
    "rejete",
];
const POLICY: &[&str] = &[
    "policy",
    "policies",
    "access denied",
    "not allowed",
    "not permitted",
    "prohibited",
    "not authorized",
    "not authorised",
    "administrative",
    "administrator",
    "administratively",
    "refused",
    "restricted",
    "forbidden",
    "denied",
    "tls required",
    "must issue a starttls",
];
const SIZE: &[&str] =
    &["too large", "too big", "size limit", "maximum size", "message size", "exceeds size", "line limit", "file size"];

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let kept = text.split_whitespace().filter(|word| !word.contains('@'));
        Self(kept.collect::<Vec<_>>().join(" ").to_lowercase() + " ")
    }

    fn any(&self, forms: &[&str]) -> bool {
        forms.iter().any(|form| self.0.contains(form))
    }

    pub(super) fn greylisted(&self) -> bool {
        self.any(GREYLISTED)
    }

    pub(super) fn throttled(&self) -> bool {
        self.any(THROTTLED)
    }

    pub(super) fn mailbox_full(&self) -> bool {
        self.any(MAILBOX_FULL)
    }

    pub(super) fn user_unknown(&self) -> bool {
        self.any(USER_UNKNOWN)
    }

    pub(super) fn recipient_rejected(&self) -> bool {
        self.0.contains("recipient address rejected: access denied")
    }

    /// True if the text names anything of ours: then no code may cost the lead its address.
    pub(super) fn about_us(&self) -> bool {
        self.any(OUR_SENDER) || self.objection().is_some_and(|kind| kind != UsKind::Size)
    }

    /// What the text objects to, the most telling words first.
    pub(super) fn objection(&self) -> Option<UsKind> {
        let kinds = [
            (AUTHENTICATION, UsKind::Authentication),
            (LOGIN, UsKind::Login),
            (RELAY, UsKind::Relay),
            (REPUTATION, UsKind::Reputation),
            (CONTENT, UsKind::Content),
            (SIZE, UsKind::Size),
            (POLICY, UsKind::Policy),
        ];
        kinds.into_iter().find(|(forms, _)| self.any(forms)).map(|(_, kind)| kind)
    }
}
