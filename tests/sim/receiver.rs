//! The receiver of webhooks of a run: remembers what came, and answers by its mood.

use super::step::Mood;
use overture::channel::webhook::{Answer, Call, Within};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// A call that came.
#[derive(Clone, Debug)]
pub struct Came {
    pub id: String,
    pub body: Vec<u8>,
    pub done: bool,
}

#[derive(Clone, Debug)]
pub struct Receiver(Arc<Mutex<(Mood, Vec<Came>)>>);

impl Receiver {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new((Mood::Up, Vec::new()))))
    }

    fn with<T>(&self, look: impl FnOnce(&mut (Mood, Vec<Came>)) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_mood(&self, mood: Mood) {
        self.with(|state| state.0 = mood);
    }

    pub fn calls(&self) -> Vec<Came> {
        self.with(|state| state.1.clone())
    }
}

impl Within for Receiver {
    fn call<'c>(&'c self, call: &'c Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'c>> {
        let answer = self.with(|(mood, calls)| {
            if *mood != Mood::Down {
                calls.push(Came { id: call.id.clone(), body: call.body.clone(), done: *mood == Mood::Up });
            }
            match mood {
                Mood::Up => Answer::Done { status: 200, brought: std::collections::BTreeMap::new() },
                Mood::Down => Answer::Failed("connection refused".to_owned()),
                Mood::Busy => Answer::Retry { status: 503, after: None, text: "busy".to_owned() },
                Mood::Hostile => Answer::Gone,
            }
        });
        Box::pin(std::future::ready(answer))
    }
}
