//! The figures as one page that needs nothing else: no script, no font, no picture from outside.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot::{self, Days};
use super::summary::{answered, date, day, grouped, grows, headline, share, shown};
use super::{Asked, Side};
use crate::domain::time::Millis;
use crate::sim::simulate::{Figures, Mark, RepFigures, SenderFigures, quantile};

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
                ul class="findings" { @for side in sides { (findings(side, sides.len() > 1)) } }
                h2 { "How far leads come" }
                div class="sides" { @for side in sides { (funnel(side, sides)) } }
                h2 { "Mails a day against each sender's limit" }
                p class="soft" { "A mail waits when its window is open and its sender may not send yet. The queue grows from the day after which what waits never comes to nothing again." }
                div class=(if sides.len() > 1 { "sides" } else { "wide" }) { @for side in sides { @for (name, of) in &side.figures.senders { (sender((side, sides), name, of)) } } }
                h2 { "Steps" }
                div class="sides" { @for side in sides { (steps(side, sides)) } }
                h2 { "Handoffs and clocks" }
                p class="soft" { "Darker is more. Hours are those of the rep's own zone; a clock runs from the handoff until it is answered, in working hours." }
                div class="sides" { @for side in sides { @for of in side.figures.reps.values() { (rep((side, sides), of)) } } }
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
    if asked.from_database {
        "Leads in flight and mails that wait, as they are now; nobody answers, so each goes as far as it can."
    } else {
        "Made-up people and reps; decisions, windows, holidays, caps and clocks are the daemon's own."
    }
}

fn caption(side: &Side, sides: &[Side]) -> Markup {
    html! { @if sides.len() > 1 { h3 { (side.name) } } }
}

/// What a person should see first.
fn findings(side: &Side, named: bool) -> Markup {
    let figures = &side.figures;
    let whose = if named { format!("{}: ", side.name) } else { String::new() };
    let growing = figures.senders.iter().filter(|(_, of)| of.grows_from().is_some());
    let handoffs: u64 = figures.reps.values().map(|of| of.handoffs).sum();
    let (in_time, all) = figures.reps.values().fold((0, 0), |(met, all), of| (met + of.in_time, all + answered(of)));
    let unanswered: u64 = figures.reps.values().map(|of| of.unanswered).sum();
    let count = |mark| figures.reached.get(&mark).copied().unwrap_or(0);
    let bounds = growing.clone().count();
    html! {
        @for (name, of) in growing {
            li class="bad" {
                (whose) "the queue of " b { (name) } " grows from " b { (grows(figures, of)) } ": at the end "
                (grouped(of.waiting().last().copied().unwrap_or(0))) " mails wait, and it may send " (of.limit.map_or_else(|| "any number".to_owned(), |limit| grouped(u64::from(limit)))) " a day."
            }
        }
        @if bounds == 0 { li { (whose) "every sender keeps up: no queue grows." } }
        li { (whose) (grouped(count(Mark::Sql))) " of " (grouped(count(Mark::Lead))) " leads reach sales (" (share(count(Mark::Sql), count(Mark::Lead))) "), half of them within " (shown(quantile(&figures.to_sql, 50))) " days." }
        @for one in &figures.experiments { li { (whose) (super::tried::said(one)) "." } }
        li class=(if unanswered * 10 > handoffs && handoffs > 0 { "odd" } else { "" }) {
            (whose) (grouped(handoffs)) " handoffs: " (share(in_time, all)) " of those that were answered in time, " (grouped(unanswered)) " never answered."
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
    let mark = of.grows_from().map(|day| (day, format!("grows from {}", date(figures, day))));
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
    let local = |number: usize| {
        let at = figures.start + Millis::HOUR.times(12) + Millis::DAY.times(i64::try_from(number).unwrap_or(0));
        at.to_jiff().to_zoned(figures.zone.clone())
    };
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

fn steps(side: &Side, sides: &[Side]) -> Markup {
    html! {
        @for of in side.figures.sequences.values().filter(|of| of.entered > 0 || of.steps.iter().any(|(_, step)| step.sent > 0)) {
            div class="card" {
                h3 { @if sides.len() > 1 { (side.name) ": " } (of.title) }
                p class="soft" {
                    (grouped(of.entered)) " entered"
                    @for (exit, count) in &of.ended { " · " (grouped(*count)) " " (exit.replace('_', " ")) }
                }
                table {
                    tr { th { "step" } th class="n" { "sent" } th class="n" { "opened" } th class="n" { "clicked" } th class="n" { "replied" } }
                    @for (id, step) in &of.steps {
                        tr {
                            td { (id) }
                            td class="n" { (grouped(step.sent)) }
                            td class="n" { (share(step.opened, step.sent)) }
                            td class="n" { (share(step.clicked, step.sent)) }
                            td class="n" { (share(step.replied, step.sent)) }
                        }
                    }
                }
            }
        }
    }
}

fn rep((side, sides): (&Side, &[Side]), of: &RepFigures) -> Markup {
    html! {
        div class="card" {
            h3 { @if sides.len() > 1 { (side.name) ": " } (of.name) }
            p class="soft" {
                (grouped(of.handoffs)) " handoffs, " (of.by_day.iter().max().copied().unwrap_or(0)) " on the busiest day (" (busiest(of, &side.figures)) "); "
                (share(of.in_time, answered(of))) " answered in time, half within " (shown(quantile(&of.minutes, 50))) " working minutes; "
                (grouped(of.breached)) " breached, " (grouped(of.unanswered)) " never answered, " (grouped(of.most_open)) " open at most"
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
    number.map_or_else(
        || "–".to_owned(),
        |number| {
            let noon = figures.start + Millis::HOUR.times(12);
            day(noon + Millis::DAY.times(i64::try_from(number).unwrap_or(0)), figures)
        },
    )
}
