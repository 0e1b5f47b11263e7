//! What the sink says and understands: as much of SMTP as its senders speak.

use std::rc::Rc;
use std::time::Instant;

use super::sink::Shared;

pub struct Talk {
    pub shared: Rc<Shared>,
    pub unread: Vec<u8>,
    pub answer: Vec<u8>,
    /// Up to where the body was searched for its end.
    body: Option<usize>,
    lead: usize,
    mails: usize,
    /// When MAIL came.
    begun_at: i64,
}

impl Talk {
    pub fn new(shared: Rc<Shared>) -> Self {
        let (unread, answer) = (Vec::with_capacity(65_536), Vec::new());
        Self { shared, unread, answer, body: None, lead: 0, mails: 0, begun_at: 0 }
    }

    /// Answers all that is whole, and says how many mails were.
    pub fn understand(&mut self) -> usize {
        let (mut at, mut took) = (0, 0);
        loop {
            if let Some(searched) = self.body {
                let Some(end) = end_of_body(&self.unread, at, searched) else {
                    self.body = Some(self.unread.len().saturating_sub(4).max(at));
                    break;
                };
                self.take(at, end);
                (at, took) = (end + 3, took + 1);
                continue;
            }
            let Some(length) = self.unread[at..].iter().position(|byte| *byte == b'\n') else { break };
            let line = at..at + length;
            at += length + 1;
            self.command(line, at);
        }
        self.unread.drain(..at);
        self.body = self.body.map(|searched| searched - at.min(searched));
        took
    }

    fn command(&mut self, line: std::ops::Range<usize>, after: usize) {
        let line = &self.unread[line];
        let answer: &[u8] = match line.get(..4).map(<[u8]>::to_ascii_uppercase).as_deref() {
            Some(b"EHLO") => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n",
            Some(b"MAIL") => {
                self.begun_at = overture::clock::wall().0;
                b"250 2.1.0 Ok\r\n"
            }
            Some(b"RCPT") => {
                self.lead = digits(line);
                b"250 2.1.5 Ok\r\n"
            }
            Some(b"DATA") => {
                self.body = Some(after);
                b"354 Go ahead\r\n"
            }
            Some(b"QUIT") => b"221 2.0.0 Bye\r\n",
            _ => b"250 2.0.0 Ok\r\n",
        };
        self.answer.extend_from_slice(answer);
    }

    fn take(&mut self, from: usize, end: usize) {
        let now = Instant::now();
        let mut counts = self.shared.counts.borrow_mut();
        if counts.leads.len() <= self.lead {
            counts.leads.resize(self.lead + 1, 0);
            counts.begun.resize(self.lead + 1, 0);
        }
        let lead = self.lead;
        counts.leads[lead] = counts.leads[lead].saturating_add(1);
        counts.begun[lead] = self.begun_at;
        counts.mails += 1;
        counts.bytes += end - from;
        counts.first.get_or_insert(now);
        counts.last = Some(now);
        if self.mails == 0 && !contains(&self.unread[from..end], b"/c/") {
            counts.untracked += 1;
        }
        self.mails += 1;
        if counts.mails == counts.wanted {
            self.shared.enough.notify_one();
        }
        self.answer.extend_from_slice(b"250 2.0.0 Ok\r\n");
        self.body = None;
    }
}

/// The number in `lead17@`.
fn digits(line: &[u8]) -> usize {
    let digits = line.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

/// Where the lone dot stands that ends a body which begins at `from`.
fn end_of_body(bytes: &[u8], from: usize, searched: usize) -> Option<usize> {
    if bytes[from..].starts_with(b".\r\n") {
        return Some(from);
    }
    let mut at = searched.saturating_sub(4).max(from);
    loop {
        let dot = at + bytes[at..].iter().position(|byte| *byte == b'.')?;
        if dot >= from + 2 && bytes[dot - 2..].starts_with(b"\r\n.\r\n") {
            return Some(dot);
        }
        at = dot + 1;
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
