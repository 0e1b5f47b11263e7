//! The figures as one page that needs nothing else: no script, no font, no picture from outside.

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot::{self, Days};
use super::summary::{counted, date, findings, grouped, headline, share, share_of_mails, shown};
use super::tables::{most, taken};
use super::{Asked, Side};
use crate::sim::simulate::{Figures, Mark, RepFigures, SenderFigures, SequenceFigures, quantile};

pub fn page(asked: &Asked, sides: &[Side]) -> Markup {
    let title = if asked.from_database { "The next days, as they stand" } else { "A rehearsal" };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Overture" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                h1 { (title) }
                p class="soft" { (headline(asked)) ". " (about(asked)) }
                ul class="findings" { @for finding in sides.iter().flat_map(|side| findings(asked, side, sides.len() > 1)) { li class=(finding.tone) { (finding.text) "." } } }
                h2 { "How far leads come" }
                div class="sides" { @for side in sides { (funnel(side, sides)) } }
                h2 { "Mails a day against each sender's limit" }
                p class="soft" { "A mail waits when its window is open and its sender may not send yet. What waits for longer than a night is marked, from the first day with more than a day carries until that is over." }
                (beside(sides, "wide", |figures| named(&figures.senders).collect(), sender))
                @for side in sides { (upcoming(side)) }
                h2 { "Steps" }
                (beside(sides, "sides", |figures| named(&figures.sequences).filter(|(_, of)| of.is_played()).collect(), steps))
                h2 { "Handoffs, clocks and tasks" }
                p class="soft" { "Darker is more. Hours are those of the rep's own zone; a clock runs from the handoff until it is answered, in working hours." }
                (beside(sides, "sides", |figures| named(&figures.reps).collect(), rep))
                h2 { "Mails a lead gets in a week" }
                div class="sides" { @for side in sides { div class="card" { (caption(side, sides)) (plot::histogram("Weeks by mails", &side.figures.weeks, ("mails in one week, of weeks with any", 1))) } } }
                h2 { "Time until sales has a lead" }
                div class="sides" { @for side in sides { div class="card" { (caption(side, sides)) (plot::histogram("Days to SQL", &side.figures.to_sql, ("days from arrival to SQL", bin(side)))) } } }
                footer { "Made by overture simulate. The same files, rates and seed make the same page." }
            }
        }
    }
}

/// A bin of days that keeps the picture readable.
fn bin(side: &Side) -> usize {
    side.figures.to_sql.largest().map_or(1, |largest| (largest + 1).div_ceil(40).max(1))
}

fn about(asked: &Asked) -> &'static str {
    match (asked.from_database, asked.lively) {
        (false, _) => "Made-up people and reps; decisions, windows, holidays, caps and clocks are the daemon's own.",
        (true, true) => "Leads in flight and mails that wait, as they are now; what people and reps do is made up.",
        (true, false) => {
            "Leads in flight and mails that wait, as they are now; nobody answers, so each goes as far as it can."
        }
    }
}

fn named<T>(all: &BTreeMap<String, T>) -> impl Iterator<Item = (&str, &T)> {
    all.iter().map(|(name, of)| (name.as_str(), of))
}

/// A card for each thing with a name, those of several workspaces with the same name beside each other.
fn beside<T>(
    sides: &[Side],
    alone: &str,
    all: impl Fn(&Figures) -> Vec<(&str, &T)>,
    card: impl Fn((&Side, &[Side]), &str, &T) -> Markup,
) -> Markup {
    if let [side] = sides {
        return html! { div class=(alone) { @for (name, of) in all(&side.figures) { (card((side, sides), name, of)) } } };
    }
    let all: Vec<Vec<(&str, &T)>> = sides.iter().map(|side| all(&side.figures)).collect();
    let names: BTreeSet<&str> = all.iter().flatten().map(|(name, _)| *name).collect();
    html! {
        @for name in names {
            div class="sides" {
                @for (side, all) in sides.iter().zip(&all) {
                    @match all.iter().find(|(own, _)| *own == name) {
                        Some((_, of)) => { (card((side, sides), name, of)) }
                        None => { div class="card" { h3 { (side.name) ": " (name) } p class="soft" { "nothing of this name" } } }
                    }
                }
            }
        }
    }
}

fn caption(side: &Side, sides: &[Side]) -> Markup {
    html! { @if sides.len() > 1 { h3 { (side.name) } } }
}

/// Which mails leave on which day, where that was asked for.
fn upcoming(side: &Side) -> Markup {
    let Some(upcoming) = &side.figures.upcoming else { return html! {} };
    html! {
        h2 { "Mails by day" }
        div class="card" {
            table {
                tr { th { "date" } th { "sequence" } th { "step" } th { "sender" } th class="n" { "mails" } }
                @for line in upcoming.lines() {
                    tr {
                        td { (date(&side.figures, line.day)) }
                        td { (line.sequence) }
                        td { (line.step) }
                        td { (line.sender) }
                        td class="n" { (grouped(line.mails)) }
                    }
                }
            }
        }
    }
}

fn funnel(side: &Side, sides: &[Side]) -> Markup {
    let count = |mark| side.figures.reached.get(&mark).copied().unwrap_or(0);
    let all = count(Mark::Lead);
    html! {
        div class="card" {
            (caption(side, sides))
            table {
                @for mark in Mark::ALL {
                    tr {
                        td { (mark.as_str()) }
                        td style="width:55%" { span class="bar" style=(format!("width:{}%", width(count(mark), all))) {} }
                        td class="n" { (grouped(count(mark))) }
                        td class="n soft" { (share(count(mark), all)) }
                    }
                }
            }
        }
    }
}

/// Hundredths of a percent are finer than a pixel.
fn width(part: u64, whole: u64) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn sender((side, sides): (&Side, &[Side]), name: &str, of: &SenderFigures) -> Markup {
    let figures = &side.figures;
    let sent: Vec<u64> = of.sent.iter().copied().map(u64::from).collect();
    let waiting = of.waiting();
    let ticks = months(figures);
    let mark = of.backlog().map(|backlog| (backlog, format!("more than a day from {}", date(figures, backlog.from))));
    let mark = mark.map(|(backlog, name)| plot::Marked { from: backlog.from, until: backlog.gone, name });
    let whose = if sides.len() > 1 { format!("{}: {name}", side.name) } else { name.to_owned() };
    let most = sent.iter().copied().max().unwrap_or(0);
    html! {
        div class="card" {
            h3 { (whose) }
            p class="soft" { (grouped(of.total())) " mails, " (grouped(most)) " on the busiest day" @if let Some(limit) = of.limit { ", of " (grouped(u64::from(limit))) } }
            (plot::days(&Days { title: "Mails a day", counts: &sent, limit: of.limit.map(u64::from), mark: mark.clone(), ticks: &ticks, height: 190.0, tone: "bars" }))
            p class="caption" { "mails that left, by day" }
            @if waiting.iter().any(|count| *count > 0) {
                (plot::days(&Days { title: "Mails that wait", counts: &waiting, limit: None, mark, ticks: &ticks, height: 120.0, tone: "queue" }))
                p class="caption" { "mails that waited, at the end of each day" }
            } @else {
                p class="caption" { "none ever waited at the end of a day" }
            }
        }
    }
}

/// The first of each month, or each week of a short time.
fn months(figures: &Figures) -> Vec<(usize, String)> {
    let local = |number: usize| figures.date(number);
    if figures.days <= 62 {
        return (0..figures.days)
            .step_by(7)
            .map(|number| (number, local(number).strftime("%-d %b").to_string()))
            .collect();
    }
    let every = (figures.days / 400 + 1).max(1);
    let firsts = (0..figures.days).filter(|number| local(*number).day() == 1 || *number == 0);
    let firsts = firsts.filter(|number| *number == 0 || *number > 14).enumerate();
    firsts
        .filter(|(place, _)| place % every == 0)
        .map(|(_, number)| (number, local(number).strftime("%b").to_string()))
        .collect()
}

fn steps((side, sides): (&Side, &[Side]), _: &str, of: &SequenceFigures) -> Markup {
    html! {
        div class="card" {
            h3 { @if sides.len() > 1 { (side.name) ": " } (of.title) }
            p class="soft" {
                (grouped(of.entered)) " entered"
                @for (exit, count) in &of.ended { " · " (grouped(*count)) " " (exit.replace('_', " ")) }
                @if of.waiting > 0 { " · " (grouped(of.waiting)) " wait for room" }
            }
            table {
                tr { th { "step" } th class="n" { "sent" } th class="n" { "opened" } th class="n" { "clicked" } th class="n" { "replied" } }
                @for (id, step) in &of.steps {
                    tr {
                        td { (id) @if step.kind != "email" { span class="soft" { " " (step.kind) } } }
                        td class="n" { (grouped(step.sent)) }
                        td class="n" { (share_of_mails(step.opened, step)) }
                        td class="n" { (share_of_mails(step.clicked, step)) }
                        td class="n" { (share_of_mails(step.replied, step)) }
                    }
                }
            }
        }
    }
}

fn rep((side, sides): (&Side, &[Side]), _: &str, of: &RepFigures) -> Markup {
    html! {
        div class="card" {
            h3 { @if sides.len() > 1 { (side.name) ": " } (of.name) }
            p class="soft" {
                (grouped(of.handoffs)) " handoffs, " (most(&of.by_day)) " on the busiest day (" (busiest(of, &side.figures)) "); "
                (share(of.in_time, of.answered())) " answered in time, half within " (shown(quantile(&of.minutes, 50))) " working minutes; "
                (grouped(of.breached)) " breached, " (grouped(of.unanswered)) " never answered, " (grouped(of.most_open)) " open at most"
            }
            p class="soft" {
                (counted(of.tasks.asked, "task")) ", " (most(&of.tasks.by_day)) " on the busiest day; "
                (grouped(of.tasks.done)) " done, " (grouped(of.tasks.late)) " of them late, " (grouped(of.tasks.skipped)) " skipped, " (grouped(of.tasks.overdue)) " overdue. "
                "Handoffs and tasks take " (taken(of.work)) " of the working time"
                @if let Some(day) = of.work.behind_from { ", and are more than a day holds from " (date(&side.figures, day)) }
                "."
            }
            div class="pair" {
                div { (plot::heat("Handoffs by hour", &of.by_hour)) p class="caption" { "handoffs" } }
                div { (plot::heat("Hours that clocks ran", &of.clock_hours)) p class="caption" { "clocks that ran" } }
            }
        }
    }
}

fn busiest(of: &RepFigures, figures: &Figures) -> String {
    let most = of.by_day.iter().copied().max().unwrap_or(0);
    let number = of.by_day.iter().position(|count| *count == most && most > 0);
    number.map_or_else(|| "–".to_owned(), |number| figures.date(number).to_string())
}
