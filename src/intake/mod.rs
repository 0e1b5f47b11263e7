//! Listens: turns what comes from outside into facts. Parsing is pure; who may act on a fact is for others to say.

pub mod csv;
pub mod message;
