//! What leaves us as mail and what comes back, read by other people's parsers and on real samples.

mod agents;
mod corpora;
mod formats;
mod hearing;
mod inert;
mod lists;
mod parts;
mod python;
mod rendered;
mod shipped;
