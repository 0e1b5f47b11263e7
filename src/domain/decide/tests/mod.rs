//! What semantics promise, one sentence a test, told by one lead at a desk.

#![expect(clippy::float_cmp, reason = "points are whole numbers here, and doubles hold those exactly")]
#![expect(clippy::return_self_not_must_use, reason = "a sequence that is built and not used fails its test")]

mod adopted;
mod again;
mod anew;
mod bounds;
pub mod chance;
mod clock;
mod colleagues;
pub mod desk;
mod ends;
mod examples;
mod frequency;
mod groups;
mod hits;
mod limits;
mod lists;
mod merges;
mod pauses;
pub mod plot;
mod pools;
mod sales;
mod scores;
mod segments;
mod splits;
mod stages;
pub mod tasks;
pub mod team;
mod touches;
mod variants;
mod waits;
