//! Stands at every named place of an engine and before every transaction: may end it there, or let it wait until another was first.

use overture::engine::{FAIL_POINTS, Protection, Watch};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// The place before a transaction, beside the ones with a name.
const BEGIN: &str = "begin";

/// What an engine unwinds with that was made to end.
pub struct Crash;

/// Rings when something of an engine waits for the driver.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    notify: Notify,
}

impl Bell {
    pub fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.notify.notify_one();
    }

    pub fn silence(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }

    pub async fn rings(&self) {
        while !self.rung.swap(false, Ordering::SeqCst) {
            self.notify.notified().await;
        }
    }
}

/// Whatever waits, until the driver lets it go on; dropping this lets it go on too.
pub type Go = oneshot::Sender<()>;

/// One watch over one life of an engine.
#[derive(Debug)]
pub struct Guard {
    bell: Arc<Bell>,
    lacks: Option<Protection>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    crash: Option<(&'static str, u32)>,
    hold: Option<u32>,
    waiting: Option<Go>,
}

impl Guard {
    pub fn new(bell: Arc<Bell>, lacks: Option<Protection>) -> Arc<Self> {
        Arc::new(Self { bell, lacks, state: Mutex::default() })
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The engine ends at a place, the n-th time it comes there.
    pub fn arm(&self, place: usize, nth: u32) {
        let place = place % (FAIL_POINTS.len() + 6);
        self.with(|state| state.crash = Some((FAIL_POINTS.get(place).copied().unwrap_or(BEGIN), nth)));
    }

    /// The engine waits before its n-th transaction.
    pub fn hold(&self, nth: u32) {
        self.with(|state| state.hold = Some(nth));
    }

    /// Nothing more is to happen to it.
    pub fn relent(&self) {
        self.with(|state| (state.crash, state.hold) = (None, None));
    }

    /// What waits before a transaction.
    pub fn waiting(&self) -> Option<Go> {
        self.with(|state| state.waiting.take())
    }

    fn is_the_end(&self, place: &str) -> bool {
        self.with(|state| match &mut state.crash {
            Some((armed, left)) if *armed == place => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            _ => false,
        })
    }

    fn is_to_wait(&self) -> bool {
        self.with(|state| match &mut state.hold {
            Some(left) => {
                *left = left.saturating_sub(1);
                let now = *left == 0;
                if now {
                    state.hold = None;
                }
                now
            }
            None => false,
        })
    }
}

impl Watch for Guard {
    fn reached(&self, place: &str) {
        if self.is_the_end(place) {
            resume_unwind(Box::new(Crash));
        }
    }

    fn begins(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.reached(BEGIN);
            if self.is_to_wait() {
                let (go, gone) = oneshot::channel();
                self.with(|state| state.waiting = Some(go));
                self.bell.ring();
                let _ = gone.await;
            }
        })
    }

    fn lacks(&self, protection: Protection) -> bool {
        self.lacks == Some(protection)
    }
}
