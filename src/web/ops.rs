//! How the daemon is doing: its services, its readiness, and its numbers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};

use super::App;
use super::problem::Problem;
use crate::domain::time::Instant;
use crate::store::reports::{LaneRow, StoreError};

/// The services of the daemon with what they last did; clones share one table.
#[derive(Clone, Debug, Default)]
pub struct Services(Arc<Table>);

#[derive(Debug, Default)]
struct Table {
    services: Mutex<BTreeMap<String, Service>>,
    closing: AtomicBool,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub runs: u64,
    pub last_run: Option<Instant>,
    /// When it runs again by itself; `None` where it waits for a nudge.
    pub next_wake: Option<Instant>,
    pub last_error: Option<(Instant, String)>,
}

impl Services {
    /// Notes that a service ran well.
    pub fn ran(&self, name: &str, next_wake: Option<Instant>, now: Instant) {
        self.with(name, |service| {
            service.runs += 1;
            service.last_run = Some(now);
            service.next_wake = next_wake;
        });
    }

    /// Notes that a service ran and failed; the error holds no address and no secret.
    pub fn failed(&self, name: &str, error: &str, now: Instant) {
        self.with(name, |service| {
            service.runs += 1;
            service.last_run = Some(now);
            service.last_error = Some((now, error.to_owned()));
        });
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Service)) {
        let mut services = self.0.services.lock().unwrap_or_else(PoisonError::into_inner);
        change(services.entry(name.to_owned()).or_default());
    }

    /// All services, by name.
    pub fn all(&self) -> BTreeMap<String, Service> {
        self.0.services.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From here on the daemon is not ready: it drains.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
    }

    pub fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }
}

/// Keeps counters for the whole process; the first call begins.
pub fn count() -> &'static PrometheusHandle {
    static COUNTERS: OnceLock<PrometheusHandle> = OnceLock::new();
    COUNTERS.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("somebody else keeps the counters of this process; /metrics shows only gauges");
        }
        metrics::describe_counter!("overture_commits_total", "Commits, each shared by what was to be written then");
        metrics::describe_counter!("overture_units_total", "Facts and requests that were decided");
        metrics::describe_counter!("overture_statements_total", "Statements that the database was asked for");
        metrics::describe_counter!("overture_wakes_total", "Leads woken because their time had come");
        metrics::describe_counter!("overture_touches_total", "Mails and calls carried, by channel and outcome");
        handle
    })
}

/// `GET /healthz`: the process answers.
pub async fn health() -> axum::Json<Value> {
    axum::Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers and takes writes, the files are loaded, and nobody asked the daemon to end.
pub async fn ready(State(app): State<App>) -> Result<axum::Json<Value>, Problem> {
    if app.services.is_closing() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "closing", "the daemon is ending"));
    }
    app.engine.store.ping().await?;
    if let Some(trouble) = app.engine.store.trouble() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unwritable", trouble));
    }
    Ok(axum::Json(json!({ "status": "ready", "sequences": app.engine.playbook().sequences.len() })))
}

/// `GET /v1/services`.
pub async fn services(State(app): State<App>) -> axum::Json<Value> {
    let line = |(name, service): (String, Service)| {
        json!({
            "name": name,
            "runs": service.runs,
            "last_run": service.last_run.map(|at| at.to_string()),
            "next_wake": service.next_wake.map(|at| at.to_string()),
            "last_error": service.last_error.map(|(at, error)| json!({ "at": at.to_string(), "error": error })),
        })
    };
    axum::Json(json!({ "services": app.services.all().into_iter().map(line).collect::<Vec<_>>() }))
}

/// `GET /metrics`, in the text format of Prometheus.
pub async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let handle = count();
    handle.run_upkeep();
    let mut text = handle.render();
    text.push_str(&gauges(&app).await?);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// What stands in the store now: read when somebody asks, so that no lane that is gone is shown for ever.
async fn gauges(app: &App) -> Result<String, StoreError> {
    let (reports, now) = (app.engine.store.reports(), app.engine.now());
    let waiting = reports.waiting_by_lane().await?;
    let first = reports.first_by_lane().await?;
    let age = |at: Instant| now.since(at).0.max(0) / 1_000;
    let handoffs = reports.handoff_counts().await?;
    let with =
        |sla: &str| handoffs.iter().filter(|row| row.sla == sla && row.state != "closed").map(|row| row.count).sum();
    let mut text = String::new();
    family(&mut text, "queue", "Touches that wait, by lane", &waiting);
    let ages: BTreeMap<String, i64> = first.into_iter().map(|(lane, at)| (lane, age(at))).collect();
    family(&mut text, "oldest_ready_seconds", "Age of the oldest touch that is ready, by lane", &ages);
    let lanes = app.engine.store.lanes().await?;
    let each = |of: fn(&LaneRow) -> i64| lanes.iter().map(|lane| (lane.name.clone(), of(lane))).collect();
    family(
        &mut text,
        "lane_stopped",
        "1 for a lane that stopped itself, by lane",
        &each(|lane| i64::from(lane.paused)),
    );
    let help = "How often in a row the other side could not be reached, by lane";
    family(&mut text, "lane_failures", help, &each(|lane| i64::from(lane.failures)));
    plain(&mut text, "calls_failed", "Webhooks that failed after their last try", reports.failed_calls().await?);
    plain(&mut text, "handoffs_running", "Handoffs whose clock runs", with("running"));
    plain(&mut text, "handoffs_breached", "Handoffs not closed whose clock was broken", with("breached"));
    let unwritable = i64::from(app.engine.store.trouble().is_some());
    plain(&mut text, "store_unwritable", "1 while the last write to the database failed", unwritable);
    plain(&mut text, "touches_unknown", "Mails that may or may not have arrived", reports.unknown_touches().await?);
    Ok(text)
}

fn family(text: &mut String, name: &str, help: &str, values: &BTreeMap<String, i64>) {
    let _ = writeln!(text, "# HELP overture_{name} {help}\n# TYPE overture_{name} gauge");
    for (lane, value) in values {
        let lane = lane.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        let _ = writeln!(text, "overture_{name}{{lane=\"{lane}\"}} {value}");
    }
}

fn plain(text: &mut String, name: &str, help: &str, value: i64) {
    let _ = writeln!(text, "# HELP overture_{name} {help}\n# TYPE overture_{name} gauge\noverture_{name} {value}");
}
