//! Speaks: hands one touch to the outside world and says what came of it.
//!
//! What the other side answers is a value; nothing here retries, waits for a second try, or decides what an answer means
//! for a lead. Time-outs here are real time.

mod brought;
pub mod guard;
pub mod sandbox;
pub mod smtp;
pub mod trust;
pub mod webhook;

use std::error::Error;

/// An error with all its causes, since most libraries' outermost line says only what was tried.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.contains(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = inner.source();
    }
    text
}
