//! One connection to the catcher: the real protocol (RFC 5321, PIPELINING of RFC 2920), without its rare parts.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::catcher::Shelf;

/// The longest command line taken, in octets.
const LINE: usize = 4_096;
/// The largest mail taken, in octets.
const SIZE: usize = 10 * 1024 * 1024;

/// What was named since the last mail.
#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

/// Talks until the other side goes.
pub async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shelf: &Shelf) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 catcher.example ESMTP\r\n").await?;
    let mut envelope = Envelope::default();
    loop {
        // Answers wait until all that was pipelined is read: one packet for one packet.
        if stream.buffer().is_empty() {
            stream.flush().await?;
        }
        let Some(line) = line(&mut stream).await? else { return Ok(()) };
        let (verb, rest) = line.split_at(line.find([' ', ':']).unwrap_or(line.len()));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => {
                let offers = format!(
                    "250-catcher.example\r\n250-PIPELINING\r\n250-SIZE {SIZE}\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
                );
                stream
                    .write_all(if verb.eq_ignore_ascii_case("EHLO") {
                        offers.as_bytes()
                    } else {
                        b"250 catcher.example\r\n"
                    })
                    .await?;
            }
            "MAIL" => {
                envelope = Envelope { from: Some(path(rest)), to: Vec::new() };
                stream.write_all(b"250 2.1.0 sender ok\r\n").await?;
            }
            "RCPT" => {
                let answer = rcpt(&mut envelope, &path(rest), shelf);
                stream.write_all(answer.as_bytes()).await?;
            }
            "DATA" if envelope.to.is_empty() => stream.write_all(b"554 5.5.1 no valid recipients\r\n").await?,
            "DATA" => {
                shelf.begins(&envelope.to);
                stream.write_all(b"354 go ahead\r\n").await?;
                stream.flush().await?;
                let Some(message) = message(&mut stream).await? else { return Ok(()) };
                let number = shelf.take(&std::mem::take(&mut envelope).to, &message);
                stream.write_all(format!("250 2.0.0 kept as {number}\r\n").as_bytes()).await?;
            }
            "RSET" => {
                envelope = Envelope::default();
                stream.write_all(b"250 2.0.0 forgotten\r\n").await?;
            }
            "NOOP" => stream.write_all(b"250 2.0.0 fine\r\n").await?,
            "QUIT" => {
                stream.write_all(b"221 2.0.0 bye\r\n").await?;
                return stream.flush().await;
            }
            _ => stream.write_all(b"500 5.5.2 not understood\r\n").await?,
        }
    }
}

fn rcpt(envelope: &mut Envelope, to: &str, shelf: &Shelf) -> String {
    if envelope.from.is_none() {
        return "503 5.5.1 say MAIL first\r\n".to_owned();
    }
    if shelf.refuses(to) {
        return format!("550 5.1.1 <{to}>: recipient address rejected: user unknown\r\n");
    }
    envelope.to.push(to.to_owned());
    "250 2.1.5 recipient ok\r\n".to_owned()
}

/// The address between the angle brackets.
fn path(rest: &str) -> String {
    let inner = rest.split_once('<').and_then(|(_, after)| after.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or_default().to_ascii_lowercase()
}

/// One line without its end; none at the end of the connection, or where a line has no end.
async fn line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let read = stream.fill_buf().await?;
        if read.is_empty() || bytes.len() > LINE {
            return Ok(None);
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let take = end.map_or(read.len(), |at| at + 1);
        bytes.extend_from_slice(&read[..take]);
        stream.consume(take);
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()));
        }
    }
}

/// The message up to its final dot, its stuffed dots taken out (RFC 5321 section 4.5.2).
async fn message<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 || message.len() > SIZE {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(message));
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
