//! The engine without its daemon, on a clock that the test sets: for what takes days, and for clocks that misbehave.

use crate::support::workspace::Workspace;
use overture::channel::smtp::Timeouts;
use overture::clock::Clock;
use overture::config;
use overture::daemon::{Assembled, assemble};
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::event::Actor;
use overture::domain::time::Instant;
use overture::engine::{Answer, Engine, FailPoints, Target};
use overture::store::Access;
use overture::store::reports::{TouchRow, Touches};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

pub struct Bench {
    runtime: Runtime,
    engine: Engine,
    hand: Arc<AtomicI64>,
    workspace: Workspace,
}

impl Bench {
    /// An engine in a workspace, at an instant such as `2026-03-27T09:00:00Z`.
    pub fn at(start: &str, workspace: Workspace) -> Self {
        // TLS has one implementation in this program, chosen by whoever starts it.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let runtime = Runtime::new().expect("a runtime starts");
        let loaded =
            config::load(workspace.path(), &config::Environment::new()).expect("the workspace has no mistakes");
        let assembled = runtime.block_on(assemble(&loaded, Access::Write, FailPoints::default()));
        let Assembled { engine, .. } = assembled.expect("the engine is put together");
        let mut engine = Arc::into_inner(engine).expect("nobody else has it yet");
        let hand = Arc::new(AtomicI64::new(instant(start).0));
        engine.clock = Clock::Manual(Arc::clone(&hand));
        Self { runtime, engine, hand, workspace }
    }

    /// The files it runs.
    pub const fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Does all that is to be done up to an instant.
    pub fn until(&self, later: Instant) {
        self.work();
        while let Some(next) = self.next().filter(|next| *next <= later) {
            self.set(next.max(self.now()));
            self.work();
        }
        self.set(later);
    }

    /// The engine, for what has no verb here, and a way to wait for it.
    pub fn with<R>(&self, work: impl AsyncFnOnce(&Engine) -> R) -> R {
        self.runtime.block_on(work(&self.engine))
    }

    /// Waits for mail servers no longer than this, in real time.
    pub fn impatient(mut self, patience: Duration) -> Self {
        self.engine.ways.timeouts = Timeouts {
            connect: patience,
            command: patience,
            data: patience,
            block: patience,
            final_dot: patience,
            quit: patience,
        };
        self
    }

    /// Claims that nobody holds from the moment they are made, as when their holder is gone for long.
    pub fn without_leases(mut self) -> Self {
        self.engine.ways.lease = Duration::ZERO;
        self
    }

    /// The first touch of a step.
    pub fn touch(&self, step: &str) -> TouchRow {
        self.touches().into_iter().find(|touch| touch.step == step).expect("the step has a touch")
    }

    pub fn now(&self) -> Instant {
        self.engine.now()
    }

    /// Sets the clock, backward too.
    pub fn set(&self, to: Instant) {
        self.hand.store(to.0, Ordering::SeqCst);
    }

    /// Asks something of a lead, which is made if it is not known.
    pub fn ask(&self, address: &str, ask: Ask) {
        let address = EmailAddress::parse(address).expect("an address of the test is good");
        let unit = self.engine.by_hand(Target::Address { address, create: true }, ask, "test");
        let answers = self.runtime.block_on(self.engine.record(vec![unit])).expect("the store answers");
        assert!(matches!(answers[0], Answer::Done { .. } | Answer::Enrolled { .. }), "{answers:?}");
    }

    /// The same, done by the person the lead is.
    pub fn ask_as_person(&self, address: &str, ask: Ask) {
        let address = EmailAddress::parse(address).expect("an address of the test is good");
        let mut unit = self.engine.by_hand(Target::Address { address, create: true }, ask, "test");
        unit.input.actor = Actor::Human;
        let answers = self.runtime.block_on(self.engine.record(vec![unit])).expect("the store answers");
        assert!(matches!(answers[0], Answer::Done { .. }), "{answers:?}");
    }

    /// Does all that is to be done at this instant.
    pub fn work(&self) {
        self.runtime.block_on(async {
            loop {
                let woken = self.engine.wake(self.engine.now()).await.expect("the store answers");
                let carried = self.engine.deliver_once(self.engine.now()).await.expect("the store answers");
                if woken + carried == 0 {
                    return;
                }
            }
        });
    }

    /// When something is to be done next.
    pub fn next(&self) -> Option<Instant> {
        self.runtime.block_on(async {
            let wake = self.engine.next_wake(self.engine.now()).await.expect("the store answers");
            let ready = self.engine.store.next_ready(self.engine.now()).await.expect("the store answers");
            wake.into_iter().chain(ready).min()
        })
    }

    /// The enrollments in sequences, each as its name and state.
    pub fn enrollments(&self, sequences: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        for sequence in sequences {
            let reports = self.engine.store.reports();
            let page = reports.enrollments_of_sequence(sequence, false, None, 500);
            let page = self.runtime.block_on(page).expect("the store answers");
            all.extend(page.rows.iter().map(|row| format!("{} {}", row.sequence, row.state)));
        }
        all
    }

    /// The states of all enrollments there ever were in a sequence, by state.
    pub fn all(&self, sequence: &str) -> Vec<String> {
        let (mut states, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let reports = self.engine.store.reports();
            let page = reports.enrollments_of_sequence(sequence, false, after.as_deref(), 500);
            let page = self.runtime.block_on(page).expect("the store answers");
            states.extend(page.rows.into_iter().map(|row| row.state));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        states.sort();
        states
    }

    /// All touches, the oldest first.
    pub fn touches(&self) -> Vec<TouchRow> {
        let reports = self.engine.store.reports();
        let page = self.runtime.block_on(reports.touches(&Touches::All, None, 500)).expect("the store answers");
        let mut rows = page.rows;
        rows.sort_by_key(|row| (row.marked_at, row.id.clone()));
        rows
    }
}

pub fn instant(text: &str) -> Instant {
    Instant::from_jiff(text.parse().expect("an instant of the test is written right"))
}
