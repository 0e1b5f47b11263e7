//! A nudge from one daemon to the others that there is work: it saves them a wait, and nothing depends on it.

use sqlx::postgres::PgListener;

use super::db::Db;
use super::error::StoreError;
use super::open::Store;
use super::sql::Statement;
use super::tx::Tx;

const CHANNEL: &str = "overture";

/// An ear for the nudges of others.
pub struct Nudges(PgListener);

impl Nudges {
    /// Returns when another daemon has committed work; also when the connection was lost and made anew, since what was said meanwhile was
    /// not heard.
    pub async fn heard(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await.map(drop).map_err(StoreError::at("listen for other daemons"))
    }
}

impl Store {
    /// Listens for the nudges of others; `None` where there are no others. Takes a connection of its own from the pool.
    pub async fn nudges(&self) -> Result<Option<Nudges>, StoreError> {
        const ATTEMPTED: &str = "listen for other daemons";
        let Db::Postgres { pool, .. } = &self.db else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await.map_err(StoreError::at(ATTEMPTED))?;
        listener.listen(CHANNEL).await.map_err(StoreError::at(ATTEMPTED))?;
        Ok(Some(Nudges(listener)))
    }
}

impl Tx {
    /// Tells the others, once the transaction is committed, that there is work.
    pub async fn nudge(&mut self) -> Result<(), StoreError> {
        static NUDGE: Statement = Statement::new("SELECT CAST(pg_notify($1, '') AS TEXT)");
        if self.is_shared() {
            self.fetch("nudge other daemons", &NUDGE, vec![CHANNEL.into()]).await?;
        }
        Ok(())
    }
}
