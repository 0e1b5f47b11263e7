//! Finds the reply inside a delivery report's Diagnostic-Code, which mixes a server's words with another's.

use super::{Enhanced, Reply, Stage, parse_enhanced};

/// Words that name the command a quoted reply answered; a report speaks of the recipient unless it says otherwise.
const STAGES: &[(&str, Stage)] = &[
    ("initial connection", Stage::Connect),
    ("while talking to", Stage::Connect),
    ("after mail from", Stage::Mail),
    ("reply to mail from", Stage::Mail),
    ("[mail_from]", Stage::Mail),
    ("after helo", Stage::Ehlo),
    ("after ehlo", Stage::Ehlo),
    ("end of data", Stage::Final),
    ("for text command", Stage::Final),
    ("end of message", Stage::Final),
    ("reply to data", Stage::Data),
];

impl Reply {
    /// Reads a diagnostic such as `smtp; 550 5.1.1 user unknown (in reply to RCPT TO command)`.
    ///
    /// `status` is the report's own Status field, used where the text has no enhanced code. None without any code.
    pub fn from_diagnostic(diagnostic: &str, status: Option<Enhanced>) -> Option<Self> {
        let lower = diagnostic.to_lowercase();
        let stage = STAGES.iter().find(|(form, _)| lower.contains(form)).map_or(Stage::Rcpt, |(_, stage)| *stage);
        let (code, rest) = find_code(diagnostic).or_else(|| Some((u16::from(status?.0) * 100 + 50, diagnostic)))?;
        let mut reply = Self::from_lines(stage, code, [rest]);
        if reply.enhanced.is_none() {
            let agrees = |found: &Enhanced| u16::from(found.0) == code / 100;
            let words = rest.split([' ', '<', '>', '(', ')']);
            reply.enhanced = words.filter_map(parse_enhanced).find(agrees).or(status.filter(agrees));
        }
        Some(reply)
    }
}

/// The first number from 400 to 599 that stands alone, and what follows it.
fn find_code(text: &str) -> Option<(u16, &str)> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(2)).find_map(|at| {
        let digits = text.get(at..at + 3)?;
        let starts = at == 0 || matches!(bytes[at - 1], b' ' | b':' | b'[' | b'<' | b'\'' | b'"' | b';' | b'(');
        let ends = matches!(bytes.get(at + 3), None | Some(b' ' | b'-'));
        let code = digits.parse::<u16>().ok().filter(|code| (400..600).contains(code))?;
        (starts && ends && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| (code, text[at + 3..].trim_start_matches([' ', '-'])))
    })
}
