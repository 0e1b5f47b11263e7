//! Operators bind as they do in CEL: `?:`, then `||`, `&&`, comparisons, `+ -`, `* / %`, `! -`, calls and members.

use super::ast::{Comparison, Expr, Kind, Sum, Word};
use super::fault::{Fault, Span};
use super::lexer::{Lexeme, Token, lex};
use super::value::Value;
use super::words::operator_for;

/// How deep expressions may nest; every recursion over them is bounded by it.
const DEEPEST: usize = 64;

/// Reads one whole expression; the error is the first fault.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let mut parser = Parser { lexemes: lex(text)?, at: 0, depth: 0, text };
    if parser.peek() == &Token::End {
        return Err(Fault::new(0..text.len(), "the condition is empty").hint("write `true` for always"));
    }
    let expr = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(expr),
        Token::Name(word) => {
            let hint = operator_for(word).map(str::to_owned);
            Err(parser.unexpected("an operator such as `&&` or `==`").maybe(hint))
        }
        Token::Sign("(") if matches!(expr.kind, Kind::Member(..) | Kind::Call { .. }) => {
            Err(parser.unexpected("an operator such as `&&`"))
        }
        _ => Err(parser.unexpected("an operator such as `&&`, or the end")),
    }
}

struct Parser<'a> {
    lexemes: Vec<Lexeme>,
    at: usize,
    depth: usize,
    text: &'a str,
}

type Parsed = Result<Expr, Fault>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.lexemes.get(self.at).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    fn span(&self) -> Span {
        self.lexemes.get(self.at).map_or(self.text.len()..self.text.len(), |lexeme| lexeme.span.clone())
    }

    /// Steps over the next token if it is this sign.
    fn took(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn must(&mut self, sign: &str) -> Result<Span, Fault> {
        let span = self.span();
        if self.took(sign) { Ok(span) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let span = self.span();
        match self.text.get(span.clone()) {
            None | Some("") => Fault::new(span, format!("expected {wanted}, but the condition ends")),
            Some(found) => Fault::new(span, format!("expected {wanted}, found `{found}`")),
        }
    }

    fn build(kind: Kind, span: Span) -> Parsed {
        let height = 1 + kind.parts().iter().map(|part| part.height).max().unwrap_or(0);
        if height > DEEPEST { Err(too_deep(span)) } else { Ok(Expr { kind, span, height }) }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        let read = if self.depth > DEEPEST { Err(too_deep(self.span())) } else { read(self) };
        self.depth -= 1;
        read
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.either()?;
            if !parser.took("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.must(":")?;
            let no = parser.expression()?;
            let span = condition.span.start..no.span.end;
            Self::build(Kind::Choice(Box::new([condition, yes, no])), span)
        })
    }

    fn either(&mut self) -> Parsed {
        self.joined("||", Self::all, Kind::Either)
    }

    fn all(&mut self) -> Parsed {
        self.joined("&&", Self::comparison, Kind::All)
    }

    fn joined(&mut self, sign: &str, part: fn(&mut Self) -> Parsed, kind: fn(Vec<Expr>) -> Kind) -> Parsed {
        let first = part(self)?;
        let start = first.span.start;
        let mut parts = vec![first];
        while self.took(sign) {
            parts.push(part(self)?);
        }
        let end = parts.last().map_or(start, |part| part.span.end);
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Self::build(kind(parts), start..end)
            }
        }
    }

    fn comparison(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let comparison = match self.peek() {
                Token::Sign(sign) => Comparison::of(sign),
                Token::Name(word) if word == "in" => Some(Comparison::In),
                _ => None,
            };
            let Some(comparison) = comparison else { return Ok(left) };
            self.at += 1;
            let right = self.sum()?;
            let span = left.span.start..right.span.end;
            left = Self::build(Kind::Compare(comparison, Box::new([left, right])), span)?;
        }
    }

    fn sum(&mut self) -> Parsed {
        self.calculated(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed {
        self.calculated(&["*", "/", "%"], Self::unary)
    }

    fn calculated(&mut self, signs: &[&str], part: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = part(self)?;
        loop {
            let sum = match self.peek() {
                Token::Sign(sign) if signs.contains(sign) => Sum::of(sign),
                _ => None,
            };
            let Some(sum) = sum else { return Ok(left) };
            self.at += 1;
            let right = part(self)?;
            let span = left.span.start..right.span.end;
            left = Self::build(Kind::Calculate(sum, Box::new([left, right])), span)?;
        }
    }

    fn unary(&mut self) -> Parsed {
        let start = self.span().start;
        let kind: fn(Box<Expr>) -> Kind = match self.peek() {
            Token::Sign("!") => Kind::Not,
            Token::Sign("-") => Kind::Minus,
            Token::Name(word) if word == "not" => {
                return Err(Fault::new(self.span(), "`not` is no operator").hint("write `!`"));
            }
            _ => return self.postfix(),
        };
        self.at += 1;
        let inner = self.deeper(Self::unary)?;
        let span = start..inner.span.end;
        Self::build(kind(Box::new(inner)), span)
    }

    fn postfix(&mut self) -> Parsed {
        let mut expr = self.primary()?;
        loop {
            if self.took(".") {
                let name = self.word()?;
                let start = expr.span.start;
                if self.took("(") {
                    let (with, end) = self.items(")")?;
                    let kind = Kind::Call { on: Some(Box::new(expr)), name, with };
                    expr = Self::build(kind, start..end)?;
                } else {
                    let end = name.span.end;
                    expr = Self::build(Kind::Member(Box::new(expr), name), start..end)?;
                }
            } else if matches!(self.peek(), Token::Sign("[")) {
                let fault = Fault::new(self.span(), "items cannot be taken by their place or key");
                return Err(fault.hint("write `lead.country` for an attribute, `\"vip\" in lead.tags` for a list"));
            } else {
                return Ok(expr);
            }
        }
    }

    fn word(&mut self) -> Result<Word, Fault> {
        match self.peek() {
            Token::Name(text) => {
                let word = Word { text: text.clone(), span: self.span() };
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected("a name after the dot")),
        }
    }

    /// Reads expressions up to a closing sign; gives them and the end of that sign.
    fn items(&mut self, close: &str) -> Result<(Vec<Expr>, usize), Fault> {
        let mut items = Vec::new();
        loop {
            let end = self.span().end;
            if self.took(close) {
                return Ok((items, end));
            }
            if !items.is_empty() && !self.took(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
            let end = self.span().end;
            if !items.is_empty() && self.took(close) {
                return Ok((items, end));
            }
            items.push(self.expression()?);
        }
    }

    fn primary(&mut self) -> Parsed {
        let span = self.span();
        let value = match self.peek() {
            Token::Int(number) => Value::Int(*number),
            Token::Float(number) => Value::Float(*number),
            Token::Length(length) => Value::Duration(*length),
            Token::Text(text) => Value::text(text),
            Token::Name(name) => match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => return self.name(),
            },
            Token::Sign("(") => return self.grouped(),
            Token::Sign("[") => {
                self.at += 1;
                let (items, end) = self.items("]")?;
                return Self::build(Kind::List(items), span.start..end);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Self::build(Kind::Literal(value), span)
    }

    fn grouped(&mut self) -> Parsed {
        let start = self.must("(")?.start;
        let inner = self.expression()?;
        let end = self.must(")")?.end;
        Ok(Expr { span: start..end, ..inner })
    }

    fn name(&mut self) -> Parsed {
        let name = self.word()?;
        if !self.took("(") {
            return Self::build(Kind::Name(name.text), name.span);
        }
        let start = name.span.start;
        let (with, end) = self.items(")")?;
        Self::build(Kind::Call { on: None, name, with }, start..end)
    }
}

fn too_deep(span: Span) -> Fault {
    Fault::new(span, format!("expressions nest deeper than {DEEPEST} levels here")).hint("split the condition")
}
