//! Looks at those in flight, a page at a time: for each the very decision that an apply would make, and nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::asked::{Asked, asked_of, gone, resumed};
use super::called::{Called, waits};
use super::days::{Crowded, Day, Days, With};
use super::plan::{Change, EditedStep, Named, SequencePlan, Tally};
use crate::domain::calendar::zone_named;
use crate::domain::decide::{
    Ahead, Ask, Case, Decision, Edit, InHand, Input, Send, Standing, StepEdit, adopt, decide, forecast, touch_of,
};
use crate::domain::enrollment::{Enrollment, Onward};
use crate::domain::event::{Actor, Mark};
use crate::domain::experiment::Key;
use crate::domain::id::TouchId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, InFlight, Sequence};
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::applied::Behind;

/// Enrollments looked at in one page.
pub const PAGE: usize = 500;

/// One look at all that is in flight.
pub struct Look<'e> {
    pub(super) engine: &'e Engine,
    /// The files as they will be in force.
    pub(super) playbook: Arc<Playbook>,
    paused: Arc<BTreeSet<String>>,
    winners: Arc<BTreeMap<Key, String>>,
    pub(super) now: Instant,
    /// How many leads of each file are named.
    pub(super) names: usize,
    /// The sequences that are edited, each with the version that whoever is in it goes to; nothing where it is taken away.
    pub(super) edited: BTreeMap<String, Option<String>>,
    days: Days,
}

/// What a page needs beside its leads.
pub(super) struct Around {
    pub in_hand: BTreeMap<TouchId, InHand>,
    suppressed: BTreeMap<String, Reason>,
}

/// One sequence while its leads come by.
struct Counting {
    edit: Arc<Edit>,
    tally: Tally,
    /// Steps of the newest old version and of the new one that were edited, with how many have each ahead.
    edits: Vec<Edited>,
    /// What the steps of each version are called.
    called: BTreeMap<String, Called>,
}

/// One edited step by its id in the version it is of, and how many have it ahead.
struct Edited {
    step: String,
    edit: StepEdit,
    ahead: usize,
}

impl<'e> Look<'e> {
    pub async fn new(
        engine: &'e Engine,
        (playbook, edited): (Arc<Playbook>, BTreeMap<String, Option<String>>),
        names: usize,
    ) -> Result<Self, StoreError> {
        let pauses = engine.store.pauses().await?;
        let sequences = pauses.iter().filter_map(|pause| pause.scope.strip_prefix("sequence:").map(str::to_owned));
        let now = engine.now();
        let zone = zone_named(&playbook.settings.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let (paused, winners) = (Arc::new(sequences.collect()), Arc::new(engine.store.winners().await?));
        Ok(Self { engine, paused, winners, now, names, edited, days: Days::new(zone, now), playbook })
    }

    /// The days the looks so far add up to, and who could not keep up with them.
    pub fn days(self) -> (Vec<Day>, Vec<Crowded>) {
        self.days.counted(&self.playbook.settings)
    }

    /// What an edit does; `from` is the version that was applied last.
    pub async fn at(
        &mut self,
        edit: &Arc<Edit>,
        (change, from): (Change, Option<&str>),
    ) -> Result<SequencePlan, StoreError> {
        let old = from.and_then(|from| edit.from(from));
        let edits = old.map_or_else(Vec::new, |(old, alignment)| {
            let new = edit.new.as_ref().map(Arc::clone);
            let nothing = || Arc::new(Sequence { steps: Vec::new(), ..old.as_ref().clone() });
            alignment.edits(old, &new.unwrap_or_else(nothing))
        });
        let mut counting = Counting {
            edit: Arc::clone(edit),
            tally: Tally::default(),
            edits: edits.into_iter().map(|(step, edit)| Edited { step, edit, ahead: 0 }).collect(),
            called: BTreeMap::new(),
        };
        let (mut after, version) = (String::new(), edit.new.as_ref().map_or("", |new| new.version.as_str()));
        loop {
            let mut page = self.engine.store.behind((&edit.sequence, version), &after, PAGE).await?;
            let leads: Vec<&Lead> = page.iter().map(|behind| &behind.lead).collect();
            let around = self.around(&leads).await?;
            let mut anew = self.anew(&leads, &around).await?;
            for behind in &mut page {
                if let Some(decision) = anew.remove(&behind.lead.id) {
                    behind.lead = decision.lead;
                }
                self.one(&mut counting, behind, &around);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.enrollment.as_str().clone_into(&mut after),
                _ => break,
            }
        }
        Ok(counting.into_plan((change, from), old.map(|(old, _)| old.as_ref())))
    }

    pub(super) async fn around(&self, leads: &[&Lead]) -> Result<Around, StoreError> {
        let touches = leads.iter().flat_map(|lead| lead.enrollments.iter().filter_map(touch_of));
        let touches: Vec<&TouchId> = touches.collect();
        let targets = leads.iter().flat_map(|lead| [lead.address.as_str(), lead.address.domain()]).collect();
        Ok(Around {
            in_hand: self.engine.store.in_hand(&touches).await?,
            suppressed: self.engine.store.suppressed(&targets).await?,
        })
    }

    fn one(&mut self, counting: &mut Counting, behind: &Behind, around: &Around) {
        let lead = &behind.lead;
        let Some(enrollment) = lead.enrollments.iter().find(|one| one.id == behind.enrollment) else { return };
        let in_hand = touch_of(enrollment).and_then(|touch| around.in_hand.get(touch)).copied();
        let standing = Standing { lead, enrollment, in_hand };
        let place = counting.name(&enrollment.version, enrollment.at.as_deref());
        let Some(landing) = adopt(standing, &counting.edit, &self.playbook.settings, self.now) else {
            counting.tally.count(&place, None, std::iter::empty());
            return;
        };
        let sooner = landing.marks.contains(&Mark::Released);
        let Weighed { ended, released } = self.weigh(counting, (lead, enrollment, in_hand), (around, sooner));
        let to = match &landing.onward {
            _ if ended => None,
            Some(Onward::To(step)) => Some(step.as_str()),
            Some(Onward::End) => None,
            None => landing.at.as_deref(),
        };
        // A sequence that is gone has no version to go to, and whoever is in it only the steps it is at.
        let version = counting.edit.new.as_ref().map_or_else(|| enrollment.version.clone(), |new| new.version.clone());
        let to = counting.name(&version, to);
        let mut marks = landing.marks;
        // What the files now say may end it, wherever it lands.
        marks.extend(ended.then_some(Mark::Ends));
        // What it waits for may hold by what the file now says.
        marks.extend(released.then_some(Mark::Released));
        let lost_to = landing.lost.is_some() || landing.onward.is_some();
        counting.tally.ended += usize::from(marks.contains(&Mark::Ends));
        counting.tally.count(&place, lost_to.then_some(to.as_str()), marks.iter().copied());
        if !marks.is_empty() {
            counting.tally.name(self.names, || Named {
                lead: lead.id.to_string(),
                email: lead.address.to_string(),
                from: place,
                to,
                what: marks.iter().map(|mark| mark.as_str()).collect(),
            });
        }
    }

    /// Decides as an apply would, and counts what comes and no longer comes.
    fn weigh(
        &mut self,
        counting: &mut Counting,
        (lead, enrollment, in_hand): (&Lead, &Enrollment, Option<InHand>),
        (around, sooner): (&Around, bool),
    ) -> Weighed {
        let known = touch_of(enrollment).cloned().zip(in_hand).into_iter().collect();
        let ask = Ask::Adopt { edit: Arc::clone(&counting.edit), in_hand: known };
        let input = Input { ask, occurred_at: self.now, source: "plan".to_owned(), actor: Actor::System };
        let decision = self.decided(lead, &input, around);
        let asked = asked_of(&decision, enrollment);
        let again = asked.iter().find(|asked| !asked.is_task).map(|asked| asked.at);
        let then = in_hand.map(|in_hand| in_hand.ready_at);
        let before = forecast((lead, enrollment), then, &self.playbook, self.now);
        let running = decision.lead.enrollments.iter().find(|one| one.id == enrollment.id);
        let after = running.map(|running| (&decision.lead, running));
        let mut after = self.ahead(after, again.or(then));
        // A task that is asked for at once is not ahead any more, and comes all the same.
        let tasks = asked.iter().filter(|asked| asked.is_task);
        after.sends.splice(0..0, tasks.map(|asked| Send { at: asked.at, step: asked.step.clone() }));
        let due = |step: &str| before.sends.iter().any(|send| send.step == step && send.at <= self.now);
        // What is in hand already goes sooner where its landing says so.
        let let_go = |asked: &Asked| if asked.was_in_hand { sooner && !asked.is_task } else { !due(&asked.step) };
        let released = asked.iter().any(let_go);
        counting.tally.released += usize::from(released);
        counting.tally.dropped += self.never_come((lead, enrollment, in_hand), (&before, &after), &decision);
        self.days.compare(&before.sends, &after.sends);
        counting.ahead(enrollment, (&before, &after));
        self.mailed((lead, &enrollment.version), With::None, &before);
        if let Some(running) = running {
            self.mailed((lead, &running.version), With::Edit, &after);
        }
        Weighed { ended: running.is_none(), released }
    }

    /// How many touches ahead never come by a decision. Of somebody who is paused until a person resumes it, those that would have come
    /// then.
    fn never_come(
        &self,
        (lead, enrollment, in_hand): (&Lead, &Enrollment, Option<InHand>),
        (before, after): (&Ahead, &Ahead),
        decision: &Decision,
    ) -> usize {
        if enrollment.paused.as_ref().is_none_or(|pausing| pausing.until.is_some()) {
            return gone(before, after);
        }
        let then = in_hand.map(|in_hand| in_hand.ready_at);
        let ahead = |lead: &Lead, running: &Enrollment| {
            let resumed = resumed(running, self.now);
            forecast((lead, &resumed), then, &self.playbook, self.now)
        };
        let running = decision.lead.enrollments.iter().find(|one| one.id == enrollment.id);
        let after = running.map_or_else(Ahead::default, |running| ahead(&decision.lead, running));
        gone(&ahead(lead, enrollment), &after)
    }

    /// Counts the mails ahead of an enrollment, for its sender.
    pub(super) fn mailed(&mut self, (lead, version): (&Lead, &str), with: With, ahead: &Ahead) {
        let playbook = Arc::clone(&self.playbook);
        let Some(sequence) = playbook.version(version) else { return };
        let from = sequence.send.from.as_deref();
        let Some(sender) = from.and_then(|from| playbook.settings.sender_for(from, lead)) else { return };
        let mails = |step: &str| sequence.step(step).is_some_and(|(_, step)| matches!(step.act, Act::Email { .. }));
        self.days.mailed(&sender.name, with, ahead.sends.iter().filter(|send| mails(&send.step)).map(|send| send.at));
    }

    /// What an apply would decide about a lead.
    pub(super) fn decided(&self, lead: &Lead, input: &Input, around: &Around) -> Decision {
        let targets = [lead.address.as_str(), lead.address.domain()];
        let case = Case {
            lead: lead.clone(),
            suppressed: targets.iter().find_map(|target| around.suppressed.get(*target)).copied(),
            loads: None,
            intakes: None,
            winners: Arc::clone(&self.winners),
            paused_sequences: Arc::clone(&self.paused),
            stopped_senders: Arc::default(),
            colleague: None,
        };
        decide(&case, input, &self.playbook, self.now)
    }

    /// What lies ahead of an enrollment that still runs, by the files as they will be.
    pub(super) fn ahead(&self, running: Option<(&Lead, &Enrollment)>, ready_at: Option<Instant>) -> Ahead {
        running.map_or_else(Ahead::default, |running| forecast(running, ready_at, &self.playbook, self.now))
    }

    /// Counts by their days the sends that come and no longer come, and says how many, on whatever day, never come.
    pub(super) fn lost(&mut self, before: &Ahead, after: &Ahead) -> usize {
        self.days.compare(&before.sends, &after.sends);
        gone(before, after)
    }
}

/// What an edit does to one enrollment at once.
struct Weighed {
    ended: bool,
    /// Something is asked for that would have waited.
    released: bool,
}

impl Counting {
    /// Counts for each edited step whether it lies ahead: by the new version, or by the old one where it is gone.
    fn ahead(&mut self, enrollment: &Enrollment, (before, after): (&Ahead, &Ahead)) {
        let edit = Arc::clone(&self.edit);
        let ids = |sequence: Option<&Sequence>, ahead: &Ahead| -> BTreeSet<String> {
            let steps = ahead.steps.iter().filter_map(|index| sequence?.steps.get(*index));
            steps.map(|step| step.id.clone()).collect()
        };
        let old = edit.from(&enrollment.version).map(|(old, _)| old.as_ref());
        let (before, after) = (ids(old, before), ids(edit.new.as_deref(), after));
        for one in &mut self.edits {
            let ahead = if one.edit == StepEdit::Removed { &before } else { &after };
            one.ahead += usize::from(ahead.contains(&one.step));
        }
    }

    /// What a step of a version is called; the end is where there is none.
    fn name(&mut self, version: &str, step: Option<&str>) -> String {
        let Some(step) = step else { return "the end".to_owned() };
        if !self.called.contains_key(version) {
            let new = self.edit.new.as_ref().filter(|new| new.version == version);
            let sequence = new.or_else(|| self.edit.from(version).map(|(old, _)| old));
            let called = sequence.map(|sequence| Called::of(sequence)).unwrap_or_default();
            self.called.insert(version.to_owned(), called);
        }
        self.called[version].name(step).to_owned()
    }

    /// The edited steps by what they are called, each with what it waited and waits now if that is what changed.
    fn edited(&mut self, old: Option<&Sequence>) -> Vec<EditedStep> {
        let edit = Arc::clone(&self.edit);
        let (Some(old), new) = (old, edit.new.as_deref()) else { return Vec::new() };
        let edits = std::mem::take(&mut self.edits);
        let one = |one: Edited| {
            let of = if one.edit == StepEdit::Removed { Some(old) } else { new };
            let step = self.name(of.map_or("", |of| of.version.as_str()), Some(&one.step));
            let now = new.filter(|_| one.edit == StepEdit::Wait).and_then(|new| new.step(&one.step));
            let alignment = edit.from(&old.version).map(|(_, alignment)| alignment);
            let before = now.and_then(|(index, _)| {
                old.steps.iter().enumerate().find(|(place, _)| alignment.and_then(|to| to.to(*place)) == Some(index))
            });
            EditedStep {
                step,
                edit: one.edit.as_str(),
                was: before.and_then(|(_, step)| waits(step)),
                now: now.and_then(|(_, step)| waits(step)),
                ahead: one.ahead,
            }
        };
        edits.into_iter().map(one).collect()
    }

    fn into_plan(mut self, (change, from): (Change, Option<&str>), old: Option<&Sequence>) -> SequencePlan {
        let mut places = BTreeMap::new();
        for (index, step) in old.into_iter().flat_map(|old| &old.steps).enumerate() {
            places.insert(self.name(old.map_or("", |old| old.version.as_str()), Some(&step.id)), index);
        }
        let edits = self.edited(old);
        let rule = match (&self.edit.new, old) {
            (Some(new), _) => new.in_flight,
            (None, old) => old.map_or(InFlight::Adopt, |old| old.in_flight),
        };
        SequencePlan {
            name: self.edit.sequence.clone(),
            change,
            from: from.map(str::to_owned),
            to: self.edit.new.as_ref().map(|new| new.version.clone()),
            in_flight: match rule {
                InFlight::Adopt => "adopt",
                InFlight::Pin => "pin",
                InFlight::Finish => "finish",
            },
            leads: self.tally.leads,
            released: self.tally.released,
            dropped: self.tally.dropped,
            ended: self.tally.ended,
            diff: String::new(),
            edits,
            steps: self.tally.steps(|step| places.get(step).copied().unwrap_or(usize::MAX)),
            changed: self.tally.changed,
            named: self.tally.named,
        }
    }
}
