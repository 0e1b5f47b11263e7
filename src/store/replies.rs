//! Who of an account replied last, and how far its people were gone through for it.
//!
//! On a shared database everyone locks leads first and accounts last: whoever goes through the people of an account reads where the last
//! page ended without a lock, and moves on by compare-and-set. Two who take the same page decide the same twice, which changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Rows, Statement, rows};
use super::tx::Tx;
use crate::domain::account::{Replied, Replies};
use crate::domain::id::LeadId;
use crate::domain::time::Instant;

/// An account whose people are to be gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    pub account: String,
    /// When the reply was heard that they are gone through for.
    pub heard_at: Instant,
    pub after: String,
}

fn one(row: &Row, place: usize) -> Result<Option<Replied>, StoreError> {
    let (Some(lead), Some(at), Some(heard_at)) =
        (row.maybe_text(place)?, row.maybe_instant(place + 1)?, row.maybe_instant(place + 2)?)
    else {
        return Ok(None);
    };
    Ok(Some(Replied { lead: LeadId(lead), at, heard_at }))
}

fn replies(found: &[Row]) -> Result<BTreeMap<String, Replies>, StoreError> {
    let mut all = BTreeMap::new();
    for row in found {
        if let Some(last) = one(row, 1)? {
            all.insert(row.text(0)?, Replies { last, before: one(row, 4)? });
        }
    }
    Ok(all)
}

fn names(accounts: &BTreeSet<&str>) -> Rows {
    rows(accounts.iter().map(|account| (*account,)))
}

static READ: Statement = Statement::batch(
    &[("asked", Kind::Text)],
    "SELECT account, lead_id, at, heard_at, before_id, before_at, before_heard_at
     FROM account_reply
     WHERE account IN (SELECT asked FROM {input} AS i)",
);

impl Tx {
    /// Who of these accounts replied last.
    pub async fn replies(&mut self, accounts: &BTreeSet<&str>) -> Result<BTreeMap<String, Replies>, StoreError> {
        if accounts.is_empty() {
            return Ok(BTreeMap::new());
        }
        replies(&self.fetch("read who of accounts replied", &READ, vec![names(accounts).into()]).await?)
    }

    /// Writes down who of accounts replied, in the order in which it was heard; where the third says so, their people are to be gone
    /// through from the first on.
    pub(super) async fn write_replies(&mut self, all: &[(&str, &Replied, bool)]) -> Result<(), StoreError> {
        static KNOW: Statement = Statement::batch(
            &[("name", Kind::Text)],
            "INSERT INTO account_reply (account)
             SELECT name
             FROM {input} AS i
             WHERE true
             ON CONFLICT (account) DO NOTHING",
        );
        static LOCK: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT account, lead_id, at, heard_at, before_id, before_at, before_heard_at
             FROM account_reply
             WHERE account IN (SELECT asked FROM {input} AS i)
             ORDER BY account
             {for update}",
        );
        static WRITE: Statement = Statement::batch(
            &[
                ("name", Kind::Text),
                ("lead", Kind::Text),
                ("replied_at", Kind::Int),
                ("told_at", Kind::Int),
                ("other", Kind::Text),
                ("other_at", Kind::Int),
                ("other_told_at", Kind::Int),
                ("tell", Kind::Int),
            ],
            "UPDATE account_reply
             SET lead_id = i.lead, at = i.replied_at, heard_at = i.told_at, before_id = i.other, before_at = i.other_at,
                before_heard_at = i.other_told_at,
                after = CASE WHEN i.tell = 1 THEN '' ELSE account_reply.after END
             FROM {input} AS i
             WHERE account_reply.account = i.name",
        );
        const ATTEMPTED: &str = "write down who of accounts replied";
        if all.is_empty() {
            return Ok(());
        }
        let accounts: BTreeSet<&str> = all.iter().map(|(account, ..)| *account).collect();
        let told: BTreeSet<&str> = all.iter().filter(|(.., tell)| *tell).map(|(account, ..)| *account).collect();
        self.run(ATTEMPTED, &KNOW, vec![names(&accounts).into()]).await?;
        let mut known = replies(&self.fetch(ATTEMPTED, &LOCK, vec![names(&accounts).into()]).await?)?;
        for (account, reply, _) in all {
            let now = match known.remove(*account) {
                Some(before) => before.with((*reply).clone()),
                None => Replies::first((*reply).clone()),
            };
            known.insert((*account).to_owned(), now);
        }
        let input = rows(known.iter().map(|(account, Replies { last, before })| {
            let other = before.as_ref().map(|other| (&other.lead, other.at, other.heard_at));
            let (lead, at, heard_at) = (other.map(|one| one.0), other.map(|one| one.1), other.map(|one| one.2));
            let tell = i64::from(told.contains(account.as_str()));
            (account, &last.lead, last.at, last.heard_at, lead, at, heard_at, tell)
        }));
        self.run(ATTEMPTED, &WRITE, vec![input.into()]).await.map(drop)
    }

    /// The next people of an account who are in a sequence, in the order of their ids.
    pub async fn page_of_account(&mut self, untold: &Untold, limit: usize) -> Result<Vec<LeadId>, StoreError> {
        static PAGE: Statement = Statement::new(
            "SELECT l.id
             FROM lead AS l
             WHERE l.account = $1 AND l.id > $2
               AND EXISTS (SELECT 1 FROM enrollment AS e WHERE e.lead_id = l.id AND e.state IN ('active', 'paused', 'held'))
             ORDER BY l.account, l.id
             LIMIT $3",
        );
        let args = vec![untold.account.as_str().into(), untold.after.as_str().into(), limit.into()];
        let found = self.fetch("go through the people of an account", &PAGE, args).await?;
        found.iter().map(|row| row.text(0).map(LeadId)).collect()
    }

    /// Goes on after a page, or ends where there is none after it; nothing if somebody else has, or another reply came.
    pub async fn turn_page(&mut self, untold: &Untold, after: Option<&LeadId>) -> Result<(), StoreError> {
        static TURN: Statement = Statement::new(
            "UPDATE account_reply
             SET after = $2
             WHERE account = $1 AND heard_at = $3 AND after = $4",
        );
        let args = vec![
            untold.account.as_str().into(),
            after.map(LeadId::as_str).into(),
            untold.heard_at.into(),
            untold.after.as_str().into(),
        ];
        self.run("go through the people of an account", &TURN, args).await.map(drop)
    }
}

impl Store {
    /// The same as [`Tx::replies`], read beside what is written.
    pub async fn replies(&self, accounts: &BTreeSet<&str>) -> Result<BTreeMap<String, Replies>, StoreError> {
        if accounts.is_empty() {
            return Ok(BTreeMap::new());
        }
        replies(&self.db.fetch("read who of accounts replied", &READ, vec![names(accounts).into()]).await?)
    }

    /// An account whose people are to be gone through, if there is one.
    pub async fn untold(&self) -> Result<Option<Untold>, StoreError> {
        static FIRST: Statement = Statement::new(
            "SELECT account, heard_at, after
             FROM account_reply
             WHERE after IS NOT NULL
             ORDER BY account
             LIMIT 1",
        );
        let found = self.db.fetch("look for a reply that colleagues are to heed", &FIRST, vec![]).await?;
        let untold = |row: &Row| -> Result<Untold, StoreError> {
            Ok(Untold { account: row.text(0)?, heard_at: row.instant(1)?, after: row.text(2)? })
        };
        found.first().map(untold).transpose()
    }
}
