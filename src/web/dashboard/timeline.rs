//! A lead's history as a line of days, loud where something changed for the lead and quiet where bookkeeping went on.

use maud::{Markup, html};

use super::when::Local;
use crate::domain::event::{Actor, Event, What};
use crate::domain::touch::Outcome;
use crate::engine::sentence;

/// Whether an event says something to somebody who only glances.
pub fn is_loud(event: &Event) -> bool {
    !matches!(
        event.what,
        What::Moved { .. }
            | What::Queued { .. }
            | What::Fitted { .. }
            | What::Settled { .. }
            | What::Scored { .. }
            | What::Changed { .. }
            | What::Branched { .. }
    )
}

/// The colour of an event: green for what goes well, blue for what a lead does, amber and red for what should be seen.
pub fn tone(event: &Event) -> &'static str {
    match &event.what {
        What::Hit { verdict: Actor::Machine, .. } => "quiet",
        What::Heard { name, .. } if name == "unsubscribed" || name == "complained" => "amber",
        What::Heard { .. } | What::Hit { .. } => "sky",
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
        _ if is_loud(event) => "",
        _ => "quiet",
    }
}

/// Events, the newest first, under their days.
pub fn days(events: &[Event], local: &Local) -> Markup {
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
                        p { (local.tell(&sentence(event))) }
                    }
                }
            }
        }
    }
}
