//! Never twice, never lost: the daemon as a real process, killed wherever it hurts, and judged by one oracle. `tests/prove` plays this at
//! the length one asks for.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[expect(dead_code, reason = "the parts are complete; these tests take what they need")]
#[path = "../support/mod.rs"]
mod support;

mod kills;
mod matrix;
mod play;
