//! What an operator touches: the commands, and the unit that runs the daemon.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[expect(dead_code, reason = "commands need fewer parts than scenarios")]
#[path = "../support/mod.rs"]
mod support;

mod agreeing;
mod backup;
mod beside;
mod by_hand;
mod demo;
mod editor;
mod explained;
mod files;
mod help;
mod in_flight;
mod inbox;
mod lists;
mod proofs;
mod rehearsal;
mod reps;
mod service_unit;
mod simulation;
mod tutorial;
