//! Expected and got on one timeline.

use serde_json::Value;

use super::recorder::{Got, Recorder};
use crate::domain::decide::View;
use crate::domain::enrollment::Exit;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::scenario::{ExpectedHandoff, ExpectedTouch, Scenario};
use crate::domain::time::Instant;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub rows: Vec<Row>,
}

/// One line: what was expected, what came, and whether that is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `None` for what is asked at the end, and for what has no time.
    pub at: Option<Instant>,
    pub expected: String,
    pub got: String,
    pub well: bool,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.well)
    }

    pub fn faults(&self) -> usize {
        self.rows.iter().filter(|row| !row.well).count()
    }
}

/// Holds what was recorded against what was expected.
pub fn judge(
    scenario: &Scenario,
    recorder: &Recorder<'_>,
    (lead, playbook, now): (Option<&Lead>, &Playbook, Instant),
) -> Verdict {
    let home = &scenario.sequence;
    let note = |(at, text): &(Instant, String)| Row::note(*at, text);
    let mut rows: Vec<Row> = recorder.notes.iter().map(note).collect();
    rows.extend(recorder.faults.iter().map(|(at, text)| Row::wrong(Some(*at), String::new(), text.clone())));
    match &scenario.expected.touches {
        Some(expected) => rows.extend(touches(expected, &recorder.touches, scenario)),
        None => rows.extend(recorder.touches.iter().map(|got| Row::note(got.at, &told(got, home)))),
    }
    match &scenario.expected.tasks {
        Some(expected) => rows.extend(touches(expected, &recorder.tasks, scenario).into_iter().map(Row::of_task)),
        None => {
            rows.extend(recorder.tasks.iter().map(|got| Row::note(got.at, &format!("task {}", got.step.told(home)))));
        }
    }
    // What has no time of its own stands where it was missed.
    rows.sort_by_key(|row| row.at.unwrap_or(Instant::NEVER));
    rows.extend(recorder.never().map(|text| Row::wrong(None, String::new(), text)));
    rows.extend(lead.map(|lead| at_end(scenario, recorder, (lead, playbook, now))).unwrap_or_default());
    Verdict { rows }
}

/// Pairs expected touches with those that left, in their order, with as few left over as can be.
fn touches(expected: &[ExpectedTouch], got: &[Got], scenario: &Scenario) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut e, mut g) = (0, 0);
    let longest = pairs(expected, got);
    let mut before = scenario.start;
    while e < expected.len() || g < got.len() {
        let same = e < expected.len() && g < got.len() && expected[e].step == got[g].step;
        if same {
            before = got[g].at;
            rows.push(pair(&expected[e], &got[g], scenario));
            (e, g) = (e + 1, g + 1);
        } else if g == got.len() || (e < expected.len() && longest[e + 1][g] >= longest[e][g + 1]) {
            let at = expected[e].between.map_or(before, |(from, _)| from);
            rows.push(Row::wrong(Some(at), shown(&expected[e], scenario), String::new()));
            e += 1;
        } else {
            before = got[g].at;
            rows.push(Row::wrong(Some(before), String::new(), told(&got[g], &scenario.sequence)));
            g += 1;
        }
    }
    rows
}

/// How many pairs are possible from each place on.
fn pairs(expected: &[ExpectedTouch], got: &[Got]) -> Vec<Vec<usize>> {
    let mut longest = vec![vec![0; got.len() + 1]; expected.len() + 1];
    for e in (0..expected.len()).rev() {
        for g in (0..got.len()).rev() {
            longest[e][g] = if expected[e].step == got[g].step {
                longest[e + 1][g + 1] + 1
            } else {
                longest[e + 1][g].max(longest[e][g + 1])
            };
        }
    }
    longest
}

fn pair(expected: &ExpectedTouch, got: &Got, scenario: &Scenario) -> Row {
    let in_time = expected.between.is_none_or(|(from, to)| (from..=to).contains(&got.at));
    let well = in_time && (expected.variant.is_none() || expected.variant == got.variant);
    Row { at: Some(got.at), expected: shown(expected, scenario), got: told(got, &scenario.sequence), well }
}

/// A step, and the variant of its mail where it has several.
fn told(got: &Got, home: &str) -> String {
    got.step.told(home) + &as_variant(got.variant.as_deref())
}

fn as_variant(name: Option<&str>) -> String {
    name.map(|name| format!(" as {name}")).unwrap_or_default()
}

/// A step with the stretch of time it is expected in.
fn shown(expected: &ExpectedTouch, scenario: &Scenario) -> String {
    let step = expected.step.told(&scenario.sequence) + &as_variant(expected.variant.as_deref());
    let Some((from, to)) = expected.between else { return step };
    let local = |at: Instant, format: &str| at.to_jiff().to_zoned(scenario.zone.clone()).strftime(format).to_string();
    let (first, last) = (local(from, "%a %Y-%m-%d %H:%M"), local(to, "%a %Y-%m-%d %H:%M"));
    if first == last {
        return format!("{step} at {first}");
    }
    let same_day = first.get(..14) == last.get(..14);
    format!("{step} at {first}..{}", if same_day { local(to, "%H:%M") } else { last })
}

/// What is asked of the lead when it is over.
fn at_end(
    scenario: &Scenario,
    recorder: &Recorder<'_>,
    (lead, playbook, now): (&Lead, &Playbook, Instant),
) -> Vec<Row> {
    let expected = &scenario.expected;
    let view = View::new(lead, playbook, now);
    let mut rows = Vec::new();
    let mut ask = |expected: String, got: String, well: bool| rows.push(Row { at: None, expected, got, well });
    if let Some(enrolled) = expected.enrolled {
        let word = |enrolled| if enrolled { "entered" } else { "did not enter" };
        ask(word(enrolled).to_owned(), word(recorder.enrolled).to_owned(), enrolled == recorder.enrolled);
    }
    if let Some(wanted) = &expected.exit {
        let (got, well) = exit(wanted, recorder.exit.as_ref());
        ask(format!("exit {wanted}"), got, well);
    }
    if let Some(stage) = expected.stage {
        ask(format!("stage {stage}"), format!("stage {}", lead.stage), stage == lead.stage);
    }
    if let Some((from, to)) = expected.score {
        let score = view.scored().total;
        let wanted = if from < to { format!("score {from}..{to}") } else { format!("score {from}") };
        // Points that fade are rarely whole: what is shown is what is asked.
        let round = (score * 10.0).round() / 10.0;
        // Minus nothing is nothing.
        let shown = if round == 0.0 { 0.0 } else { round };
        ask(wanted, format!("score {shown}"), (from..=to).contains(&shown));
    }
    if let Some(temperature) = &expected.temperature {
        ask(format!("temperature {temperature}"), format!("temperature {}", view.heat()), temperature == view.heat());
    }
    if let Some(handoff) = &expected.handoff {
        let (wanted, well) = handed(handoff, recorder.handoff.as_ref());
        let got =
            recorder.handoff.as_ref().map_or("no handoff".to_owned(), |(team, rep)| format!("handoff {team}/{rep}"));
        ask(wanted, got, well);
    }
    for (name, wanted) in &expected.attributes {
        let got = lead.attributes.get(name).unwrap_or(&Value::Null);
        ask(format!("{name} {wanted}"), format!("{name} {got}"), got == wanted);
    }
    rows
}

fn exit(wanted: &str, got: Option<&Exit>) -> (String, bool) {
    let Some(got) = got else { return ("is still in it, or never was".to_owned(), wanted == "no") };
    let whole = got.detail().map_or_else(|| got.as_str().to_owned(), |detail| format!("{}: {detail}", got.as_str()));
    let well = wanted == got.as_str() || wanted == whole;
    (format!("exit {whole}"), well)
}

fn handed(wanted: &ExpectedHandoff, got: Option<&(String, String)>) -> (String, bool) {
    match wanted {
        ExpectedHandoff::None => ("no handoff".to_owned(), got.is_none()),
        ExpectedHandoff::Any => ("a handoff".to_owned(), got.is_some()),
        ExpectedHandoff::To { team, rep } => {
            let well = got.is_some_and(|(t, r)| t == team && rep.as_ref().is_none_or(|rep| rep == r));
            let rep = rep.as_ref().map(|rep| format!("/{rep}")).unwrap_or_default();
            (format!("handoff {team}{rep}"), well)
        }
    }
}

impl Row {
    fn note(at: Instant, text: &str) -> Self {
        Self { at: Some(at), expected: String::new(), got: format!("· {text}"), well: true }
    }

    /// The same of a task.
    fn of_task(self) -> Self {
        let named = |text: String| if text.is_empty() { text } else { format!("task {text}") };
        Self { expected: named(self.expected), got: named(self.got), ..self }
    }

    const fn wrong(at: Option<Instant>, expected: String, got: String) -> Self {
        Self { at, expected, got, well: false }
    }
}
