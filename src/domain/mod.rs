//! Pure nouns with their verbs: no I/O, no clock, no dice.

pub mod account;
pub mod address;
pub mod calendar;
pub mod condition;
pub mod decide;
pub mod enrollment;
pub mod event;
pub mod handoff;
pub mod id;
pub mod lead;
pub mod message;
pub mod playbook;
pub mod refusal;
pub mod retry;
pub mod routing;
pub mod score;
pub mod sequence;
pub mod sla;
pub mod spelling;
pub mod stage;
pub mod suppression;
pub mod template;
pub mod throttle;
pub mod time;
pub mod touch;
pub mod verdict;
