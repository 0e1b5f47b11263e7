//! Turns a template and a lead into what leaves us, or says why it must not: nothing ever goes out blank, and no value of a
//! lead can be more than text where it lands.
//!
//! ```text
//! Template --press (a program, once a version)--> texts <--sight (lead, account, sender, company, step, handoff)
//!    └-- links --> numbered, tracked addresses ──▶ Message --mime--> the same bytes every time
//! ```

mod attachment;
mod context;
mod helpers;
mod links;
mod locale;
mod mail;
pub mod mime;
mod press;
mod program;
mod sight;
mod values;

pub use context::{About, MailContext, Track};
pub use press::Renderer;

use crate::domain::message::Message;

/// A mail, and the addresses that were made for this lead only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub message: Message,
    /// Link number and address; stored with the touch, since the template does not know them.
    pub links: Vec<(u16, String)>,
}

/// Why a touch is held instead of sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refuse {
    /// The lead has no value there, and the template no fallback.
    #[error("`{0}` is missing or blank; give the lead a value, or the template a fallback: {{{{or {0} \"…\"}}}}")]
    Missing(String),
    /// What always says something would say nothing.
    #[error("{0} would be blank; let it say something that stands whatever values a lead lacks")]
    Blank(&'static str),
    /// A value would be more than text where it lands.
    #[error("{0}")]
    Hostile(String),
    /// The template cannot be rendered at all.
    #[error("{0}")]
    Broken(String),
}
