//! What is counted while it is played: by day, by step, by rep and by lead, never event by event.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::series::Histogram;
use super::tried::Tried;
use crate::domain::calendar::{Calendar, local, zone_named};
use crate::domain::event::What;
use crate::domain::handoff::Met;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::stage::Stage;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Channel, NewTouch};
use crate::engine::rehearse::{Decided, Sent};

/// Working minutes to an answer that are told apart.
const MINUTES: usize = 24 * 60;
/// Mails in one week that are told apart.
const MAILS: usize = 14;

/// How far a lead came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Lead,
    Enrolled,
    Mailed,
    Opened,
    Clicked,
    Replied,
    Mql,
    Sql,
    Opportunity,
    Customer,
}

impl Mark {
    pub const ALL: [Self; 10] = [
        Self::Lead,
        Self::Enrolled,
        Self::Mailed,
        Self::Opened,
        Self::Clicked,
        Self::Replied,
        Self::Mql,
        Self::Sql,
        Self::Opportunity,
        Self::Customer,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "leads",
            Self::Enrolled => "enrolled",
            Self::Mailed => "mailed",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Mql => "MQL",
            Self::Sql => "SQL",
            Self::Opportunity => "opportunity",
            Self::Customer => "customer",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

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
    /// Weeks of a lead in which it got so many mails.
    pub weeks: Histogram,
    /// Days from a lead's arrival until it was SQL.
    pub to_sql: Histogram,
    each: Vec<OfLead>,
    open: BTreeMap<usize, Open>,
}

#[derive(Clone, Debug, Default)]
struct OfLead {
    marks: u16,
    week: u16,
    mails: u16,
    arrived_at: Instant,
}

/// A handoff that is open.
#[derive(Clone, Debug)]
struct Open {
    rep: String,
    opened_at: Instant,
    answered: bool,
}

#[derive(Clone, Debug)]
pub struct SenderFigures {
    pub limit: Option<u32>,
    zone: TimeZone,
    /// Mails that left, by day.
    pub sent: Vec<u32>,
    /// Mails that might have left from that day on, by day.
    pub came: Vec<u32>,
    /// Mails that left or were called off, by day.
    pub gone: Vec<u32>,
}

#[derive(Clone, Debug, Default)]
pub struct SequenceFigures {
    pub title: String,
    pub entered: u64,
    pub ended: BTreeMap<String, u64>,
    /// By step, in the order of the file.
    pub steps: Vec<(String, StepFigures)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepFigures {
    pub sent: u64,
    pub opened: u64,
    pub clicked: u64,
    pub replied: u64,
}

#[derive(Clone, Debug)]
pub struct RepFigures {
    pub name: String,
    calendar: Option<Calendar>,
    pub handoffs: u64,
    /// By day.
    pub by_day: Vec<u32>,
    /// Handoffs by weekday from Monday and hour, of the rep's zone.
    pub by_hour: Vec<[u64; 24]>,
    /// Hours that clocks ran, by weekday and hour.
    pub clock_hours: Vec<[u64; 24]>,
    pub in_time: u64,
    pub late: u64,
    pub breached: u64,
    /// Closed without an answer.
    pub unanswered: u64,
    pub open: u64,
    pub most_open: u64,
    /// Working minutes from the handoff to the answer.
    pub minutes: Histogram,
}

impl Figures {
    pub fn new(playbook: &Playbook, leads: usize, (start, days, zone): (Instant, u32, TimeZone)) -> Self {
        let days = days as usize;
        let settings = &playbook.settings;
        let sender = |(name, sender): (&String, &crate::domain::playbook::Sender)| {
            let zone = zone_named(&sender.zone).unwrap_or(TimeZone::UTC);
            let none = || vec![0; days];
            (name.clone(), SenderFigures { limit: sender.per_day, zone, sent: none(), came: none(), gone: none() })
        };
        let sequences = playbook.sequences.values().map(|sequence| {
            let mails = sequence.steps.iter().filter(|step| matches!(step.act.kind(), "email" | "webhook"));
            let steps = mails.map(|step| (step.id.clone(), StepFigures::default())).collect();
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
            senders: settings.senders.iter().map(sender).collect(),
            sequences: sequences.collect(),
            reps: reps.collect(),
            experiments: Vec::new(),
            weeks: Histogram::new(MAILS),
            to_sql: Histogram::new(days),
            each: vec![OfLead::default(); leads],
            open: BTreeMap::new(),
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
    }

    /// A touch leaves.
    pub fn leaves(&mut self, sent: &Sent<'_>) {
        self.step(sent, Mark::Mailed, sent.now);
        if sent.touch.channel != Channel::Email {
            return;
        }
        if let Some((sender, day)) = self.sender(sent.touch, sent.now) {
            add(&mut sender.sent, day);
            add(&mut sender.gone, day);
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
        let sequence = self.sequences.get_mut(&sent.touch.sequence);
        let steps = sequence.map(|sequence| sequence.steps.as_mut_slice()).unwrap_or_default();
        let Some((_, step)) = steps.iter_mut().find(|(id, _)| *id == sent.touch.step) else { return };
        match mark {
            Mark::Mailed => step.sent += 1,
            Mark::Opened => step.opened += 1,
            Mark::Clicked => step.clicked += 1,
            Mark::Replied => step.replied += 1,
            Mark::Lead | Mark::Enrolled | Mark::Mql | Mark::Sql | Mark::Opportunity | Mark::Customer => {}
        }
        if sent.touch.channel == Channel::Email && mark == Mark::Mailed {
            self.mark(sent.number, Mark::Mailed);
        }
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
            What::HandoffOpened { handoff } => {
                let day = self.day(decided.now);
                if let Some(rep) = self.reps.get_mut(&handoff.rep) {
                    rep.opens(decided.now, day);
                }
                self.open.insert(number, Open { rep: handoff.rep.clone(), opened_at: decided.now, answered: false });
            }
            What::SlaBreached { .. } => {
                if let Some(rep) = self.open.get(&number).and_then(|open| self.reps.get_mut(&open.rep)) {
                    rep.breached += 1;
                }
            }
            What::Answered { met, .. } => {
                if let Some(open) = self.open.get_mut(&number).filter(|open| !open.answered)
                    && let Some(rep) = self.reps.get_mut(&open.rep)
                {
                    open.answered = true;
                    rep.answers(open.opened_at, at.max(open.opened_at), *met);
                }
            }
            What::HandoffClosed { .. } => {
                if let Some(open) = self.open.remove(&number)
                    && let Some(rep) = self.reps.get_mut(&open.rep)
                {
                    rep.open = rep.open.saturating_sub(1);
                    if !open.answered {
                        rep.unanswered += 1;
                        rep.run(open.opened_at, decided.now);
                    }
                }
            }
            _ => {}
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

    fn day(&self, at: Instant) -> Option<usize> {
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

impl SenderFigures {
    /// Mails that might have left and had not, at the end of each day.
    pub fn waiting(&self) -> Vec<u64> {
        let mut waiting = 0_u64;
        let days = self.came.iter().zip(&self.gone);
        days.map(|(came, gone)| {
            waiting = (waiting + u64::from(*came)).saturating_sub(u64::from(*gone));
            waiting
        })
        .collect()
    }

    /// The day from which what waits never comes to nothing again, if by the end it is more than one day may send.
    pub fn grows_from(&self) -> Option<usize> {
        let waiting = self.waiting();
        let last = waiting.last().copied().unwrap_or(0);
        let limit = u64::from(self.limit?);
        let empty = waiting.iter().rposition(|waiting| *waiting == 0);
        (last > limit).then(|| empty.map_or(0, |day| day + 1))
    }

    pub fn total(&self) -> u64 {
        self.sent.iter().copied().map(u64::from).sum()
    }
}

impl RepFigures {
    fn new(name: String, calendar: Option<Calendar>, days: usize) -> Self {
        Self {
            name,
            calendar,
            handoffs: 0,
            by_day: vec![0; days],
            by_hour: vec![[0; 24]; 7],
            clock_hours: vec![[0; 24]; 7],
            in_time: 0,
            late: 0,
            breached: 0,
            unanswered: 0,
            open: 0,
            most_open: 0,
            minutes: Histogram::new(MINUTES),
        }
    }

    fn opens(&mut self, now: Instant, day: Option<usize>) {
        self.handoffs += 1;
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
        if let Some(day) = day {
            add(&mut self.by_day, day);
        }
        let (weekday, hour) = self.place(now);
        self.by_hour[weekday][hour] += 1;
    }

    fn answers(&mut self, opened_at: Instant, at: Instant, met: Met) {
        match met {
            Met::InTime | Met::NoClock => self.in_time += 1,
            Met::Late => self.late += 1,
        }
        let working =
            self.calendar.as_ref().map_or(at.since(opened_at), |calendar| calendar.working_between(opened_at, at));
        self.minutes.add(usize::try_from(working.0 / Millis::MINUTE.0).unwrap_or(0));
        self.run(opened_at, at);
    }

    /// Counts the hours in which a clock ran, open hours alone.
    fn run(&mut self, from: Instant, to: Instant) {
        let mut at = from;
        while at < to {
            let open = self.calendar.as_ref().and_then(|calendar| calendar.next_open(at)).unwrap_or(at);
            if open >= to {
                return;
            }
            let (weekday, hour) = self.place(open);
            self.clock_hours[weekday][hour] += 1;
            at = open + Millis::HOUR;
        }
    }

    fn place(&self, at: Instant) -> (usize, usize) {
        let utc = TimeZone::UTC;
        let clock = local::clock(self.calendar.as_ref().map_or(&utc, Calendar::zone), at);
        let weekday = usize::try_from(clock.weekday().to_monday_zero_offset()).unwrap_or(0);
        (weekday, usize::try_from(clock.hour()).unwrap_or(0))
    }
}
