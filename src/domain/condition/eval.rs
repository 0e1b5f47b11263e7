//! Absence answers no, a fault answers no and says so, and a side that decides alone outweighs a fault on the other.

use super::facts::Facts;
use super::fault::Span;
use super::node::{Fact, Node, Op, TextTest, inside};
use super::operate;
use super::value::{Type, Value};
use crate::domain::address::FREE_MAIL_DOMAINS;
use crate::domain::time::Instant;

/// Answers a checked condition; the error is a sentence naming the part of `text` that could not be answered.
pub(super) fn truth(node: &Node, text: &str, facts: &dyn Facts, now: Instant) -> Result<bool, String> {
    Run { text, facts, now }.truth(node)
}

struct Run<'a> {
    text: &'a str,
    facts: &'a dyn Facts,
    now: Instant,
}

type Answer = Result<Value, String>;

impl Run<'_> {
    fn value(&self, node: &Node) -> Answer {
        let bool = |truth| Ok(Value::Bool(truth));
        match &node.op {
            Op::Constant(value) => Ok(value.clone()),
            Op::Lead(name, kind) => self.typed(self.facts.lead(name), *kind, node),
            Op::Account(name, kind) => self.typed(self.facts.account(name), *kind, node),
            Op::Event(key) => Ok(self.facts.event(key)),
            Op::Score => Ok(Value::Float(self.facts.score())),
            Op::Fit => Ok(Value::Float(self.facts.fit())),
            Op::Engagement => Ok(Value::Float(self.facts.engagement())),
            Op::Stage => Ok(Value::text(self.facts.stage())),
            Op::Temperature => Ok(Value::text(self.facts.temperature())),
            Op::Today => Ok(Value::Date(self.facts.date_of(self.now))),
            Op::Fact(fact) => Ok(self.fact(fact)),
            Op::Not(inner) => bool(!self.truth(inner)?),
            Op::All(parts) => bool(self.decided(parts, false)?),
            Op::Either(parts) => bool(self.decided(parts, true)?),
            Op::Choice(sides) => self.value(if self.truth(&sides[0])? { &sides[1] } else { &sides[2] }),
            Op::List(items) => {
                Ok(Value::List(items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?.into()))
            }
            Op::Equal(wanted, sides) => {
                bool(operate::equal(&self.value(&sides[0])?, &self.value(&sides[1])?, self.facts) == *wanted)
            }
            Op::Order(order, sides) => {
                let (left, right) = (self.value(&sides[0])?, self.value(&sides[1])?);
                let found = operate::order(&left, &right, self.facts);
                bool(
                    found
                        .map_err(|why| self.fault(&node.span, &why))?
                        .is_some_and(|found| operate::fits(*order, found)),
                )
            }
            Op::In(sides) => bool(self.within(sides)?),
            Op::Minus(inner) => operate::negate(&self.value(inner)?).map_err(|why| self.fault(&node.span, &why)),
            Op::Calculate(sum, sides) => {
                let (left, right) = (self.value(&sides[0])?, self.value(&sides[1])?);
                operate::calculate(*sum, &left, &right).map_err(|why| self.fault(&node.span, &why))
            }
            Op::FreeMail(inner) => {
                self.on_text(inner, false.into(), |domain| FREE_MAIL_DOMAINS.binary_search(&domain).is_ok().into())
            }
            Op::Matches(inner, regex) => self.on_text(inner, false.into(), |text| regex.is_match(text).into()),
            Op::Text(test, sides) => self.text_test(*test, sides),
            Op::Lower(inner) => self.on_text(inner, Value::Null, |text| text.to_lowercase().as_str().into()),
            Op::Upper(inner) => self.on_text(inner, Value::Null, |text| text.to_uppercase().as_str().into()),
            Op::Size(inner) => self.size(inner),
        }
    }

    /// Yes or no; null is no.
    fn truth(&self, node: &Node) -> Result<bool, String> {
        match self.value(node)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            other => Err(self.fault(&node.span, &format!("is {}, not yes or no", other.kind().name()))),
        }
    }

    /// `&&` (decided by the first no) and `||` (by the first yes); a fault counts only if nothing decides.
    fn decided(&self, parts: &[Node], by: bool) -> Result<bool, String> {
        let mut fault = None;
        for part in parts {
            match self.truth(part) {
                Ok(truth) if truth == by => return Ok(by),
                Ok(_) => {}
                Err(why) => fault = fault.or(Some(why)),
            }
        }
        fault.map_or(Ok(!by), Err)
    }

    fn typed(&self, value: Value, kind: Type, node: &Node) -> Answer {
        value.into_type(kind).map_err(|_| self.fault(&node.span, &format!("does not hold {}", kind.name())))
    }

    fn fact(&self, fact: &Fact) -> Value {
        let facts = self.facts;
        match fact {
            Fact::Opened { step, machines } => facts.opened(step, *machines).into(),
            Fact::Clicked { step, glob } => facts.clicked(step, glob.as_ref()).into(),
            Fact::Replied { step } => facts.replied(step.as_deref()).into(),
            Fact::Done { step } => facts.done(step).into(),
            Fact::Outcome { step } => facts.outcome(step),
            Fact::Happened { event, within: None } => (facts.count(event) > 0).into(),
            Fact::Happened { event, within: Some(window) } => {
                facts.recent(event).last().is_some_and(|last| *last + *window > self.now).into()
            }
            Fact::HappenedAny { within } => facts.last_any().is_some_and(|last| last + *within > self.now).into(),
            Fact::Count { event, within: None } => Value::Int(facts.count(event).try_into().unwrap_or(i64::MAX)),
            Fact::Count { event, within: Some(window) } => {
                Value::Int(inside(facts.recent(event), *window, self.now).try_into().unwrap_or(i64::MAX))
            }
        }
    }

    fn within(&self, sides: &[Node; 2]) -> Result<bool, String> {
        let item = self.value(&sides[0])?;
        let found = |candidate: &Value| !item.is_null() && operate::equal(&item, candidate, self.facts);
        if let Op::List(written) = &sides[1].op {
            return written.iter().try_fold(false, |already, node| match &node.op {
                _ if already => Ok(true),
                Op::Constant(candidate) => Ok(found(candidate)),
                _ => self.value(node).map(|candidate| found(&candidate)),
            });
        }
        match self.value(&sides[1])? {
            Value::Null => Ok(false),
            Value::List(items) => Ok(items.iter().any(found)),
            other => Err(self.fault(&sides[1].span, &format!("is {}, not a list", other.kind().name()))),
        }
    }

    fn text_test(&self, test: TextTest, sides: &[Node; 2]) -> Answer {
        let part = self.value(&sides[1])?;
        if part.is_null() {
            return Ok(false.into());
        }
        let Some(part) = part.as_text() else { return Err(self.no_text(&sides[1], &part)) };
        self.on_text(&sides[0], false.into(), |text| match test {
            TextTest::Contains => text.contains(part).into(),
            TextTest::StartsWith => text.starts_with(part).into(),
            TextTest::EndsWith => text.ends_with(part).into(),
        })
    }

    fn on_text(&self, node: &Node, absent: Value, ask: impl FnOnce(&str) -> Value) -> Answer {
        match self.value(node)? {
            Value::Null => Ok(absent),
            Value::Text(text) => Ok(ask(&text)),
            other => Err(self.no_text(node, &other)),
        }
    }

    fn size(&self, node: &Node) -> Answer {
        let count = match self.value(node)? {
            Value::Null => return Ok(Value::Null),
            Value::Text(text) => text.chars().count(),
            Value::List(items) => items.len(),
            other => return Err(self.fault(&node.span, &format!("is {}, which has no size", other.kind().name()))),
        };
        Ok(Value::Int(count.try_into().unwrap_or(i64::MAX)))
    }

    fn no_text(&self, node: &Node, value: &Value) -> String {
        self.fault(&node.span, &format!("is {}, not text", value.kind().name()))
    }

    /// A sentence about a part of the text; never a value, since values are people's.
    fn fault(&self, span: &Span, what: &str) -> String {
        format!("`{}` {what}", self.text.get(span.clone()).unwrap_or(self.text))
    }
}
