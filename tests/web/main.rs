//! What the two listeners promise, asked of their routers over a real engine on SQLite, and once over a real socket.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: one serves a socket and asks it from a thread"
)]

#[expect(dead_code, reason = "the parts serve other tests too")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../support/corpora.rs"]
mod corpora;

mod buttons;
mod conform;
mod events;
mod guard;
mod house;
mod imports;
mod leads;
mod limits;
mod mail;
mod naughty;
mod openapi;
mod ops;
mod stops;
mod tasks;
mod tokens;
mod track;
mod unsubscribe;
