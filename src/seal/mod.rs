//! Signs and verifies: tokens in links, and webhooks.

pub mod token;
pub mod webhook;
