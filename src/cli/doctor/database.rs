//! The database: whether it answers, whether its schema is ours, how large it is, and which ways out stand still.

use super::Finding;
use crate::cli::failure::chain;
use crate::cli::fields::size;
use crate::cli::paper::Paper;
use crate::config::Config;
use crate::daemon::location;
use crate::store::reports::LaneRow;
use crate::store::{Access, Store, StoreError, Trouble};

const WHAT: &str = "database";

pub async fn look(config: &Config, paper: &Paper) -> Vec<Finding> {
    let store = match Store::open(&location(config), Access::ReadOnly).await {
        Ok(store) => store,
        Err(error) => return vec![unopened(&error)],
    };
    let looked = inside(&store, config.alerts.as_deref(), paper).await;
    store.close().await;
    looked.unwrap_or_else(|error| {
        vec![Finding::bad(WHAT, chain(&error), "it was there a moment ago: look at its own log")]
    })
}

fn unopened(error: &StoreError) -> Finding {
    match error.trouble() {
        Trouble::Missing { .. } => {
            Finding::warn(WHAT, "is not there yet", "`overture run` makes it at its first start")
        }
        Trouble::Older { found, known } => Finding::bad(
            WHAT,
            format!("its schema is {found}, this program's is {known}"),
            "`overture migrate` brings it up",
        ),
        Trouble::Newer { found, known } => Finding::bad(
            WHAT,
            format!("its schema is {found}, this program knows {known}"),
            "install the newer overture",
        ),
        _ => Finding::bad(WHAT, chain(error), "check database.url in config/overture.yaml, and that it is running"),
    }
}

async fn inside(store: &Store, alerts: Option<&str>, paper: &Paper) -> Result<Vec<Finding>, StoreError> {
    store.ping().await?;
    let kind = if store.is_shared() { "PostgreSQL" } else { "SQLite" };
    let reports = store.reports();
    let sizes = reports.sizes().await?;
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let whole: u64 = sizes.iter().map(|one| bytes(one.bytes)).sum();
    let largest: Vec<String> =
        sizes.iter().take(3).map(|one| format!("{} {}", one.table, size(bytes(one.bytes)))).collect();
    let leads: i64 = reports.leads_by_stage().await?.values().sum();
    let said =
        format!("{kind}, schema {}, {leads} leads, {} ({})", store.schema().await?, size(whole), largest.join(", "));
    let mut found = vec![Finding::ok(WHAT, said)];
    let touches = reports.touches_by_state().await?;
    for (state, todo) in
        [("held", "`overture touches list --state held` says what each lacks"), ("unknown", "`overture unknown list`")]
    {
        if let Some(count) = touches.get(state).filter(|count| **count > 0) {
            found.push(Finding::warn("touches", format!("{count} {state}"), todo));
        }
    }
    let failed = reports.failed_calls().await?;
    if failed > 0 {
        let todo = "`overture touches list --state refused` says what each was told";
        found.push(Finding::bad("touches", format!("{failed} webhooks failed after their last try"), todo));
    }
    for pause in store.pauses().await? {
        let said = format!("{} since {} by {}", pause.scope, paper.time(pause.since), pause.by);
        found.push(Finding::warn("paused", said, "`overture resume everything` lets it go on"));
    }
    found.extend(store.lanes().await?.iter().filter_map(|lane| in_trouble(lane, alerts, paper)));
    Ok(found)
}

fn in_trouble(lane: &LaneRow, alerts: Option<&str>, paper: &Paper) -> Option<Finding> {
    let (word, name) = match lane.name.split_once(':') {
        Some(("mail", name)) => ("sender", name),
        Some((_, name)) => ("channel", name),
        None => ("lane", lane.name.as_str()),
    };
    let what = format!("{word} {name}");
    let why = lane.blocked_reason.as_deref().unwrap_or("for no known reason");
    if lane.paused {
        let deaf =
            if word == "channel" && alerts == Some(name) { "; until then nobody is alerted of anything" } else { "" };
        let todo = format!("mend it, then `overture resume {word} {name}`{deaf}");
        return Some(Finding::bad(&what, format!("stopped: {why}"), todo));
    }
    let since = lane.failing_since.filter(|_| lane.failures > 0)?;
    let tries = match lane.failures {
        1 => "once".to_owned(),
        tries => format!("{tries} times in a row"),
    };
    let said = format!("not reached since {}, tried {tries}: {why}", paper.time(since));
    Some(Finding::bad(&what, said, format!("it is tried again at {}", paper.time(lane.ready_at))))
}
