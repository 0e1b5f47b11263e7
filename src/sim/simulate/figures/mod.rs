//! What is counted while it is played: by day, by step, by rep and by lead, never event by event.
//!
//! | file | what it counts |
//! |---|---|
//! | `mark` | how far leads come |
//! | `sender` | what leaves and what waits, by day |
//! | `sales` `rep` | handoffs and tasks, and what they take of a rep's time |
//! | `upcoming` | which mails leave on which day |

mod mark;
mod rep;
mod sales;
mod sender;
mod upcoming;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

pub use mark::Mark;
pub use rep::{RepFigures, TaskFigures, Work};
use sales::{Open, Task};
pub use sender::{Backlog, SenderFigures};
pub use upcoming::{Line, Upcoming};

use super::series::Histogram;
use super::tried::Tried;
use crate::domain::calendar::local;
use crate::domain::event::What;
use crate::domain::id::TaskId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Channel, NewTouch};
use crate::engine::rehearse::{Decided, Sent};

/// Mails in one week that are told apart.
const MAILS: usize = 14;

/// All that was counted.
#[derive(Clone, Debug)]
pub struct Figures {
    pub start: Instant,
    pub days: usize,
    pub zone: TimeZone,
    pub leads: usize,
    pub decisions: u64,
    /// How many leads came so far, at least.
    pub reached: BTreeMap<Mark, u64>,
    pub senders: BTreeMap<String, SenderFigures>,
    pub sequences: BTreeMap<String, SequenceFigures>,
    pub reps: BTreeMap<String, RepFigures>,
    /// Mails in several variants, as they stand in the end.
    pub experiments: Vec<Tried>,
    /// Which mails leave when, where that was asked for.
    pub upcoming: Option<Upcoming>,
    /// Weeks of a lead in which it got so many mails.
    pub weeks: Histogram,
    /// Days from a lead's arrival until it was SQL.
    pub to_sql: Histogram,
    each: Vec<OfLead>,
    open: BTreeMap<usize, Open>,
    tasks: BTreeMap<TaskId, Task>,
}

#[derive(Clone, Debug, Default)]
struct OfLead {
    marks: u16,
    week: u16,
    mails: u16,
    arrived_at: Instant,
}

#[derive(Clone, Debug, Default)]
pub struct SequenceFigures {
    pub title: String,
    pub entered: u64,
    pub ended: BTreeMap<String, u64>,
    /// Leads that wait for room in it at the end.
    pub waiting: u64,
    /// By step, in the order of the file; then those that only earlier versions have.
    pub steps: Vec<(String, StepFigures)>,
}

impl SequenceFigures {
    /// Whether anybody was in it, or waits for it.
    pub fn is_played(&self) -> bool {
        self.entered > 0
            || self.waiting > 0
            || !self.ended.is_empty()
            || self.steps.iter().any(|(_, step)| step.sent > 0)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepFigures {
    /// `email`, `webhook` or `task`.
    pub kind: &'static str,
    /// Mails and webhooks that left, tasks that were asked for.
    pub sent: u64,
    pub opened: u64,
    pub clicked: u64,
    pub replied: u64,
}

impl Figures {
    pub fn new(playbook: &Playbook, leads: usize, (start, days, zone): (Instant, u32, TimeZone)) -> Self {
        let days = days as usize;
        let sender = |(name, of): (&String, &crate::domain::playbook::Sender)| {
            (name.clone(), SenderFigures::new(of, sender::longest_window(of, playbook), days))
        };
        let sequences = playbook.sequences.values().map(|sequence| {
            let kinds = sequence.steps.iter().map(|step| (&step.id, step.act.kind()));
            let counted = kinds.filter(|(_, kind)| matches!(*kind, "email" | "webhook" | "task"));
            let steps =
                counted.map(|(id, kind)| (id.clone(), StepFigures { kind, ..StepFigures::default() })).collect();
            (
                sequence.name.clone(),
                SequenceFigures { title: sequence.title.clone(), steps, ..SequenceFigures::default() },
            )
        });
        let reps = playbook.staff.reps.iter().map(|(name, rep)| {
            let calendar = playbook.staff.calendars.get(&rep.calendar).cloned();
            (name.clone(), RepFigures::new(rep.name.clone(), calendar, days))
        });
        Self {
            start,
            days,
            zone,
            leads,
            decisions: 0,
            reached: BTreeMap::new(),
            senders: playbook.settings.senders.iter().map(sender).collect(),
            sequences: sequences.collect(),
            reps: reps.collect(),
            experiments: Vec::new(),
            upcoming: None,
            weeks: Histogram::new(MAILS),
            to_sql: Histogram::new(days),
            each: vec![OfLead::default(); leads],
            open: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }

    pub fn arrives(&mut self, number: usize, at: Instant) {
        if let Some(lead) = self.each.get_mut(number) {
            lead.arrived_at = at;
        }
        self.mark(number, Mark::Lead);
    }

    /// A lead that was known before the first day: what it was already is no news of these days.
    pub fn knows(&mut self, number: usize, lead: &Lead) {
        self.arrives(number, lead.created_at);
        if !lead.enrollments.is_empty() {
            self.mark(number, Mark::Enrolled);
        }
        if let Some(handoff) = &lead.handoff {
            self.has_open(number, handoff);
        }
    }

    /// Writes down which mails leave when; some senders are stopped.
    pub fn looks_ahead(&mut self, stopped: &BTreeSet<String>) {
        self.upcoming = Some(Upcoming::default());
        for (name, sender) in &mut self.senders {
            sender.stopped = stopped.contains(name);
        }
    }

    /// A mail that waited before the first day might have left from then on.
    pub fn waits(&mut self, touch: &NewTouch) {
        let from = touch.first_allowed_at.max(self.start);
        if let Some((sender, day)) = self.sender(touch, from) {
            add(&mut sender.came, day);
        }
    }

    /// A touch leaves.
    pub fn leaves(&mut self, sent: &Sent<'_>) {
        self.step(sent, Mark::Mailed, sent.now);
        if sent.touch.channel != Channel::Email {
            return;
        }
        if let Some((sender, day)) = self.sender(sent.touch, sent.now) {
            sender.leaves(day);
        }
        if let (Some(day), Some(upcoming)) = (self.day(sent.now), &mut self.upcoming) {
            let sender = sent.touch.lane.strip_prefix("mail:").unwrap_or_default();
            upcoming.count(day, (&sent.touch.sequence, &sent.touch.step, sender));
        }
        let week = u16::try_from(self.day(sent.now).unwrap_or(0) / 7).unwrap_or(u16::MAX);
        if let Some(lead) = self.each.get_mut(sent.number) {
            if lead.mails > 0 && lead.week != week {
                self.weeks.add(usize::from(lead.mails));
                lead.mails = 0;
            }
            lead.week = week;
            lead.mails += 1;
        }
    }

    /// Something comes of a step, at its time; what lies after the last day is not counted.
    pub fn step(&mut self, sent: &Sent<'_>, mark: Mark, at: Instant) {
        if self.day(at).is_none() {
            return;
        }
        if sent.touch.channel == Channel::Email && mark != Mark::Mailed {
            self.mark(sent.number, mark);
        }
        let kind = if sent.touch.channel == Channel::Email { "email" } else { "webhook" };
        self.count_step((&sent.touch.sequence, &sent.touch.step, kind), |step| match mark {
            Mark::Mailed => step.sent += 1,
            Mark::Opened => step.opened += 1,
            Mark::Clicked => step.clicked += 1,
            Mark::Replied => step.replied += 1,
            Mark::Lead | Mark::Enrolled | Mark::Mql | Mark::Sql | Mark::Opportunity | Mark::Customer => {}
        });
        if sent.touch.channel == Channel::Email && mark == Mark::Mailed {
            self.mark(sent.number, Mark::Mailed);
        }
    }

    /// Counts something of a step; one that the files do not have any more is put after those that they have. Alerts belong to none.
    fn count_step(&mut self, (sequence, id, kind): (&str, &str, &'static str), count: impl FnOnce(&mut StepFigures)) {
        let Some(sequence) = self.sequences.get_mut(sequence) else { return };
        let place = sequence.steps.iter().position(|(step, _)| step == id).unwrap_or_else(|| {
            sequence.steps.push((id.to_owned(), StepFigures { kind, ..StepFigures::default() }));
            sequence.steps.len() - 1
        });
        count(&mut sequence.steps[place].1);
    }

    pub fn notice(&mut self, decided: &Decided<'_>) {
        for touch in decided.queued {
            if let Some((sender, day)) = self.sender(touch, touch.first_allowed_at) {
                add(&mut sender.came, day);
            }
        }
        for touch in decided.called_off {
            let at = touch.first_allowed_at.max(decided.now);
            if let Some((sender, day)) = self.sender(touch, at) {
                add(&mut sender.gone, day);
            }
        }
        for row in decided.enrollments {
            if let (Some(exit), Some(sequence)) = (&row.exit, self.sequences.get_mut(&row.sequence)) {
                *sequence.ended.entry(exit.clone()).or_default() += 1;
            }
        }
        for event in decided.events {
            self.hear(decided, &event.what, event.occurred_at);
        }
    }

    fn hear(&mut self, decided: &Decided<'_>, what: &What, at: Instant) {
        let number = decided.number;
        match what {
            What::Enrolled { sequence, .. } => {
                self.mark(number, Mark::Enrolled);
                if let Some(sequence) = self.sequences.get_mut(sequence) {
                    sequence.entered += 1;
                }
            }
            What::Staged { to, .. } => self.staged(number, *to, decided.now),
            What::Task { task, fact, .. } => self.hear_of_task(task, fact, at),
            what => self.hear_of_handoff(decided, what, at),
        }
    }

    fn staged(&mut self, number: usize, to: Stage, now: Instant) {
        let mark = match to {
            Stage::Mql => Mark::Mql,
            Stage::Sql => Mark::Sql,
            Stage::Opportunity => Mark::Opportunity,
            Stage::Customer => Mark::Customer,
            _ => return,
        };
        let first = self.mark(number, mark);
        if let Some(lead) = self.each.get(number).filter(|_| first && mark == Mark::Sql) {
            let days = now.since(lead.arrived_at).0 / Millis::DAY.0;
            self.to_sql.add(usize::try_from(days).unwrap_or(0));
        }
    }

    /// Tells whether it is the first time.
    fn mark(&mut self, number: usize, mark: Mark) -> bool {
        let Some(lead) = self.each.get_mut(number) else { return false };
        let first = lead.marks & mark.bit() == 0;
        lead.marks |= mark.bit();
        if first {
            *self.reached.entry(mark).or_default() += 1;
        }
        first
    }

    /// Closes the book: weeks that were still running count too.
    #[must_use]
    pub fn closed(mut self, decisions: u64) -> Self {
        self.decisions = decisions;
        for lead in &self.each {
            if lead.mails > 0 {
                self.weeks.add(usize::from(lead.mails));
            }
        }
        self
    }

    /// The date of a day, where the workspace is.
    pub fn date(&self, day: usize) -> jiff::civil::Date {
        let first = local::clock(&self.zone, self.start).date();
        local::days_after(first, u32::try_from(day).unwrap_or(u32::MAX))
    }

    pub(super) fn day(&self, at: Instant) -> Option<usize> {
        day_of(&self.zone, (self.start, at)).filter(|day| *day < self.days)
    }

    fn sender(&mut self, touch: &NewTouch, at: Instant) -> Option<(&mut SenderFigures, usize)> {
        let sender = self.senders.get_mut(touch.lane.strip_prefix("mail:")?)?;
        let day = day_of(&sender.zone, (self.start, at))?;
        Some((sender, day))
    }
}

/// The number of the local day since the first.
fn day_of(zone: &TimeZone, (start, at): (Instant, Instant)) -> Option<usize> {
    let first = local::day_number(zone, start);
    usize::try_from(i64::from(local::day_number(zone, at)) - i64::from(first)).ok()
}

fn add(days: &mut [u32], day: usize) {
    if let Some(count) = days.get_mut(day) {
        *count += 1;
    }
}
