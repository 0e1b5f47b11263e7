//! The mails a rehearsal caught, rendered as their readers would see them and as they went over the wire.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::response::Response;
use mail_parser::{Message, MessageParser};
use maud::html;

use super::Pages;
use super::frame::{Place, Trouble, page as framed, page_with_letter};
use super::numbers::count;
use super::when::Local;
use crate::domain::time::Instant;

/// Mails of a list, the newest ones.
const SHOWN: usize = 100;

/// One mail as it was caught.
#[derive(Clone, Debug)]
pub struct Letter {
    pub at: Instant,
    pub to: String,
    pub raw: Arc<[u8]>,
}

/// The mails that were caught so far, in their order; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Letters(Arc<Mutex<Vec<Letter>>>);

impl Letters {
    pub fn add(&self, letter: Letter) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The newest ones with their numbers, which count from 1.
    fn newest(&self, most: usize) -> Vec<(usize, Letter)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().enumerate().rev().take(most).map(|(at, letter)| (at + 1, letter.clone())).collect()
    }

    fn get(&self, number: usize) -> Option<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(number.checked_sub(1)?).cloned()
    }
}

fn parsed(letter: &Letter) -> Option<Message<'_>> {
    MessageParser::default().parse(&letter.raw[..])
}

fn subject(message: Option<&Message<'_>>) -> String {
    message.and_then(Message::subject).unwrap_or("(no subject)").to_owned()
}

fn from(message: Option<&Message<'_>>) -> String {
    let first = message.and_then(Message::from).and_then(|from| from.first());
    first.and_then(|from| from.name().or_else(|| from.address())).unwrap_or_default().to_owned()
}

pub async fn list(State(pages): State<Pages>) -> Result<Response, Trouble> {
    let letters = pages.letters.clone().ok_or(Trouble::Missing("mail"))?;
    let local = Local::of(&pages);
    let all = letters.newest(SHOWN);
    let total = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let inside = html! {
        div class="title" { div { h1 { "Caught mails" } div class="soft" { (count(total)) " came over SMTP; none left this machine." } } }
        section class="card" {
            @if all.is_empty() { div class="empty" { "None yet: the first leaves when its window opens." } } @else {
                table class="mails" {
                    tr { th { "Subject" } th { "From" } th { "To" } th class="right" { "Caught" } }
                    @for (number, letter) in &all {
                        @let message = parsed(letter);
                        tr class="go" {
                            td { a href=(format!("/mails/{number}")) { b { (subject(message.as_ref())) } } div class="soft clip preview" { small { (preview(message.as_ref())) } } }
                            td class="soft nowrap" { (from(message.as_ref())) }
                            td class="soft to" { (letter.to) }
                            td class="right soft nowrap" { (local.short(letter.at)) }
                        }
                    }
                }
            }
        }
    };
    Ok(framed(&pages, Place::Mails, "Mails", &inside))
}

/// The beginning of the text, as a mail client shows it.
fn preview(message: Option<&Message<'_>>) -> String {
    let text = message.and_then(|message| message.body_text(0)).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(22).collect();
    words.join(" ")
}

pub async fn page(State(pages): State<Pages>, Path(number): Path<usize>) -> Result<Response, Trouble> {
    let letters = pages.letters.clone().ok_or(Trouble::Missing("mail"))?;
    let letter = letters.get(number).ok_or(Trouble::Missing("mail"))?;
    let message = parsed(&letter);
    let local = Local::of(&pages);
    let inside = html! {
        div class="title" {
            div {
                h1 { (subject(message.as_ref())) }
                div class="soft" { (from(message.as_ref())) " to " (letter.to) " · " (local.full(letter.at)) }
            }
            div class="tabs" {
                a href="/mails" { "all" }
                @if number > 1 { a href=(format!("/mails/{}", number - 1)) { "earlier" } }
                @if number < letters.len() { a href=(format!("/mails/{}", number + 1)) { "later" } }
            }
        }
        section class="card w7" {
            header { h2 { "As HTML" } small { "in a frame without scripts; pictures from outside stay away" } }
            @match message.as_ref().and_then(|message| message.body_html(0)) {
                Some(page) => { iframe class="letter" title="The mail" sandbox="" srcdoc=(page) {} },
                None => { div class="empty" { "It has no HTML part." } },
            }
        }
        div class="w5 stack" {
            section class="card" {
                header { h2 { "As text" } }
                pre { (message.as_ref().and_then(|message| message.body_text(0)).unwrap_or_default()) }
            }
            section class="card" {
                header { h2 { "Over the wire" } small { (count(i64::try_from(letter.raw.len()).unwrap_or(0))) " bytes" } }
                pre class="mono" { (head(&letter.raw)) }
            }
        }
    };
    Ok(page_with_letter(&pages, &subject(message.as_ref()), &inside))
}

/// The header lines, as they were sent.
fn head(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    text.split("\r\n\r\n").next().unwrap_or_default().to_owned()
}
