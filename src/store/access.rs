//! Who may ask the API, and what was answered already.

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::Statement;
use super::tx::Tx;
use crate::domain::time::Instant;

/// A key to the API; the secret itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: String,
    pub name: String,
    /// The hash of the secret.
    pub hash: String,
    /// What it may do, separated by spaces.
    pub scopes: String,
    pub created_at: Instant,
    pub last_used_at: Option<Instant>,
    pub revoked_at: Option<Instant>,
}

fn api_token(row: &Row) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.text(0)?,
        name: row.text(1)?,
        hash: row.text(2)?,
        scopes: row.text(3)?,
        created_at: row.instant(4)?,
        last_used_at: row.maybe_instant(5)?,
        revoked_at: row.maybe_instant(6)?,
    })
}

/// An answer given to a request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The hash of the request's body: the same key with another body is a mistake.
    pub body_hash: String,
    pub status: u16,
    pub response: String,
}

impl Tx {
    pub async fn add_api_token(&mut self, token: &ApiToken) -> Result<(), StoreError> {
        static ADD: Statement = Statement::new(
            "INSERT INTO api_token (id, name, hash, scopes, created_at, last_used_at, revoked_at)
             VALUES ($1, $2, $3, $4, $5, NULL, NULL)",
        );
        let args = vec![
            token.id.as_str().into(),
            token.name.as_str().into(),
            token.hash.as_str().into(),
            token.scopes.as_str().into(),
            token.created_at.into(),
        ];
        self.run("add an API token", &ADD, args).await.map(drop)
    }

    /// Revokes a token by its id. Says whether there was one to revoke.
    pub async fn revoke_api_token(&mut self, id: &str, now: Instant) -> Result<bool, StoreError> {
        static REVOKE: Statement =
            Statement::new("UPDATE api_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
        Ok(self.run("revoke an API token", &REVOKE, vec![id.into(), now.into()]).await? > 0)
    }

    pub async fn note_api_token_use(&mut self, id: &str, now: Instant) -> Result<(), StoreError> {
        static NOTE: Statement = Statement::new("UPDATE api_token SET last_used_at = $2 WHERE id = $1");
        self.run("note the use of an API token", &NOTE, vec![id.into(), now.into()]).await.map(drop)
    }

    /// The answer given under an idempotency key before.
    pub async fn answered(&mut self, key: &str) -> Result<Option<Answer>, StoreError> {
        static ANSWERED: Statement =
            Statement::new("SELECT body_hash, status, response FROM idempotency WHERE key = $1");
        let found = self.fetch("look for an answer given before", &ANSWERED, vec![key.into()]).await?;
        let answer = |row: &Row| {
            let status = u16::try_from(row.int(1)?).unwrap_or(500);
            Ok(Answer { body_hash: row.text(0)?, status, response: row.text(2)? })
        };
        found.first().map(answer).transpose()
    }

    /// Keeps an answer. Says whether it is the first under its key; another process may have been quicker.
    pub async fn keep_answer(&mut self, key: &str, answer: &Answer, now: Instant) -> Result<bool, StoreError> {
        static KEEP: Statement = Statement::new(
            "INSERT INTO idempotency (key, body_hash, status, response, at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (key) DO NOTHING",
        );
        let args = vec![
            key.into(),
            answer.body_hash.as_str().into(),
            i64::from(answer.status).into(),
            answer.response.as_str().into(),
            now.into(),
        ];
        Ok(self.run("keep an answer", &KEEP, args).await? > 0)
    }

    /// Forgets answers given before an instant, at most `limit`. Gives how many.
    pub async fn forget_answers(&mut self, limit: usize, before: Instant) -> Result<u64, StoreError> {
        static FORGET: Statement = Statement::new(
            "DELETE FROM idempotency
             WHERE key IN (SELECT key FROM idempotency WHERE at < $1 ORDER BY at LIMIT $2)",
        );
        self.run("forget old answers", &FORGET, vec![before.into(), limit.into()]).await
    }
}

impl Store {
    /// The token with this hash, revoked or not.
    pub async fn api_token(&self, hash: &str) -> Result<Option<ApiToken>, StoreError> {
        static BY_HASH: Statement = Statement::new(
            "SELECT id, name, hash, scopes, created_at, last_used_at, revoked_at
             FROM api_token
             WHERE hash = $1",
        );
        self.db.fetch("look for an API token", &BY_HASH, vec![hash.into()]).await?.first().map(api_token).transpose()
    }

    /// All tokens, the oldest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT id, name, hash, scopes, created_at, last_used_at, revoked_at
             FROM api_token
             ORDER BY created_at, id",
        );
        self.db.fetch("read API tokens", &ALL, vec![]).await?.iter().map(api_token).collect()
    }
}
