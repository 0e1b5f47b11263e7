//! One text a statement for both databases: what differs between them is a marker in the text, and a batch is one parameter.
//!
//! Markers: `{input}` is the rows of the batch, passed as a JSON list of lists in `$1`; `{for update}` and `{skip locked}` lock rows
//! where there are other writers; `{clock $n}` is the database's own clock where several machines share it, else the instant passed;
//! `{least a, b}` and `{greatest a, b}` are the lesser and the greater of two values.

use std::sync::OnceLock;

use serde::Serialize;

/// The kind of a column of `{input}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Real,
    /// Passed as hexadecimal text.
    Bytes,
}

/// The database a text is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement with its markers, and its text for each database once it was asked for.
pub(super) struct Statement {
    text: &'static str,
    input: &'static [(&'static str, Kind)],
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Statement {
    pub(super) const fn new(text: &'static str) -> Self {
        Self::batch(&[], text)
    }

    /// A statement over a batch whose rows have these columns.
    pub(super) const fn batch(input: &'static [(&'static str, Kind)], text: &'static str) -> Self {
        Self { text, input, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The text for one database.
    pub(super) fn text(&'static self, dialect: Dialect) -> &'static str {
        let slot = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        slot.get_or_init(|| expand(self.text, self.input, dialect))
    }
}

fn expand(text: &str, input: &[(&str, Kind)], dialect: Dialect) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((marker, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&expansion(marker, input, dialect));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn expansion(marker: &str, input: &[(&str, Kind)], dialect: Dialect) -> String {
    let (word, operand) = marker.split_once(' ').unwrap_or((marker, ""));
    match (word, dialect) {
        ("input", Dialect::Sqlite) => rows_of_sqlite(input),
        ("input", Dialect::Postgres) => rows_of_postgres(input),
        ("for" | "skip", Dialect::Sqlite) => String::new(),
        ("for", Dialect::Postgres) => format!("FOR {}", operand.to_uppercase()),
        ("skip", Dialect::Postgres) => "FOR UPDATE SKIP LOCKED".to_owned(),
        ("clock", Dialect::Sqlite) => operand.to_owned(),
        // The parameter is named although it does not count: a statement of PostgreSQL must know the type of each.
        ("clock", Dialect::Postgres) => {
            format!("(CAST({operand} AS BIGINT) * 0 + CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT))")
        }
        ("least", Dialect::Sqlite) => format!("min({operand})"),
        ("least", Dialect::Postgres) => format!("least({operand})"),
        ("greatest", Dialect::Sqlite) => format!("max({operand})"),
        ("greatest", Dialect::Postgres) => format!("greatest({operand})"),
        (other, _) => format!("{{{other}}}"),
    }
}

fn rows_of_sqlite(input: &[(&str, Kind)]) -> String {
    let columns: Vec<String> = input
        .iter()
        .enumerate()
        .map(|(place, (name, kind))| match kind {
            Kind::Bytes => format!("unhex(value->>{place}) AS {name}"),
            Kind::Real => format!("CAST(value->>{place} AS REAL) AS {name}"),
            Kind::Text | Kind::Int => format!("value->>{place} AS {name}"),
        })
        .collect();
    format!("(SELECT {} FROM json_each($1))", columns.join(", "))
}

fn rows_of_postgres(input: &[(&str, Kind)]) -> String {
    let columns: Vec<String> = input
        .iter()
        .enumerate()
        .map(|(place, (name, kind))| match kind {
            Kind::Text => format!("(v->>{place}) COLLATE \"C\" AS {name}"),
            Kind::Int => format!("(v->>{place})::bigint AS {name}"),
            Kind::Real => format!("(v->>{place})::float8 AS {name}"),
            Kind::Bytes => format!("decode(v->>{place}, 'hex') AS {name}"),
        })
        .collect();
    format!("(SELECT {} FROM jsonb_array_elements($1::jsonb) AS v)", columns.join(", "))
}

/// Writes the rows of a batch as the one parameter that `{input}` reads. A NUL, which no text of PostgreSQL can hold, becomes U+FFFD.
pub(super) fn rows<T: Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let mut out = Vec::from(*b"[");
    for row in rows {
        if out.len() > 1 {
            out.push(b',');
        }
        // Only maps with odd keys and failing writers make this fail; rows are tuples of plain values and the writer is memory.
        if serde_json::to_writer(&mut out, &row).is_err() {
            out.extend_from_slice(b"null");
        }
    }
    out.push(b']');
    without_nul(String::from_utf8(out).unwrap_or_default())
}

fn without_nul(text: String) -> String {
    if !text.contains("\\u0000") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        if let Some(after) = escape.strip_prefix("\\u0000") {
            out.push('\u{fffd}');
            rest = after;
        } else {
            out.push_str(&escape[..2]);
            rest = &escape[2..];
        }
    }
    out.push_str(rest);
    out
}

/// Writes bytes as the text that a `Kind::Bytes` column reads.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_becomes_the_dialects_own_words() {
        static MOVE: Statement = Statement::batch(
            &[("lead", Kind::Text), ("due", Kind::Int)],
            "SELECT lead FROM {input} AS i WHERE due < {clock $2} {skip locked}",
        );
        assert_eq!(
            MOVE.text(Dialect::Sqlite),
            "SELECT lead FROM (SELECT value->>0 AS lead, value->>1 AS due FROM json_each($1)) AS i WHERE due < $2 "
        );
        assert!(MOVE.text(Dialect::Postgres).ends_with("FOR UPDATE SKIP LOCKED"));
        assert!(
            MOVE.text(Dialect::Postgres).contains("(v->>1)::bigint AS due FROM jsonb_array_elements($1::jsonb) AS v")
        );
    }

    #[test]
    fn a_nul_in_a_text_is_replaced_and_an_escaped_one_in_a_document_stays() {
        assert_eq!(rows([("a\0b", "{\"x\":\"\\u0000\"}")]), "[[\"a\u{fffd}b\",\"{\\\"x\\\":\\\"\\\\u0000\\\"}\"]]");
    }

    #[test]
    fn bytes_are_written_in_hexadecimal() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
