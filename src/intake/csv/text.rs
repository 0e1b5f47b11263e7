//! The bytes of a list as UTF-8, whatever they were written in; what cannot be decoded is told with its place.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// The most text one row may take, in octets: an unclosed quote must not swallow the file into memory.
const LONGEST_ROW: usize = 1024 * 1024;
const CHUNK: usize = 64 * 1024;

/// A reader of UTF-8 over a reader of anything.
pub struct Utf8<R> {
    source: BufReader<R>,
    encoding: &'static Encoding,
    decoder: Decoder,
    /// Octets of the source that are decoded.
    at: u64,
    ready: Cursor<Vec<u8>>,
    /// Octets given out since the row began.
    row: usize,
    /// A carriage return was the last thing decoded; whether a line feed follows decides what it is.
    held_return: bool,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    /// Wraps a source in the encoding of that label; a byte order mark is taken off.
    pub fn new(source: R, label: Option<&str>) -> Result<Self, String> {
        let unknown =
            |label: &str| format!("no encoding is named `{label}`; try utf-8, windows-1252, iso-8859-15 or utf-16le");
        let encoding = match label {
            None => UTF_8,
            Some(label) => Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| unknown(label))?,
        };
        let decoder = encoding.new_decoder_with_bom_removal();
        let ready = Cursor::new(Vec::new());
        let source = BufReader::with_capacity(CHUNK, source);
        Ok(Self { source, encoding, decoder, at: 0, ready, row: 0, held_return: false, ended: false })
    }

    /// Looks ahead for what parts the cells of the first line: comma, semicolon or tab, whichever is there most.
    pub fn with_delimiter(mut self) -> io::Result<(Self, u8)> {
        let mut seen = Vec::new();
        let mut chunk = [0; 4096];
        while !seen.contains(&b'\n') && seen.len() < CHUNK {
            match self.read(&mut chunk)? {
                0 => break,
                read => seen.extend_from_slice(&chunk[..read]),
            }
        }
        let line = seen.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut quoted = false;
        let outside: Vec<u8> = line
            .iter()
            .copied()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted
            })
            .collect();
        let count = |delimiter: u8| outside.split(|byte| *byte == delimiter).count();
        let most = [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
        let behind = self.ready.get_ref()[usize::try_from(self.ready.position()).unwrap_or(0)..].to_vec();
        seen.extend(behind);
        self.ready = Cursor::new(seen);
        self.row = 0;
        Ok((self, most))
    }

    /// A new row begins: it may take as much as any other.
    pub fn begin_row(&mut self) {
        self.row = 0;
    }

    /// Decodes another chunk.
    fn fill(&mut self) -> io::Result<()> {
        let bytes = self.source.fill_buf()?;
        let last = bytes.is_empty();
        let room = self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(CHUNK * 4);
        let mut made = vec![0; room.max(16)];
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut made, last);
        let head = bytes.get(..2).map(<[u8]>::to_vec);
        if let DecoderResult::Malformed(bad, after) = result {
            let place = self.at + read as u64 - u64::from(bad) - u64::from(after);
            return Err(io::Error::new(io::ErrorKind::InvalidData, self.undecodable(place, head.as_deref())));
        }
        self.source.consume(read);
        self.at += read as u64;
        self.ended = last;
        made.truncate(written);
        self.ready = Cursor::new(self.with_plain_line_ends(made));
        Ok(())
    }

    /// CRLF becomes LF, and so does the CR alone that old Macs wrote: the reader behind counts LF only, and a line too few where a row ends in both.
    fn with_plain_line_ends(&mut self, mut text: Vec<u8>) -> Vec<u8> {
        if self.held_return {
            text.insert(0, b'\r');
        }
        self.held_return = !self.ended && text.last() == Some(&b'\r');
        if self.held_return {
            text.pop();
        }
        if self.ended {
            // So that every row ends in one, and the lines of all can be counted alike.
            text.push(b'\n');
        }
        let follows: Vec<bool> = text.iter().skip(1).map(|byte| *byte == b'\n').chain([false]).collect();
        text.into_iter()
            .zip(follows)
            .filter(|(byte, before_feed)| !(*byte == b'\r' && *before_feed))
            .map(|(byte, _)| if byte == b'\r' { b'\n' } else { byte })
            .collect()
    }

    fn undecodable(&self, place: u64, head: Option<&[u8]>) -> String {
        let name = self.encoding.name();
        let hint = match head {
            Some([0xFF, 0xFE]) if self.at == 0 => "the file begins as UTF-16 does: give --encoding utf-16le".to_owned(),
            Some([0xFE, 0xFF]) if self.at == 0 => "the file begins as UTF-16 does: give --encoding utf-16be".to_owned(),
            _ if self.encoding == UTF_8 => {
                "save the list as UTF-8, or name its encoding, for example --encoding windows-1252".to_owned()
            }
            _ => "name the encoding the list was saved in with --encoding".to_owned(),
        };
        format!("byte {place} of the list is not {name}; {hint}")
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.row > LONGEST_ROW {
            let why = "a row is longer than 1 MiB: is a quote not closed?";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        loop {
            let read = self.ready.read(out)?;
            if read > 0 || self.ended {
                self.row += read;
                return Ok(read);
            }
            self.fill()?;
        }
    }
}
