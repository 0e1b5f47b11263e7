//! What somebody wrote, without what they quote: our own footer speaks of unsubscribing, so the words of a reply are only those
//! above it.

use std::sync::LazyLock;

use mail_parser::Message;
use regex::Regex;

/// The longest text kept of a reply, in characters.
const LONGEST: usize = 4_000;

/// How a quotation is introduced; some programs break it over lines.
static INTRODUCTION: LazyLock<Regex> = LazyLock::new(|| {
    lines_like(&[
        r"on\b.{4,200}\bwrote:",
        r"am\b.{4,200}\bschrieb\b.{0,100}:",
        r"le\b.{4,200}\ba écrit\s?:",
        r"el\b.{4,200}\bescribió:",
        r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}.{0,200}@.{0,100}:",
    ])
});

/// What ends the text above it: the head of a quoted mail, a signature.
static CUTS: LazyLock<Regex> = LazyLock::new(|| {
    lines_like(&[
        r"-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|forwarded message).*",
        r"_{10,}",
        r"\*?(from|von|de|date|datum|subject):\*?\s.+\n\*?(sent|gesendet|envoyé|to|date|subject|from|betreff|objet)\s?:.*",
        r"-- ?",
        r"sent (from my|with|by|via) .*",
        r"(von meinem .*|envoyé (de|depuis) .*)",
    ])
});

/// Words by which people end a correspondence, standing by themselves.
static STOP: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"stop|unsubscribe( me)?|remove me.*|take me off.*|opt[ -]?out|please (stop|unsubscribe|remove me).*|abmelden|austragen|bitte (abmelden|austragen).*|désabonner|désinscrire|désinscription|désabonnez-moi.*|merci de me désinscrire.*";
    Regex::new(&format!(r"(?i)^\W*({words})\W*$")).expect("the words are fixed and checked by the tests")
});

/// The text its sender wrote.
pub fn own_text(mail: &Message<'_>) -> String {
    let whole = mail.body_text(0).unwrap_or_default().replace("\r\n", "\n").replace('\u{a0}', " ");
    let mut lines: Vec<&str> = whole.lines().take_while(|line| !line.trim_start().starts_with('>')).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let introduced = (1..=4.min(lines.len())).map(|many| lines.len() - many).find(|from| {
        INTRODUCTION.is_match(&lines[*from..].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "))
    });
    let text = lines[..introduced.unwrap_or(lines.len())].join("\n");
    let cut = [&*INTRODUCTION, &*CUTS].into_iter().filter_map(|form| form.find(&text)).map(|found| found.start()).min();
    text[..cut.unwrap_or(text.len())].trim().chars().take(LONGEST).collect()
}

fn lines_like(forms: &[&str]) -> Regex {
    Regex::new(&format!(r"(?im)^[ \t]*({})[ \t]*$", forms.join("|")))
        .expect("the forms are fixed and checked by the tests")
}

/// Whether the first line asks for no more mail.
pub fn asks_to_stop(own: &str) -> bool {
    own.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.len() < 120 && STOP.is_match(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn own(body: &str) -> String {
        let mail = format!("From: a@b.example\nSubject: x\n\n{body}");
        own_text(&MessageParser::new().parse(mail.as_bytes()).unwrap())
    }

    #[test]
    fn only_what_stands_above_a_quotation_was_written() {
        for body in [
            "Yes, let's talk.\n\nOn Mon, 2 Mar 2026 at 10:00, Maya <m@n.example> wrote:\n> stop\n",
            "Yes, let's talk.\n\nOn Mon, 2 Mar 2026 at 10:00, Maya Lindqvist\n<m@n.example> wrote:\n\n> unsubscribe",
            "Yes, let's talk.\n\nAm 02.03.26 um 10:00 schrieb Maya:\n> Hallo",
            "Yes, let's talk.\n\nLe lun. 2 mars 2026 à 10:00, Maya a écrit :\n> Bonjour",
            "Yes, let's talk.\n\nFrom: Maya\nSent: Monday\nTo: Zoe\n\nUnsubscribe here",
            "Yes, let's talk.\n-- \nZoe\nunsubscribe",
            "Yes, let's talk.\n\nSent from my iPhone",
            "Yes, let's talk.\n\n-----Original Message-----\nstop",
        ] {
            assert_eq!(own(body), "Yes, let's talk.", "{body}");
        }
    }

    #[test]
    fn a_spoken_stop_is_heard_and_a_word_in_a_sentence_is_not() {
        for yes in ["STOP", "Unsubscribe.", "please remove me from your list", "Bitte austragen!", "\nstop\n\nZoe"] {
            assert!(asks_to_stop(yes), "{yes}");
        }
        for no in ["Can you stop by on Monday?", "How do I unsubscribe users in your product?", "stopwatch", ""] {
            assert!(!asks_to_stop(no), "{no}");
        }
    }
}
