//! A comparison with a word that a step, a stage or a temperature never has is never true, and so is a slip.

use super::ast::Expr;
use super::check::Checker;
use super::fault::Fault;
use super::node::{Fact, Node, Op};
use super::value::Value;
use super::{Deed, Scope};
use crate::domain::score::TEMPERATURES;
use crate::domain::spelling::nearest;
use crate::domain::stage::Stage;

/// What a task is remembered by that nobody finished.
const UNFINISHED: [&str; 3] = ["skipped", "overdue", "called_off"];

impl Checker<'_> {
    /// Refuses a word that a subject can never be.
    pub(super) fn known_word(&mut self, subject: &Node, literal: &Node) {
        let Op::Constant(Value::Text(text)) = &literal.op else { return };
        let (what, known) = match &subject.op {
            Op::Stage => ("stage".to_owned(), Stage::ALL.map(Stage::as_str).to_vec()),
            Op::Temperature => ("temperature".to_owned(), TEMPERATURES.to_vec()),
            Op::Fact(Fact::Outcome { step }) => match outcomes(self.scope, step) {
                [] => return,
                own => (format!("outcome of `{step}`"), own.iter().map(String::as_str).chain(UNFINISHED).collect()),
            },
            _ => return,
        };
        if known.contains(&text.as_ref()) {
            return;
        }
        let hint = nearest(text, known.iter().copied())
            .map_or_else(|| format!("one of {}", known.join(", ")), |near| format!("did you mean \"{near}\"?"));
        self.wrong(Fault::new(literal.span.clone(), format!("no {what} is called \"{text}\"")).hint(hint));
    }

    /// A step whose mail somebody may open or click.
    pub(super) fn mail(&mut self, expr: &Expr, act: &str) -> Option<Box<str>> {
        let step = self.step(expr)?;
        match self.deed(&step) {
            None | Some(Deed::Mail | Deed::Any) => Some(step),
            Some(_) => {
                let fault = Fault::new(expr.span.clone(), format!("\"{step}\" is no mail, and only a mail is {act}"));
                self.wrong(fault.hint(format!("ask `done(\"{step}\")`, or about a step with `email`")));
                None
            }
        }
    }

    /// A step that somebody does, with an outcome.
    pub(super) fn task(&mut self, expr: &Expr) -> Option<Box<str>> {
        let step = self.step(expr)?;
        match self.deed(&step) {
            None | Some(Deed::Task(_) | Deed::Any) => Some(step),
            Some(_) => {
                let message = format!("\"{step}\" is no task, and only a task has an outcome");
                let fault = Fault::new(expr.span.clone(), message);
                self.wrong(fault.hint(format!("ask `done(\"{step}\")`, or about a step with `task`")));
                None
            }
        }
    }

    /// What a step does, where the steps are known.
    fn deed(&self, step: &str) -> Option<&Deed> {
        self.scope.steps?.get(step)
    }
}

/// The words a task can be done with; none where any will do.
fn outcomes<'s>(scope: &'s Scope<'_>, step: &str) -> &'s [String] {
    match scope.steps.and_then(|steps| steps.get(step)) {
        Some(Deed::Task(outcomes)) => outcomes,
        _ => &[],
    }
}
