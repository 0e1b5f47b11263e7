//! What reps do about handoffs and tasks: most in time, some too late, some send them back, and some let them lie. Each does one thing at
//! a time, so the more a rep has the later she comes to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Chance;
use super::diary::Diary;
use super::figures::Figures;
use crate::domain::behaviour::{Rate, Reps, Span, Tasks};
use crate::domain::calendar::local::days_after;
use crate::domain::decide::Ask;
use crate::domain::handoff::{Act, Handoff};
use crate::domain::routing::Staff;
use crate::domain::stage::Stage;
use crate::domain::task::{OpenTask, TaskAct};
use crate::domain::time::{Instant, Millis};

/// Days until an opportunity, and from there to a customer.
const MEETS: (Millis, Millis) = (Millis::DAY, Millis::DAY.times(5));
const SIGNS: (Millis, Millis) = (Millis::DAY.times(7), Millis::DAY.times(45));

/// What is done at which time.
pub type Deeds = Vec<(Instant, Ask)>;

/// All reps with their diaries.
pub struct Desk<'a> {
    reps: &'a Reps,
    diaries: BTreeMap<String, Diary>,
    /// The handoff that each lead has, with its rep.
    handed: BTreeMap<usize, (String, String)>,
    /// Who is to do which task.
    tasks: BTreeMap<String, String>,
    /// How many tasks each has been given so far.
    given: BTreeMap<String, usize>,
}

impl<'a> Desk<'a> {
    pub fn new(reps: &'a Reps, staff: &Staff) -> Self {
        let diary = |(name, rep): (&String, &crate::domain::routing::Rep)| {
            let days = |(first, last): &(jiff::civil::Date, jiff::civil::Date)| {
                let (first, last) = (*first, *last);
                (0..).map(move |days| days_after(first, days)).take_while(move |date| *date <= last)
            };
            let off: BTreeSet<_> = rep.away.iter().flat_map(days).collect();
            let calendar = staff.calendars.get(&rep.calendar)?.clone();
            Some((name.clone(), Diary::new(calendar.closed_also(Arc::new(off)))))
        };
        let diaries = staff.reps.iter().filter_map(diary).collect();
        Self { reps, diaries, handed: BTreeMap::new(), tasks: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// All that is done about a lead's handoff.
    pub fn handoff(&mut self, (number, handoff): (usize, &Handoff), now: Instant, chance: &Chance) -> Deeds {
        let (reps, id) = (self.reps, handoff.id.as_str());
        let Some(diary) = self.diaries.get_mut(&handoff.rep) else { return Vec::new() };
        self.handed.insert(number, (id.to_owned(), handoff.rep.clone()));
        let after = |span: Span, what: &str| chance.between(span.least, span.most, &[id, what]);
        let act = |act: Act| Ask::Act { handoff: handoff.id.clone(), act, by: handoff.rep.clone() };
        let seen = diary.after(now, after(reps.sees_after, "sees"));
        let (answers, takes) = (after(reps.answers_after, "answers"), after(reps.takes, "takes"));
        let whole = Millis(answers.0 + takes.0);
        match choice(chance.part(&[id, "what"]), &[reps.in_time, reps.late, reps.not_ready, reps.wrong_person]) {
            Some(0) => {
                let Some(slot) = diary.plan(id, (seen, now), whole) else { return Vec::new() };
                let answered = diary.after(slot.begins_at, answers);
                let mut deeds = vec![(slot.begins_at, act(Act::Claim)), (answered, act(Act::Contacted))];
                deeds.extend(sold(id, reps, (answered, chance)));
                deeds
            }
            Some(1) => {
                let answered = diary.after(seen, answers);
                let due = handoff.clock.as_ref().map_or(answered, |clock| clock.due_at.max(answered));
                let late = diary.after(due.min(Instant::NEVER), after(reps.late_by, "late"));
                let Some(slot) = diary.plan(id, (late, now), takes) else { return Vec::new() };
                let mut deeds = vec![(slot.begins_at, act(Act::Contacted))];
                deeds.extend(sold(id, reps, (slot.begins_at, chance)));
                deeds
            }
            Some(2) => {
                let Some(slot) = diary.plan(id, (seen, now), whole) else { return Vec::new() };
                let back = act(Act::NotReady { reason: "no budget".to_owned() });
                vec![(slot.begins_at, act(Act::Claim)), (diary.after(slot.begins_at, answers), back)]
            }
            Some(3) => {
                let slot = diary.plan(id, (seen, now), answers);
                slot.map(|slot| (slot.ends_at, act(Act::WrongPerson))).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A lead's handoff is closed.
    pub fn closed(&mut self, number: usize, now: Instant) {
        if let Some((id, rep)) = self.handed.remove(&number)
            && let Some(diary) = self.diaries.get_mut(&rep)
        {
            diary.strike(&id, now);
        }
    }

    /// All that is done about a task, and by whom: its owner, or whoever comes to it first.
    pub fn task(&mut self, task: &OpenTask, now: Instant, chance: &Chance) -> (Option<String>, Deeds) {
        let (rates, id) = (&self.reps.tasks, task.id.as_str());
        let after = |span: Span, what: &str| chance.between(span.least, span.most, &[id, what]);
        let (sees, takes) = (after(rates.sees_after, "sees"), after(rates.takes, "takes"));
        let shown = task.shown_at.max(now);
        let Some(rep) = self.whose(task, shown, (sees, takes)) else { return (None, Vec::new()) };
        let Some(diary) = self.diaries.get_mut(&rep) else { return (None, Vec::new()) };
        self.tasks.insert(id.to_owned(), rep.clone());
        *self.given.entry(rep.clone()).or_default() += 1;
        let seen = diary.after(shown, sees);
        let act = |act: TaskAct| Ask::Task { task: task.id.clone(), act, by: rep.clone() };
        let done = || act(TaskAct::Done { outcome: outcome(rates, task, chance) });
        let deed = match choice(chance.part(&[id, "what"]), &[rates.done, rates.late, rates.skipped]) {
            Some(0) => diary.plan(id, (seen, now), takes).map(|slot| (slot.ends_at, done())),
            Some(1) => {
                let due = task.due_at.or(task.patient_until).map_or(seen, |due| due.max(seen));
                let late = diary.after(due.min(Instant::NEVER), after(rates.late_by, "late"));
                diary.plan(id, (late, now), takes).map(|slot| (slot.ends_at, done()))
            }
            Some(2) => Some((seen, act(TaskAct::Skip))),
            _ => None,
        };
        (Some(rep), deed.into_iter().collect())
    }

    /// A task is over.
    pub fn over(&mut self, task: &str, now: Instant) {
        if let Some(diary) = self.tasks.remove(task).and_then(|rep| self.diaries.get_mut(&rep)) {
            diary.strike(task, now);
        }
    }

    fn whose(&self, task: &OpenTask, shown: Instant, (sees, takes): (Millis, Millis)) -> Option<String> {
        if let Some(owner) = &task.owner {
            return self.diaries.contains_key(owner).then(|| owner.clone());
        }
        let first = |(name, diary): (&String, &Diary)| {
            let slot = diary.gap(diary.after(shown, sees), takes)?;
            Some((slot.begins_at, self.given.get(name).copied().unwrap_or_default(), name.clone()))
        };
        self.diaries.iter().filter_map(first).min().map(|(_, _, name)| name)
    }

    /// Tells what all of it took of the reps' time.
    pub fn close(&self, figures: &mut Figures, end: Instant) {
        for (name, diary) in &self.diaries {
            let work = diary.work((figures.start, end), |at| figures.day(at));
            if let Some(rep) = figures.reps.get_mut(name) {
                rep.work = work;
            }
        }
    }
}

/// What becomes of a lead that sales was in touch with.
fn sold(id: &str, reps: &Reps, (at, chance): (Instant, &Chance)) -> Deeds {
    let stage = |to: Stage, reason: &str| Ask::Stage { to, reason: reason.to_owned() };
    if !chance.comes(reps.opportunity, &[id, "opportunity"]) {
        return Vec::new();
    }
    let met = at + chance.between(MEETS.0, MEETS.1, &[id, "meets"]);
    let mut deeds = vec![(met, stage(Stage::Opportunity, "first meeting went well"))];
    if chance.comes(reps.customer, &[id, "customer"]) {
        let signed = met + chance.between(SIGNS.0, SIGNS.1, &[id, "signs"]);
        deeds.push((signed, stage(Stage::Customer, "contract signed")));
    }
    deeds
}

/// The word that a task is done with: by the shares of those words that it knows, or each as often as the other.
fn outcome(rates: &Tasks, task: &OpenTask, chance: &Chance) -> Option<String> {
    let share = |word: &String| rates.outcomes.iter().find(|(name, _)| name == word).map_or(0, |(_, share)| share.0);
    let shares: Vec<u32> = task.outcomes.iter().map(share).collect();
    let known: u32 = shares.iter().sum();
    let place = if known == 0 {
        chance.below(task.outcomes.len(), &[task.id.as_str(), "outcome"])
    } else {
        let thrown = chance.below(usize::try_from(known).unwrap_or(1), &[task.id.as_str(), "outcome"]);
        choice(u32::try_from(thrown).unwrap_or(0), &shares.into_iter().map(Rate).collect::<Vec<_>>()).unwrap_or(0)
    };
    task.outcomes.get(place).cloned()
}

/// Which of some rates a throw from 0 to 99,999 falls into.
pub fn choice(thrown: u32, rates: &[Rate]) -> Option<usize> {
    let mut sum = 0;
    rates.iter().position(|rate| {
        sum += rate.0;
        thrown < sum
    })
}
