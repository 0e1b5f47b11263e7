//! Brings a database's schema up to date, step by step, in one process at a time, and refuses one that is ahead of the program.

use sqlx::SqlSafeStr;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};

use super::db::Db;
use super::error::{StoreError, Trouble};
use super::open::Store;
use super::sql::{Dialect, Statement};

const ATTEMPTED: &str = "bring the database up to date";
const TABLE: &str = "_sqlx_migrations";

/// A step: its number, its name, and its text for SQLite and for PostgreSQL.
type Step = (i64, &'static str, [&'static str; 2]);

macro_rules! step {
    (both $number:literal, $name:literal) => {{
        const TEXT: &str = include_str!(concat!("../../migrations/", $name, ".sql"));
        ($number, $name, [TEXT, TEXT])
    }};
    ($number:literal, $name:literal) => {
        (
            $number,
            $name,
            [
                include_str!(concat!("../../migrations/", $name, ".sqlite.sql")),
                include_str!(concat!("../../migrations/", $name, ".postgres.sql")),
            ],
        )
    };
}

const STEPS: [Step; 18] = [
    step!(1, "0001_leads"),
    step!(2, "0002_touches"),
    step!(3, "0003_people_and_files"),
    step!(both 4, "0004_indexes"),
    step!(both 5, "0005_seen"),
    step!(6, "0006_lane_failures"),
    step!(7, "0007_lead_tags"),
    step!(8, "0008_lane_days"),
    step!(9, "0009_ticks"),
    step!(10, "0010_tasks"),
    step!(11, "0011_intakes"),
    step!(12, "0012_applied"),
    step!(13, "0013_trail"),
    step!(14, "0014_replies"),
    step!(15, "0015_experiments"),
    step!(both 16, "0016_places"),
    step!(17, "0017_ranks"),
    step!(18, "0018_merged"),
];

/// The number of the last step this program knows.
pub const fn latest_schema() -> i64 {
    STEPS[STEPS.len() - 1].0
}

fn steps(dialect: Dialect) -> Vec<Migration> {
    let place = usize::from(dialect == Dialect::Postgres);
    STEPS
        .iter()
        .map(|(number, name, texts)| {
            Migration::new(*number, (*name).into(), MigrationType::Simple, texts[place].into_sql_str(), false)
        })
        .collect()
}

impl Store {
    /// Carries out the steps that lack, each in its own transaction, and names each to `on_step` before it begins. Several processes
    /// may call this at once: they take turns. Gives the number of steps carried out.
    ///
    /// # Errors
    /// The database is of a newer program, or a step was carried out with another text, or one fails.
    pub async fn migrate(&self, mut on_step: impl FnMut(&'static str) + Send) -> Result<usize, StoreError> {
        match &self.db {
            Db::Sqlite { writer: Some(writer), .. } => {
                let mut conn = writer.acquire().await.map_err(StoreError::at(ATTEMPTED))?;
                carry_out(&mut *conn, &steps(Dialect::Sqlite), &mut on_step).await
            }
            Db::Postgres { pool, writes: true } => {
                let mut conn = pool.acquire().await.map_err(StoreError::at(ATTEMPTED))?;
                let done = carry_out(&mut *conn, &steps(Dialect::Postgres), &mut on_step).await;
                if done.is_err() {
                    // The lock is the session's: it ends with the connection where a failure left it taken.
                    conn.close_on_drop();
                }
                done
            }
            Db::Sqlite { writer: None, .. } | Db::Postgres { writes: false, .. } => {
                Err(StoreError::new(ATTEMPTED, Trouble::ReadOnly))
            }
        }
    }

    /// The number of the last step carried out on the database; 0 when it is empty.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        static SCHEMA: Statement =
            Statement::new("SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM _sqlx_migrations WHERE success");
        match self.db.fetch("read the database's schema", &SCHEMA, vec![]).await {
            Ok(rows) => rows.first().map_or(Ok(0), |row| row.int(0)),
            Err(error) if error.is_missing_table() => Ok(0),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn check_schema(&self) -> Result<(), StoreError> {
        let (found, known) = (self.schema().await?, latest_schema());
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(StoreError::new("read the store", Trouble::Older { found, known })),
            std::cmp::Ordering::Greater => Err(StoreError::new("read the store", Trouble::Newer { found, known })),
        }
    }
}

async fn carry_out<C: Migrate>(
    conn: &mut C,
    steps: &[Migration],
    on_step: &mut (impl FnMut(&'static str) + Send),
) -> Result<usize, StoreError> {
    conn.lock().await.map_err(failed)?;
    conn.ensure_migrations_table(TABLE).await.map_err(failed)?;
    if let Some(version) = conn.dirty_version(TABLE).await.map_err(failed)? {
        return Err(failed(MigrateError::Dirty(version)));
    }
    let applied = conn.list_applied_migrations(TABLE).await.map_err(failed)?;
    check_applied(&applied, steps)?;
    let lacking = steps.iter().zip(STEPS).filter(|(step, _)| applied.iter().all(|done| done.version != step.version));
    let mut count = 0;
    for (step, (_, name, _)) in lacking {
        on_step(name);
        conn.apply(TABLE, step).await.map_err(failed)?;
        count += 1;
    }
    conn.unlock().await.map_err(failed)?;
    Ok(count)
}

fn check_applied(applied: &[AppliedMigration], steps: &[Migration]) -> Result<(), StoreError> {
    for done in applied {
        match steps.iter().find(|step| step.version == done.version) {
            None => {
                let known = latest_schema();
                return Err(StoreError::new(ATTEMPTED, Trouble::Newer { found: done.version, known }));
            }
            Some(step) if step.checksum != done.checksum => {
                return Err(StoreError::new(ATTEMPTED, Trouble::Altered { version: done.version }));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn failed(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => StoreError::at(ATTEMPTED)(error),
        other => StoreError::new(ATTEMPTED, Trouble::Migration(other)),
    }
}
