//! The same engine on a clock that is set by hand, under a seed: people, servers that refuse, drop and lie, crashes between any two steps,
//! two engines over one store; after every step the store is held against a naive model.
//!
//! `OVERTURE_SEEDS=1000 cargo test --test sim fresh -- --nocapture` plays as many seeds as it is told, from `OVERTURE_SEED` on, and ends
//! with a line of figures. What fails is kept as a trace, made short, and told how to be played again.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[expect(dead_code, reason = "these tests play with a database only")]
#[path = "../support/mod.rs"]
mod support;

mod daemon;
mod dice;
mod end;
mod house;
mod model;
mod notes;
mod nth;
mod outs;
mod people;
mod planted;
mod program;
mod receiver;
mod relay;
mod runs;
mod seeds;
mod step;
mod talk;
mod traces;
mod watch;
mod world;
