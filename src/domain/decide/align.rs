//! Which step of a new version is which step of the old one: by id where there is one, else by the steps with an id around it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::sequence::{Act, Sequence, Step, With};

/// The steps of two versions, matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// For each old step the new one it became, if it is still there.
    to: Vec<Option<usize>>,
    /// Old steps that are still there, in another place among the others.
    moved: BTreeSet<usize>,
    /// Old steps that are still there and do the same as before.
    same: BTreeSet<usize>,
}

/// What an edit did to one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepEdit {
    Added,
    Removed,
    Moved,
    /// It mails or calls with other words, from another sender, or to another channel.
    Copy,
    /// Another wait.
    Wait,
    /// Other conditions, or other ways.
    Ways,
    /// Anything else about what it does.
    Act,
}

impl StepEdit {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Moved => "moved",
            Self::Copy => "new copy",
            Self::Wait => "another wait",
            Self::Ways => "other ways",
            Self::Act => "changed",
        }
    }
}

/// Whether a step has no id of its own, only one made of its place.
pub fn is_nameless(step: &Step) -> bool {
    step.id.starts_with('#')
}

impl Alignment {
    /// Matches the steps of two versions of one sequence.
    pub fn of(old: &Sequence, new: &Sequence) -> Self {
        let mut to = by_id(old, new);
        by_neighbours((old, new), &mut to);
        let pairs: Vec<(usize, usize)> = to.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect();
        let stay = longest_rise(&pairs);
        let is_same = |pair: &&(usize, usize)| same_act((old, &old.steps[pair.0].act), (new, &new.steps[pair.1].act));
        Self {
            moved: pairs.iter().map(|pair| pair.0).filter(|old| !stay.contains(old)).collect(),
            same: pairs.iter().filter(is_same).map(|pair| pair.0).collect(),
            to,
        }
    }

    /// The new step that an old one became.
    pub fn to(&self, old: usize) -> Option<usize> {
        self.to.get(old).copied().flatten()
    }

    pub fn is_moved(&self, old: usize) -> bool {
        self.moved.contains(&old)
    }

    /// Whether an old step does the same as before.
    pub fn is_same(&self, old: usize) -> bool {
        self.same.contains(&old)
    }

    /// The new place of the next old step, from a lost one on, that is still there; none if all that followed is gone.
    pub fn after(&self, lost: usize, old: &Sequence) -> Option<usize> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![lost]);
        while let Some(index) = open.pop() {
            let Some(step) = old.steps.get(index).filter(|_| seen.insert(index)) else { continue };
            if let Some(found) = self.to(index) {
                return Some(found);
            }
            // The first way is looked at first, and what follows all ways last.
            open.extend(step.next);
            open.extend(step.act.ways().into_iter().flatten().rev());
        }
        None
    }

    /// What the edit did, step by step, in the order of the new version; what was removed stands where it stood before.
    pub fn edits(&self, old: &Sequence, new: &Sequence) -> Vec<(String, StepEdit)> {
        let mut from: Vec<Option<usize>> = vec![None; new.steps.len()];
        for (old, new) in self.to.iter().enumerate() {
            if let Some(place) = new.and_then(|new| from.get_mut(new)) {
                *place = Some(old);
            }
        }
        let removed = self.to.iter().enumerate().filter(|(_, to)| to.is_none());
        let mut all: Vec<(usize, usize, String, StepEdit)> = removed
            .map(|(index, _)| {
                let place = self.to[..index].iter().rev().flatten().next().map_or(0, |before| before + 1);
                (place, 0, old.steps[index].id.clone(), StepEdit::Removed)
            })
            .collect();
        for (index, step) in new.steps.iter().enumerate() {
            let mut say = |edit| all.push((index, 1, step.id.clone(), edit));
            let Some(before) = from[index] else {
                say(StepEdit::Added);
                continue;
            };
            if self.is_moved(before) {
                say(StepEdit::Moved);
            }
            if !self.is_same(before) {
                say(kind_of_edit(&old.steps[before].act, &step.act));
            }
        }
        all.sort_by_key(|(place, rank, ..)| (*place, *rank));
        all.into_iter().map(|(_, _, id, edit)| (id, edit)).collect()
    }
}

const fn kind_of_edit(old: &Act, new: &Act) -> StepEdit {
    match (old, new) {
        (Act::Email { .. }, Act::Email { .. }) | (Act::Webhook { .. }, Act::Webhook { .. }) => StepEdit::Copy,
        (Act::Wait(_) | Act::WaitFor { .. }, Act::Wait(_) | Act::WaitFor { .. }) => StepEdit::Wait,
        (Act::Branch { .. } | Act::Split(_), Act::Branch { .. } | Act::Split(_)) => StepEdit::Ways,
        _ => StepEdit::Act,
    }
}

fn by_id(old: &Sequence, new: &Sequence) -> Vec<Option<usize>> {
    let named = new.steps.iter().enumerate().filter(|(_, step)| !is_nameless(step));
    let places: BTreeMap<&str, usize> = named.map(|(index, step)| (step.id.as_str(), index)).collect();
    let found = |step: &Step| if is_nameless(step) { None } else { places.get(step.id.as_str()).copied() };
    old.steps.iter().map(found).collect()
}

/// The steps with an id on both sides of each step, by their index.
fn neighbours(sequence: &Sequence) -> Vec<(Option<usize>, Option<usize>)> {
    let mut around = vec![(None, None); sequence.steps.len()];
    let mut last = None;
    for (index, step) in sequence.steps.iter().enumerate() {
        around[index].0 = last;
        if !is_nameless(step) {
            last = Some(index);
        }
    }
    last = None;
    for (index, step) in sequence.steps.iter().enumerate().rev() {
        around[index].1 = last;
        if !is_nameless(step) {
            last = Some(index);
        }
    }
    around
}

/// One rule by which a nameless step finds itself again.
#[derive(Clone, Copy)]
struct Rule {
    /// Only what does the very same counts.
    exact: bool,
    /// Only steps whose earlier neighbour is gone.
    orphan: bool,
    /// Counted back from the later neighbour, and not on from the earlier one.
    back: bool,
}

/// The strictest first. A step whose earlier neighbour is gone goes by the later one, so that those who wait there do not go on early.
const RULES: [Rule; 6] = [
    Rule { exact: true, orphan: true, back: true },
    Rule { exact: true, orphan: false, back: false },
    Rule { exact: true, orphan: false, back: true },
    Rule { exact: false, orphan: true, back: true },
    Rule { exact: false, orphan: false, back: false },
    Rule { exact: false, orphan: false, back: true },
];

fn by_neighbours((old, new): (&Sequence, &Sequence), to: &mut [Option<usize>]) {
    let (before, after) = (neighbours(old), neighbours(new));
    let mut free: [BTreeMap<Option<usize>, Vec<usize>>; 2] = [BTreeMap::new(), BTreeMap::new()];
    for (index, _) in new.steps.iter().enumerate().filter(|(_, step)| is_nameless(step)) {
        free[0].entry(after[index].0).or_default().push(index);
        free[1].entry(after[index].1).or_default().push(index);
    }
    let mut taken = vec![false; new.steps.len()];
    for rule in RULES {
        let nameless = (0..old.steps.len()).filter(|index| is_nameless(&old.steps[*index]));
        let order: Vec<usize> = if rule.back { nameless.rev().collect() } else { nameless.collect() };
        for index in order {
            let (earlier, later) = before[index];
            let lost = earlier.is_some_and(|neighbour| to[neighbour].is_none());
            if to[index].is_some() || (rule.orphan && !lost) {
                continue;
            }
            let neighbour = if rule.back { later } else { earlier };
            // A neighbour that is gone leads nowhere; at the beginning and the end there is none, on both sides.
            let Some(place) = neighbour.map_or(Some(None), |neighbour| to[neighbour].map(Some)) else { continue };
            let fits = |candidate: &&usize| {
                let (this, that) = (&old.steps[index].act, &new.steps[**candidate].act);
                let alike = || if rule.exact { same_act((old, this), (new, that)) } else { same_kind(this, that) };
                !taken[**candidate] && alike()
            };
            let near = free[usize::from(rule.back)].get(&place).map(Vec::as_slice).unwrap_or_default();
            let found = if rule.back { near.iter().rev().find(fits) } else { near.iter().find(fits) };
            if let Some(found) = found.copied() {
                taken[found] = true;
                to[index] = Some(found);
            }
        }
    }
}

/// Whether two steps without an id may be one after an edit.
const fn same_kind(this: &Act, that: &Act) -> bool {
    matches!(
        (this, that),
        (Act::Wait(_) | Act::WaitFor { .. }, Act::Wait(_) | Act::WaitFor { .. })
            | (Act::Branch { .. } | Act::Split(_), Act::Branch { .. } | Act::Split(_))
            | (Act::Set(_), Act::Set(_))
            | (Act::Handoff { .. }, Act::Handoff { .. })
            | (Act::Enroll { .. }, Act::Enroll { .. })
            | (Act::End { .. }, Act::End { .. })
    )
}

/// Whether two steps do the same: ways count by their conditions and weights, not by what stands in them.
fn same_act((old, this): (&Sequence, &Act), (new, that): (&Sequence, &Act)) -> bool {
    let template = |one: &Sequence, name: &str| one.templates.get(name).map(|template| template.version.clone());
    match (this, that) {
        (Act::Email { copy: a }, Act::Email { copy: b }) => {
            let versions = |one, copy: &crate::domain::sequence::Copy| {
                copy.templates().map(|name| (name.to_owned(), template(one, name))).collect::<Vec<_>>()
            };
            format!("{a:?}") == format!("{b:?}")
                && versions(old, a) == versions(new, b)
                && old.send.from == new.send.from
        }
        (
            Act::Webhook { channel: a, with: old_with, on_failure: was },
            Act::Webhook { channel: b, with: new_with, on_failure: is },
        ) => {
            let texts = |one: &Sequence, with: &BTreeMap<String, With>| {
                let text = |value: &With| match value {
                    With::Text(text) => Some(text.version.clone()),
                    With::Template(name) => template(one, name),
                };
                with.iter().map(|(key, value)| (key.clone(), text(value))).collect::<Vec<_>>()
            };
            a == b && was == is && texts(old, old_with) == texts(new, new_with)
        }
        (Act::Wait(a), Act::Wait(b)) => a == b,
        (Act::WaitFor { when: c, up_to: a }, Act::WaitFor { when: d, up_to: b }) => a == b && c.text() == d.text(),
        (Act::Branch { arms: a, .. }, Act::Branch { arms: b, .. }) => {
            a.iter().map(|arm| arm.when.text()).eq(b.iter().map(|arm| arm.when.text()))
        }
        (Act::Split(a), Act::Split(b)) => {
            a.iter().map(|way| (&way.name, way.weight)).eq(b.iter().map(|way| (&way.name, way.weight)))
        }
        (Act::Set(a), Act::Set(b)) => a == b,
        (Act::Handoff { reason: a, when: c }, Act::Handoff { reason: b, when: d }) => a == b && c == d,
        (Act::Enroll { sequence: a }, Act::Enroll { sequence: b }) => a == b,
        (Act::End { reason: a }, Act::End { reason: b }) => a == b,
        (Act::Task(a), Act::Task(b)) => {
            let told = |task: &crate::domain::sequence::Task| (task.title.version.clone(), format!("{:?}", task.due));
            a.kind == b.kind
                && told(a) == told(b)
                && (&a.notes, &a.outcomes, a.patience, a.overdue) == (&b.notes, &b.outcomes, b.patience, b.overdue)
        }
        _ => false,
    }
}

/// The old steps whose order stayed, as many as there can be: all others moved.
fn longest_rise(pairs: &[(usize, usize)]) -> BTreeSet<usize> {
    // `ends[n]` is the pair with the least new place that a rise of n + 1 steps can end with.
    let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), vec![None; pairs.len()]);
    for (place, (_, new)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *new);
        before[place] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() { ends.push(place) } else { ends[length] = place }
    }
    let mut stay = BTreeSet::new();
    let mut at = ends.last().copied();
    while let Some(place) = at {
        stay.insert(pairs[place].0);
        at = before[place];
    }
    stay
}
