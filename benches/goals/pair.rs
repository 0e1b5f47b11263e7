//! Pairs that run in turn, and the line that comes of them.

/// What one run of one side came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub per_second: f64,
    /// CPU time of the side's own process, in microseconds an operation.
    pub cpu: f64,
    /// Peak resident memory of the side's own process, in MB.
    pub memory: f64,
    /// Disk flushes and round trips an operation, where they are counted.
    pub fsyncs: Option<f64>,
    pub turns: Option<f64>,
    pub connections: Option<f64>,
    /// Seconds to the first.
    pub first: f64,
    /// Whether all that was to be done was done once. A run that was not exact does not count.
    pub exact: bool,
}

/// Runs of two sides, round by round.
#[derive(Default)]
pub struct Pair {
    pub ours: Vec<Run>,
    pub theirs: Vec<Run>,
}

/// Runs both sides in turn: A B, B A, A B …
pub fn in_turn(rounds: usize, mut ours: impl FnMut() -> Run, mut theirs: impl FnMut() -> Run) -> Pair {
    let mut pair = Pair::default();
    for round in 0..rounds {
        if round % 2 == 0 {
            pair.ours.push(ours());
            pair.theirs.push(theirs());
        } else {
            pair.theirs.push(theirs());
            pair.ours.push(ours());
        }
    }
    pair
}

impl Pair {
    /// The median over the rounds of one side's figure against the other's in the same round.
    pub fn ratio(&self, of: impl Fn(&Run) -> f64) -> f64 {
        median(self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| of(ours) / of(theirs)))
    }

    pub fn exact(&self) -> bool {
        self.ours.iter().chain(&self.theirs).all(|run| run.exact)
    }
}

/// The median figure of one side.
pub fn middle(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(of))
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The figure that a share of all is not above.
pub fn share(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// What a figure is to be.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Shown beside others.
    None,
}

/// One line: which goal, what, the figure, the goal, and whether it holds.
pub fn line(goal: &str, what: &str, value: f64, wanted: Goal, beside: &str) {
    // The kernel counts CPU in hundredths of a second: a short run may have none.
    if value.is_nan() {
        return void(goal, what, &format!("too short to be measured: {beside}"));
    }
    let (wanted, verdict) = match wanted {
        Goal::AtLeast(least) => (format!(">= {}", short(least)), verdict(value >= least)),
        Goal::AtMost(most) => (format!("<= {}", short(most)), verdict(value <= most)),
        Goal::None => (String::new(), ""),
    };
    println!("{goal:>4}  {what:<58} {:>9}  {wanted:>9}  {verdict:<6} {beside}", short(value));
}

/// A line whose run was not exact has no figure.
pub fn void(goal: &str, what: &str, why: &str) {
    println!("{goal:>4}  {what:<58} {:>9}  {:>9}  {:<6} {why}", "-", "", "VOID");
}

/// A line that could not be measured here.
pub fn skipped(goal: &str, what: &str, needs: &str) {
    println!("{goal:>4}  {what:<58} {:>9}  {:>9}  {:<6} skipped: needs {needs}", "-", "", "");
}

pub fn head() {
    println!("{:>4}  {:<58} {:>9}  {:>9}  {:<6} beside", "goal", "what", "figure", "goal", "");
}

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "SHORT" }
}

fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
