//! Overture carries a company's outreach: sequences in files, mail and webhooks, scoring, handoffs and their clocks.

pub mod channel;
pub mod cli;
pub mod clock;
pub mod compile;
pub mod config;
pub mod daemon;
pub mod domain;
pub mod engine;
pub mod entropy;
pub mod intake;
pub mod render;
pub mod seal;
pub mod sim;
pub mod store;
pub mod web;
