//! The ways out: each sender's cap and pace, what waits for it, and why it stands still where it does.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::figures::bar;
use super::numbers::{count, share};
use super::overview::Overview;
use super::when::length;
use crate::domain::calendar::local::day_number;
use crate::domain::calendar::zone_named;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;
use crate::engine::Engine;
use crate::store::reports::{LaneRow, StoreError};

/// One way out.
pub struct Line {
    name: String,
    address: String,
    used: i64,
    cap: Option<i64>,
    waiting: i64,
    ready_at: Option<Instant>,
    stopped: Option<String>,
}

/// Senders first, then channels.
pub async fn lines(engine: &Engine, playbook: &Playbook, now: Instant) -> Result<Vec<Line>, StoreError> {
    let lanes: BTreeMap<String, LaneRow> =
        engine.store.lanes().await?.into_iter().map(|lane| (lane.name.clone(), lane)).collect();
    let waiting = engine.store.reports().waiting_by_lane().await?;
    let paused: Vec<String> = engine.store.pauses().await?.into_iter().map(|pause| pause.scope).collect();
    let settings = &playbook.settings;
    let line = |kind: &str, scope: &str, name: &String, address: String, cap: Option<u32>, zone: TimeZone| {
        let lane = lanes.get(&format!("{kind}:{name}"));
        let today = |lane: &&LaneRow| lane.day == day_number(&zone, now);
        let by_hand = paused.iter().any(|paused| paused == "all" || *paused == format!("{scope}:{name}"));
        let itself = lane.filter(|lane| lane.paused).map(|lane| lane.blocked_reason.clone().unwrap_or_default());
        Line {
            used: lane.filter(today).map_or(0, |lane| i64::from(lane.used)),
            cap: cap.map(i64::from),
            waiting: waiting.get(&format!("{kind}:{name}")).copied().unwrap_or(0),
            ready_at: lane.map(|lane| lane.ready_at).filter(|at| *at > now),
            stopped: itself.or_else(|| by_hand.then(|| "paused by hand".to_owned())),
            name: name.clone(),
            address,
        }
    };
    let mail = settings.senders.values().map(|sender| {
        let zone = zone_named(&sender.zone).unwrap_or(TimeZone::UTC);
        line("mail", "sender", &sender.name, sender.address.clone(), sender.per_day, zone)
    });
    let hooks =
        settings.channels.iter().map(|name| line("hook", "channel", name, "webhook".to_owned(), None, TimeZone::UTC));
    Ok(mail.chain(hooks).collect())
}

pub fn card(overview: &Overview) -> Markup {
    html! {
        section class="card" {
            header { h2 { "Ways out" } small { "used today" } }
            div class="rows" { @for line in &overview.senders { (one(overview, line)) } }
        }
    }
}

fn one(overview: &Overview, line: &Line) -> Markup {
    html! {
        div class="row two" {
            div class="clip" { b { (line.name) } " " small { (line.address) } }
            div class="right" {
                @match line.cap {
                    Some(cap) => { (count(line.used)) span class="faint" { " / " (count(cap)) } },
                    None => { span class="faint" { "no cap" } },
                }
            }
            @if let Some(cap) = line.cap { (bar(share(line.used, cap), if line.used >= cap { "amber" } else { "pine" })) }
            @match &line.stopped {
                Some(why) => { small class="red" { "stopped: " (overview.local.tell(why)) } },
                None => { small { (pace(overview, line)) } },
            }
        }
    }
}

fn pace(overview: &Overview, line: &Line) -> String {
    let waiting =
        if line.waiting == 0 { "nothing waits".to_owned() } else { format!("{} waiting", count(line.waiting)) };
    match line.ready_at {
        Some(at) => format!("{waiting} · next in {}", length(at.since(overview.now))),
        None => format!("{waiting} · ready"),
    }
}
