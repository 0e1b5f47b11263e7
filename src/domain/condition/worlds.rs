//! What conditions can answer together, whoever is asked: found by trying every kind of lead that they can tell apart.
//!
//! Whatever they ask about (an attribute, the score, whether a mail was opened) is a subject, and gets the few values that they can
//! tell apart: the ones it is compared with, and one beside each. A part that no such value decides (a pattern, an attribute against
//! another) is a subject of its own that may answer either way. So no answer that a lead can give is missed, and a few that none can
//! give may be among those that are found.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;

use super::node::{Fact, Node, Op};
use super::value::{Type, Value};
use super::{Condition, operate};
use crate::domain::score::TEMPERATURES;
use crate::domain::stage::Stage;
use crate::domain::time::Millis;

/// More kinds of leads than this are not tried.
const MOST: usize = 1 << 12;
/// Nor are conditions that compare more often than this, or are more than this.
const MOST_COMPARED: usize = 256;
/// Nor is anything asked more often than this: each condition about each kind of lead.
const MOST_ASKED: usize = 1 << 17;

/// The answers of several conditions to one lead, in their order.
pub type Answers = Vec<bool>;

/// All kinds of leads that some conditions can tell apart.
pub struct Worlds<'c> {
    conditions: Vec<&'c Condition>,
    subjects: Vec<Subject>,
    /// Which subject each part asks about, by where the part lies.
    places: HashMap<*const Node, usize>,
}

struct Subject {
    values: Vec<Value>,
    /// Its place among the values as long as no person did anything; none where that says nothing about it.
    undone: Option<usize>,
    /// Whether it asks for opens that may be a machine's.
    machine: bool,
}

impl<'c> Worlds<'c> {
    /// None where the conditions tell too many kinds of leads apart to try them all.
    pub fn of(conditions: impl IntoIterator<Item = &'c Condition>) -> Option<Self> {
        let conditions: Vec<&Condition> = conditions.into_iter().collect();
        let mut gathered = Gathered::default();
        for (number, condition) in conditions.iter().enumerate() {
            gathered.truth(&condition.0.root);
            if number >= MOST_COMPARED || gathered.compared() > MOST_COMPARED {
                return None;
            }
        }
        let Gathered { subjects, places, .. } = gathered;
        let subjects: Vec<Subject> = subjects.into_iter().map(|(kind, beside)| kind.subject(&beside)).collect();
        let many = subjects.iter().try_fold(1_usize, |many, subject| many.checked_mul(subject.values.len()));
        let few = |many: &usize| *many <= MOST && many.saturating_mul(conditions.len()) <= MOST_ASKED;
        many.filter(few).map(|_| Self { conditions, subjects, places })
    }

    /// Every way in which the conditions can answer one lead.
    pub fn answers(&self) -> BTreeSet<Answers> {
        self.picks(|_| None).map(|pick| self.ask(&pick)).collect()
    }

    /// The same where no person did anything yet: nobody opened, clicked, answered or came by.
    pub fn before_anybody_acts(&self) -> BTreeSet<Answers> {
        self.picks(|subject| subject.undone).map(|pick| self.ask(&pick)).collect()
    }

    /// What opens by machines alone can change: the answers before any of them and after some, where no person did anything.
    pub fn turned_by_machines(&self) -> BTreeSet<(Answers, Answers)> {
        let still = |subject: &Subject| subject.undone.or_else(|| subject.machine.then_some(0));
        let mut turned = BTreeSet::new();
        for before in self.picks(still) {
            let machines = self.subjects.iter().enumerate().filter(|(_, subject)| subject.machine).map(|(at, _)| at);
            let machines: Vec<usize> = machines.collect();
            for opened in 1_usize..1 << machines.len().min(12) {
                let mut after = before.clone();
                for (bit, at) in machines.iter().enumerate() {
                    after[*at] = opened >> bit & 1;
                }
                turned.insert((self.ask(&before), self.ask(&after)));
            }
        }
        turned.into_iter().filter(|(before, after)| before != after).collect()
    }

    /// Every choice of one value for each subject, some of them kept to one.
    fn picks(&self, kept: impl Fn(&Subject) -> Option<usize>) -> impl Iterator<Item = Vec<usize>> {
        let ranges: Vec<(usize, usize)> = self
            .subjects
            .iter()
            .map(|subject| kept(subject).map_or((0, subject.values.len()), |only| (only, only + 1)))
            .collect();
        let first = Some(ranges.iter().map(|(from, _)| *from).collect());
        std::iter::successors(first, move |pick: &Vec<usize>| {
            let mut next = pick.clone();
            for (at, (from, to)) in ranges.iter().enumerate() {
                next[at] += 1;
                if next[at] < *to {
                    return Some(next);
                }
                next[at] = *from;
            }
            None
        })
    }

    fn ask(&self, pick: &[usize]) -> Answers {
        let world = World { of: self, pick };
        self.conditions.iter().map(|condition| world.truth(&condition.0.root)).collect()
    }
}

/// What a subject is, as far as its values go.
#[derive(Clone, Copy)]
struct Kind {
    values: Values,
    can_be_null: bool,
    /// Something a person does.
    by_person: bool,
    machine: bool,
}

/// Which values a subject may have.
#[derive(Clone, Copy)]
enum Values {
    /// Any: those count that it is compared with.
    Any,
    /// Numbers from nought.
    Counts,
    YesOrNo,
    Stages,
    Temperatures,
}

impl Kind {
    fn of(op: &Op) -> Self {
        let kind = |values| Self { values, can_be_null: false, by_person: false, machine: false };
        match op {
            Op::Stage => kind(Values::Stages),
            Op::Temperature => kind(Values::Temperatures),
            Op::Fact(Fact::Opened { machines: true, .. }) => Self { machine: true, ..kind(Values::YesOrNo) },
            Op::Fact(Fact::Done { .. }) => kind(Values::YesOrNo),
            Op::Fact(Fact::Outcome { .. }) => Self { can_be_null: true, by_person: true, ..kind(Values::Any) },
            Op::Fact(Fact::Count { .. }) => Self { by_person: true, ..kind(Values::Counts) },
            Op::Fact(_) => Self { by_person: true, ..kind(Values::YesOrNo) },
            Op::Size(_) => Self { can_be_null: true, ..kind(Values::Counts) },
            Op::Score | Op::Fit | Op::Engagement | Op::Today => kind(Values::Any),
            op if is_truth(op) => kind(Values::YesOrNo),
            _ => Self { can_be_null: true, ..kind(Values::Any) },
        }
    }

    /// The subject with its values; the first is the one it has as long as no person did anything.
    fn subject(self, beside: &[Value]) -> Subject {
        let compared = beside.iter().flat_map(neighbours);
        let known: Vec<Value> = match self.values {
            Values::Any => compared.collect(),
            Values::Counts => [Value::Int(0)].into_iter().chain(beside.iter().flat_map(counted)).collect(),
            Values::YesOrNo => [false.into(), true.into()].into_iter().chain(compared).collect(),
            Values::Stages => Stage::ALL.iter().map(|stage| Value::text(stage.as_str())).collect(),
            Values::Temperatures => TEMPERATURES.iter().map(|one| Value::text(one)).collect(),
        };
        let mut values: Vec<Value> = Vec::new();
        for value in self.can_be_null.then_some(Value::Null).into_iter().chain(known) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Subject { values, undone: self.by_person.then_some(0), machine: self.machine }
    }
}

/// A count and those on each side of it.
fn counted(value: &Value) -> Vec<Value> {
    match value {
        Value::Int(number) => {
            let around = number.saturating_sub(1)..=number.saturating_add(1);
            around.filter(|number| *number >= 0).map(Value::Int).collect()
        }
        other => neighbours(other),
    }
}

/// A value and one on each side of it; for yes and no both, no first.
fn neighbours(value: &Value) -> Vec<Value> {
    let day = |date: &Date, by: i64| date.checked_add(by.days()).map_or(Value::Null, Value::Date);
    match value {
        // What is compared with null alone may be anything else.
        Value::Null => vec![Value::text("")],
        Value::Bool(_) => vec![false.into(), true.into()],
        // Whole numbers are tried as decimals too, for a score may lie between two of them.
        Value::Int(number) => neighbours(&Value::Float(whole(*number))),
        Value::Float(number) => [number.next_down(), *number, number.next_up()].map(Value::Float).into(),
        Value::Text(text) => vec![value.clone(), Value::text(&format!("{text}\0")), Value::text("")],
        Value::Date(date) => vec![day(date, -1), value.clone(), day(date, 1)],
        Value::Instant(at) => [-1, 0, 1].map(|by| Value::Instant(*at + Millis(by))).into(),
        Value::Duration(Millis(length)) => {
            [-1, 0, 1].map(|by| Value::Duration(Millis(length.saturating_add(by)))).into()
        }
        Value::List(_) => vec![value.clone(), Value::List([].into())],
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers that people write in conditions are small")]
const fn whole(number: i64) -> f64 {
    number as f64
}

/// The subjects, with what each is compared with.
#[derive(Default)]
struct Gathered {
    subjects: Vec<(Kind, Vec<Value>)>,
    places: HashMap<*const Node, usize>,
    known: HashMap<String, usize>,
}

impl Gathered {
    /// How often anything is compared.
    fn compared(&self) -> usize {
        self.subjects.iter().map(|(_, beside)| beside.len()).sum()
    }

    fn truth(&mut self, node: &Node) {
        match Form::of(node) {
            Form::Fixed(_) => {}
            Form::Parts(parts) => parts.into_iter().for_each(|part| self.truth(part)),
            Form::Compared(one, other) => {
                self.side(one, other);
                self.side(other, one);
            }
            Form::Among(item, list) => list.iter().for_each(|one| self.against(item, std::slice::from_ref(one))),
            Form::Subject => self.subject(node, &[true.into()]),
        }
    }

    fn side(&mut self, node: &Node, other: &Node) {
        match Form::of(other) {
            Form::Fixed(value) => self.against(node, &[value]),
            _ => self.against(node, &[true.into()]),
        }
    }

    fn against(&mut self, node: &Node, values: &[Value]) {
        match Form::of(node) {
            Form::Fixed(_) => {}
            Form::Subject => self.subject(node, values),
            _ => self.truth(node),
        }
    }

    fn subject(&mut self, node: &Node, beside: &[Value]) {
        let next = self.subjects.len();
        let at = *self.known.entry(format!("{node:?}")).or_insert(next);
        if at == next {
            self.subjects.push((Kind::of(&node.op), Vec::new()));
        }
        self.places.insert(std::ptr::from_ref(node), at);
        self.subjects[at].1.extend_from_slice(beside);
    }
}

/// How a part of a condition is looked at.
enum Form<'n> {
    /// It is the same for everybody.
    Fixed(Value),
    /// Yes or no, made of the answers of others.
    Parts(Vec<&'n Node>),
    /// A comparison that the values of one side decide.
    Compared(&'n Node, &'n Node),
    /// Whether it is among values that are written out.
    Among(&'n Node, Vec<Value>),
    /// Nothing to look into.
    Subject,
}

impl<'n> Form<'n> {
    fn of(node: &'n Node) -> Self {
        if let Some(value) = fixed(node) {
            return Self::Fixed(value);
        }
        match &node.op {
            Op::Not(inner) => Self::Parts(vec![inner]),
            Op::All(parts) | Op::Either(parts) => Self::Parts(parts.iter().collect()),
            Op::Choice(sides) if is_truth(&node.op) => Self::Parts(sides.iter().collect()),
            Op::Equal(_, sides) | Op::Order(_, sides) if is_decided(&sides[0], &sides[1]) => {
                Self::Compared(&sides[0], &sides[1])
            }
            Op::In(sides) => match &sides[1].op {
                Op::List(items) if fixed(&sides[0]).is_none() => match items.iter().map(fixed).collect() {
                    Some(list) => Self::Among(&sides[0], list),
                    None => Self::Subject,
                },
                _ => Self::Subject,
            },
            _ => Self::Subject,
        }
    }
}

/// Whether it answers yes or no, and never null.
fn is_truth(op: &Op) -> bool {
    match op {
        Op::Constant(value) => value.kind() == Type::Bool,
        Op::Choice(sides) => is_truth(&sides[1].op) && is_truth(&sides[2].op),
        Op::Fact(fact) => !matches!(fact, Fact::Outcome { .. } | Fact::Count { .. }),
        Op::Not(_) | Op::All(_) | Op::Either(_) | Op::Equal(..) | Op::Order(..) | Op::In(_) => true,
        Op::FreeMail(_) | Op::Matches(..) | Op::Text(..) => true,
        _ => false,
    }
}

/// Whether one side is the same for everybody, or is yes or no by itself; a date against a point in time depends on the zone.
fn is_decided(one: &Node, other: &Node) -> bool {
    let by_zone = |node: &Node| match &node.op {
        Op::Lead(_, kind) | Op::Account(_, kind) => matches!(kind, Type::Instant),
        Op::Constant(value) => value.kind() == Type::Instant,
        _ => false,
    };
    let is_date = |node: &Node| match &node.op {
        Op::Lead(_, kind) | Op::Account(_, kind) => matches!(kind, Type::Date),
        Op::Constant(value) => value.kind() == Type::Date,
        Op::Today => true,
        _ => false,
    };
    let zoned = by_zone(one) && is_date(other) || by_zone(other) && is_date(one);
    let known = |node: &Node| !matches!(Form::of(node), Form::Subject);
    !zoned && (known(one) || known(other))
}

/// What a part is for everybody.
fn fixed(node: &Node) -> Option<Value> {
    match &node.op {
        Op::Constant(value) => Some(value.clone()),
        Op::Minus(inner) => operate::negate(&fixed(inner)?).ok(),
        Op::Calculate(sum, sides) => operate::calculate(*sum, &fixed(&sides[0])?, &fixed(&sides[1])?).ok(),
        _ => None,
    }
}

/// One kind of lead: which value each subject has.
struct World<'w> {
    of: &'w Worlds<'w>,
    pick: &'w [usize],
}

impl World<'_> {
    fn truth(&self, node: &Node) -> bool {
        self.value(node) == Value::Bool(true)
    }

    fn value(&self, node: &Node) -> Value {
        match (Form::of(node), &node.op) {
            (Form::Fixed(value), _) => value,
            (Form::Parts(parts), Op::Either(_)) => parts.into_iter().any(|part| self.truth(part)).into(),
            (Form::Parts(parts), Op::Not(_)) => (!parts.into_iter().any(|part| self.truth(part))).into(),
            (Form::Parts(parts), Op::Choice(_)) => {
                let way = if self.truth(parts[0]) { parts[1] } else { parts[2] };
                self.truth(way).into()
            }
            (Form::Parts(parts), _) => parts.into_iter().all(|part| self.truth(part)).into(),
            (Form::Compared(one, other), op) => Self::compared(op, &self.value(one), &self.value(other)).into(),
            (Form::Among(item, list), _) => {
                let item = self.value(item);
                (!item.is_null() && list.iter().any(|one| same(&item, one))).into()
            }
            (Form::Subject, _) => {
                let value = |at: &usize| self.of.subjects[*at].values[self.pick[*at]].clone();
                self.of.places.get(&std::ptr::from_ref(node)).map_or(Value::Null, value)
            }
        }
    }

    fn compared(op: &Op, one: &Value, other: &Value) -> bool {
        match op {
            Op::Equal(wanted, _) => same(one, other) == *wanted,
            Op::Order(order, _) => {
                let found = operate::order_alike(one, other).ok().flatten();
                found.is_some_and(|found| operate::fits(*order, found))
            }
            _ => false,
        }
    }
}

/// Whether two values are the same; dates are never compared with points in time here.
fn same(one: &Value, other: &Value) -> bool {
    one == other || matches!(operate::order_alike(one, other), Ok(Some(Ordering::Equal)))
}
