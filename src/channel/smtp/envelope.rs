//! The three commands in front of a message, and the checks we make before the server has to.

use super::greeting::Greeting;
use super::wire::Broken;
use crate::domain::refusal::{Reply, Stage};

/// Who sends and who receives, as the server is told; domains as A-labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The return path; empty for a mail that must not bounce.
    pub from: String,
    pub to: String,
}

pub(super) struct Command {
    pub stage: Stage,
    pub line: String,
}

impl Command {
    /// False for a refusal; an answer that is neither is a conversation out of step.
    pub(super) fn is_fine(&self, reply: &Reply) -> Result<bool, Broken> {
        let fine = if self.stage == Stage::Data { reply.code == 354 } else { reply.is_done() };
        if !fine && !reply.is_refusal() {
            return Err(Broken::Garbled(format!("{:?} was answered by {reply}", self.stage)));
        }
        Ok(fine)
    }
}

impl Envelope {
    /// MAIL, RCPT and DATA for this server; or the refusal it would give, without asking.
    pub(super) fn commands(&self, greeting: &Greeting, size: usize) -> Result<[Command; 3], Reply> {
        let refusal = |stage, code, enhanced, text: String| Reply { stage, code, enhanced: Some(enhanced), text };
        if !is_path(&self.from) {
            return Err(refusal(Stage::Mail, 501, (5, 1, 7), "the return path is no address".to_owned()));
        }
        if self.to.is_empty() || !is_path(&self.to) {
            return Err(refusal(Stage::Rcpt, 501, (5, 1, 3), "the recipient is no address".to_owned()));
        }
        if let Some(limit) = greeting.size_limit.filter(|limit| size > *limit) {
            let text = format!("the server takes at most {limit} bytes, the message has {size}");
            return Err(refusal(Stage::Mail, 552, (5, 3, 4), text));
        }
        let wide = !(self.from.is_ascii() && self.to.is_ascii());
        if wide && !greeting.smtp_utf8 {
            let text = "the address is not ASCII and the server does not offer SMTPUTF8".to_owned();
            return Err(refusal(Stage::Rcpt, 553, (5, 6, 7), text));
        }
        let announced = if greeting.size { format!(" SIZE={size}") } else { String::new() };
        let body = if greeting.eight_bit { " BODY=8BITMIME" } else { "" };
        let utf8 = if wide { " SMTPUTF8" } else { "" };
        let mail = format!("MAIL FROM:<{}>{announced}{body}{utf8}\r\n", self.from);
        let rcpt = format!("RCPT TO:<{}>\r\n", self.to);
        Ok([
            Command { stage: Stage::Mail, line: mail },
            Command { stage: Stage::Rcpt, line: rcpt },
            Command { stage: Stage::Data, line: "DATA\r\n".to_owned() },
        ])
    }
}

/// True if the address cannot end its command early, nor reach into the next (RFC 5321 section 4.5.3.1.3: 254 bytes).
fn is_path(address: &str) -> bool {
    address.len() <= 254 && !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
}
