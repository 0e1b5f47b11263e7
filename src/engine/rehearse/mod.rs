//! A whole workspace in memory, on a clock that jumps from one due instant to the next: the same `decide`, the same windows, caps and
//! gaps, and no database.
//!
//! ```text
//! agenda ─▶ said ─┐
//! heap ───▶ wake ─┼─▶ decide ─▶ lead, effects ─▶ lanes ─▶ turn ─▶ People::receive ─▶ outcome ─▶ decide
//! lanes ──▶ turn ─┘       └─▶ People::notice ─▶ agenda
//! ```
//! Nothing is rendered and nothing leaves; what comes of a touch, and what is done about it, say the [`People`]. Everything happens in
//! the order of its time, and at one instant in the order in which it was asked for, so the same world with the same people is the same
//! to the last event. A lead for whom nothing is due costs nothing, however long it waits.

mod agenda;
mod before;
mod colleagues;
mod effects;
mod experiments;
mod intakes;
mod lanes;
mod schedules;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use agenda::{Agenda, Said};
use agenda::{Due, Queue};
use colleagues::Colleagues;
use effects::Rows;
use experiments::Experiments;
use intakes::Intakes;
use lanes::Lanes;
use schedules::Schedules;
use waiting::Waiting;

use super::deliver::opens_at;
pub use super::release::today;
use crate::domain::decide::{Ask, Case, Decision, EnrollmentRow, Input, Reply, decide, put_off};
use crate::domain::event::{Actor, Event};
use crate::domain::experiment::{Arm, Key};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::routing::Load;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;
use crate::domain::touch::{NewTouch, Outcome};

/// Whoever gets the touches, and looks on.
pub trait People {
    /// What comes of a touch that leaves now. What is done about it later goes on the agenda.
    fn receive(&mut self, sent: &Sent<'_>, agenda: &mut Agenda) -> Outcome;
    /// One lead was decided.
    fn notice(&mut self, decided: &Decided<'_>, agenda: &mut Agenda);
}

/// A touch that leaves.
pub struct Sent<'a> {
    /// The lead's number in the world.
    pub number: usize,
    pub lead: &'a Lead,
    pub touch: &'a NewTouch,
    pub now: Instant,
}

/// One decision, as those who look on see it.
pub struct Decided<'a> {
    pub number: usize,
    pub lead: &'a Lead,
    pub events: &'a [Event],
    pub reply: &'a Reply,
    /// Where the enrollments stand that it moved.
    pub enrollments: &'a [EnrollmentRow],
    /// Touches that were put in a lane by it.
    pub queued: &'a [NewTouch],
    /// Touches that will never leave because of it.
    pub called_off: &'a [NewTouch],
    pub now: Instant,
}

/// Leads, lanes and what is due.
pub struct World<'p> {
    playbook: &'p Playbook,
    leads: Vec<Option<Box<Lead>>>,
    queue: Queue,
    lanes: Lanes,
    schedules: Schedules<'p>,
    intakes: Intakes<'p>,
    colleagues: Colleagues,
    experiments: Experiments<'p>,
    waiting: Waiting,
    loads: BTreeMap<String, Load>,
    suppressed: BTreeMap<String, Reason>,
    paused: Arc<BTreeSet<String>>,
    stopped_senders: Arc<BTreeSet<String>>,
    now: Instant,
    decisions: u64,
}

impl<'p> World<'p> {
    pub fn new(playbook: &'p Playbook, start: Instant) -> Self {
        let schedules = Schedules::of(playbook);
        let mut queue = Queue::default();
        for (schedule, at) in schedules.first(start) {
            queue.push(at, Due::Tick { schedule });
        }
        Self {
            playbook,
            leads: Vec::new(),
            queue,
            lanes: Lanes::default(),
            schedules,
            intakes: Intakes::of(playbook),
            colleagues: Colleagues::of(playbook),
            experiments: Experiments::of(playbook),
            waiting: Waiting::default(),
            loads: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            paused: Arc::default(),
            stopped_senders: Arc::default(),
            now: start,
            decisions: 0,
        }
    }

    /// Takes in a lead as it is, and gives its number; its next wake is due when it says.
    pub fn add(&mut self, lead: Lead) -> usize {
        let number = self.leads.len();
        if let Some(at) = lead.wake_at {
            self.queue.push(at.max(self.now), Due::Wake { lead: number, wake_at: at });
        }
        self.colleagues.join(&lead, number);
        self.intakes.join(&lead, number, self.now);
        let waits_for_room = !lead.pending.is_empty();
        self.leads.push(Some(Box::new(lead)));
        if waits_for_room {
            self.schedule();
        }
        number
    }

    /// Puts a touch on its lane that a lead already waits for.
    pub fn put(&mut self, number: usize, touch: NewTouch) {
        self.enqueue(number, touch);
    }

    /// The touches that wait in lanes.
    pub fn waiting(&self) -> impl Iterator<Item = &NewTouch> {
        self.waiting.touches()
    }

    /// How many leads wait for room, by sequence.
    pub fn waiting_for_room(&self) -> impl Iterator<Item = (&str, u64)> {
        self.intakes.waiting()
    }

    /// What is counted of experiments by now.
    pub fn counted(&self) -> &BTreeMap<Key, Vec<Arm>> {
        self.experiments.counted()
    }

    /// The experiments that have a winner by now.
    pub fn winners(&self) -> Arc<BTreeMap<Key, String>> {
        self.experiments.winners()
    }

    /// Lets something be said to a lead at its time.
    pub fn say(&mut self, at: Instant, number: usize, said: Said) {
        self.queue.push(at.max(self.now), Due::Said { lead: number, said: Box::new(said) });
    }

    pub fn lead(&self, number: usize) -> Option<&Lead> {
        self.leads.get(number)?.as_deref()
    }

    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How many decisions were made.
    pub const fn decisions(&self) -> u64 {
        self.decisions
    }

    /// When the next thing is due.
    pub fn next(&self) -> Option<Instant> {
        self.queue.next()
    }

    /// Does all that is due up to an instant, that instant included.
    pub fn run(&mut self, until: Instant, people: &mut impl People) {
        while self.step(until, people) {}
        self.now = self.now.max(until);
    }

    /// Does the next thing that is due up to an instant; false when there is none.
    pub fn step(&mut self, until: Instant, people: &mut impl People) -> bool {
        let Some((at, due)) = self.queue.pop(until) else { return false };
        self.now = self.now.max(at);
        match due {
            Due::Said { lead, said } => {
                let Said { ask, source, actor } = *said;
                let input = Input { ask, occurred_at: self.now, source: source.to_owned(), actor };
                self.decide(lead, &input, people);
            }
            Due::Wake { lead, wake_at } => {
                if self.lead(lead).is_some_and(|lead| lead.wake_at == Some(wake_at)) {
                    let input = Input::wake(self.now);
                    self.decide(lead, &input, people);
                }
            }
            Due::Turn { lane } => self.turn(lane, at, people),
            Due::Admit => self.admit(people),
            Due::Tick { schedule } => self.tick(schedule, at, people),
        }
        true
    }

    /// Lets all leads that are known enter whose segment holds, one after the other.
    fn tick(&mut self, schedule: usize, at: Instant, people: &mut impl People) {
        for number in 0..self.leads.len() {
            let wants =
                self.lead(number).is_some_and(|lead| self.schedules.wants(schedule, lead, self.playbook, self.now));
            if let Some(input) = wants.then(|| self.schedules.input(schedule, at)).flatten() {
                self.decide(number, &input, people);
            }
        }
        if let Some(next) = self.schedules.next(schedule, at) {
            self.queue.push(next, Due::Tick { schedule });
        }
    }

    /// Lets those in who wait for room: the larger priority first, then who came first.
    fn admit(&mut self, people: &mut impl People) {
        for (number, sequence) in self.intakes.let_in(self.now) {
            let ask = Ask::Admit { sequence };
            let input = Input { ask, occurred_at: self.now, source: "engine".to_owned(), actor: Actor::System };
            self.decide(number, &input, people);
        }
    }

    /// Lets a lane take what its cap and its gap allow now.
    fn turn(&mut self, lane: usize, at: Instant, people: &mut impl People) {
        for id in self.lanes.take(lane, at, self.now) {
            let Some((number, touch)) = self.waiting.get(&id).map(|(number, touch)| (*number, touch.clone())) else {
                continue;
            };
            if let Some(outcome) = self.put_off(number, &touch) {
                self.lanes.give_back(lane, self.now);
                self.comes_back(number, &touch, outcome, people);
                continue;
            }
            let opens = self.lead(number).and_then(|lead| opens_at(self.playbook, lead, &touch.version, self.now));
            if let Some(opens) = opens.filter(|opens| *opens > self.now) {
                self.lanes.give_back(lane, self.now);
                self.lanes.insert(&touch.lane, (touch.rank, opens, id), &self.playbook.settings);
                continue;
            }
            self.leave(number, &touch, people);
        }
        self.schedule();
    }

    /// A touch leaves, and its lead hears what came of it.
    fn leave(&mut self, number: usize, touch: &NewTouch, people: &mut impl People) {
        let mut agenda = Agenda::default();
        let Some(lead) = self.lead(number) else { return };
        let outcome = people.receive(&Sent { number, lead, touch, now: self.now }, &mut agenda);
        self.comes_back(number, touch, outcome, people);
        self.note(agenda);
    }

    /// The lead hears what came of a touch.
    fn comes_back(&mut self, number: usize, touch: &NewTouch, outcome: Outcome, people: &mut impl People) {
        match &outcome {
            Outcome::Deferred { until, .. } => {
                self.lanes.insert(&touch.lane, (touch.rank, *until, touch.id.clone()), &self.playbook.settings);
            }
            // It stands until somebody requeues it.
            Outcome::Held { .. } => {}
            Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. } | Outcome::Expired => {
                self.waiting.remove(&touch.id);
            }
        }
        let ask = Ask::Touched {
            touch: touch.id.clone(),
            enrollment: touch.enrollment.clone(),
            step: touch.step.clone(),
            outcome,
        };
        let source = if touch.lane.starts_with("hook:") { "webhook" } else { "smtp" };
        let input = Input { ask, occurred_at: self.now, source: source.to_owned(), actor: Actor::System };
        self.decide(number, &input, people);
    }

    /// What keeps a touch from leaving because a colleague of its lead replied.
    fn put_off(&self, number: usize, touch: &NewTouch) -> Option<Outcome> {
        let lead = self.lead(number)?;
        let reply = self.colleagues.of_another(lead)?;
        put_off((lead, touch.enrollment.as_ref()?), &reply, self.playbook, self.now)
    }

    fn decide(&mut self, number: usize, input: &Input, people: &mut impl People) {
        let Some(lead) = self.leads.get_mut(number).and_then(Option::take) else { return };
        let was = lead.wake_at;
        let suppressed = [lead.address.as_str(), lead.address.domain()];
        let suppressed = suppressed.iter().find_map(|target| self.suppressed.get(*target)).copied();
        let (winners, paused_sequences) = (self.experiments.winners(), Arc::clone(&self.paused));
        let colleague = self.colleagues.of_another(&lead);
        let mut case = Case {
            lead: *lead,
            suppressed,
            loads: None,
            intakes: None,
            winners,
            paused_sequences,
            stopped_senders: Arc::default(),
            colleague,
        };
        let mut decision = decide(&case, input, self.playbook, self.now);
        self.decisions += 1;
        // Each may be asked for once, in either order.
        for _ in 0..2 {
            match decision.reply {
                Reply::NeedsLoads => case.loads = Some(self.loads.clone()),
                Reply::NeedsIntakes => case.intakes = Some(self.intakes.now(self.now)),
                _ => break,
            }
            decision = decide(&case, input, self.playbook, self.now);
        }
        let Decision { lead, events, effects, reply } = decision;
        let mut rows = Rows::default();
        if let Some(at) = lead.wake_at.filter(|at| Some(*at) != was || matches!(input.ask, Ask::Wake)) {
            self.queue.push(at.max(self.now), Due::Wake { lead: number, wake_at: at });
        }
        self.leads[number] = Some(Box::new(lead));
        for effect in effects {
            self.apply(number, effect, &mut rows);
        }
        self.schedule();
        let mut agenda = Agenda::default();
        if let Some(lead) = self.lead(number) {
            let Rows { queued, called_off, enrollments } = &rows;
            let decided = Decided {
                number,
                lead,
                events: &events,
                reply: &reply,
                enrollments,
                queued,
                called_off,
                now: self.now,
            };
            people.notice(&decided, &mut agenda);
        }
        self.note(agenda);
    }

    /// Lets lanes whose turn moved come to it.
    fn schedule(&mut self) {
        for (lane, at) in self.lanes.turns(self.now) {
            self.queue.push(at, Due::Turn { lane });
        }
        if let Some(at) = self.intakes.next(self.now) {
            self.queue.push(at, Due::Admit);
        }
    }

    /// Lets all that people mean to do be done at its time.
    pub fn note(&mut self, agenda: Agenda) {
        for (at, number, said) in agenda.0 {
            self.say(at, number, said);
        }
    }
}
