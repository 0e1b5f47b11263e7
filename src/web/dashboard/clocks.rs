//! Running clocks with the time that is left, by rep, the most urgent first; and how many promises were kept.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::figures::bar;
use super::numbers::{count, percent, share};
use super::overview::Overview;
use super::when::length;
use crate::domain::calendar::Calendar;
use crate::domain::time::{Instant, Millis};
use crate::store::reports::HandoffLine;

/// Lines the board has room for beside the funnel.
const ROOM: usize = 6;

pub fn board(overview: &Overview) -> Markup {
    let mut by_rep: BTreeMap<(Instant, &str), Vec<&HandoffLine>> = BTreeMap::new();
    let first = |rep: &str| overview.clocks.iter().find(|line| line.rep == rep).and_then(|line| line.due_at);
    for line in &overview.clocks {
        by_rep.entry((first(&line.rep).unwrap_or(Instant::NEVER), &line.rep)).or_default().push(line);
    }
    html! {
        (kept(overview))
        @if by_rep.is_empty() { div class="empty" { "No clock is running: everyone who was handed over has been answered." } }
        @for ((_, rep), lines) in by_rep {
            @let staff = &overview.playbook.staff;
            @let name = staff.reps.get(rep).map_or(rep, |rep| rep.name.as_str());
            div class="rep" { (name) small { (lines.len()) " open" } @if let Some(closed) = closed(overview, rep) { span class="chip" { (closed) } } }
            @for line in lines { (clock(overview, line)) }
        }
        @if !overview.lately.is_empty() && overview.clocks.len() < ROOM {
            div class="lately" { @for line in overview.lately.iter().take(ROOM - overview.clocks.len()) { (over(overview, line)) } }
        }
    }
}

/// A handoff whose clock does not run any more.
fn over(overview: &Overview, line: &HandoffLine) -> Markup {
    let how = match (line.answered_at, line.sla.as_str()) {
        (Some(at), "met") => ("soft", format!("answered in {}", length(at.since(line.opened_at)))),
        (Some(at), _) => ("red", format!("answered after {}", length(at.since(line.opened_at)))),
        (None, _) => ("amber", line.closed_because.clone().unwrap_or_else(|| "closed".to_owned())),
    };
    html! {
        div class="row" {
            div class="clip" { a href=(format!("/leads/{}", line.lead)) { (overview.name(&line.lead)) } " " small { (line.rep) " · " (overview.local.short(line.opened_at)) } }
            small class=(how.0) { (how.1) }
        }
    }
}

/// How many clocks ran out, as a ring and a sentence.
fn kept(overview: &Overview) -> Markup {
    let of = |sla: &str| overview.handoffs.iter().filter(|line| line.sla == sla).map(|line| line.count).sum::<i64>();
    let (met, breached) = (of("met"), of("breached"));
    let Some(share) = percent(met, met + breached) else { return html! {} };
    #[expect(clippy::cast_precision_loss, reason = "at most 100")]
    let arc = share as f64 / 100.0 * std::f64::consts::TAU * 25.0;
    html! {
        div class="kept" {
            svg viewBox="0 0 60 60" role="img" aria-label=(format!("{share} % of promises kept")) {
                circle class="ring" cx="30" cy="30" r="25" {}
                circle class="ring met" cx="30" cy="30" r="25" stroke-dasharray=(format!("{arc:.1} 158")) transform="rotate(-90 30 30)" {}
                text class="small" x="30" y="34" text-anchor="middle" { (share) " %" }
            }
            div {
                div { b { (count(met)) } " answered in time" }
                div class=(if breached > 0 { "red" } else { "soft" }) { b { (count(breached)) } " not in time" }
            }
        }
    }
}

fn calendar<'o>(overview: &'o Overview, rep: &str) -> Option<&'o Calendar> {
    let staff = &overview.playbook.staff;
    staff.reps.get(rep).and_then(|rep| staff.calendars.get(&rep.calendar))
}

/// When the rep is back, if now is out of hours.
fn closed(overview: &Overview, rep: &str) -> Option<String> {
    let opens = calendar(overview, rep)?.next_open(overview.now)?;
    (opens > overview.now).then(|| format!("back {}", overview.local.short(opens)))
}

fn clock(overview: &Overview, line: &HandoffLine) -> Markup {
    let dossier = line.dossier.as_ref();
    let company = dossier.and_then(|dossier| dossier["lead"]["company"].as_str()).unwrap_or_default();
    let (text, tone, full) = left(overview, line);
    html! {
        div class="sla" {
            div class="clip" { a href=(format!("/leads/{}", line.lead)) { (overview.name(&line.lead)) } " " span class="soft" { (company) } }
            div class=(tone) { (text) }
            (bar(full, if tone.is_empty() { "pine" } else { tone }))
        }
    }
}

/// What is left of a clock, in working time: its text, its tone, how full its bar is.
fn left(overview: &Overview, line: &HandoffLine) -> (String, &'static str, f64) {
    let Some(due) = line.due_at else { return ("no clock".to_owned(), "soft", 0.0) };
    if due <= overview.now {
        return (format!("{} late", length(overview.now.since(due))), "red", 100.0);
    }
    let working = |from, to| match calendar(overview, &line.rep) {
        Some(calendar) => calendar.working_between(from, to),
        None => to.since(from),
    };
    let (whole, rest) = (working(line.opened_at, due), working(overview.now.max(line.opened_at), due));
    let full = share(rest.0, whole.0.max(Millis::SECOND.0));
    let tone = if full < 40.0 { "amber" } else { "" };
    (format!("{} left", length(rest)), tone, full)
}
