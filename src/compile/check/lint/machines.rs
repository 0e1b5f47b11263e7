//! What the open of a mail program or scanner could bring about with nothing else.

use std::collections::BTreeSet;

use super::Files;
use super::ways::{Way, closed_while_quiet, reached, taken, untouched};
use crate::compile::diagnostic::Code;
use crate::domain::condition::Worlds;
use crate::domain::sequence::{Act, Assign, Sequence, Step};

/// Tells each step at which an open by a machine alone decides about a handoff or an alert.
pub fn machine_opens(files: Files<'_>, name: &str, sequence: &Sequence) {
    if !sequence.steps.iter().any(asks_for_machines) {
        return;
    }
    let quiet = Quiet { sequence, closed: closed_while_quiet(sequence) };
    let mut told = BTreeSet::new();
    for step in &sequence.steps {
        let Some(what) = quiet.brought_about(step) else { continue };
        if told.insert(step.line)
            && let Some(place) = files.step(name, step)
        {
            let hint =
                "leave out \"machines\", or ask for something only a person does beside it: `&& clicked(…)`".to_owned();
            let message = format!("a machine that opens a mail could bring about {what} by itself");
            files.report.warn(Code::MachineHandoff, place, message, hint);
        }
    }
}

/// Whether a step asks for opens that may be a machine's.
fn asks_for_machines(step: &Step) -> bool {
    match &step.act {
        Act::Handoff { when, .. } => when.as_ref().is_some_and(|when| when.needs().machine_opens),
        Act::WaitFor { when, .. } => when.needs().machine_opens,
        Act::Branch { arms, .. } => arms.iter().any(|arm| arm.when.needs().machine_opens),
        _ => false,
    }
}

/// A sequence, and the ways that nobody takes in it while no person does anything.
struct Quiet<'s> {
    sequence: &'s Sequence,
    closed: BTreeSet<Way>,
}

impl Quiet<'_> {
    /// What a machine could bring about at a step.
    fn brought_about(&self, step: &Step) -> Option<&'static str> {
        match &step.act {
            Act::Handoff { when: Some(when), .. } if when.needs().machine_opens => {
                let turned = Worlds::of([when])?.turned_by_machines();
                turned.iter().any(|(_, after)| after[0]).then_some("this handoff")
            }
            Act::WaitFor { when, .. } if when.needs().machine_opens => {
                let turned = Worlds::of([when])?.turned_by_machines();
                let sooner = turned.iter().any(|(_, after)| after[0]);
                sooner.then(|| self.reached(step.next).iter().find_map(|at| alarm(&self.sequence.steps[*at]))).flatten()
            }
            Act::Branch { arms, otherwise } if arms.iter().any(|arm| arm.when.needs().machine_opens) => {
                let to = |way: usize| arms.get(way).map_or(*otherwise, |arm| arm.then);
                let turned = Worlds::of(arms.iter().map(|arm| &arm.when))?.turned_by_machines();
                let ways: BTreeSet<(usize, usize)> =
                    turned.iter().map(|(before, after)| (taken(arms, before), taken(arms, after))).collect();
                ways.into_iter().filter(|(before, after)| before != after).find_map(|(before, after)| {
                    let (without, with) = (self.reached(to(before)), self.reached(to(after)));
                    with.difference(&without).find_map(|at| alarm(&self.sequence.steps[*at]))
                })
            }
            _ => None,
        }
    }

    /// The steps that can be reached from one while no person does anything.
    fn reached(&self, from: Option<usize>) -> BTreeSet<usize> {
        reached(self.sequence, from, |way| !self.closed.contains(&way))
    }
}

/// What a step does to people who sell, if it does anything.
fn alarm(step: &Step) -> Option<&'static str> {
    match &step.act {
        Act::Handoff { when, .. } => {
            let answers = when.as_ref().and_then(|when| untouched([when]));
            answers.is_none_or(|all| all.iter().any(|answers| answers[0])).then_some("a handoff")
        }
        Act::Webhook { .. } => Some("a webhook"),
        Act::Task(_) => Some("a task"),
        Act::Set(assigns) => assigns.iter().find_map(|assign| match assign {
            Assign::Stage { .. } => Some("a change of stage"),
            Assign::Points { .. } => Some("points"),
            Assign::Attribute { .. } | Assign::Tag { .. } => None,
        }),
        _ => None,
    }
}
