//! Whatever can be known to be wrong before a lead is at hand is said when the file is read, all of it at once.

use super::ast::{Comparison, Expr, Kind, Sum, Word};
use super::facts::Needs;
use super::fault::{Fault, Span};
use super::node::{Node, Op, Order, Turn};
use super::value::{Type, Value};
use super::words::NAMES;
use super::{Scope, words};
use crate::domain::address::FREE_MAIL_DOMAINS;
use crate::domain::spelling::nearest;
use crate::domain::time::Millis;

/// A condition that means something where it stands.
pub(super) struct Checked {
    pub root: Node,
    pub needs: Needs,
    pub turns: Vec<Turn>,
}

/// Resolves names and checks types; errors are all faults, in the order of the text.
pub(super) fn check(expr: &Expr, scope: &Scope<'_>) -> Result<Checked, Vec<Fault>> {
    let mut checker = Checker { scope, needs: Needs::default(), turns: Vec::new(), faults: Vec::new(), today: false };
    let root = checker.truth(expr);
    if checker.today {
        checker.turns(Turn::Today(Vec::new()));
    }
    if checker.faults.is_empty() {
        return Ok(Checked { root, needs: checker.needs, turns: checker.turns });
    }
    checker.faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
    Err(checker.faults)
}

pub(super) struct Checker<'a> {
    pub scope: &'a Scope<'a>,
    pub needs: Needs,
    pub turns: Vec<Turn>,
    pub faults: Vec<Fault>,
    /// Whether `today` stands where nothing says when it cannot matter.
    pub today: bool,
}

/// A checked expression with its type.
pub(super) type Typed = (Node, Type);

impl Checker<'_> {
    /// Notes a fault and goes on with a null of any type, so that one mistake is told once.
    pub fn wrong(&mut self, fault: Fault) -> Typed {
        let span = fault.span.clone();
        self.faults.push(fault);
        (Node { op: Op::Constant(Value::Null), span }, Type::Any)
    }

    pub fn turns(&mut self, turn: Turn) {
        if !self.turns.contains(&turn) {
            self.turns.push(turn);
        }
    }

    pub fn node(&mut self, expr: &Expr) -> Typed {
        let (op, kind) = match &expr.kind {
            Kind::Literal(value) => (Op::Constant(value.clone()), value.kind()),
            Kind::Name(name) => return self.name(name, &expr.span),
            Kind::Member(on, word) => return self.member(on, word, &expr.span),
            Kind::Call { on, name, with } => return self.call(on.as_deref(), name, with, &expr.span),
            Kind::Not(inner) => (Op::Not(Box::new(self.truth(inner))), Type::Bool),
            Kind::Minus(inner) => return self.minus(inner, &expr.span),
            Kind::All(parts) => (Op::All(parts.iter().map(|part| self.truth(part)).collect()), Type::Bool),
            Kind::Either(parts) => (Op::Either(parts.iter().map(|part| self.truth(part)).collect()), Type::Bool),
            Kind::List(parts) => (Op::List(parts.iter().map(|part| self.node(part).0).collect()), Type::List),
            Kind::Choice(sides) => return self.choice(sides, &expr.span),
            Kind::Compare(Comparison::In, sides) => return self.membership(sides, &expr.span),
            Kind::Compare(comparison, sides) => return self.compare(*comparison, sides, &expr.span),
            Kind::Calculate(sum, sides) => return self.calculate(*sum, sides, &expr.span),
        };
        (Node { op, span: expr.span.clone() }, kind)
    }

    /// A part that must answer yes or no.
    fn truth(&mut self, expr: &Expr) -> Node {
        let (node, kind) = self.node(expr);
        if matches!(kind, Type::Bool | Type::Any) {
            return node;
        }
        let fault = Fault::new(expr.span.clone(), format!("this is {}, but yes or no is needed here", kind.name()));
        self.wrong(fault.hint(truth_hint(expr, kind))).0
    }

    fn name(&mut self, name: &str, span: &Span) -> Typed {
        self.needs.standing |= ["score", "fit", "engagement", "stage", "temperature"].contains(&name);
        let (op, kind) = match name {
            "score" => (Op::Score, Type::Number),
            "fit" => (Op::Fit, Type::Number),
            "engagement" => (Op::Engagement, Type::Number),
            "stage" => (Op::Stage, Type::Text),
            "temperature" => (Op::Temperature, Type::Text),
            "today" => {
                self.needs.today = true;
                self.today = true;
                (Op::Today, Type::Date)
            }
            "free_mail_domains" => (Op::Constant(free_mail_domains()), Type::List),
            "lead" | "account" | "event" => {
                let fault = Fault::new(span.clone(), format!("`{name}` alone is no value"));
                return self.wrong(fault.hint(format!("name what you want of it, as in `{name}.country`")));
            }
            _ => return self.unknown_name(name, span),
        };
        (Node { op, span: span.clone() }, kind)
    }

    fn unknown_name(&mut self, name: &str, span: &Span) -> Typed {
        let fault = Fault::new(span.clone(), format!("nothing is called `{name}`"));
        let hint = if self.scope.lead.contains_key(name) {
            Some(format!("did you mean `lead.{name}`?"))
        } else if self.scope.account.contains_key(name) {
            Some(format!("did you mean `account.{name}`?"))
        } else if words::FUNCTIONS.contains(&name) {
            Some(format!("`{name}` is a function: write `{name}(…)`"))
        } else {
            let near = nearest(name, NAMES).map(|near| format!("did you mean `{near}`?"));
            near.or_else(|| Some("text stands between quotes".to_owned()))
        };
        self.wrong(fault.maybe(hint))
    }

    fn member(&mut self, on: &Expr, word: &Word, span: &Span) -> Typed {
        let name = word.text.as_str();
        let (op, kind) = match &on.kind {
            Kind::Name(holder) if holder == "lead" => match self.scope.lead.get(name) {
                Some(kind) => {
                    self.needs.lead.insert(name.to_owned());
                    (Op::Lead(name.into(), *kind), *kind)
                }
                None => return self.unknown_attribute("lead", word),
            },
            Kind::Name(holder) if holder == "account" => match self.scope.account.get(name) {
                Some(kind) => {
                    self.needs.account.insert(name.to_owned());
                    (Op::Account(name.into(), *kind), *kind)
                }
                None => return self.unknown_attribute("account", word),
            },
            Kind::Name(holder) if holder == "event" => {
                if !self.scope.event {
                    let fault = Fault::new(span.clone(), "there is no event at hand here");
                    return self.wrong(fault.hint("`event.…` is for triggers and for engagement rules with `on:`"));
                }
                self.needs.event_keys.insert(name.to_owned());
                (Op::Event(name.into()), Type::Any)
            }
            Kind::Name(holder) if !NAMES.contains(&holder.as_str()) => {
                let near = nearest(holder, ["lead", "account", "event"]);
                let hint = near.map_or("attributes are `lead.…` or `account.…`".to_owned(), |near| {
                    format!("did you mean `{near}.{name}`?")
                });
                return self.wrong(Fault::new(on.span.clone(), format!("nothing is called `{holder}`")).hint(hint));
            }
            _ => {
                self.node(on);
                let fault = Fault::new(word.span.clone(), format!("this has no `{name}`"));
                return self.wrong(fault.hint("only lead, account and event have names after a dot, and only one"));
            }
        };
        (Node { op, span: span.clone() }, kind)
    }

    fn unknown_attribute(&mut self, holder: &str, word: &Word) -> Typed {
        let name = word.text.as_str();
        let (own, other, others) = if holder == "lead" {
            (self.scope.lead, "account", self.scope.account)
        } else {
            (self.scope.account, "lead", self.scope.lead)
        };
        let hint = match nearest(name, own.keys().map(String::as_str)) {
            _ if others.contains_key(name) => format!("did you mean `{other}.{name}`?"),
            Some(near) => format!("did you mean `{holder}.{near}`?"),
            None => "declare it under `attributes:` in config/overture.yaml".to_owned(),
        };
        self.wrong(Fault::new(word.span.clone(), format!("no attribute `{holder}.{name}` is declared")).hint(hint))
    }

    fn minus(&mut self, inner: &Expr, span: &Span) -> Typed {
        let (node, kind) = self.node(inner);
        match kind {
            Type::Number | Type::Duration | Type::Any => {
                (Node { op: Op::Minus(Box::new(node)), span: span.clone() }, kind)
            }
            _ => self.wrong(Fault::new(inner.span.clone(), format!("`-` needs a number, and this is {}", kind.name()))),
        }
    }

    fn choice(&mut self, sides: &[Expr; 3], span: &Span) -> Typed {
        let [condition, yes, no] = sides;
        let condition = self.truth(condition);
        let ((yes, one), (no, other)) = (self.node(yes), self.node(no));
        let kind = match (one, other) {
            _ if one == other => one,
            (Type::Any, known) | (known, Type::Any) => known,
            _ => {
                let message = format!("this gives {} or {}, but must give one kind", one.name(), other.name());
                return self.wrong(Fault::new(span.clone(), message));
            }
        };
        (Node { op: Op::Choice(Box::new([condition, yes, no])), span: span.clone() }, kind)
    }

    fn compare(&mut self, comparison: Comparison, sides: &[Expr; 2], span: &Span) -> Typed {
        let today_before = std::mem::take(&mut self.today);
        let mut left = self.node(&sides[0]);
        let mut right = self.node(&sides[1]);
        self.pin_today(&left.0, &right.0);
        self.today |= today_before;
        self.retype(&mut right, left.1);
        self.retype(&mut left, right.1);
        let sign = comparison.sign();
        if !comparable(left.1, right.1) {
            let message = format!("`{sign}` cannot compare {} with {}", left.1.name(), right.1.name());
            let hint = compare_hint(&sides[0], left.1, right.1);
            if let Kind::Not(inner) = &sides[0].kind {
                // one slip, one fault: that what stands behind `!` is no yes or no says the same again
                self.faults.retain(|fault| fault.span != inner.span);
            }
            return self.wrong(Fault::new(span.clone(), message).maybe(hint));
        }
        self.known_word(&left.0, &right.0);
        self.known_word(&right.0, &left.0);
        self.weigh(&left.0, &right.0);
        let order = match comparison {
            Comparison::Less => Order::Less,
            Comparison::LessOrEqual => Order::LessOrEqual,
            Comparison::More => Order::More,
            Comparison::MoreOrEqual => Order::MoreOrEqual,
            Comparison::Equal | Comparison::Unequal | Comparison::In => {
                let op = Op::Equal(comparison == Comparison::Equal, Box::new([left.0, right.0]));
                return (Node { op, span: span.clone() }, Type::Bool);
            }
        };
        if let Some(kind) = [left.1, right.1].into_iter().find(|kind| matches!(kind, Type::Bool | Type::List)) {
            return self.wrong(Fault::new(span.clone(), format!("`{sign}` cannot order {}", kind.name())));
        }
        (Node { op: Op::Order(order, Box::new([left.0, right.0])), span: span.clone() }, Type::Bool)
    }

    /// Reads a text literal as the date, point in time or length that it is compared with.
    fn retype(&mut self, literal: &mut Typed, kind: Type) {
        if !matches!(kind, Type::Date | Type::Instant | Type::Duration) {
            return;
        }
        let Op::Constant(Value::Text(text)) = &literal.0.op else { return };
        let read = kind.read(text).or_else(|| (kind == Type::Instant).then(|| Type::Date.read(text)).flatten());
        let example = match kind {
            Type::Date => "\"2026-03-31\"",
            Type::Instant => "\"2026-03-31T09:00:00Z\"",
            _ => "30d",
        };
        match read {
            Some(value) if !value.is_null() => {
                literal.1 = value.kind();
                literal.0.op = Op::Constant(value);
            }
            _ => {
                let fault = Fault::new(literal.0.span.clone(), format!("`{text}` is not {}", kind.name()));
                *literal = self.wrong(fault.hint(format!("write it as {example}")));
            }
        }
    }

    /// Notes the number that a score is compared with.
    fn weigh(&mut self, left: &Node, right: &Node) {
        let scored = |node: &Node| matches!(node.op, Op::Score | Op::Fit | Op::Engagement);
        let number = if scored(left) { number_of(right) } else { number_of(left).filter(|_| scored(right)) };
        number.inspect(|number| self.needs.level(*number));
    }

    /// A comparison of `today` with attributes cannot turn at midnight while one of them is null.
    fn pin_today(&mut self, left: &Node, right: &Node) {
        let mut beside = Vec::new();
        if self.today && left.op.terms(&mut beside) && right.op.terms(&mut beside) {
            self.today = false;
            self.turns(Turn::Today(beside));
        }
    }

    fn membership(&mut self, sides: &[Expr; 2], span: &Span) -> Typed {
        let (item, kind) = self.node(&sides[0]);
        if matches!(&sides[1].kind, Kind::Name(name) if name == "free_mail_domains") {
            if !matches!(kind, Type::Text | Type::Any) {
                let message = format!("`free_mail_domains` holds text, and this is {}", kind.name());
                return self.wrong(Fault::new(sides[0].span.clone(), message));
            }
            return (Node { op: Op::FreeMail(Box::new(item)), span: span.clone() }, Type::Bool);
        }
        let (mut list, list_kind) = self.node(&sides[1]);
        if !matches!(list_kind, Type::List | Type::Any) {
            let fault =
                Fault::new(sides[1].span.clone(), format!("`in` needs a list, and this is {}", list_kind.name()));
            let hint = if list_kind == Type::Text {
                "for a part of a text write `text.contains(part)`"
            } else {
                "write it in brackets: `[…]`"
            };
            return self.wrong(fault.hint(hint));
        }
        self.items(&item, kind, &mut list);
        (Node { op: Op::In(Box::new([item, list])), span: span.clone() }, Type::Bool)
    }

    /// Checks what is written in a list against what is looked for in it.
    fn items(&mut self, subject: &Node, kind: Type, list: &mut Node) {
        let Op::List(items) = &mut list.op else { return };
        for item in items {
            let Op::Constant(value) = &item.op else { continue };
            let mut typed = (Node { op: Op::Constant(value.clone()), span: item.span.clone() }, value.kind());
            self.retype(&mut typed, kind);
            if !comparable(kind, typed.1) {
                let message = format!("{} can never be {}", kind.name(), typed.1.name());
                self.wrong(Fault::new(item.span.clone(), message));
            }
            self.known_word(subject, &typed.0);
            *item = typed.0;
        }
    }

    fn calculate(&mut self, sum: Sum, sides: &[Expr; 2], span: &Span) -> Typed {
        let (left, one) = self.node(&sides[0]);
        let (right, other) = self.node(&sides[1]);
        let Some(kind) = result_of(sum, one, other) else {
            let message = format!("`{}` cannot take {} and {}", sum.sign(), one.name(), other.name());
            let hint = matches!((one, other), (Type::Date, Type::Number)).then(|| "write days as 30d".to_owned());
            return self.wrong(Fault::new(span.clone(), message).maybe(hint));
        };
        if let (Type::Date, Op::Constant(value @ Value::Duration(length))) = (one, &right.op)
            && length.0 % Millis::DAY.0 != 0
        {
            return self.wrong(Fault::new(right.span.clone(), format!("a date moves by whole days, not by {value}")));
        }
        (Node { op: Op::Calculate(sum, Box::new([left, right])), span: span.clone() }, kind)
    }
}

fn number_of(node: &Node) -> Option<f64> {
    match &node.op {
        #[expect(clippy::cast_precision_loss, reason = "a score is a decimal, and is compared as one")]
        Op::Constant(Value::Int(number)) => Some(*number as f64),
        Op::Constant(Value::Float(number)) => Some(*number),
        Op::Minus(inner) => number_of(inner).map(std::ops::Neg::neg),
        _ => None,
    }
}

fn free_mail_domains() -> Value {
    FREE_MAIL_DOMAINS.iter().copied().collect()
}

fn comparable(one: Type, other: Type) -> bool {
    one == other
        || one == Type::Any
        || other == Type::Any
        || matches!((one, other), (Type::Date, Type::Instant) | (Type::Instant, Type::Date))
}

/// The type that arithmetic on these types gives; `None` if it means nothing.
fn result_of(sum: Sum, one: Type, other: Type) -> Option<Type> {
    use Type::{Any, Date, Duration, Instant, Number, Text};
    match (sum, one, other) {
        (_, Number, Number) => Some(Number),
        (Sum::Plus, Text, Text) => Some(Text),
        (Sum::Plus | Sum::Minus, Date | Instant, Duration) => Some(one),
        (Sum::Plus, Duration, Date | Instant) => Some(other),
        (Sum::Plus | Sum::Minus, Duration, Duration)
        | (Sum::Minus, Date, Date)
        | (Sum::Minus, Instant, Instant)
        | (Sum::Times | Sum::Over, Duration, Number)
        | (Sum::Times, Number, Duration) => Some(Duration),
        (_, Any, kind) | (_, kind, Any) if !matches!(kind, Type::Bool | Type::List) => Some(Any),
        _ => None,
    }
}

fn truth_hint(expr: &Expr, kind: Type) -> String {
    match (&expr.kind, kind) {
        (Kind::Call { name, .. }, Type::Number) => format!("compare it, as in `{}(…) > 0`", name.text),
        (_, Type::Number) => "compare it, as in `… >= 50`".to_owned(),
        (_, Type::List) => "ask whether something is in it, as in `\"vip\" in lead.tags`".to_owned(),
        _ => "compare it, as in `… == …`, or ask `… != null`".to_owned(),
    }
}

fn compare_hint(left: &Expr, one: Type, other: Type) -> Option<String> {
    match (one, other) {
        _ if matches!(left.kind, Kind::Not(_)) => {
            Some("`!` takes only what follows it: write `!(… == …)`, or `!=`".to_owned())
        }
        _ if matches!(left.kind, Kind::Compare(..)) => Some("comparisons do not chain: join them with `&&`".to_owned()),
        (Type::Number, Type::Text) | (Type::Text, Type::Number) => {
            Some("numbers stand without quotes, text with".to_owned())
        }
        (Type::List, _) | (_, Type::List) => Some("write `item in list`".to_owned()),
        _ => None,
    }
}
