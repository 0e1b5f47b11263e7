//! The funnel: how many leads came at least so far, drawn so that its narrowing is seen before a number is read.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::numbers::{count, percent};
use crate::domain::stage::Stage;

const WIDTH: f64 = 720.0;
const MIDDLE: f64 = 204.0;
/// Half the height of the widest place.
const REACH: f64 = 112.0;
/// What is not nothing can be seen.
const LEAST: f64 = 2.0;

/// A stage, and how many leads stand there or beyond.
struct Mouth {
    stage: Stage,
    here: i64,
    reached: i64,
}

pub fn picture(stages: &BTreeMap<String, i64>) -> Markup {
    let mouths = mouths(stages);
    let all = mouths.first().map_or(0, |mouth| mouth.reached);
    #[expect(clippy::cast_precision_loss, reason = "a handful of stages")]
    let column = WIDTH / mouths.len() as f64;
    // By the root, as areas are: a stage with one in a hundred is still to be seen.
    let half = |n: i64| if n == 0 { 0.0 } else { (REACH * (super::numbers::share(n, all) / 100.0).sqrt()).max(LEAST) };
    let aside: Vec<_> = [Stage::Recycled, Stage::Disqualified]
        .into_iter()
        .map(|stage| (stage, stages.get(stage.as_str()).copied().unwrap_or(0)))
        .collect();
    html! {
        svg class="funnel" viewBox="0 0 720 332" role="img" aria-label="Funnel of leads by stage" {
            @for (at, mouth) in mouths.iter().enumerate() {
                @let left = left(at, column);
                @let next = mouths.get(at + 1).map_or(0, |next| next.reached);
                path class="body" d=(tube(left, column, half(mouth.reached), half(next))) {}
                path class="core" d=(tube(left, column, half(mouth.reached) / 6.0, half(next) / 6.0)) {}
                @if at > 0 { line class="post" x1=(left) x2=(left) y1="4" y2="328" {} }
                text class="small soft" x=(left + 12.0) y="16" { (title(mouth.stage)) }
                text class="n" x=(left + 12.0) y="44" { (count(mouth.reached)) }
                text class="tiny faint" x=(left + 12.0) y="62" { (told(&mouths, at)) }
            }
        }
        div class="aside" {
            @for (stage, n) in aside { @if n > 0 { span class="chip" { (count(n)) " " (stage.as_str()) } " " } }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of stages")]
fn left(at: usize, column: f64) -> f64 {
    at as f64 * column
}

/// A piece of the funnel from one half height to the next, with a soft shoulder.
fn tube(left: f64, width: f64, from: f64, to: f64) -> String {
    let (right, bend) = (left + width, left + width * 0.62);
    let (top, low) = (MIDDLE - from, MIDDLE + from);
    let (end_top, end_low) = (MIDDLE - to, MIDDLE + to);
    format!(
        "M{left:.1} {top:.1}C{bend:.1} {top:.1} {bend:.1} {end_top:.1} {right:.1} {end_top:.1}\
         L{right:.1} {end_low:.1}C{bend:.1} {end_low:.1} {bend:.1} {low:.1} {left:.1} {low:.1}Z"
    )
}

fn told(mouths: &[Mouth], at: usize) -> String {
    let here = &mouths[at];
    match at.checked_sub(1).and_then(|before| percent(here.reached, mouths[before].reached)) {
        Some(share) => format!("{share} % of those before"),
        None => format!("{} still here", count(here.here)),
    }
}

fn mouths(stages: &BTreeMap<String, i64>) -> Vec<Mouth> {
    let at = |stage: Stage| stages.get(stage.as_str()).copied().unwrap_or(0);
    let ladder: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| stage.rung().is_some()).collect();
    let beyond =
        |stage: Stage| ladder.iter().filter(|other| other.rung() >= stage.rung()).map(|other| at(*other)).sum::<i64>();
    // Who was sent back or turned away had been a lead as well.
    let aside = at(Stage::Recycled) + at(Stage::Disqualified);
    ladder
        .iter()
        .filter(|stage| !matches!(stage, Stage::Iql | Stage::Pql) || at(**stage) > 0)
        .map(|stage| {
            let extra = if *stage == Stage::Lead { aside } else { 0 };
            Mouth { stage: *stage, here: at(*stage), reached: beyond(*stage) + extra }
        })
        .collect()
}

fn title(stage: Stage) -> String {
    match stage {
        Stage::Iql | Stage::Mql | Stage::Pql | Stage::Sql => stage.as_str().to_uppercase(),
        _ => {
            let name = stage.as_str();
            format!("{}{}", name[..1].to_uppercase(), &name[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_counts_at_every_stage_it_has_passed() {
        let stages = [("lead", 70), ("mql", 20), ("sql", 6), ("customer", 1), ("recycled", 3)];
        let found = mouths(&stages.map(|(name, n)| (name.to_owned(), n)).into());
        let counts: Vec<(&str, i64, i64)> = found.iter().map(|m| (m.stage.as_str(), m.here, m.reached)).collect();
        let expected = [("lead", 70, 100), ("mql", 20, 27), ("sql", 6, 7), ("opportunity", 0, 1), ("customer", 1, 1)];
        assert_eq!(counts, expected);
    }
}
