//! What it takes to say what an edit would do: a plan with a million leads in flight, and one of another scoring file over leads with their
//! histories. Memory is bounded by the page, and so is what is asked of the database.

use std::process::{Command, Stdio};
use std::time::Instant as Clock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use overture::engine::Order;

use super::child;
use super::options::Options;
use super::pair::{Goal, line, void};
use super::stage::{Stage, Ways};

/// Leads of one page.
const PAGE: usize = 500;
/// Of the leads in flight so many have a history that is read.
const SCORED: usize = 10;
const FILE: &str = "sequences/q0.yaml";
const MODEL: &str = "config/scoring.yaml";
const WAITING: &str = "title: Waiting\nkind: cadence\nowner: tom\nsend:\n  from: s0\n  days: mon-sun\n  hours: 00:00-24:00\nsteps:\n  \
    - wait: 20d\n  - id: first\n    email: bench/offer\n  - end: done\n";

pub fn run(options: &Options) {
    let many = options.size_or(1_000_000);
    let counter = counter();
    let stage = gather(many, false);
    stage.workspace.write(FILE, &WAITING.replace("wait: 20d", "wait: 15d"));
    measure(&stage, (&counter, "an edit"), many);
    drop(stage);
    let scored = (many / SCORED).max(PAGE);
    let stage = gather(scored, true);
    let file = stage.workspace.read(MODEL);
    stage.workspace.write(MODEL, &file.replace("points: 20}", "points: 25}"));
    measure(&stage, (&counter, "another scoring file"), scored);
}

fn measure(stage: &Stage, (counter, what): (&PrometheusHandle, &str), leads: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let (seconds, asked, looked_at) = runtime.block_on(async {
        let engine = stage.engine().await;
        let (before, began) = (statements(counter), Clock::now());
        let plan = engine.plan(&Order::default()).await.expect("there is a plan");
        let (asked, seconds) = (statements(counter) - before, began.elapsed().as_secs_f64());
        engine.store.close().await;
        let scored = plan.scoring.as_ref().map_or(0, |scoring| scoring.leads);
        (seconds, asked, plan.sequences.iter().map(|one| one.leads).sum::<usize>() + scored)
    });
    let title = format!("seconds, plan of {what}, {leads} leads");
    // One lead is there of which the others are copies.
    if looked_at != leads + 1 {
        return void("–", &title, &format!("{looked_at} leads were looked at"));
    }
    let (peak, alone) = memory(stage);
    line("–", &title, seconds, Goal::None, &format!("{:.0} thousand leads a second", leads as f64 / seconds / 1e3));
    let pages = (leads as f64 / PAGE as f64).max(1.0);
    line("–", "statements a page of it", asked / pages, Goal::AtMost(8.0), &format!("{asked:.0} in all"));
    line(
        "–",
        "memory of the whole program at its peak, MB",
        peak,
        Goal::AtMost(128.0),
        &format!("{alone:.1} s from start to end"),
    );
}

/// MB of `overture plan` at its peak, and its seconds.
fn memory(stage: &Stage) -> (f64, f64) {
    let began = Clock::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.args(["plan", "--json", "--workspace"]).arg(stage.workspace.path()).stdout(Stdio::null());
    let mut child = command.spawn().expect("our program starts");
    let mut peak: f64 = 0.0;
    while child.try_wait().expect("a child can be asked").is_none() {
        peak = child::memory(child.id()).max(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (peak, began.elapsed().as_secs_f64())
}

/// Counts what is asked of the store in this process.
fn counter() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("nobody else counts in this process");
    handle
}

fn statements(counter: &PrometheusHandle) -> f64 {
    let text = counter.render();
    let line = text.lines().find_map(|line| line.strip_prefix("overture_statements_total "));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0.0)
}

/// A store in which so many wait in one sequence, all copies of one lead; with their events if these are asked for.
fn gather(leads: usize, events: bool) -> Stage {
    let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, "sqlite");
    stage.workspace.write(FILE, WAITING);
    drop(stage.seed_all(1, 1));
    let columns = |table: &str| stage.ask(&format!("SELECT name FROM pragma_table_info('{table}')"));
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {leads}) SELECT i FROM n");
    let (lead, enrollment) = ("printf('9%025d', i)", "printf('8%025d', i)");
    let address = "'copy' || i || '@bench.example'";
    let renamed = |text: &str| {
        format!(
            "replace(replace(replace({text}, o.lead, {lead}), o.enrollment, {enrollment}), 'lead0@bench.example', {address})"
        )
    };
    let value = |column: &str, table: &str| match (table, column) {
        ("lead", "id") | (_, "lead_id") => lead.to_owned(),
        ("lead", "address") => address.to_owned(),
        ("enrollment", "id") => enrollment.to_owned(),
        (_, "doc" | "data") => renamed(&format!("t.{column}")),
        _ => format!("t.{column}"),
    };
    let mut statements = vec![
        "CREATE TEMP TABLE o AS SELECT l.id AS lead, e.id AS enrollment FROM lead AS l, enrollment AS e;".to_owned(),
    ];
    for table in ["lead", "enrollment", "event"].iter().filter(|table| **table != "event" || events) {
        let columns = columns(table);
        let values: Vec<String> = columns.iter().map(|column| value(column, table)).collect();
        statements.push(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table} WHERE {} = (SELECT {} FROM o)) AS t, o, ({numbers}) AS n;",
            columns.join(", "),
            values.join(", "),
            if *table == "event" { "lead_id" } else { "id" },
            if *table == "enrollment" { "enrollment" } else { "lead" },
        ));
    }
    stage.tell(&statements.concat());
    stage
}
