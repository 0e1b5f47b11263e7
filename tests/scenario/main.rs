//! What Overture promises, played with real parts: a mail server, a receiver, both databases, and the daemon itself.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[path = "../support/corpora.rs"]
mod corpora;
#[expect(dead_code, reason = "the parts are complete before every scenario is written")]
#[path = "../support/mod.rs"]
mod support;

mod bench;
mod links;
mod parts;
mod returned;
mod rows;
mod scene;
mod senders;

mod after_hours;
mod api_document;
mod at_least_once;
mod back;
mod brought;
mod clock;
mod colleagues;
mod crash;
mod database;
mod disk;
mod edits;
mod few_pages;
mod fleet;
mod frequency;
mod lanes;
mod lateness;
mod limits;
mod merges;
mod p13_about_us;
mod p14_machines;
mod p15_a_reply_stops;
mod p16_forged;
mod p18_handoff_told;
mod p1_acknowledged;
mod p20_links;
mod p21_private_addresses;
mod p22_values;
mod p25_sigterm;
mod p2_at_most_once;
mod p3_same_bytes;
mod p4_stopped_in_time;
mod p5_one_click;
mod p6_looking;
mod p9_each_date_once;
mod plans;
mod pools;
mod power;
mod priority;
mod receiver;
mod rehearsed;
mod reread;
mod scores;
mod segments;
mod shared_commits;
mod smtp;
mod story;
mod trouble;
mod variants;
mod visitors;
