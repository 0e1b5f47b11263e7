//! Signs and verifies: tokens in links, and webhooks.

mod base32;
pub mod deed;
pub mod token;
pub mod webhook;

pub use token::{Purpose, Seal};
