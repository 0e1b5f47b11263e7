//! A mail as its reader's program sees it: the links one can click, the picture it loads, the way out it offers.

use mail_parser::{HeaderValue, MessageParser};

/// What a reader can do with a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// Links in the order of the text, without the way out.
    pub links: Vec<String>,
    /// The picture that tells of an opening.
    pub pixel: Option<String>,
    /// The address of the one-click way out, from the header.
    pub way_out: Option<String>,
    pub message_id: String,
    /// What stream and step it belongs to, where it says.
    pub feedback_id: Option<String>,
    /// Whether it goes on with a thread.
    pub follows: bool,
}

/// Reads a mail off its bytes; one that cannot be read offers nothing.
pub fn read(raw: &[u8]) -> Letter {
    let Some(message) = MessageParser::default().parse(raw) else { return Letter::default() };
    let page = message.body_html(0).unwrap_or_default();
    let header = |name: &str| match message.header(name) {
        Some(HeaderValue::Text(text)) => Some(text.to_string()),
        Some(HeaderValue::Address(address)) => {
            address.first().and_then(|first| first.address()).map(|address| format!("<{address}>"))
        }
        _ => message.header_raw(name).map(|raw| raw.trim().to_owned()),
    };
    let way_out = header("List-Unsubscribe").and_then(|text| {
        let start = text.find("<http").or_else(|| text.find("http").map(|at| at.wrapping_sub(1)))?;
        let rest = text.get(start.wrapping_add(1)..)?;
        Some(rest.split(['>', ',']).next()?.trim().to_owned())
    });
    Letter {
        links: values(&page, "href").into_iter().filter(|url| url.contains("/c/")).collect(),
        pixel: values(&page, "src").into_iter().find(|url| url.contains("/o/")),
        way_out,
        message_id: message.message_id().unwrap_or_default().to_owned(),
        feedback_id: header("Feedback-ID"),
        follows: message.in_reply_to().as_text().is_some(),
    }
}

/// The values of an attribute, in the order of the page.
fn values(page: &str, attribute: &str) -> Vec<String> {
    let opening = format!("{attribute}=\"");
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&opening) {
        let Some((value, behind)) = after.split_once('"') else { break };
        found.push(value.replace("&amp;", "&"));
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_offers_its_links_its_picture_and_its_way_out() {
        let raw = b"Message-ID: <t.1@x.example>\r\nList-Unsubscribe: <http://127.0.0.1:1/u/abc>\r\n\
            Feedback-ID: tips:welcome:growth:x\r\nContent-Type: text/html\r\n\r\n\
            <a href=\"http://127.0.0.1:1/c/one\">a</a> <a href=\"http://127.0.0.1:1/u/abc\">out</a>\
            <a href=\"http://127.0.0.1:1/c/two\">b</a><img src=\"http://127.0.0.1:1/o/x.gif\">\r\n";
        let letter = read(raw);
        assert_eq!(letter.links, ["http://127.0.0.1:1/c/one", "http://127.0.0.1:1/c/two"]);
        assert_eq!(letter.pixel.as_deref(), Some("http://127.0.0.1:1/o/x.gif"));
        assert_eq!(letter.way_out.as_deref(), Some("http://127.0.0.1:1/u/abc"));
        assert_eq!((letter.message_id.as_str(), letter.follows), ("t.1@x.example", false));
        assert_eq!(letter.feedback_id.as_deref(), Some("tips:welcome:growth:x"));
    }
}
