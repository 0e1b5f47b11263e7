//! Templates become programs once a version and are kept; four registries differ only in what escaping a value means.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::{fmt, io};

use handlebars::template::{Parameter, Template as Parsed, TemplateElement};
use handlebars::{
    Context, Handlebars, Output, Path, RenderContext, RenderError, RenderErrorReason, Renderable, no_escape,
};
use serde_json::Value;

use super::context::About;
use super::links::checked;
use super::program::Program;
use super::sight::{Made, Sight};
use super::{Refuse, helpers, values};
use crate::domain::template::{Body, LinkTarget, Template};

/// Bytes of one text of a mail or a call at most: no mailbox shows a tenth of it.
const LARGEST: usize = 1 << 20;
/// Parsed templates kept at most; beyond it they are parsed again as they come.
const KEPT: usize = 4_096;
/// What may stand unescaped in HTML, because we make it.
const OUR_HTML: [&str; 2] = ["pixel", "unsubscribe_url"];

/// Where a text lands, and so what its values must be escaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Into {
    Plain,
    Html,
    Json,
    /// Values are parts of a URL.
    Url,
}

impl Into {
    /// The same, or as it stands where a template says so.
    pub const fn if_escaped(self, escaped: bool) -> Self {
        if escaped { self } else { Self::Plain }
    }

    /// Writes a value behind `out` as it is harmless there.
    pub fn write(self, text: &str, out: &mut String) {
        match self {
            Self::Plain => out.push_str(text),
            Self::Html => values::html(text, out),
            Self::Json => out.push_str(&values::json_inside(text)),
            Self::Url => out.push_str(&values::url_part(text)),
        }
    }
}

/// Renders templates, each parsed once.
pub struct Renderer {
    plain: Handlebars<'static>,
    html: Handlebars<'static>,
    json: Handlebars<'static>,
    url: Handlebars<'static>,
    kept: RwLock<BTreeMap<String, Arc<Compiled>>>,
}

/// A text that may grow only so far: a loop over a long list, with another one in it, would never end.
struct Bounded {
    text: String,
    room: usize,
}

impl Output for Bounded {
    fn write(&mut self, more: &str) -> io::Result<()> {
        self.room = self.room.checked_sub(more.len()).ok_or_else(|| {
            io::Error::other(format!(
                "it makes more than {LARGEST} bytes of text; is a list too long, or a loop in a loop?"
            ))
        })?;
        self.text.push_str(more);
        Ok(())
    }
}

/// A template with all its texts laid out, and the source they came from.
pub(super) struct Compiled {
    source: Body,
    pub(super) texts: Texts,
}

pub(super) enum Texts {
    Mail(Box<MailTexts>),
    One(Program),
}

pub(super) struct MailTexts {
    pub subject: Program,
    pub preheader: Option<Program>,
    pub text: Program,
    pub html: Program,
    pub links: Vec<Link>,
    /// Whether the HTML says itself where the preheader stands.
    pub places_preheader: bool,
}

/// A link of a mail.
pub(super) enum Link {
    /// Where it leads everybody, or why nobody.
    Fixed(Result<String, Refuse>),
    Templated(Program, Into),
}

impl Renderer {
    pub fn new() -> Self {
        Self {
            plain: registry(no_escape),
            html: registry(handlebars::html_escape),
            json: registry(values::json_inside),
            url: registry(values::url_part),
            kept: RwLock::default(),
        }
    }

    /// Renders a text, for a `with:` value. For a JSON template this is [`Self::json`], written out.
    ///
    /// # Errors
    /// Says why it must not go out.
    pub fn text(&self, template: &Template, about: &About<'_>) -> Result<String, Refuse> {
        match &template.body {
            Body::Text(_) => self.one(template, about, Into::Plain),
            Body::Json(_) => self.json(template, about).map(|value| value.to_string()),
            Body::Mail { .. } => Err(Refuse::Broken(format!("`{}` makes a mail, and a text is wanted", template.name))),
        }
    }

    /// Renders a JSON body; a text template becomes a JSON text.
    ///
    /// # Errors
    /// Says why it must not go out.
    pub fn json(&self, template: &Template, about: &About<'_>) -> Result<Value, Refuse> {
        let Body::Json(_) = &template.body else { return self.text(template, about).map(Value::String) };
        let text = self.one(template, about, Into::Json)?;
        serde_json::from_str(&text)
            .map_err(|error| Refuse::Broken(format!("what `{}` makes is not JSON: {error}", template.name)))
    }

    fn one(&self, template: &Template, about: &About<'_>, into: Into) -> Result<String, Refuse> {
        let compiled = self.compiled(template)?;
        let Texts::One(program) = &compiled.texts else {
            return Err(Refuse::Broken(format!("`{}` makes a mail", template.name)));
        };
        self.fill(program, &Sight::new(about, &template.name, Made::default()), into)
    }

    /// Fills one text.
    pub(super) fn fill(&self, program: &Program, sight: &Sight<'_>, into: Into) -> Result<String, Refuse> {
        let mut out = String::new();
        program.write(self, sight, into, &mut out)?;
        Ok(out)
    }

    /// Lets Handlebars fill a parsed text, behind so many bytes.
    pub(super) fn run(
        &self,
        parsed: &Parsed,
        context: &Context,
        (into, before): (Into, usize),
    ) -> Result<String, Refuse> {
        let registry = match into {
            Into::Plain => &self.plain,
            Into::Html => &self.html,
            Into::Json => &self.json,
            Into::Url => &self.url,
        };
        let mut out = Bounded { text: String::new(), room: LARGEST.saturating_sub(before) };
        let mut state = RenderContext::new(None);
        parsed.render(registry, context, &mut state, &mut out).map_err(|error| refusal(&error))?;
        Ok(out.text)
    }

    /// The template parsed, from memory if its text is still the same.
    pub(super) fn compiled(&self, template: &Template) -> Result<Arc<Compiled>, Refuse> {
        let key = format!("{} {}", template.name, template.version);
        if let Ok(kept) = self.kept.read()
            && let Some(compiled) = kept.get(&key).filter(|compiled| compiled.source == template.body)
        {
            return Ok(Arc::clone(compiled));
        }
        let texts =
            compile(&template.body).map_err(|why| Refuse::Broken(format!("template `{}`: {why}", template.name)))?;
        let compiled = Arc::new(Compiled { source: template.body.clone(), texts });
        if let Ok(mut kept) = self.kept.write() {
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(key, Arc::clone(&compiled));
        }
        Ok(compiled)
    }
}

impl Default for Renderer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

fn registry(escape: impl Fn(&str) -> String + Send + Sync + 'static) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    helpers::register(&mut registry);
    registry
}

fn compile(body: &Body) -> Result<Texts, String> {
    let plain = |source: &str| parse_plain(source).map(|parsed| Program::of(&parsed));
    match body {
        Body::Json(source) => Ok(Texts::One(Program::of(&parse(source, &[])?))),
        Body::Text(source) => Ok(Texts::One(plain(source)?)),
        Body::Mail { subject, preheader, text, html, links } => Ok(Texts::Mail(Box::new(MailTexts {
            subject: plain(subject)?,
            preheader: preheader.as_deref().map(plain).transpose()?,
            text: plain(text)?,
            html: Program::of(&parse(html, &OUR_HTML)?),
            links: (0..).zip(links).map(compile_link).collect::<Result<_, _>>()?,
            places_preheader: html.contains("{{preheader}}"),
        }))),
    }
}

/// Where the address itself is a value it cannot be escaped; behind a fixed beginning every value is one part of it.
fn compile_link((number, target): (usize, &LinkTarget)) -> Result<Link, String> {
    match target {
        LinkTarget::Fixed(address) => Ok(Link::Fixed(checked(address, number))),
        LinkTarget::Templated(source) => {
            let into = if source.trim_start().starts_with("{{") { Into::Plain } else { Into::Url };
            Ok(Link::Templated(Program::of(&parse(source, &[])?), into))
        }
    }
}

fn parse_plain(source: &str) -> Result<Parsed, String> {
    Parsed::compile(source).map_err(|error| match error.pos() {
        Some((line, column)) => {
            format!("line {line}, column {column} cannot be read; is a `{{{{#…}}}}` or a brace not closed?")
        }
        None => "it cannot be read; is a `{{#…}}` or a brace not closed?".to_owned(),
    })
}

/// Parses, and refuses `{{{…}}}` around anything but what we make ourselves: a value must not write HTML, JSON or a URL.
fn parse(source: &str, ours: &[&str]) -> Result<Parsed, String> {
    let parsed = parse_plain(source)?;
    match raw(&parsed, ours) {
        Some(name) => Err(format!("`{{{{{{{name}}}}}}}` would let a value be more than text: write `{{{{{name}}}}}`")),
        None => Ok(parsed),
    }
}

fn raw(parsed: &Parsed, ours: &[&str]) -> Option<String> {
    parsed.elements.iter().find_map(|element| match element {
        TemplateElement::HtmlExpression(expression) => {
            let name = match &expression.name {
                Parameter::Path(Path::Relative((_, name))) => name.as_str(),
                Parameter::Name(name) => name,
                _ => "…",
            };
            (!ours.contains(&name)).then(|| name.to_owned())
        }
        TemplateElement::HelperBlock(block) => {
            [&block.template, &block.inverse].into_iter().flatten().find_map(|inner| raw(inner, ours))
        }
        TemplateElement::DecoratorBlock(block) | TemplateElement::PartialBlock(block) => {
            block.template.as_ref().and_then(|inner| raw(inner, ours))
        }
        _ => None,
    })
}

fn refusal(error: &RenderError) -> Refuse {
    match error.reason() {
        RenderErrorReason::MissingVariable(path) => {
            Refuse::Missing(path.clone().unwrap_or_else(|| "a value".to_owned()))
        }
        RenderErrorReason::NestedError(why) => Refuse::Broken(why.to_string()),
        RenderErrorReason::IOError(error) => Refuse::Broken(error.to_string()),
        other => Refuse::Broken(other.to_string()),
    }
}
