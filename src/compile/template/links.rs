//! The links of a mail, numbered as they come: what stands in the mail is a number, and where it leads is looked up.

use std::ops::Range;

use super::expression::Wrong;
use super::marks::Marks;
use crate::domain::template::LinkTarget;

/// A mistake found in the body of a mail.
#[derive(Debug)]
pub enum Odd {
    /// HTML in Markdown, which is shown as text.
    Html(Wrong),
    /// A link that leads nowhere good.
    Link(Wrong),
    /// What no mail may hold.
    Unsafe(Wrong),
}

/// The links so far, and what was wrong.
#[derive(Debug, Default)]
pub struct Links {
    pub all: Vec<LinkTarget>,
    pub odd: Vec<Odd>,
}

impl Links {
    /// What stands in the mail for a marked address: a number, the address that unsubscribes, or a mail address.
    pub fn target(&mut self, marked: &str, marks: &Marks<'_>, place: &Range<usize>) -> String {
        let target = marks.restore(marked);
        match target.replace(' ', "").as_str() {
            "{{unsubscribe_url}}" => "{{unsubscribe_url}}".to_owned(),
            mailto if mailto.to_ascii_lowercase().starts_with("mailto:") => target,
            _ if is_web(&target) || marks.is_made_url(marked) => {
                let has_value = Marks::has_value(marked);
                self.all.push(if has_value { LinkTarget::Templated(target) } else { LinkTarget::Fixed(target) });
                format!("{{{{link {}}}}}", self.all.len() - 1)
            }
            _ => {
                let hint = "begin it with https://, http:// or mailto:".to_owned();
                let message = format!("a link cannot lead to `{target}`");
                self.odd.push(Odd::Link(Wrong::new(place.clone(), message, hint)));
                target
            }
        }
    }
}

pub fn is_web(target: &str) -> bool {
    let lower = target.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '{']) && !target.contains(char::is_control))
}
