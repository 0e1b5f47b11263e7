//! The few figures one looks at first.

use maud::{Markup, html};

use super::numbers::{count, percent, share};
use super::overview::Overview;
use crate::domain::touch::State;

pub fn strip(overview: &Overview) -> Markup {
    let running: i64 = overview.enrollments.iter().filter(|line| is_running(&line.state)).map(|line| line.count).sum();
    let (mails, seen) = (overview.mails(), overview.steps.seen());
    let heard = |name: &str| overview.heard.get(name).copied().unwrap_or(0);
    let open: i64 = overview.handoffs.iter().filter(|line| is_open(&line.state)).map(|line| line.count).sum();
    let of_mails = |n| percent(n, mails).map_or_else(String::new, |share| format!(" · {share} %"));
    html! {
        section class="figures" data-flash="" {
            (figure(overview.stages.values().sum(), "leads"))
            (figure(running, "in sequences"))
            (figure(mails, "mails sent"))
            (figure(seen.opened, &format!("opened{}", of_mails(seen.opened))))
            (figure(seen.clicked, &format!("clicked{}", of_mails(seen.clicked))))
            (figure(heard("replied"), "replies in 30 days"))
            (figure(open, "handoffs open"))
        }
    }
}

fn figure(n: i64, what: &str) -> Markup {
    html! { div class="figure" { b { (count(n)) } span { (what) } } }
}

pub fn is_running(state: &str) -> bool {
    matches!(state, "active" | "paused" | "held")
}

pub fn is_open(state: &str) -> bool {
    matches!(state, "open" | "claimed")
}

/// Touches by state, the ones that need no eye together.
pub fn touches(overview: &Overview) -> Markup {
    let of = |states: &[State]| states.iter().filter_map(|state| overview.touches.get(state.as_str())).sum::<i64>();
    let lines = [
        ("waiting", "", of(&[State::Queued, State::Deferred])),
        ("on their way", "sky", of(&[State::Claimed, State::Intent, State::Marked])),
        ("accepted", "pine", of(&[State::Accepted])),
        ("cancelled in time", "", of(&[State::Cancelled])),
        ("refused", "amber", of(&[State::Refused])),
        ("expired", "amber", of(&[State::Expired])),
        ("held", "red", of(&[State::Held])),
        ("unknown", "red", of(&[State::Unknown])),
    ];
    let most = lines.iter().map(|(_, _, n)| *n).max().unwrap_or(0);
    html! {
        section class="card" data-flash="" {
            header { h2 { "Touches" } small { "mails and webhook calls" } }
            table class="bars" {
                @for (name, tone, n) in lines {
                    tr {
                        td { (name) }
                        td class="track" { (bar(share(n, most), if tone.is_empty() { "idle" } else { tone })) }
                        td class="right" { (count(n)) }
                    }
                }
            }
        }
    }
}

/// A bar filled to `percent` of its length.
pub fn bar(percent: f64, tone: &str) -> Markup {
    html! {
        svg class="bar" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(tone) width=(format!("{percent:.1}")) height="5" {}
        }
    }
}
