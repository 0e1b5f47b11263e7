//! Sequences that lead back to themselves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Files;
use crate::compile::diagnostic::Code;
use crate::domain::routing::{RungAct, Staff};
use crate::domain::sequence::{Act, Again};

/// Where each sequence leads: to another one, from the line of a step.
type Ways = BTreeMap<String, Vec<(String, usize)>>;

/// Tells every way that comes back to where it began, each circle once.
pub fn circles(files: Files<'_>, staff: &Staff) {
    let ways = ways(files, staff);
    let mut told: BTreeSet<BTreeSet<(&str, &str)>> = BTreeSet::new();
    for (from, targets) in &ways {
        for (to, line) in targets {
            let Some(back) = shortest(&ways, to, from) else { continue };
            let names: Vec<&str> = [from.as_str()].into_iter().chain(back).collect();
            let circle: BTreeSet<(&str, &str)> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
            if !told.insert(circle) {
                continue;
            }
            let message = format!("sequences enroll into each other in a circle: {}", names.join(" → "));
            if let Some(place) = files.line(from, *line) {
                files.report.error_with(Code::EnrollCycle, place, message, "end one of them instead".to_owned());
            }
        }
    }
}

/// Where the steps lead. After a handoff that nobody answers, an SLA may return the lead to a sequence: round and round, where that one
/// takes it in each time.
fn ways(files: Files<'_>, staff: &Staff) -> Ways {
    let rungs = staff.slas.iter().flat_map(|sla| &sla.ladder).filter_map(|rung| match &rung.act {
        RungAct::ReturnTo(Some(sequence)) => Some(sequence),
        _ => None,
    });
    let endless = |name: &&String| files.sequences.get(*name).is_some_and(|one| one.again == Again::Always);
    let returned: BTreeSet<&String> = rungs.filter(endless).collect();
    let of = |step: &crate::domain::sequence::Step| -> Vec<(String, usize)> {
        match &step.act {
            Act::Enroll { sequence } => vec![(sequence.clone(), step.line)],
            Act::Handoff { .. } => returned.iter().map(|name| ((*name).clone(), step.line)).collect(),
            _ => Vec::new(),
        }
    };
    let known = |(to, _): &(String, usize)| files.sequences.contains_key(to);
    let all = files.sequences.iter();
    all.map(|(name, one)| (name.clone(), one.steps.iter().flat_map(of).filter(known).collect())).collect()
}

/// The names on a shortest way, both ends among them.
fn shortest<'w>(ways: &'w Ways, from: &'w str, to: &str) -> Option<Vec<&'w str>> {
    let mut before: BTreeMap<&str, Option<&str>> = BTreeMap::from([(from, None)]);
    let mut left = VecDeque::from([from]);
    while let Some(at) = left.pop_front() {
        if at == to {
            let mut names: Vec<&str> =
                std::iter::successors(Some(at), |name| before.get(name).copied().flatten()).collect();
            names.reverse();
            return Some(names);
        }
        for (next, _) in ways.get(at).into_iter().flatten() {
            if !before.contains_key(next.as_str()) {
                before.insert(next, Some(at));
                left.push_back(next);
            }
        }
    }
    None
}
