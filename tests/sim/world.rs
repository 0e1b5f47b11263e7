//! Plays a run: engines over one store, a relay, people, and a clock that goes only when the run says so.

use super::daemon::{Daemon, Fate, Out, Parked, Task, task};
use super::house::{House, LANES};
use super::model::Model;
use super::notes::{Ban, Notes, Tried};
use super::receiver::Receiver;
use super::relay::Relay;
use super::step::{Mood, Step, Trace};
use super::watch::{Bell, Guard};
use overture::clock::Clock;
use overture::domain::address::EmailAddress;
use overture::domain::time::{Instant, Millis};
use overture::engine::{Protection, Target};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Monday, 5 January 2026, 00:00 in UTC.
const MONDAY: Instant = Instant(1_767_571_200_000);
/// Rounds of work within one step; more would be a circle.
const ROUNDS: usize = 60;

pub struct World {
    pub house: House,
    pub trace: Trace,
    pub relay: Relay,
    pub receiver: Receiver,
    pub notes: Notes,
    pub model: Model,
    pub daemons: Vec<Option<Daemon>>,
    /// What operators asked to be forbidden.
    pub orders: Vec<Ban>,
    bell: Arc<Bell>,
    hand: Arc<AtomicI64>,
    lives: u64,
    lacks: Option<Protection>,
    /// The store may fail: whoever asked it for something is told, and asks again.
    pub weak: bool,
    /// Whether each step is told with what it changed.
    pub verbose: bool,
}

impl World {
    /// On SQLite, or on an empty PostgreSQL if one is given.
    pub async fn new(postgres: Option<&str>, trace: Trace, lacks: Option<Protection>) -> Self {
        let hand = Arc::new(AtomicI64::new((MONDAY + Millis::HOUR.times(trace.knobs.start_hour)).0));
        let bell = Arc::new(Bell::default());
        let relay = Relay::new(Clock::Manual(Arc::clone(&hand)), Arc::clone(&bell), trace.knobs.pipelining);
        let house = House::new(&trace.knobs, relay.clock.now(), postgres).await;
        let daemons = (0..trace.knobs.engines).map(|_| None).collect();
        let (receiver, notes, model) = (Receiver::new(), Notes::default(), Model::default());
        let orders = Vec::new();
        let weak = trace.steps.iter().any(|step| matches!(step, Step::Doubt { .. }));
        Self {
            house,
            trace,
            relay,
            receiver,
            notes,
            model,
            daemons,
            orders,
            bell,
            hand,
            lives: 0,
            lacks,
            weak,
            verbose: false,
        }
    }

    pub fn now(&self) -> Instant {
        self.relay.clock.now()
    }

    pub fn address(who: usize) -> EmailAddress {
        EmailAddress::parse(&format!("person{who}@company{who}.example")).expect("a made-up address is one")
    }

    pub fn person(&self, who: usize) -> usize {
        who % self.trace.knobs.people
    }

    pub fn target(who: usize, create: bool) -> Target {
        Target::Address { address: Self::address(who), create }
    }

    /// Plays all steps, and stops at the first thing that should not have happened.
    pub async fn play(&mut self) {
        for (number, step) in self.trace.steps.clone().into_iter().enumerate() {
            self.notes.step = number;
            self.relay.begins(number);
            let said = self.verbose.then(|| format!("{number} {} {step:?}", self.now()));
            self.take_until_stored(step).await;
            self.look().await;
            if let Some(said) = said {
                println!("{said}{}", self.model.news());
            }
            if !self.notes.broken.is_empty() {
                return;
            }
        }
        self.end().await;
    }

    /// Takes a step; where the store failed, whoever was told so asks again.
    async fn take_until_stored(&mut self, step: Step) {
        let before = self.notes.failures;
        self.take(step.clone()).await;
        if self.notes.failures > before && self.weak {
            let facts = matches!(
                step,
                Step::Tell { .. }
                    | Step::Enroll { .. }
                    | Step::Batch { .. }
                    | Step::Move { .. }
                    | Step::Act { .. }
                    | Step::Release { .. }
                    | Step::Merge { .. }
            );
            self.take(if facts { Step::Again { engine: 0 } } else { step }).await;
        }
    }

    /// Holds the store against the model.
    pub async fn look(&mut self) {
        // The relay writes down what it has read.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        let (mails, calls) = (self.relay.mails(), self.receiver.calls());
        self.model.look(&self.house, (&mails, &calls), &mut self.notes).await;
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Pass(length) => self.pass(Millis(length)).await,
            Step::Next => self.go_to_next().await,
            Step::Downtime(hours) => {
                (0..self.daemons.len()).for_each(|engine| self.die(engine));
                self.pass(Millis::HOUR.times(hours)).await;
            }
            Step::Back(length) => {
                self.notes.era += 1;
                self.pass(Millis(-length)).await;
            }
            Step::Wake { engine } => self.wake(engine).await,
            Step::Claim { engine, lane, wanted } => self.claim_some(engine, lane, wanted).await,
            Step::Carry { engine, script, settle } => {
                let number = self.number(engine);
                if self.daemon(engine).await.hand.is_empty() {
                    self.claim_some(engine, 0, 3).await;
                }
                self.relay.plan(number, Some(script));
                self.carry(engine, settle).await;
                self.relay.plan(number, None);
            }
            Step::Settle { engine } => drop(self.settle(engine).await),
            Step::Go { engine } => self.go_on(engine).await,
            Step::Keep { engine } => self.keep(engine).await,
            Step::Crash { engine } => {
                let engine = self.number(engine);
                self.die(engine);
            }
            Step::Arm { engine, place, nth } => self.daemon(engine).await.guard.arm(place, nth),
            Step::Hold { engine, nth } => self.daemon(engine).await.guard.hold(nth),
            Step::Doubt { engine, nth } => self.house.of(self.number(engine)).faults().lose_answer(Some(nth.into())),
            Step::Work { engine } => self.work(engine).await,
            Step::Mood(mood) => self.relay.set_mood(mood),
            Step::CallMood(mood) => self.receiver.set_mood(mood),
            other => self.people(other).await,
        }
    }

    pub async fn pass(&mut self, length: Millis) {
        self.hand.fetch_add(length.0, Ordering::SeqCst);
        let now = self.now();
        self.house.set_clock(now).await;
    }

    /// When something is due next, if anything is.
    pub async fn next(&self) -> Option<Instant> {
        let store = &self.house.store;
        let wake = store.next_wake().await.expect("the store answers");
        let ready = store.next_ready(self.now()).await.expect("the store answers");
        wake.into_iter().chain(ready).min()
    }

    async fn go_to_next(&mut self) {
        if let Some(next) = self.next().await {
            let length = next.since(self.now()).0.clamp(1_000, Millis::DAY.0 * 3);
            self.pass(Millis(length)).await;
        }
    }

    pub fn number(&self, engine: usize) -> usize {
        engine % self.daemons.len()
    }

    /// The daemon of a number, started if it is not there, with nothing in its way.
    pub async fn daemon(&mut self, engine: usize) -> &mut Daemon {
        let number = self.number(engine);
        for _ in 0..2 {
            self.start(number).await;
            while let Some(parked) = self.daemons[number].as_mut().and_then(Daemon::in_the_way) {
                drop(parked.go);
                self.drive(number, parked.task).await;
            }
        }
        self.daemons[number].as_mut().expect("a daemon was started")
    }

    async fn start(&mut self, number: usize) {
        if self.daemons[number].is_some() {
            return;
        }
        self.lives += 1;
        let guard = Guard::new(Arc::clone(&self.bell), self.lacks);
        let seed = self.trace.seed.wrapping_mul(1_000_003) + self.lives;
        let engine = self.house.engine((&self.relay, &self.receiver), Arc::clone(&guard), (number, seed));
        if self.daemons.len() == 1 {
            // A single process takes over all that its forerunner left.
            loop {
                match engine.recover(Instant::NEVER).await {
                    Ok(0) => break,
                    Err(error) if !self.weak => panic!("the store answers: {error}"),
                    Err(_) => self.notes.failures += 1,
                    Ok(_) => {}
                }
            }
        }
        self.daemons[number] = Some(Daemon::new(engine, guard));
    }

    /// A daemon is gone from one moment to the next.
    pub fn die(&mut self, number: usize) {
        if self.daemons[number].take().is_some() {
            self.notes.crashes += 1;
        }
        self.relay.plan(number, None);
        while self.relay.stalled(number).is_some() {}
    }

    /// Lets a task go on until it ends, waits, or takes its daemon with it. Says whether it ended.
    pub async fn drive(&mut self, number: usize, mut task: Task) -> bool {
        loop {
            self.bell.silence();
            let fate = tokio::select! {
                biased;
                ended = &mut task => Fate::of(ended),
                () = self.bell.rings() => Fate::Parked,
            };
            match fate {
                Fate::Done(out) => {
                    self.absorb(number, *out);
                    return true;
                }
                Fate::Crashed => {
                    drop(task);
                    self.die(number);
                    return false;
                }
                Fate::Parked => {
                    let daemon = self.daemons[number].as_mut().expect("it is at work");
                    let (stalled, waiting) = (self.relay.stalled(number), daemon.guard.waiting());
                    let in_the_way = stalled.is_none();
                    if let Some(go) = stalled.or(waiting) {
                        daemon.parked.push_back(Parked { task, go, in_the_way });
                        return false;
                    }
                }
            }
        }
    }

    async fn wake(&mut self, engine: usize) {
        let engine_of = Arc::clone(&self.daemon(engine).await.engine);
        let number = self.number(engine);
        self.drive(number, task(async move { Out::Woken(engine_of.wake(engine_of.now()).await) })).await;
    }

    /// Claims from a lane that has work, if one has, else from any.
    async fn claim_some(&mut self, engine: usize, lane: usize, wanted: usize) {
        let open = self.house.store.open_lanes(self.now()).await.expect("the store answers");
        let lane = if open.is_empty() { LANES[lane % LANES.len()] } else { &open[lane % open.len()] };
        self.claim(engine, lane, wanted).await;
    }

    async fn claim(&mut self, engine: usize, lane: &str, wanted: usize) {
        let (of, lane) = (Arc::clone(&self.daemon(engine).await.engine), lane.to_owned());
        let number = self.number(engine);
        let work = async move {
            let claimed = of.claim(&lane, wanted).await;
            Out::Claimed(lane, claimed)
        };
        self.drive(number, task(work)).await;
    }

    /// Carries what has been in hand longest.
    async fn carry(&mut self, engine: usize, settle: bool) -> bool {
        let (number, now) = (self.number(engine), self.now());
        let daemon = self.daemon(engine).await;
        let Some(claimed) = daemon.hand.pop_front() else { return true };
        let of = Arc::clone(&daemon.engine);
        let kept = daemon.lines.remove(&claimed.row.lane);
        let mut line = kept.unwrap_or_else(|| of.line(&claimed.row.lane));
        self.notes.tried.push(Tried { engine: number, touch: claimed.row.id.clone(), began_at: now });
        let work = async move {
            let carried = of.attempt(&claimed, &mut line).await;
            Out::Carried(Box::new(claimed), carried, line)
        };
        let done = self.drive(number, task(work)).await;
        if done && settle { self.settle(engine).await } else { done }
    }

    /// Stores the outcome that has waited longest.
    pub async fn settle(&mut self, engine: usize) -> bool {
        let number = self.number(engine);
        let daemon = self.daemon(engine).await;
        let Some((claimed, carried)) = daemon.carried.pop_front() else { return true };
        let of = Arc::clone(&daemon.engine);
        let work = async move {
            let done = of.settle(&claimed, &carried).await;
            Out::Settled(Box::new((claimed, carried)), done)
        };
        self.drive(number, task(work)).await
    }

    /// Lets go on what waits longest; first what waits before a transaction, since all else would wait behind it.
    pub async fn go_on(&mut self, engine: usize) {
        let number = self.number(engine);
        let next = |daemon: &mut Daemon| daemon.in_the_way().or_else(|| daemon.parked.pop_front());
        if let Some(parked) = self.daemons[number].as_mut().and_then(next) {
            drop(parked.go);
            self.drive(number, parked.task).await;
        }
    }

    pub async fn keep(&mut self, engine: usize) {
        let of = Arc::clone(&self.daemon(engine).await.engine);
        let number = self.number(engine);
        let work = async move {
            if let Err(error) = of.renew().await {
                return Out::Kept(of.now(), Err(error));
            }
            let now = of.now();
            Out::Kept(now, of.recover(now).await)
        };
        self.drive(number, task(work)).await;
    }

    /// Does all that is due, as one courier after the other would.
    pub async fn work(&mut self, engine: usize) {
        for _ in 0..ROUNDS {
            let now = self.now();
            let of = Arc::clone(&self.daemon(engine).await.engine);
            let number = self.number(engine);
            let (due, before) = (of.store.next_wake().await.expect("the store answers"), self.notes.crashes);
            if due.is_some_and(|due| due <= now) {
                self.wake(engine).await;
            }
            let lanes = of.open_lanes(now).await.expect("the store answers");
            for lane in &lanes {
                self.claim(engine, lane, 32).await;
                while self.daemons[number].as_ref().is_some_and(|daemon| !daemon.hand.is_empty()) {
                    if !self.carry(engine, true).await {
                        return;
                    }
                }
            }
            let idle = lanes.is_empty() && due.is_none_or(|due| due > now);
            if idle || self.notes.crashes > before {
                return;
            }
        }
    }

    /// All is well from here on.
    pub fn heal(&mut self) {
        self.relay.set_mood(Mood::Up);
        self.receiver.set_mood(Mood::Up);
        (0..2).for_each(|number| self.house.of(number).faults().lose_answer(None));
        for daemon in self.daemons.iter().flatten() {
            daemon.guard.relent();
        }
    }
}
