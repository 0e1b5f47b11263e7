//! Brings the database up to this program's schema, ahead of a start that would do it too.

use clap::Args;
use serde_json::json;

use super::desk::{Desk, plural};
use super::failure::Failure;
use crate::daemon::location;
use crate::store::{Access, Store, StoreError, Trouble, latest_schema};

const AFTER: &str = "\
`overture run` does this by itself at its start; by hand it shows what is done, and how long it takes, while nothing else runs. Each step is
a transaction of its own: if it is interrupted, run it again. There is no way back to an older program: make a backup first.

Examples:
  overture migrate --check    only says what would be done
  overture migrate

Exit codes: 0 up to date, 1 with --check: it is not, 2 could not run.";

/// Brings the database's schema up to date
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Migrate {
    /// Changes nothing
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let config = desk.load()?.config;
        let fail = desk.fail_points()?;
        if self.check {
            return check(desk, Store::open(&location(&config), Access::ReadOnly).await.map(drop));
        }
        let store = Store::open(&location(&config), Access::Write).await?;
        let mut steps = Vec::new();
        let done = store
            .migrate(|step| {
                fail.hit("migrate.step");
                steps.push(step);
            })
            .await?;
        let schema = store.schema().await?;
        store.close().await;
        if desk.paper.json {
            return desk.paper.value(&json!({ "schema": schema, "steps": steps }));
        }
        for step in &steps {
            desk.paper.line(format!("done: {step}"))?;
        }
        desk.paper.line(format!("{done} {}; the schema is {schema}", plural(done, "step")))
    }
}

fn check(desk: &mut Desk, opened: Result<(), StoreError>) -> Result<(), Failure> {
    let latest = latest_schema();
    let found = match opened {
        Ok(()) => latest,
        Err(error) => match error.trouble() {
            Trouble::Older { found, .. } => *found,
            Trouble::Missing { .. } => 0,
            _ => return Err(error.into()),
        },
    };
    if desk.paper.json {
        desk.paper.value(&json!({ "schema": found, "latest": latest }))?;
    } else {
        let said = if found == latest { "nothing is to be done" } else { "`overture migrate` brings it up" };
        desk.paper.line(format!("the schema is {found}, this program's is {latest}: {said}"))?;
    }
    if found == latest { Ok(()) } else { Err(Failure::said()) }
}
