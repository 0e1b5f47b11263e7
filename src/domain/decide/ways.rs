//! Which way a lead takes where a sequence forks.

use super::advance::go;
use super::work::{About, Work};
use crate::domain::enrollment::Enrollment;
use crate::domain::event::What;
use crate::domain::id::{LeadId, dice};
use crate::domain::sequence::{Act, Portion, Sequence, Step};

/// Decides a branch, once, and remembers it.
pub fn branch(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence, step: &Step) {
    let Act::Branch { arms, otherwise } = &step.act else { return };
    let rule = format!("{} {}", sequence.name, step.id);
    let mut taken = ("else".to_owned(), *otherwise);
    for arm in arms {
        if work.holds(&rule, &arm.when, About { enrollment: Some(enrollment), ..About::default() }) {
            taken = (arm.when.text().to_owned(), arm.then);
            break;
        }
    }
    let (arm, to) = taken;
    work.conclude(What::Branched { enrollment: enrollment.id.clone(), step: step.id.clone(), arm });
    go(work, enrollment, sequence, to.or(step.next), enrollment.anchor);
}

/// Takes a way of a split: the same lead always takes the same, and of many leads each way its share.
pub fn split(work: &mut Work<'_>, enrollment: &Enrollment, (sequence, step): (&Sequence, &Step), portions: &[Portion]) {
    let taken = portion_of(&work.lead.id, (&sequence.name, &step.id), portions);
    let Some(way) = taken.and_then(|place| portions.get(place)) else {
        go(work, enrollment, sequence, step.next, enrollment.anchor);
        return;
    };
    let (enrolled, step_id) = (enrollment.id.clone(), step.id.clone());
    work.conclude(What::Branched { enrollment: enrolled, step: step_id, arm: way.name.clone() });
    go(work, enrollment, sequence, way.then.or(step.next), enrollment.anchor);
}

/// The place of the way a lead takes at a split, by hash; none where nothing weighs anything.
pub fn portion_of(lead: &LeadId, (sequence, step): (&str, &str), portions: &[Portion]) -> Option<usize> {
    let roll = dice(&[lead.as_str(), sequence, step, "split"]);
    share_of(roll, portions.iter().map(|portion| portion.weight))
}

/// The place among weights that a roll of the dice falls on; none where nothing weighs anything.
pub fn share_of(roll: u64, weights: impl Iterator<Item = u32> + Clone) -> Option<usize> {
    let whole: u64 = weights.clone().map(u64::from).sum();
    let mut left = roll % whole.max(1);
    for (place, weight) in weights.enumerate() {
        match left.checked_sub(u64::from(weight)) {
            Some(rest) => left = rest,
            None => return Some(place),
        }
    }
    None
}
