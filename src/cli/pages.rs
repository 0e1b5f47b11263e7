//! A preview as pages: each mail in a frame of its own, as a mail program would show it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, html};

use super::failure::Failure;
use super::paper::Paper;
use super::preview::attached;
use super::proof::{Leg, What};
use crate::domain::message::Message;

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
iframe { width: 100%; height: 26rem; border: 1px solid #8886; border-radius: 6px; background: #fff }
section { margin: 0 0 2rem }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: 6px }
.held { border-left: 4px solid #c33; padding-left: 1rem }
time, .quiet { opacity: .7 }
";

/// Writes `index.html` and one page a mail; gives the path of the first.
pub fn write(folder: &Path, legs: &[Leg], paper: &Paper) -> Result<PathBuf, Failure> {
    let failed = |error: io::Error| Failure::broken(format!("cannot write into {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut sections = Vec::new();
    for (number, leg) in legs.iter().enumerate() {
        let page = format!("{number:02}.html");
        if let What::Mail(Ok(mail)) = &leg.what {
            fs::write(folder.join(&page), shown(mail)).map_err(failed)?;
        }
        sections.push(section(leg, &page, paper));
    }
    let index = folder.join("index.html");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Preview" } style { (maud::PreEscaped(STYLE)) } }
            body { @for section in &sections { (section) } }
        }
    };
    fs::write(&index, page.into_string()).map_err(failed)?;
    Ok(index)
}

/// A mail as a mail program shows it: one of plain text as its text.
fn shown(mail: &Message) -> String {
    if !mail.html.is_empty() {
        return mail.html.clone();
    }
    let page = html! {
        (DOCTYPE)
        meta charset="utf-8";
        pre style="white-space: pre-wrap" { (mail.text) }
    };
    page.into_string()
}

fn section(leg: &Leg, page: &str, paper: &Paper) -> Markup {
    let at = paper.time(leg.at);
    match &leg.what {
        What::Mail(Ok(mail)) => html! {
            section {
                h2 { (mail.subject) }
                p { time { (at) } " · " (leg.step) " · to " (mail.to) }
                iframe src=(page) sandbox title=(mail.subject) {}
                @for file in &mail.attachments { p.quiet { "with " (attached(file)) } }
            }
        },
        What::Mail(Err(refuse)) | What::Call { values: Err(refuse), .. } => html! {
            section.held { h2 { (leg.step) " would be held" } p { time { (at) } " · " (refuse) } }
        },
        What::Wait(until) => html! { p.quiet { "waits until " (paper.time(*until)) } },
        What::WaitFor { when, until } => html! {
            p.quiet { "waits for " (when) ", until " (paper.time(*until)) " at the latest" }
        },
        What::Way { said, now } => html! {
            h3 {
                (said)
                @if *now { span.quiet { " (the way taken today)" } }
            }
        },
        What::Task { title, notes, due, until } => html! {
            p {
                time { (at) } " · " (leg.step) " asks somebody: "
                @match title { Ok(title) => (title), Err(refuse) => span.held { "without a title, " (refuse) } }
                @if let Some(due) = due { ", due " (paper.time(*due)) }
                @if let Some(until) = until { span.quiet { " (waited for until " (paper.time(*until)) ")" } }
            }
            @match notes {
                Some(Ok(notes)) => pre { (notes) },
                Some(Err(refuse)) => p.held { "without its notes, " (refuse) },
                None => {}
            }
        },
        What::Call { channel, values: Ok(values) } => html! {
            p { time { (at) } " · " (leg.step) " calls " (channel) " with" }
            pre { (serde_json::to_string_pretty(values).unwrap_or_default()) }
        },
        What::Handoff { reason, when } => html! {
            p { "hands the lead to sales" @if let Some(when) = when { " if " (when) } ": " (reason) }
        },
        What::Enroll(sequence) => html! { p { "enters " (sequence) } },
        What::End(reason) => html! { p { "ends: " (reason) } },
        What::Set(said) => html! { p.quiet { "sets " (said) } },
    }
}
