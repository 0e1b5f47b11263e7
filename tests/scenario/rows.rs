//! All that an embedded database holds, read beside the daemon: that nothing changed can only be told from all there is.

use crate::support::workspace::Workspace;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use std::collections::BTreeMap;

/// The rows of each table as text, sorted.
pub type Rows = BTreeMap<String, Vec<String>>;

/// Reads every table but the one in which daemons say that they live.
pub fn rows(workspace: &Workspace) -> Rows {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let file = workspace.file("data/overture.db");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(&file).read_only(true);
        let mut database = options.connect().await.expect("the database can be read beside the daemon");
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'daemon'";
        let mut all = Rows::new();
        for table in texts(&mut database, tables.to_owned()).await {
            let columns =
                texts(&mut database, format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
            let columns = columns.await.join(" || ', ' || ");
            let rows = texts(&mut database, format!("SELECT {columns} FROM \"{table}\" ORDER BY 1")).await;
            all.insert(table, rows);
        }
        all
    })
}

async fn texts(database: &mut SqliteConnection, query: String) -> Vec<String> {
    let found = sqlx::query(AssertSqlSafe(query)).fetch_all(database).await.expect("a table can be read");
    found.iter().map(|row| row.get(0)).collect()
}

/// The rows that are in one and not in the other, each with its table; empty if nothing changed.
pub fn difference(before: &Rows, after: &Rows) -> Vec<String> {
    let gone = |from: &Rows, other: &Rows, sign: &str| {
        let missing = |(table, rows): (&String, &Vec<String>)| {
            let others = other.get(table).cloned().unwrap_or_default();
            let only: Vec<String> =
                rows.iter().filter(|row| !others.contains(row)).map(|row| format!("{sign} {table}: {row}")).collect();
            only
        };
        from.iter().flat_map(missing).collect::<Vec<_>>()
    };
    [gone(before, after, "-"), gone(after, before, "+")].concat()
}
