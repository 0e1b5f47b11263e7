//! A sequence from left to right: its steps, its waits, its branches, and how many leads are where.

use maud::{Markup, html};

use super::figures::is_running;
use super::numbers::{count, percent};
use super::overview::Overview;
use super::steps::Step as Counted;
use super::when::length;
use crate::domain::calendar::{Pause, Wait};
use crate::domain::sequence::{Act, Copy, Experiment, Sequence, Step};
use crate::store::reports::ExperimentLine;

/// Deeper than any file nests its branches; a broken one is cut instead of followed for ever.
const DEEPEST: usize = 12;

pub fn cards(overview: &Overview) -> Markup {
    let mut sequences: Vec<_> = overview.playbook.sequences.values().collect();
    // The longest first: it is what most people are in, and an order that stays is easier to look at.
    sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.steps.len()));
    html! { @for sequence in sequences { (card(overview, sequence)) } }
}

fn card(overview: &Overview, sequence: &Sequence) -> Markup {
    let of = |state: fn(&str) -> bool| {
        let lines = overview.enrollments.iter().filter(|line| line.sequence == sequence.name && state(&line.state));
        lines.map(|line| line.count).sum::<i64>()
    };
    let (running, finished, left) = (of(is_running), of(|state| state == "finished"), of(|state| state == "exited"));
    let failed = of(|state| state == "failed");
    html! {
        section class="card" data-flash="" {
            header {
                div { h2 { (sequence.title) } }
                div class="soft" {
                    span class="chip" { (sequence.kind.as_str()) } " "
                    b class="pine" { (count(running)) } " inside · " (count(finished)) " came through · " (count(left)) " left early"
                    @if failed > 0 { " · " span class="red" { (count(failed)) " failed" } }
                }
            }
            div class="flow" id=(format!("flow-{}", sequence.name)) {
                (chain(overview, sequence, Some(0), None, 0))
            }
        }
    }
}

/// The steps of one way, from `from` on: a branch is followed by where its ways meet again.
fn way(sequence: &Sequence, from: Option<usize>, depth: usize) -> Vec<usize> {
    let mut at = from;
    let mut found = Vec::new();
    while let Some(index) = at.filter(|index| *index < sequence.steps.len() && !found.contains(index)) {
        found.push(index);
        at = match &sequence.steps[index].act {
            Act::Branch { .. } | Act::Split(_) => meeting(sequence, index, depth + 1),
            _ => sequence.steps[index].next,
        };
    }
    found
}

/// The step at which the ways of a branch meet again; none if they never do.
fn meeting(sequence: &Sequence, branch: usize, depth: usize) -> Option<usize> {
    let starts = sequence.steps.get(branch)?.act.ways();
    if depth > DEEPEST {
        return None;
    }
    let ways: Vec<Vec<usize>> = starts.into_iter().map(|start| way(sequence, start, depth)).collect();
    let (first, rest) = ways.split_first()?;
    first.iter().copied().find(|step| rest.iter().all(|way| way.contains(step)))
}

/// The steps from `from` to where the ways meet again.
fn chain(overview: &Overview, sequence: &Sequence, from: Option<usize>, until: Option<usize>, depth: usize) -> Markup {
    let all = way(sequence, from, depth);
    let found: Vec<&Step> =
        all.iter().take_while(|index| Some(**index) != until).map(|index| &sequence.steps[*index]).collect();
    html! {
        @for (place, step) in found.iter().enumerate() {
            @if place > 0 { span class="link" {} }
            (node(overview, sequence, step, depth))
        }
    }
}

fn node(overview: &Overview, sequence: &Sequence, step: &Step, depth: usize) -> Markup {
    let counts = overview.steps.get(&sequence.name, &step.id);
    match &step.act {
        Act::Email { copy } => html! {
            div class="step mail" {
                (kind("mail", &counts)) span class="name" { (step.id) }
                dl {
                    dt { "sent" } dd { (count(counts.sent())) }
                    dt { "opened" } dd { (with_share(counts.seen.opened, counts.sent())) }
                    dt { "clicked" } dd { (with_share(counts.seen.clicked, counts.sent())) }
                }
                @if let Copy::Tried(experiment) = copy { (variants(overview, (sequence, step), experiment)) }
                (odd(&counts))
            }
        },
        Act::Webhook { channel, .. } => html! {
            div class="step hook" {
                (kind("webhook", &counts)) span class="name" { (step.id) }
                dl { dt { "to" } dd { (channel) } dt { "told" } dd { (count(counts.sent())) } }
                (odd(&counts))
            }
        },
        Act::Wait(pause) | Act::WaitFor { up_to: pause, .. } => html! {
            div class="wait" title="waiting" {
                @if let Act::WaitFor { .. } = &step.act { span { "up to" } }
                span { (waits(pause)) }
                (hourglass())
                @if counts.here > 0 { span class="here" { (count(counts.here)) } } @else { span class="faint" { "0" } }
            }
        },
        Act::Branch { arms, otherwise } if depth < DEEPEST => {
            let join = sequence.step(&step.id).and_then(|(index, _)| meeting(sequence, index, depth));
            html! { div class="arms" {
                @for (number, arm) in arms.iter().enumerate() {
                    (arm_of(overview, sequence, &branch(number, arm.when.text()), (arm.then, join), depth))
                }
                (arm_of(overview, sequence, "else", (*otherwise, join), depth))
            } }
        }
        Act::Split(ways) if depth < DEEPEST => {
            let join = sequence.step(&step.id).and_then(|(index, _)| meeting(sequence, index, depth));
            html! { div class="arms" {
                @for way in ways {
                    (arm_of(overview, sequence, &way.name, (way.then, join), depth))
                }
            } }
        }
        Act::Branch { .. } | Act::Split(_) => html! { div class="wait" { span { "…" } } },
        Act::Task(task) => html! {
            div class="step call" { (kind(task.kind.as_str(), &counts)) span class="name" { (step.id) } (odd(&counts)) }
        },
        Act::Set(_) => html! { div class="wait" { span { "set" } span class="faint" { "values" } } },
        Act::Handoff { when, .. } => html! {
            div class="step give" {
                (kind("handoff", &counts)) span class="name" { (step.id) }
                @if let Some(when) = when { small { "if " (when.text()) } }
            }
        },
        Act::Enroll { sequence } => html! { span class="end" { "→ " (sequence) } },
        Act::End { reason } => html! { span class="end" title="ends here" { "■ " (reason) } },
    }
}

/// The variants of a mail: mails and successes of each, and what can be said of them.
fn variants(overview: &Overview, (sequence, step): (&Sequence, &Step), experiment: &Experiment) -> Markup {
    let of_it = |line: &&ExperimentLine| {
        line.key.sequence == sequence.name && line.key.step == step.id && line.key.experiment == experiment.id
    };
    let line = overview.experiments.iter().find(of_it);
    let arms = experiment.arms(line.map_or(&[], |line| &line.arms));
    let winner = line.and_then(|line| line.winner.as_deref());
    let said = winner.map_or_else(|| experiment.judge(&arms).to_string(), |name| format!("`{name}` has won"));
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    html! {
        dl title="mails of each variant, and those with a success" {
            @for arm in &arms {
                dt { (arm.variant) } dd { (count(whole(arm.mails))) " · " (with_share(whole(arm.hits), whole(arm.mails))) }
            }
        }
        small { (said) }
    }
}

fn arm_of(
    overview: &Overview,
    sequence: &Sequence,
    label: &str,
    (then, join): (Option<usize>, Option<usize>),
    depth: usize,
) -> Markup {
    html! {
        div class="arm" {
            span class="if" title=(label) { (label) }
            @if then.is_some() && then != join { (chain(overview, sequence, then, join, depth + 1)) } @else { span class="end" { "goes on" } }
            span class="link" {}
        }
    }
}

/// A condition as a person would say it.
fn branch(number: usize, condition: &str) -> String {
    let said = condition
        .replace("(\"", " ")
        .replace("\")", "")
        .replace("\", \"", ", ")
        .replace("||", "or")
        .replace("&&", "and");
    if number == 0 { format!("if {said}") } else { format!("else if {said}") }
}

fn kind(name: &str, counts: &Counted) -> Markup {
    html! { span class="kind" { (name) @if counts.here > 0 { span class="here" title="leads that are here now" { (count(counts.here)) } } } }
}

fn with_share(part: i64, whole: i64) -> Markup {
    html! { (count(part)) @if let Some(share) = percent(part, whole) { small { " " (share) "%" } } }
}

/// What did not go as it should.
fn odd(counts: &Counted) -> Markup {
    let found = [("refused", "amber"), ("expired", "amber"), ("held", "red"), ("unknown", "red")];
    html! {
        @for (state, tone) in found {
            @let n = counts.of(&[state]);
            @if n > 0 { span class=(format!("chip {tone}")) { (count(n)) " " (state) } " " }
        }
    }
}

fn waits(pause: &Pause) -> String {
    match pause.wait {
        Wait::Elapsed(of) => length(of),
        Wait::Days(days) if days % 7 == 0 => format!("{} w", days / 7),
        Wait::Days(days) => format!("{days} d"),
        Wait::BusinessDays(days) => format!("{days} bd"),
        Wait::Until { weekday: Some(day), time } => {
            let name = format!("{day:?}");
            format!("{} {}", name.get(..3).unwrap_or(&name), time.strftime("%H:%M"))
        }
        Wait::Until { weekday: None, time } => format!("{}", time.strftime("%H:%M")),
    }
}

fn hourglass() -> Markup {
    html! {
        svg viewBox="0 0 16 16" aria-hidden="true" {
            circle cx="8" cy="8" r="6.4" {}
            path d="M8 4.4V8l2.5 1.6" stroke-linecap="round" {}
        }
    }
}
