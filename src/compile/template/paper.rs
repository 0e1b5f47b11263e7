//! Writes the text part and the HTML part side by side, block by block.

use std::fmt::Write;

use super::marks::Marks;

const PARAGRAPH: &str = "margin:0 0 16px;line-height:1.55";
const SMALL: &str = "margin:0 0 8px;line-height:1.5;font-size:12px;color:#6b7280";

/// One block of a mail, written in both forms; marks are still in it.
enum Block {
    /// The element, its style, the inside of both forms, and the indents of the text form.
    Words {
        element: &'static str,
        style: &'static str,
        html: String,
        text: String,
        indent: Indent,
    },
    Html(String),
    Text(String),
}

/// What begins the first line of a block in the text part, and each further one.
#[derive(Clone, Default)]
struct Indent {
    first: String,
    rest: String,
}

/// Both parts while they are written.
pub struct Paper {
    blocks: Vec<Block>,
    html: String,
    text: String,
    /// The element the words at hand belong to; none directly inside a list item.
    element: Option<(&'static str, &'static str)>,
    indents: Vec<Indent>,
    /// The next number of each open list; none for bullets.
    lists: Vec<Option<u64>>,
    /// Rules still to come; after the last one follows the small print.
    rules_left: usize,
    small: bool,
    in_code: bool,
}

impl Paper {
    pub const fn new(rules: usize) -> Self {
        Self {
            blocks: Vec::new(),
            html: String::new(),
            text: String::new(),
            element: None,
            indents: Vec::new(),
            lists: Vec::new(),
            rules_left: rules,
            small: false,
            in_code: false,
        }
    }

    pub fn words(&mut self, words: &str) {
        self.html.push_str(&escape(words));
        self.text.push_str(&if self.in_code { words.to_owned() } else { words.replace('\n', " ") });
    }

    pub fn styled(&mut self, element: &str, words: &str) {
        let words_html = escape(words);
        let _ = write!(self.html, "<{element}>{words_html}</{element}>");
        self.text.push_str(words);
    }

    pub fn raw_html(&mut self, html: &str) {
        self.html.push_str(html);
    }

    pub fn line_break(&mut self) {
        self.html.push_str("<br>\n");
        self.text.push('\n');
    }

    pub fn paragraph(&mut self) {
        self.flush();
        self.element = Some(("p", if self.small { SMALL } else { PARAGRAPH }));
    }

    pub fn heading(&mut self, level: usize) {
        self.flush();
        self.element = Some(match level {
            1 => ("h1", "margin:0 0 16px;line-height:1.3;font-size:24px"),
            2 => ("h2", "margin:24px 0 12px;line-height:1.3;font-size:19px"),
            _ => ("h3", "margin:20px 0 8px;line-height:1.3;font-size:16px"),
        });
    }

    pub fn quote(&mut self) {
        self.flush();
        self.blocks.push(Block::Html(
            "<blockquote style=\"margin:0 0 16px;padding:0 0 0 14px;border-left:3px solid #9ca3af\">\n".to_owned(),
        ));
        self.indents.push(Indent { first: "> ".to_owned(), rest: "> ".to_owned() });
    }

    pub fn end_quote(&mut self) {
        self.flush();
        self.indents.pop();
        self.blocks.push(Block::Html("</blockquote>\n".to_owned()));
    }

    pub fn code_block(&mut self) {
        self.flush();
        self.in_code = true;
        self.element =
            Some(("pre", "margin:0 0 16px;padding:12px;overflow:auto;font-size:13px;background:#f3f4f6;color:#111827"));
        self.indents.push(Indent { first: "    ".to_owned(), rest: "    ".to_owned() });
    }

    pub fn end_code_block(&mut self) {
        self.flush();
        self.in_code = false;
        self.indents.pop();
    }

    pub fn list(&mut self, first: Option<u64>) {
        self.flush();
        self.lists.push(first);
        let tag = if first.is_some() { "ol" } else { "ul" };
        self.blocks.push(Block::Html(format!("<{tag} style=\"margin:0 0 16px;padding-left:22px\">\n")));
    }

    pub fn end_list(&mut self) {
        self.flush();
        let tag = if self.lists.pop().flatten().is_some() { "ol" } else { "ul" };
        self.blocks.push(Block::Html(format!("</{tag}>\n")));
        self.blocks.push(Block::Text("\n".to_owned()));
    }

    pub fn item(&mut self) {
        self.flush();
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        let rest = " ".repeat(bullet.len());
        self.indents.push(Indent { first: bullet, rest });
        self.blocks.push(Block::Html("<li style=\"margin:0 0 6px;line-height:1.5\">".to_owned()));
    }

    pub fn end_item(&mut self) {
        self.flush();
        self.indents.pop();
        self.blocks.push(Block::Html("</li>\n".to_owned()));
    }

    pub fn rule(&mut self) {
        self.flush();
        self.rules_left = self.rules_left.saturating_sub(1);
        self.small = self.rules_left == 0;
        let line = "<hr style=\"margin:28px 0 16px;border:0;border-top:1px solid #d1d5db\">\n";
        self.blocks.push(Block::Html(line.to_owned()));
        self.blocks.push(Block::Text("--\n".to_owned()));
    }

    pub const fn text_length(&self) -> usize {
        self.text.len()
    }

    pub fn text_from(&self, from: usize) -> &str {
        &self.text[from.min(self.text.len())..]
    }

    /// Shows an address after its label in the text part, or instead of it.
    pub fn replace_label(&mut self, from: usize, instead: bool, address: &str) {
        if instead {
            self.text.truncate(from);
            self.text.push_str(address);
        } else {
            let _ = write!(self.text, " ( {address} )");
        }
    }

    /// Ends the words at hand as one block.
    pub fn flush(&mut self) {
        let (html, text) = (std::mem::take(&mut self.html), std::mem::take(&mut self.text));
        let (element, style) = self.element.take().unwrap_or_default();
        if html.trim().is_empty() && text.trim().is_empty() {
            return;
        }
        let indent = Indent {
            first: self.indents.iter().map(|indent| indent.first.as_str()).collect(),
            rest: self.indents.iter().map(|indent| indent.rest.as_str()).collect(),
        };
        for indent in &mut self.indents {
            indent.first.clone_from(&indent.rest);
        }
        self.blocks.push(Block::Words { element, style, html, text, indent });
    }

    /// Both parts, text first.
    pub fn finish(mut self, marks: &Marks<'_>) -> (String, String) {
        self.flush();
        let (mut text, mut html) = (String::new(), String::new());
        for block in &self.blocks {
            match block {
                Block::Html(part) => html.push_str(part),
                Block::Text(part) => text.push_str(part),
                Block::Words { element, style, html: inside, text: words, indent } => {
                    html.push_str(&html_block(marks, (element, style), inside));
                    text.push_str(&text_block(marks, words, indent, element.is_empty()));
                }
            }
        }
        (text.trim_end().to_owned() + "\n", html)
    }
}

fn html_block(marks: &Marks<'_>, (element, style): (&str, &str), inside: &str) -> String {
    if element.is_empty() {
        return inside.to_owned();
    }
    let (before, core, after) = marks.hoist(inside);
    let tags = |numbers: &[usize]| -> String { numbers.iter().map(|number| marks.source(*number)).collect() };
    let class = if style == SMALL { " class=\"small\"" } else { "" };
    let words = match core.trim() {
        "" => String::new(),
        core => format!("<{element}{class} style=\"{style}\">{core}</{element}>\n"),
    };
    format!("{}{words}{}", tags(&before), tags(&after))
}

fn text_block(marks: &Marks<'_>, words: &str, indent: &Indent, tight: bool) -> String {
    let (before, core, after) = marks.hoist(words);
    let tags = |numbers: &[usize]| -> String {
        numbers.iter().map(|number| marks.source(*number).to_owned() + "\n").collect()
    };
    let lines = core.trim().lines().enumerate().map(|(n, line)| {
        let start = if n == 0 { &indent.first } else { &indent.rest };
        format!("{start}{line}\n")
    });
    let mut words: String = lines.collect();
    if !words.is_empty() && !tight {
        words.push('\n');
    }
    format!("{}{words}{}", tags(&before), tags(&after))
}

/// Escapes what HTML would read as markup, and braces that templates would read as an expression.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '{' => out.push_str("&#123;"),
            _ => out.push(c),
        }
    }
    out
}

/// Escapes what stands between expressions; the expressions keep their quotes.
pub fn escape_around(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let end = rest[at..].find("}}").map_or(rest.len(), |end| at + end + 2);
        out.push_str(&escape(&rest[..at]));
        out.push_str(&rest[at..end]);
        rest = &rest[end..];
    }
    out + &escape(rest)
}
