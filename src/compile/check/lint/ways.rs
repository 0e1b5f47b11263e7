//! Which ways through a sequence a lead can take, by what its conditions can answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::condition::{Answers, Condition, Worlds};
use crate::domain::sequence::{Act, Arm, Sequence};

/// Questions right before one that are looked at together with it: each is asked with each, so long rows of them would take for ever.
const NEAREST: usize = 4;

/// A way out of a step: the step, and its place among `Act::ways`.
pub type Way = (usize, usize);

/// The index of the way that a branch takes: its first arm that holds, else the one after them.
pub fn taken(arms: &[Arm], answers: &[bool]) -> usize {
    answers.iter().position(|answer| *answer).unwrap_or(arms.len())
}

/// The steps that follow one, whatever is asked there.
pub fn after(sequence: &Sequence, at: usize) -> Vec<usize> {
    let step = &sequence.steps[at];
    step.act.ways().into_iter().chain([step.next]).flatten().collect()
}

/// All steps that can be reached from some, themselves among them, by the ways that are open.
pub fn reached(
    sequence: &Sequence,
    from: impl IntoIterator<Item = usize>,
    open: impl Fn(Way) -> bool,
) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<usize> = from.into_iter().collect();
    while let Some(at) = left.pop() {
        let Some(step) = sequence.steps.get(at).filter(|_| seen.insert(at)) else { continue };
        left.extend(step.next);
        let ways = step.act.ways().into_iter().enumerate();
        left.extend(ways.filter(|(way, _)| open((at, *way))).filter_map(|(_, to)| to));
    }
    seen
}

/// The ways of branches that no lead can ever take: what leads there was asked before, or nothing makes it true.
pub fn closed(sequence: &Sequence) -> BTreeSet<Way> {
    let alone = entrances(sequence);
    let mut closed = BTreeSet::new();
    for (at, step) in sequence.steps.iter().enumerate() {
        let Act::Branch { arms, .. } = &step.act else { continue };
        let above = questions_above(at, &alone);
        let asked = above.iter().flat_map(|(branch, _)| arms_of(sequence, *branch)).chain(arms).map(|arm| &arm.when);
        let Some(worlds) = Worlds::of(asked) else { continue };
        let open: BTreeSet<usize> =
            worlds.answers().iter().filter_map(|answers| way_below(sequence, &above, answers, arms)).collect();
        closed.extend((0..=arms.len()).filter(|way| !open.contains(way)).map(|way| (at, way)));
    }
    closed
}

/// The way each step is entered by, for those that are entered by one way of a branch and by nothing else.
fn entrances(sequence: &Sequence) -> BTreeMap<usize, Way> {
    let mut entered: BTreeMap<usize, Vec<Option<Way>>> = BTreeMap::new();
    for (at, step) in sequence.steps.iter().enumerate() {
        let asked = matches!(step.act, Act::Branch { .. });
        let ways = step.act.ways().into_iter().enumerate().map(|(way, to)| (to, asked.then_some((at, way))));
        for (to, way) in ways.chain([(step.next, None)]) {
            if let Some(to) = to {
                entered.entry(to).or_default().push(way);
            }
        }
    }
    entered.into_iter().filter_map(|(at, ways)| Some((at, <[_; 1]>::try_from(ways).ok()?[0]?))).collect()
}

/// The branches that were asked at the same moment right before one, the outermost first, each with the way that led here. Those further
/// above are not looked at: without them more ways are taken for open, and none for closed that is not.
fn questions_above(at: usize, alone: &BTreeMap<usize, Way>) -> Vec<Way> {
    let all = std::iter::successors(alone.get(&at), |(branch, _)| alone.get(branch)).copied();
    let mut above: Vec<Way> = all.take(NEAREST).collect();
    above.reverse();
    above
}

fn arms_of(sequence: &Sequence, branch: usize) -> &[Arm] {
    match &sequence.steps[branch].act {
        Act::Branch { arms, .. } => arms,
        _ => &[],
    }
}

/// The way taken by a lead that gives these answers, where they lead to the branch at all.
fn way_below(sequence: &Sequence, above: &[Way], answers: &[bool], arms: &[Arm]) -> Option<usize> {
    let mut left = answers;
    for (branch, way) in above {
        let outer = arms_of(sequence, *branch);
        let (own, rest) = left.split_at(outer.len());
        left = rest;
        if taken(outer, own) != *way {
            return None;
        }
    }
    Some(taken(arms, left))
}

/// What conditions can answer as long as no person did anything; none where they are too many to try.
pub fn untouched<'c>(conditions: impl IntoIterator<Item = &'c Condition>) -> Option<BTreeSet<Answers>> {
    Worlds::of(conditions).map(|worlds| worlds.before_anybody_acts())
}

/// The ways of branches that no lead takes while no person does anything.
pub fn closed_while_quiet(sequence: &Sequence) -> BTreeSet<Way> {
    let mut closed = BTreeSet::new();
    for (at, step) in sequence.steps.iter().enumerate() {
        let Act::Branch { arms, .. } = &step.act else { continue };
        let Some(all) = untouched(arms.iter().map(|arm| &arm.when)) else { continue };
        let open: BTreeSet<usize> = all.iter().map(|answers| taken(arms, answers)).collect();
        closed.extend((0..=arms.len()).filter(|way| !open.contains(way)).map(|way| (at, way)));
    }
    closed
}
