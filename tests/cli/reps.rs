//! What a year with made-up people asks of reps: each does one thing at a time, handoffs and tasks alike.

use serde_json::Value;

use crate::simulation::{figures, kept, play};
use crate::support::workspace::Workspace;

/// Everybody reads and clicks, and reps do all at once that they come to.
const EAGER: &str = "people: {all: {share: 100%, open: 100%, click: 100%}}\narrive: {over: 60d}\n\
                     reps: {in_time: 100%, tasks: {done: 90%, late: 10%, outcomes: {reached: 100%}}}\n";

/// A team of these reps, with a promise.
fn team(names: &[&str]) -> String {
    let reps =
        names.iter().map(|name| format!("{name}: {{name: {name}, email: {name}@acme.example, calendar: office}}"));
    format!(
        "calendars: {{office: {{zone: Europe/Paris, days: mon-fri, hours: [09:00-17:00]}}}}\nreps: {{{}}}\n\
         teams: {{sales: {{calendar: office, members: [{}], fallback: {}}}}}\nrouting: [{{team: sales}}]\n\
         slas: {{usual: {{applies: 'true', respond_within: 4h, counts: [contacted]}}}}\n",
        reps.collect::<Vec<_>>().join(", "),
        names.join(", "),
        names[0]
    )
}

const CALLS: &str = "kind: cadence\nenroll: [{on: began}]\nsend: {from: maya, days: mon-fri, hours: 09:00-16:00, zone: Europe/Paris}\nsteps:\n  - {id: first, email: hello}\n  \
                     - {id: call, task: call, title: Call them, outcomes: [reached, voicemail], due: 4h, wait: up_to 2bd, overdue: hold}\n  \
                     - if: 'outcome(\"call\") == \"reached\"'\n    then:\n      - {id: after, email: hello}\n";

fn workspace(reps: &[&str], rates: &str) -> (Workspace, String) {
    let settings = crate::simulation::FILES[0].1.replace("per_day: 9, gap: 90s", "per_day: 900");
    let workspace = kept(&[("config/team.yaml", &team(reps)), ("config/overture.yaml", &settings)]);
    workspace.write("rates.yaml", rates);
    let file = workspace.file("rates.yaml").to_str().expect("a path in UTF-8").to_owned();
    (workspace, file)
}

fn sum(reps: &Value, key: &str) -> u64 {
    reps.as_object().into_iter().flatten().filter_map(|(_, of)| of[key].as_u64()).sum()
}

#[test]
fn the_more_a_rep_has_the_later_it_is_answered_and_more_reps_help() {
    let reps = |names: &[&str], rates: &str| {
        let (workspace, file) = workspace(names, rates);
        figures(&workspace, &["--leads", "800", "--days", "90", "--behaviour", &file])["reps"].clone()
    };
    let (one, four) = (reps(&["ines"], EAGER), reps(&["ines", "tom", "kim", "bo"], EAGER));
    assert!(sum(&one, "handoffs") > 600, "{one}");
    assert!(sum(&one, "late") > sum(&one, "handoffs") / 3, "{one}");
    assert!(sum(&four, "in_time") > sum(&four, "handoffs") * 8 / 10, "{four}");
    assert!(one["ines"]["more_than_a_day_from"].as_str().is_some_and(|day| day < "2026-02-01"), "{one}");
    assert!(four.as_object().into_iter().flatten().all(|(_, of)| of["more_than_a_day_from"].is_null()), "{four}");
    let busy = |of: &Value| of["busy_minutes"].as_u64() <= of["working_minutes"].as_u64();
    assert!(busy(&one["ines"]) && one["ines"]["busy_minutes"].as_u64() > four["tom"]["busy_minutes"].as_u64());
    let late = reps(&["ines", "tom", "kim", "bo"], &EAGER.replace("in_time: 100%", "late: 100%"));
    assert!(sum(&late, "in_time") == 0 && sum(&late, "breached") > 600, "{late}");
}

#[test]
fn a_rep_with_more_than_a_day_holds_is_named_first() {
    let (workspace, file) = workspace(&["ines"], EAGER);
    let told = play(&workspace, &["--leads", "800", "--days", "90", "--behaviour", &file]).ok();
    assert!(told.stdout.contains("ines has more than a day holds from "), "{}", told.stdout);
}

#[test]
fn who_is_away_gets_nothing() {
    let away = format!("{}\n", EAGER.replace("in_time: 100%", "in_time: 100%, away: {ines: [2026-01-05..2026-12-31]}"));
    let (workspace, file) = workspace(&["ines", "tom"], &away);
    let reps = &figures(&workspace, &["--leads", "100", "--days", "90", "--behaviour", &file])["reps"];
    assert_eq!(reps["ines"]["handoffs"], 0);
    assert!(reps["tom"]["handoffs"].as_u64() > Some(80), "{reps}");
    assert_eq!(reps["ines"]["working_minutes"], 0);
}

#[test]
fn tasks_are_done_and_what_waits_for_them_goes_on() {
    let (workspace, file) = workspace(&["ines", "tom"], EAGER);
    workspace.write("kept/sequences/hello.yaml", CALLS);
    let asked = ["--leads", "200", "--days", "90", "--behaviour", &file];
    let told = figures(&workspace, &asked);
    let steps = &told["sequences"]["hello"]["steps"];
    let sent = |place: usize| steps[place]["sent"].as_u64().unwrap_or(0);
    assert_eq!((steps[1]["kind"].as_str(), sent(0)), (Some("task"), 200), "{steps}");
    let tasks = |key: &str| {
        told["reps"].as_object().into_iter().flatten().filter_map(|(_, of)| of["tasks"][key].as_u64()).sum::<u64>()
    };
    assert_eq!((tasks("asked"), tasks("done"), sent(1)), (200, 200, 200), "{told}");
    assert_eq!(sent(2), 200, "whoever was reached gets the next mail, late or not: {steps}");
    assert!((10..=30).contains(&tasks("late")), "{told}");
    for rep in ["ines", "tom"] {
        assert!(told["reps"][rep]["tasks"]["asked"].as_u64() > Some(20), "both do what is nobody's: {told}");
        assert!(told["reps"][rep]["busy_minutes"].as_u64() > Some(100), "{told}");
    }
    let table = play(&workspace, &asked).ok().stdout;
    let row = table.lines().find(|line| line.contains(" call ")).expect("the step has a row");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["hello", "call", "task", "200", "–", "–", "–"]);
    workspace.write("rates.yaml", &EAGER.replace("done: 90%, late: 10%", "skipped: 100%"));
    let told = figures(&workspace, &asked);
    assert_eq!(told["sequences"]["hello"]["steps"][2]["sent"], 0, "nobody was reached");
}
