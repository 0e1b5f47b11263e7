//! What functions take is checked here, and what they ask about is noted, since facts are loaded before they are read.

use std::ops::RangeInclusive;

use super::ast::{Expr, Kind, Word};
use super::check::{Checker, Typed};
use super::fault::{Fault, Span};
use super::glob::Glob;
use super::node::{Fact, Node, Op, TextTest, Turn};
use super::pattern;
use super::value::{Type, Value};
use super::words::{FUNCTIONS, instead_of};
use crate::domain::calendar::parse_length;
use crate::domain::spelling::nearest;
use crate::domain::time::Millis;

impl Checker<'_> {
    pub(super) fn call(&mut self, on: Option<&Expr>, name: &Word, with: &[Expr], span: &Span) -> Typed {
        let given: Vec<&Expr> = on.into_iter().chain(with).collect();
        let found = match name.text.as_str() {
            "opened" | "clicked" | "replied" | "done" | "outcome" | "happened" | "happened_any" | "count" => {
                if on.is_some() {
                    let fault = Fault::new(name.span.clone(), format!("`{}` does not go behind a dot", name.text));
                    return self.wrong(fault.hint(format!("write `{}(…)`", name.text)));
                }
                self.fact(name, with)
            }
            "matches" => self.matches(name, &given),
            "contains" => self.text_test(TextTest::Contains, name, &given),
            "startsWith" => self.text_test(TextTest::StartsWith, name, &given),
            "endsWith" => self.text_test(TextTest::EndsWith, name, &given),
            "lower" => self.one_text(name, &given).map(|text| (Op::Lower(text), Type::Text)),
            "upper" => self.one_text(name, &given).map(|text| (Op::Upper(text), Type::Text)),
            "size" => self.size(name, &given),
            _ => return self.unknown_function(name),
        };
        match found {
            Some((op, kind)) => (Node { op, span: span.clone() }, kind),
            None => (Node { op: Op::Constant(Value::Null), span: span.clone() }, Type::Any),
        }
    }

    fn unknown_function(&mut self, name: &Word) -> Typed {
        let word = name.text.as_str();
        let hint = match instead_of(word) {
            Some(hint) => hint.to_owned(),
            None => match nearest(word, FUNCTIONS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", FUNCTIONS.join(", ")),
            },
        };
        self.wrong(Fault::new(name.span.clone(), format!("no function is called `{word}`")).hint(hint))
    }

    fn fact(&mut self, name: &Word, with: &[Expr]) -> Option<(Op, Type)> {
        let (takes, usage) = usage_of(&name.text);
        self.takes(name, with.len(), &takes, usage)?;
        let (fact, kind) = match name.text.as_str() {
            "opened" => (self.opened(with)?, Type::Bool),
            "clicked" => (self.clicked(with)?, Type::Bool),
            "replied" => {
                let step = match with.first() {
                    Some(step) => Some(self.step(step)?),
                    None => None,
                };
                (Fact::Replied { step }, Type::Bool)
            }
            "done" => (Fact::Done { step: self.step(with.first()?)? }, Type::Bool),
            "outcome" => (Fact::Outcome { step: self.task(with.first()?)? }, Type::Text),
            "happened_any" => {
                let within = self.window(with.first()?)?;
                self.needs.any_within = self.needs.any_within.max(Some(within));
                self.turns(Turn::HappenedAny(within));
                (Fact::HappenedAny { within }, Type::Bool)
            }
            counted => {
                let (event, within) = self.event(with)?;
                if counted == "count" {
                    within.inspect(|within| self.turns(Turn::Count(event.clone(), *within)));
                    (Fact::Count { event, within }, Type::Number)
                } else {
                    within.inspect(|within| self.turns(Turn::Happened(event.clone(), *within)));
                    (Fact::Happened { event, within }, Type::Bool)
                }
            }
        };
        Some((Op::Fact(fact), kind))
    }

    fn opened(&mut self, with: &[Expr]) -> Option<Fact> {
        let step = self.mail(with.first()?, "opened")?;
        let machines = match with.get(1) {
            None => false,
            Some(second) => {
                if self.literal(second, "\"machines\"")? != "machines" {
                    let fault =
                        Fault::new(second.span.clone(), "the second argument of `opened` can only be \"machines\"");
                    self.wrong(fault.hint("it counts opens by proxies and scanners too"));
                    return None;
                }
                self.needs.machine_opens = true;
                true
            }
        };
        Some(Fact::Opened { step, machines })
    }

    fn clicked(&mut self, with: &[Expr]) -> Option<Fact> {
        let step = self.mail(with.first()?, "clicked")?;
        let Some(second) = with.get(1) else { return Some(Fact::Clicked { step, glob: None }) };
        let pattern = self.literal(second, "a pattern of links")?;
        if !["*", "http"].iter().any(|start| pattern.starts_with(start)) {
            let fault =
                Fault::new(second.span.clone(), "no link can fit this pattern, for it stands for the whole URL");
            self.wrong(fault.hint(format!("write \"*{pattern}\", or begin with https://")));
            return None;
        }
        Some(Fact::Clicked { step, glob: Some(Glob::new(pattern)) })
    }

    fn matches(&mut self, name: &Word, given: &[&Expr]) -> Option<(Op, Type)> {
        self.takes(name, given.len(), &(2..=2), "`lead.title.matches(\"pattern\")`")?;
        let text = self.text(name, given.first()?);
        let written = given.get(1)?;
        let Kind::Literal(Value::Text(pattern)) = &written.kind else {
            let fault = Fault::new(written.span.clone(), "the pattern of `matches` must be written out, in quotes");
            self.wrong(fault.hint("it is compiled when the file is read; for a computed text use `contains`"));
            return None;
        };
        match pattern::compile(pattern) {
            Ok(regex) => Some((Op::Matches(Box::new(text?), regex), Type::Bool)),
            Err(message) => {
                self.wrong(Fault::new(written.span.clone(), message));
                None
            }
        }
    }

    fn text_test(&mut self, test: TextTest, name: &Word, given: &[&Expr]) -> Option<(Op, Type)> {
        let usage = format!("`lead.title.{}(\"text\")`", name.text);
        self.takes(name, given.len(), &(2..=2), &usage)?;
        let (whole, part) = (self.text(name, given.first()?), self.text(name, given.get(1)?));
        Some((Op::Text(test, Box::new([whole?, part?])), Type::Bool))
    }

    fn one_text(&mut self, name: &Word, given: &[&Expr]) -> Option<Box<Node>> {
        self.takes(name, given.len(), &(1..=1), &format!("`{}(lead.title)`", name.text))?;
        self.text(name, given.first()?).map(Box::new)
    }

    fn size(&mut self, name: &Word, given: &[&Expr]) -> Option<(Op, Type)> {
        self.takes(name, given.len(), &(1..=1), "`size(lead.tags)`")?;
        let subject = given.first()?;
        let (node, kind) = self.node(subject);
        if !matches!(kind, Type::Text | Type::List | Type::Any) {
            let message = format!("`size` needs text or a list, and this is {}", kind.name());
            self.wrong(Fault::new(subject.span.clone(), message));
            return None;
        }
        Some((Op::Size(Box::new(node)), Type::Number))
    }

    /// An argument that must be text.
    fn text(&mut self, name: &Word, expr: &Expr) -> Option<Node> {
        let (node, kind) = self.node(expr);
        if matches!(kind, Type::Text | Type::Any) {
            return Some(node);
        }
        let fault = Fault::new(expr.span.clone(), format!("`{}` needs text, and this is {}", name.text, kind.name()));
        let hint = (kind == Type::List).then(|| "for a list write `\"vip\" in lead.tags`".to_owned());
        self.wrong(fault.maybe(hint));
        None
    }

    pub(super) fn step(&mut self, expr: &Expr) -> Option<Box<str>> {
        let step = self.literal(expr, "the id of a step")?;
        if let Some(known) = self.scope.steps
            && !known.contains_key(step)
        {
            let fault = Fault::new(expr.span.clone(), format!("no step here has the id \"{step}\""));
            let hint = match nearest(step, known.keys().map(String::as_str)) {
                Some(near) => Some(format!("did you mean \"{near}\"?")),
                None if known.is_empty() => {
                    Some("steps can only be asked about in the file of their sequence".to_owned())
                }
                None => None,
            };
            self.wrong(fault.maybe(hint));
            return None;
        }
        self.needs.steps.insert(step.to_owned());
        Some(step.into())
    }

    fn event(&mut self, with: &[Expr]) -> Option<(Box<str>, Option<Millis>)> {
        let name = with.first()?;
        let event = self.literal(name, "the name of an event");
        let within = match with.get(1) {
            Some(window) => Some(self.window(window)?),
            None => None,
        };
        let event = event?;
        if event.trim().is_empty() {
            self.wrong(Fault::new(name.span.clone(), "the name of the event is empty"));
            return None;
        }
        self.needs.ask(event, within);
        Some((event.into(), within))
    }

    fn window(&mut self, expr: &Expr) -> Option<Millis> {
        let read = match &expr.kind {
            Kind::Literal(Value::Duration(length)) => Ok(*length),
            Kind::Literal(Value::Text(text)) => parse_length(text),
            _ => Err("the window must be written out, such as \"30d\"".to_owned()),
        };
        match read {
            Ok(length) if length > Millis::ZERO => Some(length),
            Ok(_) => {
                self.wrong(Fault::new(expr.span.clone(), "a window of no length holds nothing"));
                None
            }
            Err(message) => {
                self.wrong(Fault::new(expr.span.clone(), message));
                None
            }
        }
    }

    fn literal<'e>(&mut self, expr: &'e Expr, what: &str) -> Option<&'e str> {
        if let Kind::Literal(Value::Text(text)) = &expr.kind {
            return Some(text);
        }
        let fault = Fault::new(expr.span.clone(), format!("{what} must be written out, in quotes"));
        let hint = match &expr.kind {
            Kind::Name(name) => Some(format!("write \"{name}\"")),
            _ => None,
        };
        self.wrong(fault.maybe(hint));
        None
    }

    fn takes(&mut self, name: &Word, given: usize, takes: &RangeInclusive<usize>, usage: &str) -> Option<()> {
        if takes.contains(&given) {
            return Some(());
        }
        let many = if given < *takes.start() { "few" } else { "many" };
        let fault = Fault::new(name.span.clone(), format!("`{}` has too {many} arguments", name.text));
        self.wrong(fault.hint(format!("write {usage}")));
        None
    }
}

fn usage_of(function: &str) -> (RangeInclusive<usize>, &'static str) {
    match function {
        "opened" => (1..=2, "`opened(\"step\")` or `opened(\"step\", \"machines\")`"),
        "clicked" => (1..=2, "`clicked(\"step\")` or `clicked(\"step\", \"*/pricing*\")`"),
        "replied" => (0..=1, "`replied()` or `replied(\"step\")`"),
        "done" => (1..=1, "`done(\"step\")`"),
        "outcome" => (1..=1, "`outcome(\"step\")`"),
        "happened_any" => (1..=1, "`happened_any(\"60d\")`"),
        "count" => (1..=2, "`count(\"event\")` or `count(\"event\", \"30d\")`"),
        _ => (1..=2, "`happened(\"event\")` or `happened(\"event\", \"30d\")`"),
    }
}
