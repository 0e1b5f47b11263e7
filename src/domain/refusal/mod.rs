//! Reads a mail server's refusal: only a clear verdict on *that address* may cost a lead its address, so everything
//! unclear is taken as a complaint about us.
//!
//! The stage decides first, then the basic code, then the enhanced code (RFC 3463), then the text.

mod diagnostic;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

use words::Words;

/// The command a reply answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Connect,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The answer to the final dot.
    Final,
}

/// A status of RFC 3463: class, subject, detail.
pub type Enhanced = (u8, u16, u16);

/// One answer of a mail server, made safe to store and to show: bounded, and without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub stage: Stage,
    /// The basic code, 200 to 599.
    pub code: u16,
    pub enhanced: Option<Enhanced>,
    /// The lines of the answer in one, without codes, about 2,000 characters at most.
    pub text: String,
}

/// What a refusal means for the touch, the lead and the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This address takes no mail, ever: the lead is suppressed.
    Hard,
    /// Not now: try again.
    Soft(SoftKind),
    /// The server objects to us: the sender or the step is held, the lead is left alone.
    AboutUs(UsKind),
}

/// Why a refusal is for now only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoftKind {
    Greylisted,
    Throttled,
    MailboxFull,
    Other,
}

/// What a server objects to in us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsKind {
    /// Block lists, bad reputation, a missing reverse name.
    Reputation,
    /// SPF, DKIM, DMARC.
    Authentication,
    Content,
    Policy,
    Size,
    Relay,
    /// Our own account at the relay.
    Login,
    Other,
}

impl UsKind {
    /// One word for alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reputation => "reputation",
            Self::Authentication => "authentication",
            Self::Content => "content",
            Self::Policy => "policy",
            Self::Size => "size",
            Self::Relay => "relay",
            Self::Login => "login",
            Self::Other => "other",
        }
    }
}

/// The longest text kept of one answer, in characters.
const TEXT_LIMIT: usize = 2_000;

impl Reply {
    /// Puts the lines of an answer together; the enhanced code is read from the first and taken off every line.
    pub fn from_lines<'a>(stage: Stage, code: u16, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut reply = Self { stage, code, enhanced: None, text: String::new() };
        for (nth, line) in lines.into_iter().enumerate() {
            let (enhanced, rest) = split_enhanced(line.trim());
            if nth == 0 {
                reply.enhanced = enhanced;
            }
            reply.append(if enhanced == reply.enhanced { rest } else { line.trim() });
        }
        reply
    }

    fn append(&mut self, line: &str) {
        if !self.text.is_empty() && !line.is_empty() {
            self.text.push(' ');
        }
        let room = TEXT_LIMIT.saturating_sub(self.text.chars().count());
        self.text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(room));
    }

    /// True for 2xx.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// True for 4xx and 5xx.
    pub fn is_refusal(&self) -> bool {
        (400..600).contains(&self.code)
    }

    /// True if the server hangs up after this answer (RFC 5321 section 3.8).
    pub fn closes(&self) -> bool {
        self.code == 421
    }
}

/// Shown as a server says it: `550 5.1.1 user unknown`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}

/// Splits a leading `5.1.1` (also `#5.1.1` and `5.1.1:`) from a line.
fn split_enhanced(line: &str) -> (Option<Enhanced>, &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match parse_enhanced(word) {
        Some(enhanced) => (Some(enhanced), rest.trim_start()),
        None => (None, line),
    }
}

/// Reads `5.1.1`; the class is 2, 4 or 5, the others have one to three digits (RFC 3463 section 2).
pub fn parse_enhanced(word: &str) -> Option<Enhanced> {
    let mut parts = word.trim_start_matches('#').trim_end_matches([':', ';', ',']).split('.');
    let class = match parts.next()? {
        "2" => 2,
        "4" => 4,
        "5" => 5,
        _ => return None,
    };
    let mut number = || {
        let digits = parts.next()?;
        let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (subject, detail) = (number()?, number()?);
    parts.next().is_none().then_some((class, subject, detail))
}

/// Says what a refusal means; the pair (4xx, 5.y.z) and its reverse both count as "not now".
pub fn classify(reply: &Reply) -> Verdict {
    let words = Words::of(&reply.text);
    if reply.code < 500 || reply.enhanced.is_some_and(|(class, ..)| class == 4) {
        return Verdict::Soft(soft_kind(reply, &words));
    }
    match reply.stage {
        Stage::Auth => Verdict::AboutUs(UsKind::Login),
        Stage::Connect | Stage::Ehlo | Stage::Mail => Verdict::AboutUs(us_kind(reply, &words)),
        Stage::Rcpt => at_recipient(reply, &words),
        Stage::Data | Stage::Final => after_recipient(reply, &words),
    }
}

fn soft_kind(reply: &Reply, words: &Words) -> SoftKind {
    let detail = reply.enhanced.map(|(_, subject, detail)| (subject, detail));
    if words.greylisted() {
        SoftKind::Greylisted
    } else if detail == Some((2, 2)) || words.mailbox_full() {
        SoftKind::MailboxFull
    } else if matches!(detail, Some((7, 28 | 650))) || words.throttled() {
        SoftKind::Throttled
    } else {
        SoftKind::Other
    }
}

fn at_recipient(reply: &Reply, words: &Words) -> Verdict {
    let bare_full = reply.code == 552 && reply.enhanced.is_none();
    match reply.enhanced.map(|(_, subject, detail)| (subject, detail)) {
        Some((2, 2)) => Verdict::Soft(SoftKind::MailboxFull),
        None if bare_full => Verdict::Soft(SoftKind::MailboxFull),
        Some((2, 0)) if words.mailbox_full() => Verdict::Soft(SoftKind::MailboxFull),
        // Exchange Online answers 5.4.1 with these words when its directory does not know the address.
        Some((4, 1)) if words.recipient_rejected() => Verdict::Hard,
        _ if words.about_us() => Verdict::AboutUs(us_kind(reply, words)),
        // Google gives 5.2.1 to a mailbox that gets too much mail at the moment.
        Some((2, 1)) if words.throttled() => Verdict::Soft(SoftKind::Throttled),
        Some((1, 1 | 2 | 3 | 6 | 10) | (2, 1)) => Verdict::Hard,
        // A status whose detail is 0 says no more than its subject, so the text decides as if there were none.
        None | Some((0..=3, 0)) if matches!(reply.code, 550 | 551 | 553) && words.user_unknown() => Verdict::Hard,
        _ => Verdict::AboutUs(us_kind(reply, words)),
    }
}

fn after_recipient(reply: &Reply, words: &Words) -> Verdict {
    let full = match reply.enhanced {
        Some((_, 2, 2)) => true,
        None => reply.code == 552 && words.mailbox_full(),
        Some(_) => false,
    };
    if full { Verdict::Soft(SoftKind::MailboxFull) } else { Verdict::AboutUs(us_kind(reply, words)) }
}

fn us_kind(reply: &Reply, words: &Words) -> UsKind {
    if matches!(reply.code, 530 | 534 | 535 | 538) {
        return UsKind::Login;
    }
    match reply.enhanced.map(|(_, subject, detail)| (subject, detail)) {
        Some((7, 8 | 9 | 14)) => UsKind::Login,
        Some((7, 20..=24 | 26..=32)) => UsKind::Authentication,
        Some((7, 25)) => UsKind::Reputation,
        Some((3, 4) | (2, 3)) => UsKind::Size,
        Some((6, 7)) => UsKind::Other,
        Some((6, _)) => UsKind::Content,
        Some((7, _)) => words.objection().unwrap_or(UsKind::Policy),
        None if reply.code == 552 => UsKind::Size,
        _ => words.objection().unwrap_or(UsKind::Other),
    }
}
