//! What a command prints: streamed, coloured only where somebody looks, in the time of the workspace, or as JSON.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::failure::Failure;
use crate::domain::time::Instant;

/// Standard output, and how to write on it.
pub struct Paper {
    out: BufWriter<Stdout>,
    pub json: bool,
    /// Whether a person looks at standard output.
    pub terminal: bool,
    /// Whether colours are wanted there.
    pub colour: bool,
    zone: TimeZone,
}

impl Paper {
    /// `plain` is `NO_COLOR` of the environment.
    pub fn new(json: bool, plain: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        Self { out: BufWriter::new(io::stdout()), json, terminal, colour: terminal && !plain, zone: TimeZone::UTC }
    }

    /// Times are shown in this zone from now on.
    pub fn in_zone(&mut self, zone: TimeZone) {
        self.zone = zone;
    }

    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", text.as_ref())?)
    }

    /// Writes over the line that the cursor stands in: what moves stays in its place.
    pub fn same_line(&mut self, text: &str) -> Result<(), Failure> {
        write!(self.out, "\r\u{1b}[2K{text}")?;
        self.flush()
    }

    /// A heading over what follows.
    pub fn heading(&mut self, text: &str) -> Result<(), Failure> {
        let text = if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
        self.line(text)
    }

    /// A line that says by its sign whether something came, went or changed: green, red, yellow.
    pub fn marked(&mut self, sign: char, text: &str) -> Result<(), Failure> {
        let text = inert(text);
        let colour = match sign {
            '+' => "32",
            '-' => "31",
            '~' => "33",
            '@' => "36",
            _ => "",
        };
        if self.colour && !colour.is_empty() {
            self.line(format!("\u{1b}[{colour}m{text}\u{1b}[0m"))
        } else {
            self.line(text)
        }
    }

    /// A value on its own, indented if a person looks.
    pub fn value(&mut self, value: &Value) -> Result<(), Failure> {
        let text = if self.terminal { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        self.line(text.map_err(io::Error::from)?)
    }

    /// One value a line, as programs read lists.
    pub fn compact(&mut self, value: &Value) -> Result<(), Failure> {
        self.line(value.to_string())
    }

    /// A table without frames, so that it can be cut and searched.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let arrangement = if self.terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        if !header.is_empty() {
            table.set_header(header.iter().map(|text| self.head(text)));
        }
        for row in rows {
            table.add_row(row.iter().map(|cell| inert(cell)));
        }
        for line in table.to_string().lines() {
            self.line(line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()))?;
        }
        Ok(())
    }

    fn head(&self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.colour { cell.add_attribute(Attribute::Dim) } else { cell }
    }

    /// What is printed so far becomes visible.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// `Mon 2026-01-05 09:00:00`, local.
    pub fn time(&self, at: Instant) -> String {
        if at >= Instant::NEVER {
            return "never".to_owned();
        }
        at.to_jiff().to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S").to_string()
    }

    /// The zone times are in, with its name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A sentence with its instants (RFC 3339, UTC) turned local.
    pub fn local(&self, text: &str) -> String {
        let text = inert(text);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, at, after)) = first_instant(rest) {
            out.push_str(before);
            out.push_str(&self.time(at));
            rest = after;
        }
        out + rest
    }
}

/// A text of somebody else's as a terminal may have it: what would steer the terminal is shown, not done.
pub fn inert(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// The first instant in a text, and what is around it.
fn first_instant(text: &str) -> Option<(&str, Instant, &str)> {
    for (middle, _) in text.match_indices('T') {
        let Some(start) = middle.checked_sub(10) else { continue };
        let (Some(head), Some(tail)) = (text.get(start..middle), text.get(middle..)) else { continue };
        let dated =
            head.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
        let Some(length) = tail.find('Z').filter(|length| dated && *length < 20) else { continue };
        let end = middle + length + 1;
        if let Ok(at) = text[start..end].parse::<jiff::Timestamp>() {
            return Some((&text[..start], Instant::from_jiff(at), &text[end..]));
        }
    }
    None
}

/// Says something beside the output: progress, summaries, hints.
pub fn say(text: &str) {
    // Nobody can be told that standard error is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes over the line beside the output that the cursor stands in.
pub fn say_over(text: &str) {
    let mut beside = io::stderr();
    // As above.
    let _ = write!(beside, "\r\u{1b}[2K{text}").and_then(|()| beside.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        assert_eq!(inert("Zoë\t1\n\u{1b}[2J\u{202e}x\r\u{9b}"), "Zoë\t1\n\\u{1b}[2J\\u{202e}x\\u{d}\\u{9b}");
    }

    #[test]
    fn instants_in_a_sentence_turn_local_and_nothing_else_does() {
        let mut paper = Paper::new(false, true);
        paper.in_zone(TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(
            paper.local("To Zoe: waits until 2026-07-05T08:00:00Z (from 2026-01-05T08:00:00.250Z), Tuesday"),
            "To Zoe: waits until Sun 2026-07-05 10:00:00 (from Mon 2026-01-05 09:00:00), Tuesday"
        );
        assert_eq!(paper.local("2026-99-05T08:00:00Z stays"), "2026-99-05T08:00:00Z stays");
    }
}
