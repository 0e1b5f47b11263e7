//! One text a statement for both databases: what differs between them is a marker in the text, and a batch is one parameter.
//!
//! Markers: `{input}` is the rows of the batch, passed as [`Rows`] in `$1`; `{for update}` and `{skip locked}` lock rows
//! where there are other writers; `{clock $n}` is the database's own clock where several machines share it, else the instant passed;
//! `{least a, b}` and `{greatest a, b}` are the lesser and the greater of two values.
//!
//! PostgreSQL gets a batch as one JSON list of lists. SQLite would read that list again for each column of each row: there the rows are
//! bound as they are, in pieces of a few fixed sizes so that each text is prepared once. A statement over a batch must therefore mean
//! the same whether it runs once or in pieces, and nobody may rely on the order of its rows.

use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;

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

/// Numbers of rows that a text for SQLite is made for, as powers of two: 1 to 64.
const SIZES: usize = 7;
/// Where the rows of a batch stand while a text is made: no statement holds this character.
const INPUT: char = '\u{1}';

/// A statement with its markers, and its text for each database once it was asked for.
pub(super) struct Statement {
    text: &'static str,
    input: &'static [(&'static str, Kind)],
    sqlite: OnceLock<String>,
    sizes: [OnceLock<Sized>; SIZES],
    postgres: OnceLock<String>,
}

/// A text for SQLite over a fixed number of rows, whose parameters are bound in the order they stand in.
pub(super) struct Sized {
    pub(super) text: String,
    pub(super) order: Vec<Slot>,
}

/// What is bound at one place of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The statement's `$n`.
    Arg(usize),
    /// All cells of the rows, one row after the other.
    Rows,
}

impl Statement {
    pub(super) const fn new(text: &'static str) -> Self {
        Self::batch(&[], text)
    }

    /// A statement over a batch whose rows have these columns.
    pub(super) const fn batch(input: &'static [(&'static str, Kind)], text: &'static str) -> Self {
        Self {
            text,
            input,
            sqlite: OnceLock::new(),
            sizes: [const { OnceLock::new() }; SIZES],
            postgres: OnceLock::new(),
        }
    }

    /// The text for one database; SQLite has it only where there is no batch.
    pub(super) fn text(&'static self, dialect: Dialect) -> &'static str {
        let slot = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        slot.get_or_init(|| expand(self.text, self.input, dialect))
    }

    /// The text for SQLite over the largest piece of so many rows, and how many it takes.
    pub(super) fn piece(&'static self, rows: usize) -> (&'static Sized, usize) {
        let place = (rows.max(1).ilog2() as usize).min(SIZES - 1);
        let take = 1 << place;
        (self.sizes[place].get_or_init(|| sized(self.text, self.input, take)), take)
    }
}

fn sized(text: &str, input: &[(&str, Kind)], rows: usize) -> Sized {
    let expanded = expand(text, input, Dialect::Sqlite);
    let row = format!("({})", vec!["?"; input.len()].join(","));
    let rows = format!("(SELECT {} FROM (VALUES {}))", columns_of_sqlite(input), vec![row.as_str(); rows].join(","));
    let (mut text, mut order) = (String::new(), Vec::new());
    let mut rest = expanded.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            INPUT => {
                text.push_str(&rows);
                order.push(Slot::Rows);
            }
            '$' => {
                let mut number = 0;
                while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                    number = number * 10 + digit as usize;
                    rest.next();
                }
                text.push('?');
                order.push(Slot::Arg(number));
            }
            other => text.push(other),
        }
    }
    Sized { text, order }
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
        ("input", Dialect::Sqlite) => INPUT.to_string(),
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

fn columns_of_sqlite(input: &[(&str, Kind)]) -> String {
    let columns: Vec<String> = input
        .iter()
        .zip(1..)
        .map(|((name, kind), place)| match kind {
            Kind::Bytes => format!("unhex(column{place}) AS {name}"),
            Kind::Text | Kind::Int | Kind::Real => format!("column{place} AS {name}"),
        })
        .collect();
    columns.join(", ")
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

/// The rows of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows(Vec<Vec<Value>>);

/// Takes the rows of a batch, each a tuple of plain values. A NUL, which no text of PostgreSQL can hold, becomes U+FFFD.
pub(super) fn rows<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Rows {
    Rows(rows.into_iter().map(|row| cells(&row)).collect())
}

fn cells<T: Serialize>(row: &T) -> Vec<Value> {
    // Only maps with odd keys make this fail, and a row has none.
    let Ok(Value::Array(mut cells)) = serde_json::to_value(row) else { return Vec::new() };
    for cell in &mut cells {
        if let Value::String(text) = cell
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{fffd}");
        }
    }
    cells
}

impl Rows {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All rows as the JSON that `{input}` is on PostgreSQL.
    pub(super) fn json(self) -> String {
        Value::Array(self.0.into_iter().map(Value::Array).collect()).to_string()
    }

    pub(super) fn into_inner(self) -> Vec<Vec<Value>> {
        self.0
    }
}

/// Writes bytes as the text that a `Kind::Bytes` column reads.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static MOVE: Statement = Statement::batch(
        &[("lead", Kind::Text), ("due", Kind::Int)],
        "SELECT lead FROM {input} AS i WHERE due < {clock $2} {skip locked}",
    );

    #[test]
    fn a_marker_becomes_the_dialects_own_words() {
        let (sized, take) = MOVE.piece(3);
        assert_eq!(take, 2);
        assert_eq!(
            sized.text,
            "SELECT lead FROM (SELECT column1 AS lead, column2 AS due FROM (VALUES (?,?),(?,?))) AS i WHERE due < ? "
        );
        assert_eq!(sized.order, [Slot::Rows, Slot::Arg(2)]);
        assert!(MOVE.text(Dialect::Postgres).ends_with("FOR UPDATE SKIP LOCKED"));
        assert!(
            MOVE.text(Dialect::Postgres).contains("(v->>1)::bigint AS due FROM jsonb_array_elements($1::jsonb) AS v")
        );
    }

    #[test]
    fn a_batch_is_taken_in_pieces_that_together_are_all_of_it() {
        for rows in [1, 2, 63, 64, 65, 1_000] {
            let mut left = rows;
            while left > 0 {
                let (_, take) = MOVE.piece(left);
                assert!(take <= left, "{take} of {left}");
                left -= take;
            }
        }
    }

    #[test]
    fn a_nul_in_a_text_is_replaced_and_an_escaped_one_in_a_document_stays() {
        let rows = rows([("a\0b", "{\"x\":\"\\u0000\"}")]);
        assert_eq!(rows.json(), "[[\"a\u{fffd}b\",\"{\\\"x\\\":\\\"\\\\u0000\\\"}\"]]");
    }

    #[test]
    fn bytes_are_written_in_hexadecimal() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
