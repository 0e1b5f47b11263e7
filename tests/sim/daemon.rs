//! One daemon of a run: an engine, what it has in hand, and what waits in the middle of something.

use super::watch::{Crash, Go, Guard};
use futures_util::FutureExt;
use overture::domain::time::Instant;
use overture::engine::{Answer, Carried, Claimed, Engine, Line};
use overture::store::StoreError;
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;

pub type Failed = Arc<StoreError>;

/// What came of something an engine did.
pub enum Out {
    Woken(Result<usize, Failed>),
    Claimed(String, Result<Vec<Claimed>, Failed>),
    Carried(Box<Claimed>, Result<Carried, Failed>, Line),
    /// What was to be stored goes on to be tried where that failed.
    Settled(Box<(Claimed, Carried)>, Result<(), Failed>),
    /// Facts by their numbers.
    Told(Vec<usize>, Result<Vec<Answer>, Failed>),
    /// Facts, each with an answer of its own.
    Burst(Vec<(usize, Result<Vec<Answer>, Failed>)>),
    /// Something an operator asked for, by its number.
    Ordered(usize, Result<(), Failed>),
    /// All leases that were over at an instant were looked at.
    Kept(Instant, Result<usize, Failed>),
}

/// Something under way: what comes out, or what it unwound with.
pub type Task = Pin<Box<dyn Future<Output = Result<Out, Box<dyn Any + Send>>>>>;

pub fn task(work: impl Future<Output = Out> + 'static) -> Task {
    Box::pin(AssertUnwindSafe(work).catch_unwind())
}

/// How far a task came.
pub enum Fate {
    Done(Box<Out>),
    Parked,
    Crashed,
}

impl Fate {
    /// What came out; a crash is one that was asked for, all else is a fault of the program.
    pub fn of(ended: Result<Out, Box<dyn Any + Send>>) -> Self {
        match ended {
            Ok(out) => Self::Done(Box::new(out)),
            Err(why) if why.is::<Crash>() => Self::Crashed,
            Err(why) => resume_unwind(why),
        }
    }
}

/// What waits, and what lets it go on.
pub struct Parked {
    pub task: Task,
    pub go: Go,
    /// It waits before a transaction, and whoever else wants to write waits behind it.
    pub in_the_way: bool,
}

pub struct Daemon {
    pub engine: Arc<Engine>,
    pub guard: Arc<Guard>,
    pub lines: BTreeMap<String, Line>,
    /// Claimed, and not begun.
    pub hand: VecDeque<Claimed>,
    /// Carried, and not stored.
    pub carried: VecDeque<(Claimed, Carried)>,
    pub parked: VecDeque<Parked>,
}

impl Daemon {
    pub fn new(engine: Engine, guard: Arc<Guard>) -> Self {
        let (hand, carried, parked) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { engine: Arc::new(engine), guard, lines: BTreeMap::new(), hand, carried, parked }
    }

    /// What must go on before anything else can.
    pub fn in_the_way(&mut self) -> Option<Parked> {
        let place = self.parked.iter().position(|parked| parked.in_the_way)?;
        self.parked.remove(place)
    }
}
