//! What an SDR writes in Markdown becomes both parts of a mail.
//!
//! Every `{{…}}` is first replaced by a mark that means nothing to Markdown, and put back at the end; so quotes and
//! underscores in expressions survive, and a paragraph made of `{{#if}}` alone leaves no empty paragraph behind.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag as Element, TagEnd};

use super::expression::Wrong;
use super::links::{Links, Odd, is_web};
use super::marks::Marks;
use super::paper::{Paper, escape_around};

/// Both parts of a mail, as Handlebars texts.
#[derive(Debug)]
pub struct Parts {
    pub text: String,
    /// The inside of the HTML body.
    pub html: String,
}

/// Turns a Markdown body into both parts; links are added to those there are.
pub fn parts(marks: &Marks<'_>, links: &mut Links) -> Parts {
    let marked = marks.marked();
    let rules = Parser::new_ext(&marked, Options::empty()).filter(|event| *event == Event::Rule).count();
    let mut writer = Writer { paper: Paper::new(rules), marks, open: None, image: false, links };
    for (event, range) in Parser::new_ext(&marked, Options::empty()).into_offset_iter() {
        let place = marks.original(range.start)..marks.original(range.end);
        writer.event(event, &place);
    }
    let (text, html) = writer.paper.finish(marks);
    Parts { text: marks.restore(&text), html: marks.restore(&html) }
}

struct Writer<'a> {
    paper: Paper,
    marks: &'a Marks<'a>,
    /// The link being written.
    open: Option<Target>,
    image: bool,
    links: &'a mut Links,
}

/// Where a link leads, as it stands in both parts, and where its label begins in the text part.
struct Target {
    shown: String,
    href: String,
    label_from: usize,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>, place: &std::ops::Range<usize>) {
        match event {
            Event::Start(element) => self.start(element, place),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.paper.words(&text),
            Event::Code(code) => self.paper.styled("code", &code),
            Event::SoftBreak => self.paper.words("\n"),
            Event::HardBreak => self.paper.line_break(),
            Event::Rule => self.paper.rule(),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html, place),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn html(&mut self, html: &str, place: &std::ops::Range<usize>) {
        let hint = "write it in Markdown: **bold**, *italic*, [a link](https://…)".to_owned();
        let span = place.start..place.start + html.trim_end().len().min(place.len());
        self.links.odd.push(Odd::Html(Wrong::new(span, "HTML in Markdown is shown as text", hint)));
        self.paper.words(html);
    }

    fn start(&mut self, element: Element<'_>, place: &std::ops::Range<usize>) {
        match element {
            Element::Heading { level, .. } => self.paper.heading(level as usize),
            Element::BlockQuote(_) => self.paper.quote(),
            Element::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => self.paper.code_block(),
            Element::List(first) => self.paper.list(first),
            Element::Item => self.paper.item(),
            Element::Paragraph => self.paper.paragraph(),
            Element::Emphasis => self.paper.raw_html("<em>"),
            Element::Strong => self.paper.raw_html("<strong>"),
            Element::Link { dest_url, .. } => self.link(&dest_url, place),
            Element::Image { dest_url, .. } => self.picture(&dest_url, place),
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Paragraph | TagEnd::Heading(_) => self.paper.flush(),
            TagEnd::BlockQuote(_) => self.paper.end_quote(),
            TagEnd::CodeBlock => self.paper.end_code_block(),
            TagEnd::List(_) => self.paper.end_list(),
            TagEnd::Item => self.paper.end_item(),
            TagEnd::Emphasis => self.paper.raw_html("</em>"),
            TagEnd::Strong => self.paper.raw_html("</strong>"),
            TagEnd::Link => self.end_link(),
            TagEnd::Image => {
                self.paper.raw_html("\">");
                self.image = false;
            }
            _ => {}
        }
    }

    fn link(&mut self, dest: &str, place: &std::ops::Range<usize>) {
        let target = self.marks.restore(dest);
        let href = self.links.target(dest, self.marks, place);
        let shown = href.strip_prefix("mailto:").unwrap_or(&href).to_owned();
        let style = "color:#2563eb";
        self.paper.raw_html(&format!("<a class=\"link\" style=\"{style}\" href=\"{}\">", escape_around(&href)));
        self.open = Some(Target { shown, href: target, label_from: self.paper.text_length() });
    }

    fn end_link(&mut self) {
        let Some(Target { shown, href, label_from }) = self.open.take() else { return };
        self.paper.raw_html("</a>");
        let label = self.marks.restore(self.paper.text_from(label_from));
        let same = label == href || label.is_empty() || format!("mailto:{label}") == href;
        self.paper.replace_label(label_from, same, &shown);
    }

    fn picture(&mut self, dest: &str, place: &std::ops::Range<usize>) {
        let target = self.marks.restore(dest);
        if !is_web(&target) {
            let hint = "begin it with https://".to_owned();
            let message = format!("a picture cannot come from `{target}`");
            self.links.odd.push(Odd::Link(Wrong::new(place.clone(), message, hint)));
        }
        let style = "max-width:100%;height:auto;border:0";
        self.paper.raw_html(&format!("<img style=\"{style}\" src=\"{}\" alt=\"", escape_around(&target)));
        self.image = true;
    }
}
