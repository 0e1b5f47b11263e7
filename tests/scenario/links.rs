//! The links of a mail as its reader's program finds them.

use crate::support::mail::Mail;

/// Where one click, or the mail program itself, unsubscribes (RFC 8058).
pub fn one_click(mail: &Mail) -> String {
    let header = mail.header("List-Unsubscribe").expect("the mail can be unsubscribed from");
    header.trim_start_matches('<').split('>').next().expect("the link stands in brackets").to_owned()
}

/// The picture that tells of an opening.
pub fn pixel(mail: &Mail) -> String {
    let found = mail.targets("src").into_iter().find(|link| link.contains("/o/"));
    found.expect("the mail has a tracking picture")
}

/// The tracked links, in order.
pub fn clicks(mail: &Mail) -> Vec<String> {
    mail.targets("href").into_iter().filter(|link| link.contains("/c/")).collect()
}

/// The link's token, without the kind before it and the ending after it.
pub fn token(link: &str) -> String {
    let last = link.rsplit('/').next().expect("a link has parts");
    last.trim_end_matches(".gif").to_owned()
}
