//! Listens: turns outside facts into inputs.
