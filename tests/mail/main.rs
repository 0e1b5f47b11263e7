//! What leaves us as mail and what comes back, read by other people's parsers and on real samples.
#![expect(clippy::disallowed_methods, reason = "tests stand outside of the product: they read the environment")]

mod agents;
mod corpora;
mod hearing;
mod inert;
mod lists;
mod parts;
mod python;
mod rendered;
mod shipped;
