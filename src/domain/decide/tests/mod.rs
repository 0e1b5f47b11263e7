//! What semantics promise, one sentence a test, told by one lead at a desk.

mod again;
mod bounds;
mod clock;
pub mod desk;
mod ends;
mod examples;
mod hits;
mod pauses;
pub mod plot;
mod sales;
mod scores;
mod stages;
pub mod team;
mod touches;
mod waits;
