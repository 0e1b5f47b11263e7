//! The steps of a sequence are laid out flat, each knowing what follows it, so that running them needs no tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::acts;
use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys};
use super::sequence::Around;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::syntax::{Key, Node, Value};
use crate::domain::sequence::{Act, Arm, Kind, Portion, Step};
use crate::domain::template::Template;

/// The keys that say what a step does.
pub(super) const KINDS: [&str; 13] =
    ["email", "webhook", "task", "wait", "if", "else if", "else", "split", "set", "handoff", "enroll", "end", "then"];

pub(super) const STEP: Keys = Keys {
    what: "a step",
    known: &[
        "id",
        "email",
        "webhook",
        "with",
        "on_failure",
        "task",
        "title",
        "notes",
        "due",
        "outcomes",
        "overdue",
        "wait",
        "split",
        "if",
        "else if",
        "else",
        "then",
        "set",
        "handoff",
        "enroll",
        "end",
    ],
    later: &[],
};

const WAY: Keys = Keys { what: "a way of a split", known: &["weight", "steps"], later: &[] };

/// What the steps are read with.
#[derive(Clone, Copy)]
pub struct Inside<'a> {
    pub around: Around<'a>,
    pub speaks: Speaks<'a>,
    pub kind: Kind,
    /// Whether there is somebody the sequence is from.
    pub has_sender: bool,
}

/// The steps of a sequence, and the templates they use.
pub struct Steps {
    pub steps: Vec<Step>,
    pub templates: BTreeMap<String, Arc<Template>>,
}

/// Reads `steps`.
pub fn steps(sequence: &str, fields: &Fields<'_>, inside: Inside<'_>) -> Steps {
    let mut layout = Layout { sequence, inside, steps: Vec::new(), templates: BTreeMap::new(), seen: BTreeMap::new() };
    if let Some(node) = fields.need("steps") {
        match &node.value {
            Value::List(items) if !items.is_empty() => drop(layout.list(items, "")),
            Value::List(_) => {
                let hint = "write the first one: `- id: hello`, and below it `email: NAME`".to_owned();
                inside.around.report.error_with(Code::NoSteps, node.place, "a sequence needs at least one step", hint);
            }
            _ => {
                let message = format!("expected a list of steps, found {}", node.kind());
                inside.around.report.error_with(
                    Code::WrongShape,
                    node.place,
                    message,
                    "begin each step with `- `".to_owned(),
                );
            }
        }
    }
    Steps { steps: layout.steps, templates: layout.templates }
}

/// A place that waits for the index of the step that follows.
#[derive(Clone, Copy)]
enum Loose {
    Next(usize),
    Arm(usize, usize),
    Way(usize, usize),
    Otherwise(usize),
}

struct Layout<'a> {
    sequence: &'a str,
    inside: Inside<'a>,
    steps: Vec<Step>,
    templates: BTreeMap<String, Arc<Template>>,
    /// The line of each id.
    seen: BTreeMap<String, usize>,
}

impl<'a> Layout<'a> {
    fn report(&self) -> &'a Report {
        self.inside.around.report
    }

    /// Lays out a list; what comes back waits for the step after it.
    fn list(&mut self, items: &'a [Node], path: &str) -> Vec<Loose> {
        let mut loose: Vec<Loose> = Vec::new();
        let mut branch: Option<usize> = None;
        for (n, item) in items.iter().enumerate() {
            let here = if path.is_empty() { format!("#{}", n + 1) } else { format!("{path}.{}", n + 1) };
            if acts::is_bare_wait(item, self.report()) {
                continue;
            }
            let Some(fields) = Fields::of(item, STEP, self.report()) else { continue };
            if self.continues(&fields, branch, &mut loose, &here) {
                if fields.key("else").is_some() {
                    branch = None;
                }
                continue;
            }
            let index = self.steps.len();
            self.tie(&loose, index);
            loose.clear();
            branch = None;
            if let Some(node) = fields.get("split").filter(|_| kinds(&fields) == ["split"]) {
                acts::one_thing(&fields);
                loose = self.split(node, &fields, &here);
            } else if let Some(node) = fields.get("if") {
                acts::one_thing(&fields);
                branch = Some(index);
                loose = self.branch(node, &fields, &here);
            } else if let Some(act) = acts::act(self.sequence, &fields, (self.inside, &mut self.templates)) {
                let ends = matches!(act, Act::End { .. });
                self.push(act, &fields, &here);
                loose.extend((!ends).then_some(Loose::Next(index)));
            }
        }
        loose
    }

    fn branch(&mut self, node: &'a Node, fields: &Fields<'a>, here: &str) -> Vec<Loose> {
        let index = self.steps.len();
        self.push(Act::Branch { arms: Vec::new(), otherwise: None }, fields, here);
        let mut loose = vec![Loose::Otherwise(index)];
        loose.extend(self.arm(index, node, fields, here));
        loose
    }

    /// Adds `- else if:` and `- else:` to the branch before them; true when the item was one of them.
    fn continues(&mut self, fields: &Fields<'a>, branch: Option<usize>, loose: &mut Vec<Loose>, here: &str) -> bool {
        let (Some(key), is_else) = (fields.key("else if").or_else(|| fields.key("else")), fields.key("else").is_some())
        else {
            return false;
        };
        self.alone(fields, key);
        let Some(index) = branch else {
            let hint = "it must come right after `- if:` or `- else if:`, as an item of the same list".to_owned();
            self.report().error_with(Code::DanglingElse, key.place, format!("`{}` follows no `if`", key.text), hint);
            return true;
        };
        if !is_else {
            if let Some(node) = fields.get("else if") {
                let more = self.arm(index, node, fields, here);
                loose.extend(more);
            }
            return true;
        }
        loose.retain(|place| !matches!(place, Loose::Otherwise(at) if *at == index));
        let first = self.steps.len();
        let tails =
            self.body(fields, if fields.key("then").is_some() { "then" } else { "else" }, &format!("{here}.else"));
        if self.steps.len() > first {
            self.tie(&[Loose::Otherwise(index)], first);
            loose.extend(tails);
        } else {
            loose.push(Loose::Otherwise(index));
        }
        true
    }

    /// Tells what stands beside an `else` or `else if`: it is part of the `if` before it, and no step of its own.
    fn alone(&self, fields: &Fields<'_>, key: &Key) {
        // What was applied under milder rules goes on as it was read then.
        if self.inside.around.known.is_stored() {
            return;
        }
        let others = fields.entries().iter().map(|entry| &entry.key).filter(|other| other.text != key.text);
        for other in others.filter(|other| other.text != "then" && STEP.known.contains(&other.text.as_str())) {
            let hint = match other.text.as_str() {
                "id" => "give the id to the `if`, or to a step below",
                "else" | "else if" => "write each as an item of its own, with its own `- `",
                _ => "write it as an item of its own, with its own `- `",
            };
            let message = format!("`{}` cannot stand beside `{}`", other.text, key.text);
            self.report().error_with(Code::UnknownKey, other.place, message, hint.to_owned());
        }
    }

    fn arm(&mut self, branch: usize, node: &'a Node, fields: &Fields<'a>, here: &str) -> Vec<Loose> {
        let when = condition(node, "if", self.inside.speaks, self.report());
        if fields.key("then").is_none() {
            let hint = "write `then:` with its steps below it, as deep as `if`".to_owned();
            self.report().error_with(Code::MissingKey, fields.place, "an `if` needs its `then`", hint);
        }
        let first = self.steps.len();
        let arm = match (&mut self.steps[branch].act, when) {
            (Act::Branch { arms, .. }, Some(when)) => {
                arms.push(Arm { when, then: None });
                Some(arms.len() - 1)
            }
            _ => None,
        };
        let tails = self.body(fields, "then", &format!("{here}.then"));
        match arm {
            Some(arm) if self.steps.len() > first => {
                self.tie(&[Loose::Arm(branch, arm)], first);
                tails
            }
            Some(arm) => vec![Loose::Arm(branch, arm)],
            None => tails,
        }
    }

    /// Lays out the ways of a split: a name, its weight and its steps.
    fn split(&mut self, node: &'a Node, fields: &Fields<'a>, here: &str) -> Vec<Loose> {
        let (index, entries) = (self.steps.len(), super::fields::entries(node, "split", self.report()));
        self.push(Act::Split(Vec::new()), fields, here);
        if entries.len() < 2 {
            let hint = "write `split: {a: {steps: […]}, b: {steps: […]}}`".to_owned();
            self.report().error_with(Code::WrongShape, node.place, "a split has at least two ways", hint);
        }
        let mut loose = Vec::new();
        for (way, entry) in entries.iter().enumerate() {
            let name = super::team::named(&entry.key, self.report());
            let Some(inner) = Fields::of(&entry.value, WAY, self.report()) else { continue };
            let weight = super::copy::weight(&inner);
            if let Act::Split(ways) = &mut self.steps[index].act {
                ways.push(Portion { name, weight, then: None });
            }
            let first = self.steps.len();
            let tails = self.body(&inner, "steps", &format!("{here}.{}", entry.key.text));
            if self.steps.len() > first {
                self.tie(&[Loose::Way(index, way)], first);
                loose.extend(tails);
            } else {
                loose.push(Loose::Way(index, way));
            }
        }
        loose
    }

    fn body(&mut self, fields: &Fields<'a>, key: &str, path: &str) -> Vec<Loose> {
        match fields.get(key).map(|node| (node, &node.value)) {
            Some((_, Value::List(items))) => self.list(items, path),
            Some((node, _)) => {
                let message = format!("expected a list of steps under `{key}`, found {}", node.kind());
                self.report().error_with(Code::WrongShape, node.place, message, "begin each step with `- `".to_owned());
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn tie(&mut self, loose: &[Loose], to: usize) {
        for place in loose {
            match *place {
                Loose::Next(step) => self.steps[step].next = Some(to),
                Loose::Arm(step, arm) => {
                    if let Act::Branch { arms, .. } = &mut self.steps[step].act
                        && let Some(arm) = arms.get_mut(arm)
                    {
                        arm.then = Some(to);
                    }
                }
                Loose::Way(step, way) => {
                    if let Act::Split(ways) = &mut self.steps[step].act
                        && let Some(way) = ways.get_mut(way)
                    {
                        way.then = Some(to);
                    }
                }
                Loose::Otherwise(step) => {
                    if let Act::Branch { otherwise, .. } = &mut self.steps[step].act {
                        *otherwise = Some(to);
                    }
                }
            }
        }
    }

    fn push(&mut self, act: Act, fields: &Fields<'_>, here: &str) {
        let (line, _) = self.report().source(fields.place.source).position(fields.place.start);
        let acting = matches!(act, Act::Email { .. } | Act::Webhook { .. } | Act::Task(_));
        let id = match fields.get("id") {
            Some(node) => self.id(node, line),
            None if acting => {
                let hint = "add `id: …`; it is how leads in flight find their place after an edit".to_owned();
                self.report().error_with(
                    Code::MissingStepId,
                    fields.place,
                    format!("a step that does `{}` needs an id", act.kind()),
                    hint,
                );
                None
            }
            None => None,
        };
        self.steps.push(Step { id: id.unwrap_or_else(|| here.to_owned()), act, next: None, line });
    }

    fn id(&mut self, node: &Node, line: usize) -> Option<String> {
        let text = super::fields::scalar(node, "id", self.report())?;
        if !names::is_plain(text) {
            let hint = "lower-case letters, digits, `-` and `_`, at most 64".to_owned();
            self.report().error_with(Code::BadName, node.place, format!("`{text}` cannot be the id of a step"), hint);
        }
        let before = self.seen.get(text).copied();
        self.seen.entry(text.to_owned()).or_insert(line);
        if let Some(first) = before {
            let message = format!("two steps have the id `{text}`");
            self.report().error_with(Code::DuplicateStep, node.place, message, format!("the first is in line {first}"));
        }
        Some(text.to_owned())
    }
}

/// The keys of a step that say what it does.
pub fn kinds<'a>(fields: &Fields<'a>) -> Vec<&'a str> {
    let named = fields.entries().iter().map(|entry| entry.key.text.as_str());
    named.filter(|key| KINDS.contains(key) && *key != "then").collect()
}
