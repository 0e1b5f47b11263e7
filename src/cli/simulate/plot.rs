//! Pictures of the figures: plain SVG, its colours from the page.

use maud::{Markup, html};

use super::summary::grouped;
use crate::sim::simulate::{Histogram, quantile};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 16.0;
const LOW: f64 = 22.0;

/// Counts by day, with what they are held against.
pub struct Days<'a> {
    pub title: &'a str,
    pub counts: &'a [u64],
    pub limit: Option<u64>,
    pub mark: Option<Marked>,
    /// Days that get a name under the axis.
    pub ticks: &'a [(usize, String)],
    pub height: f64,
    /// `bars` or `queue`.
    pub tone: &'a str,
}

/// Days that are marked, with what they are called; up to the end if nothing ends them.
#[derive(Clone)]
pub struct Marked {
    pub from: usize,
    pub until: Option<usize>,
    pub name: String,
}

#[expect(clippy::cast_precision_loss, reason = "a picture is some hundred pixels wide")]
fn float(count: u64) -> f64 {
    count as f64
}

/// The next of 1, 2, 5, 10, 20, … that is not below.
fn ceiling(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 4, 5, 8] {
            if step.saturating_mul(factor) >= most.max(4) {
                return step.saturating_mul(factor);
            }
        }
        step = step.saturating_mul(10);
    }
}

/// The share of a scale's whole length.
fn part(value: u64, whole: u64) -> f64 {
    float(value) / float(whole.max(1))
}

/// Bars by day under the line of their limit.
pub fn days(of: &Days<'_>) -> Markup {
    let (width, floor) = (WIDTH - LEFT - RIGHT, of.height - LOW);
    let most = of.counts.iter().copied().max().unwrap_or(0).max(of.limit.unwrap_or(0));
    let top = ceiling(most);
    let y = |count: u64| floor - part(count, top) * (floor - TOP);
    let x = |day: usize| LEFT + part(day as u64, of.counts.len() as u64) * width;
    let wide = (width / float(of.counts.len().max(1) as u64)).max(0.6);
    let gap = if wide > 4.0 { 1.0 } else { 0.0 };
    let bar = |(day, count): (usize, &u64)| {
        let height = floor - y(*count);
        (*count > 0).then(|| format!("M{:.1} {floor:.1}v{:.1}h{:.1}v{height:.1}z", x(day), -height, wide - gap))
    };
    let path: String = of.counts.iter().enumerate().filter_map(bar).collect();
    html! {
        svg class="plot" viewBox=(format!("0 0 {WIDTH} {}", of.height)) role="img" aria-label=(of.title) {
            (grid(top, y))
            @if let Some(mark) = &of.mark {
                @let end = mark.until.map_or(WIDTH - RIGHT, x);
                rect class="marked" x=(x(mark.from)) y=(TOP) width=(end - x(mark.from)) height=(floor - TOP) {}
            }
            path class=(of.tone) d=(path) {}
            @if let Some(limit) = of.limit {
                line class="limit" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(limit)) y2=(y(limit)) {}
                text class="tiny limitname" x=(WIDTH - RIGHT) y=(y(limit) - 4.0) text-anchor="end" { "limit " (grouped(limit)) " a day" }
            }
            @if let Some(mark) = &of.mark {
                @let at = x(mark.from);
                line class="mark" x1=(at) x2=(at) y1=(TOP) y2=(floor) {}
                @let (at, anchor) = if at > WIDTH / 2.0 { (at - 5.0, "end") } else { (at + 5.0, "start") };
                text class="tiny markname" x=(at) y=(TOP + 9.0) text-anchor=(anchor) { (mark.name) }
            }
            line class="axis" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(floor) y2=(floor) {}
            @for (day, name) in of.ticks { text class="tiny faint" x=(x(*day)) y=(of.height - 6.0) { (name) } }
        }
    }
}

fn grid(top: u64, y: impl Fn(u64) -> f64) -> Markup {
    html! {
        @for tick in [0, top / 2, top] {
            line class="grid" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(tick)) y2=(y(tick)) {}
            text class="tiny faint" x=(LEFT - 6.0) y=(y(tick) + 3.5) text-anchor="end" { (grouped(tick)) }
        }
    }
}

/// Bars by whole number, with the median and the ninth tenth marked. `unit` names the numbers.
pub fn histogram(title: &str, of: &Histogram, (unit, bin): (&str, usize)) -> Markup {
    let Some(largest) = of.largest() else { return html! { p class="soft" { "There was none." } } };
    let bins: Vec<u64> = of.counts[..=largest].chunks(bin.max(1)).map(|part| part.iter().sum()).collect();
    let (height, count, head) = (190.0, bins.len(), TOP + 20.0);
    let (width, floor) = (WIDTH - LEFT - RIGHT, height - LOW);
    let top = ceiling(bins.iter().copied().max().unwrap_or(0));
    // Names of marks stand above the bars.
    let y = |count: u64| floor - part(count, top) * (floor - head);
    let wide = width / float(count as u64);
    let x = |place: usize| LEFT + float(place as u64) * wide;
    let every = count.div_ceil(14).max(1);
    let marks = [("median", quantile(of, 50)), ("90 %", quantile(of, 90))];
    html! {
        svg class="plot" viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(title) {
            (grid(top, y))
            @for (place, count) in bins.iter().enumerate() {
                rect class="bars" x=(format!("{:.1}", x(place) + 0.5)) y=(format!("{:.1}", y(*count))) width=(format!("{:.1}", (wide - 1.5).max(0.8))) height=(format!("{:.1}", floor - y(*count))) {
                    title { (name(place, bin)) " " (unit) ": " (grouped(*count)) }
                }
                @if place % every == 0 { text class="tiny faint" x=(x(place) + wide / 2.0) y=(height - 6.0) text-anchor="middle" { (name(place, bin)) } }
            }
            @for (row, (label, at)) in marks.iter().enumerate() {
                @if let Some(at) = at {
                    @let middle = x(*at / bin.max(1)) + wide / 2.0;
                    @let anchor = if middle > WIDTH * 0.8 { "end" } else { "start" };
                    @let aside = if middle > WIDTH * 0.8 { -4.0 } else { 4.0 };
                    line class="mark" x1=(middle) x2=(middle) y1=(TOP - 8.0) y2=(floor) {}
                    text class="tiny markname" x=(middle + aside) y=(TOP + 13.0 * float(row as u64)) text-anchor=(anchor) { (label) " " (at) }
                }
            }
            line class="axis" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(floor) y2=(floor) {}
        }
        p class="caption" { (unit) }
    }
}

fn name(place: usize, bin: usize) -> String {
    if bin <= 1 { place.to_string() } else { format!("{}–{}", place * bin, (place + 1) * bin - 1) }
}

/// A week by hours: the darker, the more.
pub fn heat(title: &str, grid: &[[u64; 24]]) -> Markup {
    let most = grid.iter().flatten().copied().max().unwrap_or(0);
    let (cell, left, top) = (14.0, 34.0, 14.0);
    let (wide, high) = (left + 24.0 * cell + 2.0, top + 7.0 * cell + 2.0);
    let hours = [0, 6, 9, 12, 15, 18, 21];
    html! {
        svg class="heat" viewBox=(format!("0 0 {wide} {high}")) role="img" aria-label=(title) {
            @for hour in hours { text class="tiny faint" x=(left + float(hour) * cell) y="9" { (hour) } }
            @for (day, row) in grid.iter().enumerate() {
                text class="tiny faint" x="0" y=(top + float(day as u64) * cell + 10.0) { (WEEK[day.min(6)]) }
                @for (hour, count) in row.iter().enumerate() {
                    @let shade = if *count == 0 { 0.0 } else { 0.15 + 0.85 * part(*count, most) };
                    rect class=(if *count == 0 { "cell none" } else { "cell" }) x=(left + float(hour as u64) * cell) y=(top + float(day as u64) * cell) width=(cell - 1.5) height=(cell - 1.5) rx="2" fill-opacity=(format!("{shade:.2}")) {
                        title { (WEEK[day.min(6)]) " " (hour) ":00–" (hour + 1) ":00: " (grouped(*count)) }
                    }
                }
            }
        }
    }
}

const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[cfg(test)]
mod tests {
    use super::ceiling;

    #[test]
    fn a_scale_ends_at_a_round_number_that_nothing_exceeds() {
        assert_eq!([0, 4, 5, 61, 399, 401, 9_999].map(ceiling), [4, 4, 5, 80, 400, 500, 10_000]);
    }
}
