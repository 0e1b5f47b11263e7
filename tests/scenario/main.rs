//! What Overture promises, played with real parts: a mail server, a receiver, both databases, and the daemon itself.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[expect(dead_code, reason = "the parts are complete before every scenario is written")]
#[path = "../support/mod.rs"]
mod support;

mod bench;
mod parts;
mod scene;

mod crash;
mod database;
mod p15_a_reply_stops;
mod p1_acknowledged;
mod p2_at_most_once;
mod p3_same_bytes;
mod p4_stopped_in_time;
mod p9_each_date_once;
mod story;
