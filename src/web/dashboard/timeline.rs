//! A lead's history as a line of days, loud where something changed for the lead and quiet where bookkeeping went on.

use maud::{Markup, html};

use super::when::Local;
use crate::domain::event::{Actor, Event, Guests, What};
use crate::domain::touch::Outcome;
use crate::engine::sentence;

/// Whether an event says something to somebody who only glances.
pub fn is_loud(event: &Event) -> bool {
    !matches!(
        event.what,
        What::Moved { .. }
            | What::Queued { .. }
            | What::Did { .. }
            | What::Fitted { .. }
            | What::Settled { .. }
            | What::Scored { .. }
            | What::Rescored { .. }
            | What::Changed { .. }
            | What::Branched { .. }
            | What::SenderDrawn { before: None, .. }
    )
}

/// The colour of an event: green for what goes well, blue for what a lead does, amber and red for what should be seen.
pub fn tone(event: &Event) -> &'static str {
    match &event.what {
        What::Hit { verdict: Actor::Machine, .. } => "quiet",
        What::Heard { name, .. } if name == "unsubscribed" || name == "complained" => "amber",
        What::Imported { .. } | What::Heard { .. } | What::Hit { .. } => "sky",
        What::Staged { .. }
        | What::Enrolled { .. }
        | What::Won { .. }
        | What::Answered { .. }
        | What::Claimed { .. } => "pine",
        What::HandoffOpened { .. } => "pine",
        What::Touched { outcome: Outcome::Accepted { .. }, .. } => "pine",
        What::Touched { outcome: Outcome::Deferred { .. } | Outcome::Expired | Outcome::Unknown { .. }, .. } => "amber",
        What::Touched { .. } | What::Suppressed { .. } | What::SlaBreached { .. } | What::Faulted { .. } => "red",
        What::Held { .. } => "red",
        What::Rung { .. } | What::OptedOut { .. } | What::Paused { .. } | What::NotEnrolled { .. } => "amber",
        What::Pending { .. } | What::Dropped { .. } | What::ColleagueReplied { .. } => "amber",
        _ if is_loud(event) => "",
        _ => "quiet",
    }
}

/// An event in a sentence, with what people do in their own words; names from the files stand out.
pub fn said(event: &Event, local: &Local) -> Markup {
    let text = match &event.what {
        What::Hit { name, step, reason, verdict: Actor::Machine, .. } => {
            format!("a machine: {} `{step}` ({reason})", words(name))
        }
        What::Hit { name, step, url, .. } => match url {
            Some(url) => format!("{} `{step}`, to {url}", words(name)),
            None => format!("{} `{step}`", words(name)),
        },
        What::Heard { name, data, .. } => {
            let detail: Vec<&str> = data.values().filter_map(serde_json::Value::as_str).take(2).collect();
            let detail = if detail.is_empty() { String::new() } else { format!(": {}", detail.join(", ")) };
            format!("{}{detail} ({})", words(name), event.source)
        }
        _ => sentence(event),
    };
    let text = local.tell(&text);
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// `page_viewed` as people write it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Events, the newest first, under their days. What was heard of a lead that was taken in later says at which address.
pub fn days(events: &[Event], local: &Local) -> Markup {
    let guests = Guests::of(events);
    let mut days: Vec<(String, Vec<&Event>)> = Vec::new();
    for event in events {
        let day = local.day(event.recorded_at);
        match days.last_mut() {
            Some((last, of_day)) if *last == day => of_day.push(event),
            _ => days.push((day, vec![event])),
        }
    }
    html! {
        div class="timeline" {
            @for (day, events) in days {
                div class="day" { (day) }
                @for event in events {
                    div class=(format!("line {}", tone(event))) {
                        time title=(local.full(event.occurred_at)) { (local.clock(event.recorded_at)) }
                        div class="mark" { i {} }
                        p {
                            (said(event, local))
                            @if let Some(address) = guests.address_of(event.seq) { " " small class="soft" { (address) } }
                        }
                    }
                }
            }
        }
    }
}
