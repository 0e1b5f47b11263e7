//! What the law wants in a mail that nobody asked for, where every reader sees it.

use super::{Format, Parsed, needs, tags};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::domain::sequence::Kind;
use crate::domain::template::Body;

const UNSUBSCRIBE: &str = "unsubscribe_url";
const ADDRESS: &str = "company.postal_address";

impl Parsed {
    /// Tells what the law wants in a mail of this kind and is not there.
    pub fn lawful(&self, kind: Kind, has_address: bool, (user, report): (Place, &Report)) {
        let Body::Mail { text, html, .. } = &self.template.body else { return };
        if kind == Kind::Transactional {
            return;
        }
        let (name, extension) = (&self.template.name, self.format.extension());
        if !(stands(text, UNSUBSCRIBE) && (html.is_empty() || is_linked(html))) {
            let hint = self.hint(UNSUBSCRIBE, self.format.unsubscribe());
            let message = format!("`{name}` is a {} mail without an unsubscribe link", kind.as_str());
            report.error_with(Code::NoUnsubscribe, user, message, hint);
        }
        if !stands(text, ADDRESS) {
            let hint = self.hint(ADDRESS, "{{company.name}}, {{company.postal_address}}");
            let message = format!("`{name}` is a {} mail without the company's postal address", kind.as_str());
            report.error_with(Code::NoPostalAddress, user, message, hint);
        } else if !has_address {
            let hint = "add `company: {name: …, postal_address: …}` to config/overture.yaml".to_owned();
            let message = format!("`{name}.{extension}` shows the company's postal address, and there is none");
            report.error_with(Code::NoPostalAddress, user, message, hint);
        }
    }

    fn hint(&self, path: &str, write: &str) -> String {
        let file = format!("templates/{}.{}", self.template.name, self.format.extension());
        if self.template.asks_for(path) {
            return format!(
                "`{path}` is in {file}, and not where every reader sees it: write `{write}` into the body, outside of comments \
                 and attributes, and of an `{{{{#if}}}}` into each arm, `{{{{else}}}}` too"
            );
        }
        format!("add to {file}: `{write}`")
    }
}

/// Whether the text part, which holds what is seen of the HTML part and no more, shows a value to everybody.
fn stands(text: &str, path: &str) -> bool {
    let (tags, _) = tags::scan(text);
    needs::shown(&tags).contains(path)
}

/// Whether a link leads to where people unsubscribe. Links are written out in one form when the HTML is read.
fn is_linked(html: &str) -> bool {
    ["\"", "'"].iter().any(|quote| html.contains(&format!("href={quote}{{{{{UNSUBSCRIBE}}}}}{quote}")))
}

impl Format {
    /// How a mail of this format links to where people unsubscribe.
    const fn unsubscribe(self) -> &'static str {
        match self {
            Self::Markdown => "[Unsubscribe]({{unsubscribe_url}})",
            Self::Html | Self::Mjml => "<a href=\"{{unsubscribe_url}}\">Unsubscribe</a>",
            Self::Text | Self::Json => "Unsubscribe: {{unsubscribe_url}}",
        }
    }
}
