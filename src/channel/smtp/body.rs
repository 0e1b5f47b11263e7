//! Makes a message fit to be sent: no line of it may look like its end (RFC 5321 section 4.5.2).

/// The message with leading dots doubled, every line ended by CRLF, and the final dot behind it.
///
/// A bare CR or LF becomes CRLF: servers disagree on whether it ends a line, and mails have been smuggled through that.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 16);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') {
            line.split(|byte| *byte == b'\r').for_each(|part| push_line(&mut out, part));
        } else {
            push_line(&mut out, line);
        }
    }
    out.extend_from_slice(b".\r\n");
    out
}

fn push_line(out: &mut Vec<u8>, line: &[u8]) {
    if line.first() == Some(&b'.') {
        out.push(b'.');
    }
    out.extend_from_slice(line);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(message: &str) -> String {
        String::from_utf8(stuffed(message.as_bytes())).unwrap()
    }

    #[test]
    fn a_leading_dot_is_doubled_and_a_missing_line_end_added() {
        assert_eq!(text("a\r\n.b\r\n..\r\n"), "a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(text(".a"), "..a\r\n.\r\n");
        assert_eq!(text(""), ".\r\n");
        assert_eq!(text("a\r\n\r\nb\r\n"), "a\r\n\r\nb\r\n.\r\n");
    }

    #[test]
    fn a_message_cannot_be_smuggled_behind_a_bare_line_end() {
        assert_eq!(text("a\n.\r\nMAIL FROM:<x>\r\n"), "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n");
        assert_eq!(text("a\r.\r\nb"), "a\r\n..\r\nb\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn the_end_appears_once_and_a_server_reads_back_what_was_meant(lines in prop::collection::vec("[.a \\r\\n]{0,6}", 0..8)) {
            let message = lines.join("\r\n");
            let sent = text(&message);
            let whole = format!("\r\n{sent}");
            prop_assert_eq!(whole.find("\r\n.\r\n"), Some(whole.len() - 5));
            prop_assert!(!sent.replace("\r\n", "").contains(['\r', '\n']));
            let read: Vec<&str> = sent.lines().map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            let meant = message.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read[..read.len() - 1].to_vec(), meant.lines().collect::<Vec<_>>());
        }
    }
}
