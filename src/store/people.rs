//! The rows that concern salespeople and the ones who asked to be left alone.

use std::collections::{BTreeMap, BTreeSet};

use super::db::Row;
use super::error::StoreError;
use super::leads::unreadable;
use super::moves::Move;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::decide::HandoffRow;
use crate::domain::id::TouchId;
use crate::domain::routing::Load;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;

impl Tx {
    pub(super) async fn write_handoffs(&mut self, all: &BTreeMap<&str, &HandoffRow>) -> Result<(), StoreError> {
        static WRITE: Statement = Statement::batch(
            &[
                ("id", Kind::Text),
                ("lead_id", Kind::Text),
                ("team", Kind::Text),
                ("rep", Kind::Text),
                ("state", Kind::Text),
                ("reason", Kind::Text),
                ("opened_at", Kind::Int),
                ("due_at", Kind::Int),
                ("answered_at", Kind::Int),
                ("sla", Kind::Text),
                ("closed_because", Kind::Text),
                ("dossier", Kind::Text),
            ],
            "INSERT INTO handoff (id, lead_id, team, rep, state, reason, opened_at, due_at, answered_at, sla, closed_because, dossier)
             SELECT id, lead_id, team, rep, state, reason, opened_at, due_at, answered_at, sla, closed_because, dossier
             FROM {input} AS i
             WHERE true
             ON CONFLICT (id) DO UPDATE SET
                team = excluded.team, rep = excluded.rep, state = excluded.state, reason = excluded.reason,
                due_at = excluded.due_at, answered_at = excluded.answered_at, sla = excluded.sla,
                closed_because = excluded.closed_because, dossier = COALESCE(excluded.dossier, handoff.dossier)",
        );
        if all.is_empty() {
            return Ok(());
        }
        let input = rows(all.values().map(|row| {
            (
                &row.id,
                &row.lead,
                &row.team,
                &row.rep,
                row.state,
                &row.reason,
                row.opened_at,
                row.due_at,
                row.answered_at,
                row.sla,
                &row.closed_because,
                row.dossier.as_ref().map(ToString::to_string),
            )
        }));
        self.run("write handoffs", &WRITE, vec![input.into()]).await.map(drop)
    }

    pub(super) async fn shift_loads(&mut self, all: &BTreeMap<&str, (i64, i64)>) -> Result<(), StoreError> {
        static SHIFT: Statement = Statement::batch(
            &[("name", Kind::Text), ("assigned", Kind::Int), ("open", Kind::Int)],
            "INSERT INTO rep (name, assigned, open)
             SELECT name, assigned, open
             FROM {input} AS i
             WHERE true
             ON CONFLICT (name) DO UPDATE SET assigned = rep.assigned + excluded.assigned, open = rep.open + excluded.open",
        );
        if all.is_empty() {
            return Ok(());
        }
        let input = rows(all.iter().map(|(name, (assigned, open))| (name, assigned, open)));
        self.run("count the loads of reps", &SHIFT, vec![input.into()]).await.map(drop)
    }

    /// How much each rep carries who ever had a handoff; others cannot change it until the transaction ends.
    pub async fn loads(&mut self) -> Result<BTreeMap<String, Load>, StoreError> {
        static LOADS: Statement = Statement::new("SELECT name, assigned, open FROM rep ORDER BY name {for update}");
        loads(&self.fetch("read the loads of reps", &LOADS, vec![]).await?)
    }

    pub(super) async fn write_suppressions(
        &mut self,
        all: &BTreeMap<&str, Option<(Reason, &str)>>,
        now: Instant,
    ) -> Result<(), StoreError> {
        // Whoever was erased stays so, whatever is heard later.
        static SUPPRESS: Statement = Statement::batch(
            &[("target", Kind::Text), ("reason", Kind::Text), ("source", Kind::Text)],
            "INSERT INTO suppression (target, reason, source, at)
             SELECT target, reason, source, $2
             FROM {input} AS i
             WHERE true
             ON CONFLICT (target) DO UPDATE SET reason = excluded.reason, source = excluded.source, at = excluded.at
             WHERE suppression.reason <> 'erased'",
        );
        static LIFT: Statement = Statement::batch(
            &[("target", Kind::Text)],
            "DELETE FROM suppression WHERE target IN (SELECT target FROM {input} AS i)",
        );
        let add: Vec<_> = all
            .iter()
            .filter_map(|(target, what)| what.map(|(reason, source)| (target, reason.as_str(), source)))
            .collect();
        if !add.is_empty() {
            let targets: Vec<&str> = add.iter().map(|(target, ..)| **target).collect();
            self.run("suppress addresses", &SUPPRESS, vec![rows(add).into(), now.into()]).await?;
            self.call_off(&targets, now).await?;
        }
        let lift: Vec<_> = all.iter().filter(|(_, what)| what.is_none()).map(|(target, _)| (target,)).collect();
        if !lift.is_empty() {
            self.run("lift suppressions", &LIFT, vec![rows(lift).into()]).await?;
        }
        Ok(())
    }

    /// Cancels every mail that has not left for these addresses and domains: some belong to no enrollment that could end.
    pub(super) async fn call_off(&mut self, targets: &[&str], now: Instant) -> Result<(), StoreError> {
        static TO_ADDRESS: Statement = Statement::batch(
            &[("target", Kind::Text)],
            "SELECT t.id
             FROM {input} AS i
             JOIN lead AS l ON l.address = i.target
             JOIN touch AS t ON t.lead_id = l.id
             WHERE t.channel = 'email' AND t.state IN ('held', 'queued', 'claimed', 'intent', 'deferred')",
        );
        static TO_DOMAIN: Statement = Statement::batch(
            &[("target", Kind::Text)],
            "SELECT t.id
             FROM {input} AS i
             JOIN lead AS l ON l.address LIKE '%@' || i.target
             JOIN touch AS t ON t.lead_id = l.id
             WHERE t.channel = 'email' AND t.state IN ('held', 'queued', 'claimed', 'intent', 'deferred')",
        );
        let (addresses, domains): (Vec<&str>, Vec<&str>) = targets.iter().partition(|target| target.contains('@'));
        let mut waiting = Vec::new();
        for (targets, statement) in [(addresses, &TO_ADDRESS), (domains, &TO_DOMAIN)] {
            if !targets.is_empty() {
                let input = rows(targets.iter().map(|target| (target,)));
                waiting.extend(self.fetch("look for mail to call off", statement, vec![input.into()]).await?);
            }
        }
        let waiting = waiting.iter().map(|row| row.text(0).map(TouchId)).collect::<Result<BTreeSet<_>, _>>()?;
        self.move_touches(&waiting.iter().map(|touch| (touch, Move::Cancel("suppressed"))).collect(), now).await
    }

    /// Which of these addresses and domains are suppressed, and why.
    pub async fn suppressed(&mut self, targets: &BTreeSet<&str>) -> Result<BTreeMap<String, Reason>, StoreError> {
        if targets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(targets.iter().map(|target| (target,)));
        reasons(&self.fetch("look for suppressions", &SUPPRESSED, vec![input.into()]).await?)
    }
}

static SUPPRESSED: Statement = Statement::batch(
    &[("asked", Kind::Text)],
    "SELECT target, reason FROM suppression WHERE target IN (SELECT asked FROM {input} AS i)",
);

fn reasons(found: &[Row]) -> Result<BTreeMap<String, Reason>, StoreError> {
    let one = |row: &Row| {
        let (target, word) = (row.text(0)?, row.text(1)?);
        let reason = Reason::parse(&word).ok_or_else(|| unreadable("suppression", &target, &word))?;
        Ok((target, reason))
    };
    found.iter().map(one).collect()
}

fn loads(found: &[Row]) -> Result<BTreeMap<String, Load>, StoreError> {
    found.iter().map(|row| Ok((row.text(0)?, Load { assigned: row.int(1)?, open: row.int(2)? }))).collect()
}

impl Store {
    /// How much each rep carries who ever had a handoff.
    pub async fn loads(&self) -> Result<BTreeMap<String, Load>, StoreError> {
        static LOADS: Statement = Statement::new("SELECT name, assigned, open FROM rep ORDER BY name");
        loads(&self.db.fetch("read the loads of reps", &LOADS, vec![]).await?)
    }

    /// The same, only to look.
    pub async fn suppressed(&self, targets: &BTreeSet<&str>) -> Result<BTreeMap<String, Reason>, StoreError> {
        if targets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = rows(targets.iter().map(|target| (target,)));
        reasons(&self.db.fetch("look for suppressions", &SUPPRESSED, vec![input.into()]).await?)
    }
}
