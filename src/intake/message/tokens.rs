//! Finds the touch a mail speaks of: by the return path it came to, by the Message-ID it answers, or by the headers of ours that
//! a report returns. Each is believed only with our MAC.

use mail_parser::Message;

use super::raw;
use super::report::Report;
use crate::domain::id::TouchId;
use crate::seal::Seal;

/// Where the address stands that a mail was delivered to.
const RECIPIENTS: [&str; 8] = [
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "Original-Recipient",
    "To",
    "Cc",
    "X-Failed-Recipients",
];
/// Message-IDs looked at in one mail at most; a thread seldom has more, and each costs a hash.
const MOST: usize = 100;

/// The touch of the first token that is ours: the return path, then In-Reply-To, then References from the newest.
pub fn touch(mail: &Message<'_>, report: Option<&Report>, seal: &Seal) -> Option<TouchId> {
    let recipients: Vec<String> = RECIPIENTS.iter().flat_map(|name| raw(mail, name)).collect();
    let answered = raw(mail, "In-Reply-To").into_iter().chain(raw(mail, "References"));
    let answered: Vec<String> = answered.collect();
    let returned = report.map(|report| report.returned.as_str()).unwrap_or_default();
    let by_path = recipients.iter().find_map(|text| return_path(text, seal));
    let by_answer = || answered.iter().find_map(|text| message_id(text, seal));
    let by_report = || return_path(returned, seal).or_else(|| message_id(returned, seal));
    by_path.or_else(by_answer).or_else(by_report).map(TouchId)
}

fn return_path(text: &str, seal: &Seal) -> Option<String> {
    words(text).filter(|word| word.contains('@')).take(MOST).find_map(|word| seal.open_return_path(word))
}

fn message_id(text: &str, seal: &Seal) -> Option<String> {
    let ids: Vec<&str> = words(text).filter(|word| word.starts_with("t.") || word.starts_with("T.")).collect();
    ids.into_iter().rev().take(MOST).find_map(|id| seal.open_message_id(id))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')'))
        .filter(|word| !word.is_empty())
}
