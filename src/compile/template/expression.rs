//! What stands between `{{` and `}}`: read by ourselves, since a person needs one sentence and its exact place, and
//! the template library gives a list of grammar rules.

use std::ops::Range;

/// A value of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A dotted path such as `lead.first_name`, `this` or `@index`.
    Path(String, Range<usize>),
    /// A text, number, `true`, `false` or `null`.
    Literal { text: String, span: Range<usize> },
    /// A helper with its arguments.
    Call { helper: String, place: Range<usize>, args: Vec<Self> },
}

impl Expr {
    /// Whether it is a literal that is not blank.
    pub fn shows(&self) -> bool {
        matches!(self, Self::Literal { text, .. } if !text.trim().is_empty() && text != "null" && text != "false")
    }
}

/// A mistake, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub span: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl Wrong {
    pub fn new(span: Range<usize>, message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self { span, message: message.into(), hint: hint.into() }
    }
}

/// The words of an expression in a row: a helper or path, then arguments.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the text begins in its file.
    base: usize,
}

impl<'a> Reader<'a> {
    pub const fn new(text: &'a str, base: usize) -> Self {
        Self { text, at: 0, base }
    }

    /// Reads all words up to the end.
    pub fn words(&mut self, depth: usize) -> Result<Vec<Expr>, Wrong> {
        let mut words = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None if depth == 0 => return Ok(words),
                None => return Err(self.wrong(self.at..self.at, "a `(` is not closed")),
                Some(')') if depth > 0 => return Ok(words),
                Some(')') => return Err(self.wrong(self.at..self.at + 1, "a `)` closes nothing")),
                Some(_) => words.push(self.word(depth)?),
            }
        }
    }

    fn word(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let start = self.at;
        match self.peek() {
            Some('(') if depth >= 8 => Err(self.wrong(start..start + 1, "too many parentheses inside each other")),
            Some('(') => {
                self.at += 1;
                let words = self.words(depth + 1)?;
                self.at += 1;
                call(words).map_err(|message| self.wrong(start..self.at, message))
            }
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => self.bare(),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Expr, Wrong> {
        let start = self.at;
        let inner = &self.text[start + 1..];
        let mut escaped = false;
        let close = inner.char_indices().find(|(_, c)| {
            let closes = *c == quote && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((close, _)) = close else {
            let hint = format!("write {quote} where the text ends");
            return Err(Wrong { hint: Some(hint), ..self.wrong(start..self.text.len(), "a quote is never closed") });
        };
        self.at = start + 1 + close + 1;
        Ok(Expr::Literal { text: inner[..close].to_owned(), span: self.span(start) })
    }

    fn bare(&mut self) -> Result<Expr, Wrong> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| c.is_whitespace() || "()\"'|".contains(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        if word.is_empty() || word.starts_with('|') {
            self.at += 1;
            let hint = "block parameters (`as |x|`) are not supported; inside `{{#each}}` write `this`".to_owned();
            return Err(Wrong { hint: Some(hint), ..self.wrong(start..self.at, "this cannot stand in an expression") });
        }
        let span = self.span(start);
        if word.parse::<f64>().is_ok() || matches!(word, "true" | "false" | "null") {
            return Ok(Expr::Literal { text: word.to_owned(), span });
        }
        if let Some((name, _)) = word.split_once('=').filter(|(name, _)| is_path(name)) {
            self.at = start + name.len() + 1;
            return self.named(name, start);
        }
        if is_path(word) {
            return Ok(Expr::Path(word.to_owned(), span));
        }
        let hint = "a value is written like `lead.first_name`".to_owned();
        Err(Wrong { hint: Some(hint), ..self.wrong(start..self.at, format!("`{word}` is no value")) })
    }

    /// The value after `name=`; the name itself only matters to the helper `url`.
    fn named(&mut self, name: &str, start: usize) -> Result<Expr, Wrong> {
        match self.peek() {
            None | Some('(' | ')' | ' ' | '\n') => {
                Err(self.wrong(start..self.at, format!("`{name}=` needs a value right after it")))
            }
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some(_) => self.bare(),
        }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    const fn span(&self, start: usize) -> Range<usize> {
        self.base + start..self.base + self.at
    }

    fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> Wrong {
        Wrong::new(self.base + span.start..self.base + span.end, message, None)
    }
}

/// A helper with arguments, or a single value.
pub fn call(mut words: Vec<Expr>) -> Result<Expr, String> {
    if words.len() <= 1 {
        return words.pop().ok_or_else(|| "an expression is empty".to_owned());
    }
    match words.remove(0) {
        Expr::Path(helper, place) if !helper.contains('.') => Ok(Expr::Call { helper, place, args: words }),
        Expr::Path(path, _) => Err(format!("`{path}` is a value and takes no arguments")),
        Expr::Literal { .. } | Expr::Call { .. } => {
            Err("an expression begins with a helper such as `or`, or is a single value".to_owned())
        }
    }
}

fn is_path(word: &str) -> bool {
    let word = word.strip_prefix('@').unwrap_or(word);
    word.split('.').all(|part| {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        !part.is_empty() && part.chars().all(fits)
    })
}
