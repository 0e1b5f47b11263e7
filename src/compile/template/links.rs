//! The links of a mail, numbered as they come: what stands in the mail is a number, and where it leads is looked up.

use std::ops::Range;

use super::expression::{Expr, Wrong};
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
        let lone = marks.lone_value(marked);
        match target.replace(' ', "").as_str() {
            _ if matches!(lone, Some(Expr::Path(path, _)) if path == "unsubscribe_url") => {
                "{{unsubscribe_url}}".to_owned()
            }
            mailto if mailto.to_ascii_lowercase().starts_with("mailto:") => target,
            _ if is_web(&target) || lone.is_some_and(may_be_web) => {
                let has_value = Marks::has_value(marked);
                self.all.push(if has_value { LinkTarget::Templated(target) } else { LinkTarget::Fixed(target) });
                format!("{{{{link {}}}}}", self.all.len() - 1)
            }
            _ => {
                let hint =
                    "begin it with https://, http:// or mailto:, or let all of it be a value of the lead".to_owned();
                let message = format!("a link cannot lead to `{target}`");
                self.odd.push(Odd::Link(Wrong::new(place.clone(), message, hint)));
                target
            }
        }
    }
}

/// Whether a value may be a whole address. What a lead brings is looked at when the mail is made, and holds it unless it leads to the web.
fn may_be_web(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path, _) => ["lead.", "account.", "step."].iter().any(|side| path.starts_with(side)),
        Expr::Literal { text, .. } => is_web(text),
        Expr::Call { helper, args, .. } => match helper.as_str() {
            "url" => args.first().is_some_and(may_be_web),
            "or" | "pick" => args.iter().all(may_be_web),
            _ => false,
        },
    }
}

pub fn is_web(target: &str) -> bool {
    let lower = target.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '{']) && !target.contains(char::is_control))
}
