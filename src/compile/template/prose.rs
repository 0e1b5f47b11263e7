//! The text part of a mail that was written in HTML: what a reader without HTML should see, line by line.

/// A link: the address as it was written, and what stands for it.
pub struct Target {
    pub written: String,
    pub shown: String,
}

/// A text while it is written.
#[derive(Default)]
pub struct Prose {
    out: String,
    /// Line ends to write before the next words.
    owed: usize,
    /// Whether the line before is an expression that shows nothing: it takes one line end only.
    after_tag: bool,
    /// Whether a space is due before the next words.
    space: bool,
    /// The next number of each open list; none for bullets.
    lists: Vec<Option<u64>>,
    /// The bullet that the next words get.
    bullet: Option<String>,
    /// Where the label of the open link begins, and where it leads.
    link: Option<(usize, Target)>,
    /// How many elements are open in which every space counts.
    preformatted: usize,
}

impl Prose {
    /// Words as HTML has them: entities are read, white space is one space.
    pub fn words(&mut self, text: &str) {
        let text = decoded(text);
        if self.preformatted > 0 {
            self.begin();
            self.push(&text);
            return;
        }
        for (n, word) in text.split([' ', '\t', '\n', '\r']).enumerate() {
            self.space |= n > 0;
            if !word.is_empty() {
                self.begin();
                self.push(word);
            }
        }
    }

    /// An expression: its value is words, a block around others stands in a line of its own where it can.
    pub fn tag(&mut self, source: &str, silent: bool) {
        let starts_line = self.owed > 0 || self.out.is_empty() || self.out.ends_with('\n');
        if silent && starts_line {
            self.end_lines();
            self.out.push_str(source);
            self.owed = 1;
            self.after_tag = true;
            self.space = false;
            return;
        }
        if !silent {
            self.begin();
        }
        self.out.push_str(source);
    }

    /// An element begins.
    pub fn open(&mut self, name: &str) {
        match name {
            "br" => {
                self.owed += 1;
                self.space = false;
            }
            "hr" => {
                self.owe(2);
                self.begin();
                self.push("--");
                self.owe(1);
            }
            "ul" => self.list(None),
            "ol" => self.list(Some(1)),
            "li" => {
                self.owe(1);
                let bullet = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.bullet = Some("  ".repeat(self.lists.len().saturating_sub(1)) + &bullet);
            }
            "pre" => {
                self.owe(2);
                self.preformatted += 1;
            }
            "td" | "th" => self.space = true,
            _ => self.owe(lines_around(name)),
        }
    }

    /// An element ends.
    pub fn close(&mut self, name: &str) {
        match name {
            "a" => self.end_link(),
            "ul" | "ol" => {
                self.lists.pop();
                self.owe(2);
            }
            "li" => self.owe(1),
            "pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.owe(2);
            }
            _ => self.owe(lines_around(name)),
        }
    }

    /// A link begins; none where it leads nowhere else.
    pub fn link(&mut self, target: Option<Target>) {
        self.end_link();
        self.link = target.map(|target| (self.out.len(), target));
    }

    fn end_link(&mut self) {
        let Some((from, Target { written, shown: address })) = self.link.take() else { return };
        let label = self.out.get(from..).unwrap_or_default().trim();
        if label.is_empty() || label == written || label == address {
            self.out.truncate(from + self.out[from..].len() - self.out[from..].trim_start().len());
            self.begin();
            self.out.push_str(&address);
        } else {
            self.out.push_str(" ( ");
            self.out.push_str(&address);
            self.out.push_str(" )");
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        self.end_link();
        self.out.trim_end().to_owned() + "\n"
    }

    fn list(&mut self, first: Option<u64>) {
        self.owe(if self.lists.is_empty() { 2 } else { 1 });
        self.lists.push(first);
    }

    fn owe(&mut self, lines: usize) {
        self.owed = self.owed.max(lines);
        self.space &= lines == 0;
    }

    fn end_lines(&mut self) {
        if !self.out.is_empty() {
            let there = self.out.len() - self.out.trim_end_matches('\n').len();
            self.out.push_str(&"\n".repeat(self.owed.min(if self.after_tag { 1 } else { 2 }).saturating_sub(there)));
        }
        self.owed = 0;
        self.after_tag = false;
    }

    fn begin(&mut self) {
        let fresh = self.owed > 0 || self.out.is_empty();
        self.end_lines();
        if let Some(bullet) = self.bullet.take() {
            self.out.push_str(&bullet);
        } else if self.space && !fresh && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
        self.space = false;
    }

    /// Text that no template takes for an expression.
    fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c == '{' && self.out.ends_with('{') {
                self.out.push(' ');
            }
            self.out.push(c);
        }
    }
}

/// Line ends before and after an element.
fn lines_around(name: &str) -> usize {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "dl" => 2,
        "div" | "tr" | "section" | "article" | "header" | "footer" | "main" | "center" | "dt" | "dd" | "body"
        | "html" => 1,
        _ => 0,
    }
}

/// Characters that HTML writes by name or number, as far as mails use them.
pub fn decoded(text: &str) -> String {
    const NAMED: [(&str, &str); 24] = [
        ("amp", "&"),
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
        ("apos", "'"),
        ("nbsp", "\u{a0}"),
        ("copy", "©"),
        ("reg", "®"),
        ("trade", "™"),
        ("euro", "€"),
        ("pound", "£"),
        ("mdash", "—"),
        ("ndash", "–"),
        ("hellip", "…"),
        ("laquo", "«"),
        ("raquo", "»"),
        ("ldquo", "“"),
        ("rdquo", "”"),
        ("lsquo", "‘"),
        ("rsquo", "’"),
        ("bull", "•"),
        ("middot", "·"),
        ("zwnj", ""),
        ("shy", ""),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() <= 8);
        let number = name.and_then(|name| name.strip_prefix('#')).and_then(|digits| {
            let hex = digits.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hex.unwrap_or_else(|| digits.parse()).ok()?).filter(|c| !c.is_control())
        });
        let named = name.and_then(|name| NAMED.iter().find(|(known, _)| *known == name));
        match (number, named) {
            (Some(c), _) if !matches!(c, '\u{e000}'..='\u{e00f}') => out.push(c),
            (_, Some((_, shown))) => out.push_str(shown),
            _ => {
                out.push('&');
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[name.map_or(1, str::len) + 2..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read_and_what_is_none_stays() {
        assert_eq!(decoded("a &amp; b &#39;c&#x27; &euro;1 &nbsp;&foo; & x;"), "a & b 'c' €1 \u{a0}&foo; & x;");
        assert_eq!(decoded("&#0; &#xe000; &amp"), "&#0; &#xe000; &amp");
    }

    #[test]
    fn braces_of_a_text_are_never_an_expression() {
        let mut prose = Prose::default();
        prose.words("&#123;&#123;lead.x}}");
        assert_eq!(prose.finish(), "{ {lead.x}}\n");
    }
}
