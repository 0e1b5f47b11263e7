//! Words come before sentences: the text of a condition is cut into tokens that each know their place.

use super::fault::{Fault, Span};
use super::quoted;
use crate::domain::calendar::parse_length;
use crate::domain::time::Millis;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i64),
    Float(f64),
    Length(Millis),
    Text(String),
    Name(String),
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub token: Token,
    pub span: Span,
}

/// Longer signs come first, so that `<=` is never read as `<`.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]", ",", ".",
];

/// Cuts a text into tokens; the last is always [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, Fault> {
    let mut lexer = Lexer { text, at: 0 };
    let mut lexemes = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        lexemes.push(Lexeme { token, span: start..lexer.at });
        if end {
            return Ok(lexemes);
        }
    }
}

pub(super) struct Lexer<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Lexer<'a> {
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            if !rest.starts_with("//") {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if quoted::begins(rest) {
            return quoted::read(self).map(Token::Text);
        }
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let name = self.run(0, |c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(Token::Name(name.to_owned()));
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        Err(self.stray(first))
    }

    /// Takes `from` bytes and then every character that `keep` wants.
    fn run(&mut self, from: usize, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest[from..].find(|c| !keep(c)).map_or(rest.len(), |end| from + end);
        self.at += end;
        &rest[..end]
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let start = self.at;
        self.run(0, |c| c.is_ascii_digit());
        let mut whole = true;
        let fraction =
            self.rest().strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            self.run(1, |c| c.is_ascii_digit());
            whole = false;
        }
        if let Some(marks) = exponent(self.rest()) {
            self.run(marks, |c| c.is_ascii_digit());
            whole = false;
        }
        let number = &self.text[start..self.at];
        let tail = self.run(0, |c| c.is_alphanumeric() || c == '_');
        let span = start..self.at;
        if tail.is_empty() && whole {
            return number.parse().map(Token::Int).map_err(|_| Fault::new(span, "this number is too large"));
        }
        if tail.is_empty() {
            let float: f64 = number.parse().unwrap_or(f64::INFINITY);
            return if float.is_finite() {
                Ok(Token::Float(float))
            } else {
                Err(Fault::new(span, "this number is too large"))
            };
        }
        let fault = |message: String| Fault::new(span.clone(), message);
        if whole {
            return parse_length(&self.text[span.clone()]).map(Token::Length).map_err(fault);
        }
        Err(fault("a length of time takes a whole number".to_owned()).hint("write 90m instead of 1.5h"))
    }

    fn stray(&self, first: char) -> Fault {
        let fault = Fault::new(self.at..self.at + first.len_utf8(), format!("`{first}` has no meaning here"));
        match first {
            '=' => Fault { message: "`=` does not compare".to_owned(), ..fault }.hint("write `==`"),
            '&' => fault.hint("write `&&` for \"and\""),
            '|' => fault.hint("write `||` for \"or\""),
            '{' | '}' => fault.hint("values are written without braces here, as in `lead.country`"),
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '`' => {
                fault.hint("text stands between straight quotes: \"…\" or '…'")
            }
            '≤' => fault.hint("write `<=`"),
            '≥' => fault.hint("write `>=`"),
            '≠' => fault.hint("write `!=`"),
            _ => fault,
        }
    }
}

/// The length of `e`, `e+` or `e-` if digits follow it.
fn exponent(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix(['e', 'E'])?;
    let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
    digits.starts_with(|c: char| c.is_ascii_digit()).then_some(rest.len() - digits.len())
}
