//! Text in quotes follows CEL to the letter, since patterns are copied from other tools with their backslashes.

use super::fault::Fault;
use super::lexer::Lexer;

/// Whether a text in quotes begins here, raw (`r"…"`) or not.
pub(super) fn begins(rest: &str) -> bool {
    rest.strip_prefix(['r', 'R']).unwrap_or(rest).starts_with(['"', '\''])
}

/// Reads a text in single or triple quotes and puts the lexer behind it.
pub(super) fn read(lexer: &mut Lexer<'_>) -> Result<String, Fault> {
    let start = lexer.at;
    let raw = lexer.rest().starts_with(['r', 'R']);
    lexer.at += usize::from(raw);
    let quote = quote_of(lexer.rest());
    lexer.at += quote.len();
    let mut text = String::new();
    loop {
        let rest = lexer.rest();
        if rest.starts_with(quote) {
            lexer.at += quote.len();
            return Ok(text);
        }
        match rest.chars().next() {
            None => return Err(unclosed(lexer, start, quote)),
            Some('\n' | '\r') if quote.len() == 1 => return Err(unclosed(lexer, start, quote)),
            Some('\\') if !raw => text.push(escape(lexer)?),
            Some(c) => {
                text.push(c);
                lexer.at += c.len_utf8();
            }
        }
    }
}

fn quote_of(rest: &str) -> &'static str {
    let single = rest.starts_with('\'');
    let triple = if single { "'''" } else { "\"\"\"" };
    if rest.starts_with(triple) { triple } else { &triple[..1] }
}

fn unclosed(lexer: &Lexer<'_>, start: usize, quote: &str) -> Fault {
    Fault::new(start..lexer.at, "this text is never closed").hint(format!("end it with {quote}"))
}

/// Reads one escape; the lexer stands on its backslash.
fn escape(lexer: &mut Lexer<'_>) -> Result<char, Fault> {
    let start = lexer.at;
    let mark = lexer.rest()[1..].chars().next();
    let known = match mark {
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some('a') => Some('\u{7}'),
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some('v') => Some('\u{b}'),
        Some(same @ ('\\' | '?' | '"' | '\'' | '`')) => Some(same),
        _ => None,
    };
    if let Some(known) = known {
        lexer.at += 2;
        return Ok(known);
    }
    match mark {
        Some('x' | 'X') => code(lexer, &Code { skip: 2, digits: 2, radix: 16 }),
        Some('u') => code(lexer, &Code { skip: 2, digits: 4, radix: 16 }),
        Some('U') => code(lexer, &Code { skip: 2, digits: 8, radix: 16 }),
        Some('0'..='3') => code(lexer, &Code { skip: 1, digits: 3, radix: 8 }),
        Some(c) => Err(Fault::new(start..start + 1 + c.len_utf8(), format!("`\\{c}` is no escape"))
            .hint(format!("write `\\\\{c}`, or put r before the quote: r\"\\{c}…\""))),
        None => Err(Fault::new(start..start + 1, "this text is never closed")),
    }
}

struct Code {
    skip: usize,
    digits: usize,
    radix: u32,
}

fn code(lexer: &mut Lexer<'_>, form: &Code) -> Result<char, Fault> {
    let start = lexer.at;
    let end = form.skip + form.digits;
    let digits = lexer.rest().get(form.skip..end).filter(|digits| digits.chars().all(|c| c.is_digit(form.radix)));
    let found = digits.and_then(|digits| u32::from_str_radix(digits, form.radix).ok()).and_then(char::from_u32);
    let Some(found) = found else {
        let message = format!("this escape needs {} digits that name a character", form.digits);
        return Err(Fault::new(start..start + form.skip, message));
    };
    lexer.at += end;
    Ok(found)
}
