//! A lead's score over time: a picture of the same sum that `overture score` prints.

use maud::{Markup, html};

use super::numbers::points;
use super::when::Local;
use crate::domain::event::{Event, Guests, What};
use crate::domain::score::{Ledger, Line, Scoring};
use crate::domain::time::Instant;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const LOW: f64 = 26.0;
/// Points between two events, so that a score that fades is seen to fade.
const SAMPLES: i64 = 160;
/// Drivers that get their name written beside them.
const NAMED: usize = 7;
/// The room a stage's name takes.
const NAME: f64 = 78.0;
/// The room a letter of it takes.
const LETTER: f64 = 7.0;
/// Points below this are a dot without a name.
const WORTH_A_NAME: f64 = 3.0;

/// A ledger as it was told by the events so far.
#[derive(Default)]
struct Book {
    fit: Vec<Line>,
    engagement: Vec<Line>,
}

/// A line that was written, for a mark in the picture.
struct Driver {
    at: Instant,
    rule: String,
    points: f64,
    total: f64,
}

pub struct Curve {
    from: Instant,
    to: Instant,
    range: (f64, f64),
    line: Vec<(Instant, f64)>,
    drivers: Vec<Driver>,
    stages: Vec<(Instant, String)>,
    bands: Vec<(String, f64)>,
}

impl Curve {
    /// Reads the curve off a lead's events, oldest first.
    pub fn of(events: &[Event], scoring: &Scoring, now: Instant) -> Option<Self> {
        let from = events.first()?.recorded_at;
        let mut curve = Self {
            from,
            to: now.max(from + crate::domain::time::Millis::HOUR),
            range: scoring.range,
            line: Vec::new(),
            drivers: Vec::new(),
            stages: Vec::new(),
            bands: scoring.bands.iter().filter(|(_, at)| *at > scoring.range.0).cloned().collect(),
        };
        let (mut book, mut seen) = (Book::default(), from);
        // What the scores of leads were that it took in later is told by the event that did so.
        let guests = Guests::of(events);
        for event in events.iter().filter(|event| guests.address_of(event.seq).is_none()) {
            let at = event.recorded_at;
            match &event.what {
                What::Scored { .. } | What::Fitted { .. } | What::Rescored { .. } | What::Merged { .. } => {
                    curve.up_to(seen, at, &book, scoring);
                }
                What::Staged { to, .. } => curve.stages.push((at, to.to_string())),
                _ => continue,
            }
            seen = at;
            let written = book.write(&event.what);
            let total = book.total(at, scoring);
            curve.line.push((at, total));
            curve.drivers.extend(written.map(|(rule, points)| Driver { at, rule, points, total }));
        }
        let end = curve.to;
        curve.up_to(seen, end, &book, scoring);
        Some(curve)
    }

    /// Follows the ledger from one instant to another, while nothing is written.
    fn up_to(&mut self, from: Instant, to: Instant, book: &Book, scoring: &Scoring) {
        let step = ((self.to.0 - self.from.0) / SAMPLES).max(1);
        let between = (1..).map(|n| Instant(from.0 + n * step)).take_while(|at| *at < to);
        let mut at: Vec<Instant> = between.chain(book.ends(from, to)).chain([to]).collect();
        at.sort();
        self.line.extend(at.into_iter().map(|at| (at, book.total(at, scoring))));
    }

    #[expect(clippy::cast_precision_loss, reason = "a picture is some hundred pixels wide")]
    fn x(&self, at: Instant) -> f64 {
        let share = at.since(self.from).0 as f64 / self.to.since(self.from).0.max(1) as f64;
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, score: f64) -> f64 {
        let (low, high) = self.range;
        HEIGHT - LOW - (score - low) / (high - low).max(1.0) * (HEIGHT - TOP - LOW)
    }

    fn path(&self) -> String {
        let mut last = None;
        let piece = |(at, score): &(Instant, f64)| {
            let (x, y) = (self.x(*at), self.y(*score));
            match last.replace(*at) {
                None => format!("M{x:.1} {y:.1}"),
                // What is written jumps; what fades slopes.
                Some(before) if before == *at => format!("V{y:.1}"),
                Some(_) => format!("L{x:.1} {y:.1}"),
            }
        };
        self.line.iter().map(piece).collect::<Vec<_>>().concat()
    }

    pub fn picture(&self, local: &Local) -> Markup {
        let (path, floor) = (self.path(), self.y(self.range.0));
        let (low, high) = self.range;
        let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| low + (high - low) * share);
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Score over time" {
                @for tick in ticks {
                    line class="grid" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(self.y(tick)) y2=(self.y(tick)) {}
                    text class="tiny faint" x=(LEFT - 7.0) y=(self.y(tick) + 4.0) text-anchor="end" { (points(tick)) }
                }
                @for (name, at) in &self.bands {
                    line class="band" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(self.y(*at)) y2=(self.y(*at)) {}
                    text class="tiny bandname" x=(WIDTH - RIGHT) y=(self.y(*at) - 4.0) text-anchor="end" { (name) }
                }
                @for (at, _) in &self.stages { line class="stage" x1=(self.x(*at)) x2=(self.x(*at)) y1=(TOP - 10.0) y2=(floor) {} }
                @for (x, names) in self.stage_names() { (stage_name(x, &names)) }
                @if !path.is_empty() {
                    path class="area" d=(format!("{path}V{floor:.1}H{:.1}Z", self.x(self.line[0].0))) {}
                    path class="line" d=(path) {}
                }
                @for driver in &self.drivers { (dot(self, driver)) }
                @for (driver, y) in self.labels() {
                    text class="tiny soft tag" x=(self.x(driver.at) + 9.0) y=(y) { (signed(driver.points)) " " (driver.rule) }
                }
                text class="tiny faint" x=(LEFT) y=(HEIGHT - 6.0) { (local.date(self.from)) }
                text class="tiny faint" x=(WIDTH - RIGHT) y=(HEIGHT - 6.0) text-anchor="end" { (local.date(self.to)) }
            }
        }
    }

    /// Stages with their places; those that would meet stand in one text.
    fn stage_names(&self) -> Vec<(f64, String)> {
        let mut names: Vec<(f64, String)> = Vec::new();
        for (at, stage) in &self.stages {
            let x = self.x(*at);
            match names.last_mut() {
                Some((before, text)) if x - *before < NAME => *text = format!("{text} → {stage}"),
                _ => names.push((x, stage.clone())),
            }
        }
        names
    }

    /// The strongest drivers with a place for their names, each below the last where they would meet.
    fn labels(&self) -> Vec<(&Driver, f64)> {
        let mut strongest: Vec<&Driver> = self.drivers.iter().collect();
        strongest.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()).then(a.at.cmp(&b.at)));
        strongest.truncate(NAMED);
        strongest.retain(|driver| driver.points.abs() >= WORTH_A_NAME);
        strongest.sort_by_key(|driver| driver.at);
        let mut placed: Vec<(&Driver, f64)> = Vec::new();
        for driver in strongest.into_iter().filter(|driver| self.x(driver.at) < WIDTH - 130.0) {
            let mut y = self.y(driver.total) + 4.0;
            let meets = |y: f64, placed: &[(&Driver, f64)]| {
                placed
                    .iter()
                    .any(|(other, at)| (at - y).abs() < 13.0 && (self.x(driver.at) - self.x(other.at)).abs() < 130.0)
            };
            while meets(y, &placed) && y < HEIGHT - LOW - 4.0 {
                y += 6.0;
            }
            placed.push((driver, y));
        }
        placed
    }
}

/// The name of a stage right of where it began, or left of it where there is no room.
fn stage_name(x: f64, name: &str) -> Markup {
    #[expect(clippy::cast_precision_loss, reason = "a few names of stages are short")]
    let fits = x + 4.0 + name.chars().count() as f64 * LETTER < WIDTH;
    let (x, anchor) = if fits { (x + 4.0, "start") } else { (x - 4.0, "end") };
    html! { text class="tiny stagename" x=(x) y=(TOP - 12.0) text-anchor=(anchor) { (name) } }
}

fn dot(curve: &Curve, driver: &Driver) -> Markup {
    let tone = if driver.points < 0.0 { "dot down" } else { "dot up" };
    html! {
        circle class=(tone) cx=(curve.x(driver.at)) cy=(curve.y(driver.total)) r="4.5" {
            title { (signed(driver.points)) " " (driver.rule) }
        }
    }
}

fn signed(n: f64) -> String {
    if n < 0.0 { format!("−{}", points(-n)) } else { format!("+{}", points(n)) }
}

impl Book {
    /// Writes what an event says, and tells what is worth a mark.
    fn write(&mut self, what: &What) -> Option<(String, f64)> {
        match what {
            What::Scored { line } if line.ledger == Ledger::Engagement => {
                self.engagement.push(line.clone());
                Some((line.rule.clone(), line.points))
            }
            What::Scored { line } => {
                self.fit.push(line.clone());
                Some((line.rule.clone(), line.points))
            }
            What::Fitted { lines, .. } => {
                let sum = |lines: &[Line]| lines.iter().map(|line| line.points).sum::<f64>();
                let change = sum(lines) - sum(&self.fit);
                self.fit.clone_from(lines);
                (change.abs() > 0.01).then(|| ("fit".to_owned(), change))
            }
            What::Rescored { lines, .. } => {
                self.is(lines);
                Some(("scored anew".to_owned(), 0.0))
            }
            What::Merged { ledger, .. } => {
                self.is(ledger);
                Some(("merged".to_owned(), 0.0))
            }
            _ => None,
        }
    }

    fn is(&mut self, lines: &[Line]) {
        (self.fit, self.engagement) = lines.iter().cloned().partition(|line| line.ledger == Ledger::Fit);
    }

    fn total(&self, at: Instant, scoring: &Scoring) -> f64 {
        let lines: Vec<Line> = self.fit.iter().chain(&self.engagement).cloned().collect();
        scoring.score(&lines, at).total
    }

    /// Where lines end between two instants: just before, and then.
    fn ends(&self, from: Instant, to: Instant) -> Vec<Instant> {
        let ends = self.engagement.iter().filter_map(|line| line.ends).filter(|end| *end > from && *end < to);
        ends.flat_map(|end| [Instant(end.0 - 1), end]).collect()
    }
}
