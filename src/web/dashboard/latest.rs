//! What happened last, in sentences.

use maud::{Markup, html};

use super::Pages;
use super::frame::Trouble;
use super::overview::{called, known};
use super::timeline::{is_loud, said, tone};
use super::when::Local;
use crate::domain::event::Event;

/// Events read, of which the quiet ones are left out.
const READ: usize = 90;
const SHOWN: usize = 22;

pub async fn card(pages: &Pages, local: &Local) -> Result<Markup, Trouble> {
    let events = pages.engine.store.reports().latest_events(READ).await?;
    let mut shown: Vec<&Event> = events.iter().filter(|event| is_loud(event)).collect();
    shown.sort_by(|a, b| b.recorded_at.cmp(&a.recorded_at).then(a.lead.cmp(&b.lead)).then(b.seq.cmp(&a.seq)));
    shown.truncate(SHOWN);
    let names = known(pages, shown.iter().map(|event| &event.lead)).await?;
    Ok(html! {
        section class="card" {
            header { h2 { "Just now" } }
            @if shown.is_empty() { div class="empty" { "Nothing has happened yet." } }
            div class="rows" {
                @for event in shown {
                    div class="line" {
                        time { (local.short(event.recorded_at)) }
                        div class="clip" {
                            a href=(format!("/leads/{}", event.lead)) { (names.get(&event.lead).map_or_else(|| event.lead.to_string(), called)) }
                            " " span class=(format!("soft {}", tone(event))) { (said(event, local)) }
                        }
                    }
                }
            }
        }
    })
}
