//! Overture carries a company's outreach: sequences in files, mail and webhooks, scoring, handoffs and their clocks.
//!
//! # The loop, in prose
//! The lead is the unit, and everything is a fact about a lead. Something happens outside (a click, a reply, a demo request) or time is
//! up; either is an *input* to one lead. `domain::decide` turns a lead, an input, the files and an instant into a new lead, the events
//! that explain it, and effects: rows for lists, touches for queues. It is pure, so production, rehearsal, explanation and replay are
//! the same computation. The engine loads the leads of a batch, decides, and writes all of it in one transaction that many share. (An
//! open or a click is only written down: until its verdict is due it counts for nothing, and whoever looks at the lead next folds it in.)
//! What has to leave waits on a lane; a courier claims it, writes its intent down, marks it right before the first byte that counts, and
//! what came of it is a fact about the lead again.
//!
//! ```text
//!  web · intake ──fact──▶ engine::record ─┐                         ┌─▶ store: lead + events + outbox   (one transaction)
//!                                         ├─▶ domain::decide ───────┤
//!  store::due ──time's up─▶ engine::wake ─┘                         └─▶ wake   (one queue for steps, SLA, decay, pauses)
//!                                                                         │
//!       ┌───────────── outcome is a fact again ◀── channel ◀── render ◀── engine::deliver ◀── store::outbox
//! ```
//!
//! # The rooms
//! | module | what it does | may import |
//! |---|---|---|
//! | [`domain`] | pure nouns with their verbs: no I/O, no clock, no dice | nothing of ours |
//! | [`clock`] | the one reader of the wall clock | domain |
//! | [`entropy`] | the one source of ids and secrets | domain |
//! | [`seal`] | signs and verifies: tokens in links, webhooks | nothing of ours |
//! | [`compile`] | files to playbook, or to errors people can act on | domain |
//! | [`render`] | template and lead to message | domain, seal |
//! | [`store`] | remembers: the narrow waist to SQLite and PostgreSQL | domain |
//! | [`channel`] | speaks: SMTP, webhooks, the sandbox | domain, seal |
//! | [`intake`] | listens: outside facts to inputs; parsing is pure | domain, seal |
//! | [`engine`] | where a decision meets a transaction: the only callers of `decide` | domain, store, render, channel, clock, entropy, seal |
//! | [`config`] | says: the workspace's settings and the environment | domain, compile |
//! | [`web`] | shows: tracking, unsubscribe, API, pages | domain, engine, intake, seal, `store::reports` |
//! | [`daemon`] | runs: services, their life, everything that waits | everything above |
//! | [`sim`] | rehearses: made-up people on a clock that steps | domain, engine, store, channel, clock, entropy |
//! | [`cli`] | one file a command | everything |
//!
//! Arrows point at `domain`; leaves never see each other. `tests/architecture` enforces the table, the sizes of files and who calls
//! `decide`.

pub mod channel;
pub mod cli;
pub mod clock;
pub mod compile;
pub mod config;
#[cfg(test)]
#[path = "../tests/support/corpora.rs"]
mod corpora;
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
