//! What the open of a mail program or scanner could bring about with nothing else.

use std::collections::BTreeSet;

use super::Files;
use super::ways::{reached, taken, untouched};
use crate::compile::diagnostic::Code;
use crate::domain::condition::Worlds;
use crate::domain::sequence::{Act, Arm, Assign, Sequence, Step};

/// Tells each step at which an open by a machine alone decides about a handoff or an alert.
pub fn machine_opens(files: Files<'_>, name: &str, sequence: &Sequence) {
    let mut told = BTreeSet::new();
    for step in &sequence.steps {
        let Some(what) = brought_about(sequence, step) else { continue };
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

/// What a machine could bring about at a step.
fn brought_about(sequence: &Sequence, step: &Step) -> Option<&'static str> {
    match &step.act {
        Act::Handoff { when: Some(when), .. } if when.needs().machine_opens => {
            let turned = Worlds::of([when])?.turned_by_machines();
            turned.iter().any(|(_, after)| after[0]).then_some("this handoff")
        }
        Act::WaitFor { when, .. } if when.needs().machine_opens => {
            let turned = Worlds::of([when])?.turned_by_machines();
            let sooner = turned.iter().any(|(_, after)| after[0]);
            sooner.then(|| quietly(sequence, step.next).iter().find_map(|at| alarm(&sequence.steps[*at]))).flatten()
        }
        Act::Branch { arms, otherwise } if arms.iter().any(|arm| arm.when.needs().machine_opens) => {
            let to = |way: usize| arms.get(way).map_or(*otherwise, |arm| arm.then);
            let turned = Worlds::of(arms.iter().map(|arm| &arm.when))?.turned_by_machines();
            let ways: BTreeSet<(usize, usize)> =
                turned.iter().map(|(before, after)| (taken(arms, before), taken(arms, after))).collect();
            ways.into_iter().filter(|(before, after)| before != after).find_map(|(before, after)| {
                let (without, with) = (quietly(sequence, to(before)), quietly(sequence, to(after)));
                with.difference(&without).find_map(|at| alarm(&sequence.steps[*at]))
            })
        }
        _ => None,
    }
}

/// What a step does to people who sell, if it does anything.
fn alarm(step: &Step) -> Option<&'static str> {
    match &step.act {
        Act::Handoff { when, .. } => {
            let passes =
                when.as_ref().is_none_or(|when| can_be_taken(std::slice::from_ref(&when), |answers| answers[0]));
            passes.then_some("a handoff")
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

/// The steps that can be reached from one while no person does anything.
fn quietly(sequence: &Sequence, from: Option<usize>) -> BTreeSet<usize> {
    reached(sequence, from, |(at, way)| match &sequence.steps[at].act {
        Act::Branch { arms, .. } => is_open(arms, way),
        _ => true,
    })
}

fn is_open(arms: &[Arm], way: usize) -> bool {
    let conditions: Vec<_> = arms.iter().map(|arm| &arm.when).collect();
    can_be_taken(&conditions, |answers| taken(arms, answers) == way)
}

fn can_be_taken(conditions: &[&crate::domain::condition::Condition], fits: impl Fn(&[bool]) -> bool) -> bool {
    untouched(conditions.iter().copied()).is_none_or(|all| all.iter().any(|answers| fits(answers)))
}
