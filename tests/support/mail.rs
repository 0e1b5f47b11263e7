//! A mail as a server got it, read by a library that is not ours.

use mail_parser::{Address, MessageParser};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The return path of the envelope, without brackets.
    pub from: String,
    /// The recipients of the envelope that the server took, without brackets.
    pub to: Vec<String>,
    /// The message as it came, dots unstuffed.
    pub raw: Vec<u8>,
}

impl Mail {
    fn parsed(&self) -> mail_parser::Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a mail we sent can be read by others")
    }

    /// The value of a header, unfolded, as written on the wire.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.raw);
        let head = text
            .split("\r\n\r\n")
            .next()
            .unwrap_or_default()
            .replace("\n ", " ")
            .replace("\n\t", " ")
            .replace('\r', "");
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    pub fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// The address in `To`, which a person sees.
    pub fn shown_to(&self) -> String {
        let parsed = self.parsed();
        let address = parsed.to().and_then(Address::first).and_then(|to| to.address());
        address.unwrap_or_default().to_owned()
    }

    pub fn message_id(&self) -> String {
        self.header("Message-ID").expect("every mail has a Message-ID")
    }

    pub fn text(&self) -> String {
        self.parsed().body_text(0).unwrap_or_default().into_owned()
    }

    pub fn html(&self) -> String {
        self.parsed().body_html(0).unwrap_or_default().into_owned()
    }

    /// The targets of `attribute` (`href`, `src`) in the HTML part, in order, entities decoded.
    pub fn targets(&self, attribute: &str) -> Vec<String> {
        let html = self.html();
        let opening = format!("{attribute}=\"");
        let values = html.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next());
        values.map(|value| value.replace("&amp;", "&")).collect()
    }
}

/// Reads a file of Postfix's `smtp-sink -d`: its own `X-` headers and `Received`, then the message with bare line ends.
pub fn of_sink(dump: &str) -> Mail {
    let mut mail = Mail { from: String::new(), to: Vec::new(), raw: Vec::new() };
    let mut lines = dump.split_inclusive('\n').peekable();
    let mut of_server = false;
    while let Some(line) = lines.peek() {
        of_server = match line.split_once(": ") {
            Some(("X-Mail-Args", args)) => {
                mail.from = bare(args);
                true
            }
            Some(("X-Rcpt-Args", args)) => {
                mail.to.push(bare(args));
                true
            }
            Some((name, _)) => matches!(name, "X-Client-Addr" | "X-Client-Proto" | "X-Helo-Args" | "Received"),
            None => false,
        } || (of_server && line.starts_with(['\t', ' ']));
        if !of_server {
            break;
        }
        lines.next();
    }
    let message: String = lines.collect();
    // The last empty line is the dump's, not the mail's.
    mail.raw = message.strip_suffix('\n').unwrap_or(&message).replace('\n', "\r\n").into_bytes();
    mail
}

/// The address in `<maya@example.com> SIZE=123`.
pub fn bare(args: &str) -> String {
    let inner = args.split_once('<').map_or(args, |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default().trim().to_owned()
}
