//! Where a decision meets a transaction: the only callers of `decide`.
//!
//! Every verb here ends by itself: nothing sleeps, nothing is spawned. The daemon calls them when it is time, a rehearsal calls them in
//! turn.
//!
//! ```text
//! record   facts from outside ─┐
//! wake     time's up ──────────┼─▶ Batch ─▶ decide ─▶ one transaction
//! settle   what came of it ────┘
//! claim ─▶ carry (render · intend · offer · mark · write) ─▶ settle
//! ```

mod access;
mod anew;
mod batch;
mod colleagues;
mod commit;
mod control;
mod deliver;
mod edit;
mod experiments;
mod explain;
mod failpoint;
mod hits;
mod import;
mod inbox;
mod lanes;
mod lease;
mod merge;
pub mod rehearse;
mod release;
mod slots;
mod standing;
mod tick;
mod unit;
mod wake;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

pub use access::{ApiToken, Given, Right};
pub use commit::{Done, Intention, Settling, Writer, Writes};
pub use control::Scope;
pub use deliver::{Carried, Claimed, Claiming, Line, Ready, Trouble};
pub use edit::{
    Applied, ApplyError, Change, Crowded, Day, MODEL, Mistakes, Named, Order, Plan, Read, Reader, ScoringPlan,
    SequencePlan, SetAside, Shift, StepPlan, Subject, Version, VersionError,
};
pub use explain::{Entry, Sheet, SheetLine, WasIn, Why, sentence};
pub use failpoint::{FailPoints, NAMES as FAIL_POINTS, Protection, Watch};
pub use hits::{Heard, Hit};
pub use import::{Came, Landed, Listed, Prepared, Terms};
pub use inbox::ToDo;
pub use release::{limited, today};
pub use unit::{Answer, Target, Unit};

use crate::channel::{sandbox, smtp, webhook};
use crate::clock::Clock;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;
use crate::entropy::Entropy;
use crate::render;
use crate::seal::Seal;
use crate::store::{Store, StoreError, Tx};

/// All that decides, remembers and speaks, joined.
pub struct Engine {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub seal: Seal,
    pub fail: FailPoints,
    pub ways: Ways,
    playbook: ArcSwap<Playbook>,
    renderer: render::Renderer,
    writer: Writer,
    /// Beats after each commit that may bring work: whoever waits for leads looks again.
    pulse: watch::Sender<u64>,
    /// Beats when something may wait on a lane that did not before.
    lanes_pulse: watch::Sender<u64>,
    /// Beats after each commit that a page may show.
    pages_pulse: watch::Sender<u64>,
    /// When whoever wakes leads looks by itself, whatever is committed before.
    looks_at: AtomicI64,
    /// Whoever reads files, once it is known.
    reader: OnceLock<Reader>,
    /// Held by whoever applies an edit.
    applying: tokio::sync::Mutex<()>,
    /// Tokens of claims under way, with the number of their touches not settled yet.
    held: Mutex<BTreeMap<String, usize>>,
}

/// What an engine is made of.
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub seal: Seal,
    pub fail: FailPoints,
    pub ways: Ways,
}

/// The ways out of this machine.
pub struct Ways {
    /// `live` mails and calls; else everything goes to the sandbox.
    pub live: bool,
    pub sandbox: sandbox::Sandbox,
    /// SMTP accounts by sender.
    pub accounts: BTreeMap<String, smtp::Account>,
    pub timeouts: smtp::Timeouts,
    /// Endpoints by channel.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// How long a claim holds without being renewed.
    pub lease: Duration,
}

/// An outbound HTTP endpoint, ready to be called.
pub struct Endpoint {
    pub client: webhook::Client,
    pub url: String,
    pub secrets: Vec<crate::seal::webhook::Secret>,
    pub headers: Vec<(String, String)>,
}

impl Engine {
    /// The files as they are applied now.
    pub fn playbook(&self) -> Arc<Playbook> {
        self.playbook.load_full()
    }

    /// Joins the parts; nothing runs yet.
    pub fn new(parts: Parts, playbook: Playbook) -> Self {
        let Parts { store, clock, entropy, seal, fail, ways } = parts;
        Self {
            store,
            clock,
            entropy,
            seal,
            fail,
            ways,
            playbook: ArcSwap::from_pointee(playbook),
            renderer: render::Renderer::new(),
            writer: Writer::default(),
            pulse: watch::Sender::new(0),
            lanes_pulse: watch::Sender::new(0),
            pages_pulse: watch::Sender::new(0),
            looks_at: AtomicI64::new(Instant::NEVER.0),
            reader: OnceLock::new(),
            applying: tokio::sync::Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Replaces the files; decisions under way finish with the old ones.
    pub fn set_playbook(&self, playbook: Playbook) {
        self.playbook.store(Arc::new(playbook));
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Beats after each commit that may bring work.
    pub fn pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Beats when something may wait on a lane that did not before, or a lane's turn moved.
    pub fn lanes_pulse(&self) -> watch::Receiver<u64> {
        self.lanes_pulse.subscribe()
    }

    /// Beats after each commit that a page may show.
    pub fn pages_pulse(&self) -> watch::Receiver<u64> {
        self.pages_pulse.subscribe()
    }

    /// Whoever wakes leads says when it looks next by itself; `None` while it looks, and where it waits to be told.
    pub fn looks_at(&self, at: Option<Instant>) {
        self.looks_at.store(at.unwrap_or(Instant::NEVER).0, Ordering::SeqCst);
    }

    /// Makes whoever waits for lanes look again.
    pub fn look_at_lanes(&self) {
        self.lanes_pulse.send_modify(|beats| *beats += 1);
    }

    /// Makes whoever waits for work look again.
    pub fn beat(&self) {
        self.look_at_lanes();
        self.beat_softly();
    }

    /// The same where nothing new waits on any lane.
    fn beat_softly(&self) {
        self.pulse.send_modify(|beats| *beats += 1);
        self.pages_pulse.send_modify(|beats| *beats += 1);
    }

    /// The same where the only news is that leads are to be woken at an instant, if any are: whoever looks before that anyway is left alone.
    fn beat_for_verdicts(&self, due: Option<Instant>) {
        if due.is_some_and(|due| due.0 < self.looks_at.load(Ordering::SeqCst)) {
            self.beat_softly();
        } else {
            self.pages_pulse.send_modify(|beats| *beats += 1);
        }
    }

    /// Writes for everyone who asks, until dropped; see [`Writer`].
    pub async fn serve_writes(&self) {
        self.writer.serve(self).await;
    }

    /// From here on whoever asks writes for itself.
    pub fn end_writes(&self) {
        self.writer.unserve();
    }

    /// Begins a transaction.
    async fn begin(&self) -> Result<Tx, StoreError> {
        self.fail.begins().await;
        self.store.begin().await
    }

    /// Records facts, in their order; the answers come when they are durable.
    ///
    /// # Errors
    /// Nothing was written: the database is full, gone or broken.
    pub async fn record(&self, units: Vec<Unit>) -> Result<Vec<Answer>, Arc<StoreError>> {
        Ok(self.write(Writes { units, ..Writes::default() }).await?.answers)
    }

    /// Writes with whatever else is being written at this moment, in one commit.
    pub async fn write(&self, writes: Writes) -> Result<Done, Arc<StoreError>> {
        if writes.is_empty() {
            return Ok(Done::default());
        }
        self.writer.write(self, writes).await
    }
}
