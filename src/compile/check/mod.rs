//! From trees to the nouns of the domain, by hand, so that every mistake is told where it was made.

mod acts;
pub mod behaviour;
mod conditions;
mod copy;
pub mod daemon;
mod deeds;
mod entry;
pub mod fields;
pub mod holidays;
pub mod known;
pub mod lint;
pub mod network;
mod overture;
pub mod scenario;
mod scoring;
pub mod secret;
mod send;
mod senders;
pub mod sequence;
mod set;
mod sla;
mod steps;
mod task;
pub mod team;

pub use conditions::Speaks;
pub use overture::{overture, overture_defaults};
pub use scoring::scoring;

use super::diagnostic::{Code, Report};
use super::names;
use super::syntax::Node;
use crate::domain::condition::Deeds;

/// The name of an event.
fn event_name(node: &Node, what: &str, report: &Report) -> Option<String> {
    let text = fields::scalar(node, what, report)?;
    if names::is_event(text) {
        return Some(text.to_owned());
    }
    let hint = "letters, digits, `_`, `-` and `.`, at most 64".to_owned();
    report.error_with(Code::BadName, node.place, format!("`{what}`: `{text}` cannot be the name of an event"), hint);
    None
}

/// What conditions outside of sequences speak of: no steps, no event.
pub fn speaks<'a>(settings: &'a crate::domain::playbook::Settings, none: &'a Deeds) -> Speaks<'a> {
    Speaks { lead: &settings.lead_attributes, account: &settings.account_attributes, steps: none, event: false }
}
