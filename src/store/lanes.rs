//! Lanes: what many touches share. Work waits per lane, so that a blocked lane costs the others nothing.

use super::db::Row;
use super::error::StoreError;
use super::open::Store;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::time::Instant;

/// What a lane remembers; its gap and cap are the playbook's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneRow {
    /// `mail:SENDER` or `hook:CHANNEL`.
    pub name: String,
    /// Nothing leaves before.
    pub ready_at: Instant,
    /// The day `used` counts, in days since 1970-01-01.
    pub day: i32,
    /// Touches reserved or sent on that day.
    pub used: u32,
    /// The same of the two days before, the later first.
    pub before: [u32; 2],
    pub paused: bool,
    /// Why nothing leaves before `ready_at`, for people.
    pub blocked_reason: Option<String>,
    /// How often in a row the other side could not be reached, and since when.
    pub failures: u32,
    pub failing_since: Option<Instant>,
}

fn lane(row: &Row) -> Result<LaneRow, StoreError> {
    Ok(LaneRow {
        name: row.text(0)?,
        ready_at: row.instant(1)?,
        day: i32::try_from(row.int(2)?).unwrap_or(i32::MIN),
        used: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
        paused: row.int(4)? != 0,
        blocked_reason: row.maybe_text(5)?,
        failures: u32::try_from(row.int(6)?).unwrap_or(u32::MAX),
        failing_since: row.maybe_instant(7)?,
        before: [row.int(8)?, row.int(9)?].map(|used| u32::try_from(used).unwrap_or(u32::MAX)),
    })
}

/// The ranks that anything waits at, by lane: one look for each, which no planner turns into a walk over all that waits. The lanes are the
/// column `lane` of what is named.
macro_rules! ranks_of {
    ($lanes:literal) => {
        concat!(
            "ranks(lane, rank) AS (
                 SELECT lane, (SELECT o.rank FROM outbox AS o WHERE o.lane = i.lane ORDER BY o.rank LIMIT 1) FROM ",
            $lanes,
            "
                 UNION ALL
                 SELECT r.lane, (SELECT o.rank FROM outbox AS o WHERE o.lane = r.lane AND o.rank > r.rank ORDER BY o.rank LIMIT 1)
                 FROM ranks AS r
                 WHERE r.rank IS NOT NULL
             )
             "
        )
    };
}
pub(super) use ranks_of;

/// The first instant of each lane and rank, for lanes that are not paused.
macro_rules! firsts {
    () => {
        concat!(
            "WITH RECURSIVE ",
            ranks_of!("(SELECT name AS lane FROM lane WHERE paused = 0) AS i"),
            ", firsts AS (
                 SELECT l.name, l.ready_at AS lane_at,
                    (SELECT o.ready_at FROM outbox AS o WHERE o.lane = r.lane AND o.rank = r.rank ORDER BY o.ready_at LIMIT 1) AS first_at
                 FROM ranks AS r
                 JOIN lane AS l ON l.name = r.lane
                 WHERE r.rank IS NOT NULL
             )
             "
        )
    };
}

impl Store {
    /// The lanes that have work to do now and may do it, by name.
    pub async fn open_lanes(&self, now: Instant) -> Result<Vec<String>, StoreError> {
        static OPEN: Statement = Statement::new(concat!(
            firsts!(),
            "SELECT DISTINCT name FROM firsts WHERE lane_at <= $1 AND first_at <= $1 ORDER BY name"
        ));
        let found = self.db.fetch("look for lanes with work", &OPEN, vec![now.into()]).await?;
        found.iter().map(|row| row.text(0)).collect()
    }

    /// The first instant after `now` at which a lane has work that may be done: what may be done already, and waits for whoever has it
    /// in hand or for a person, hides nobody's later turn.
    pub async fn next_ready(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        static NEXT: Statement = Statement::new(concat!(
            firsts!(),
            "SELECT MIN({greatest lane_at, first_at})
             FROM firsts
             WHERE {greatest lane_at, first_at} > $1"
        ));
        let found = self.db.fetch("look for the next work", &NEXT, vec![now.into()]).await?;
        found.first().map_or(Ok(None), |row| row.maybe_instant(0))
    }

    /// All lanes, by name.
    pub async fn lanes(&self) -> Result<Vec<LaneRow>, StoreError> {
        static ALL: Statement = Statement::new(
            "SELECT name, ready_at, day, used, paused, blocked_reason, failures, failing_since, used_1_before, used_2_before
             FROM lane
             ORDER BY name",
        );
        self.db.fetch("read lanes", &ALL, vec![]).await?.iter().map(lane).collect()
    }
}

impl Tx {
    /// One lane; others cannot change it until the transaction ends.
    pub async fn lane_for_update(&mut self, name: &str) -> Result<Option<LaneRow>, StoreError> {
        static ONE: Statement = Statement::new(
            "SELECT name, ready_at, day, used, paused, blocked_reason, failures, failing_since, used_1_before, used_2_before
             FROM lane
             WHERE name = $1
             {for update}",
        );
        self.fetch("read a lane", &ONE, vec![name.into()]).await?.first().map(lane).transpose()
    }

    /// The lanes that stand still until a person resumes them, by name.
    pub async fn stopped_lanes(&mut self) -> Result<Vec<String>, StoreError> {
        static STOPPED: Statement = Statement::new("SELECT name FROM lane WHERE paused = 1 ORDER BY name");
        let found = self.fetch("look for lanes that stand still", &STOPPED, vec![]).await?;
        found.iter().map(|row| row.text(0)).collect()
    }

    /// Several lanes by their names, in the order of names; others cannot change them until the transaction ends.
    pub async fn lanes_for_update(&mut self, names: &[&str]) -> Result<Vec<LaneRow>, StoreError> {
        static SOME: Statement = Statement::batch(
            &[("asked", Kind::Text)],
            "SELECT name, ready_at, day, used, paused, blocked_reason, failures, failing_since, used_1_before, used_2_before
             FROM lane
             WHERE name IN (SELECT asked FROM {input} AS i)
             ORDER BY name
             {for update}",
        );
        let input = rows(names.iter().map(|name| (name,)));
        let found = self.fetch("read lanes", &SOME, vec![input.into()]).await?;
        let mut lanes = found.iter().map(lane).collect::<Result<Vec<_>, _>>()?;
        lanes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lanes)
    }

    /// Writes a lane's state, whether it was there or not.
    pub async fn save_lane(&mut self, lane: &LaneRow) -> Result<(), StoreError> {
        self.save_lanes(std::slice::from_ref(lane)).await
    }

    /// Writes the states of several lanes, each at most once a call.
    pub async fn save_lanes(&mut self, lanes: &[LaneRow]) -> Result<(), StoreError> {
        static SAVE: Statement = Statement::batch(
            &[
                ("name", Kind::Text),
                ("ready_at", Kind::Int),
                ("day", Kind::Int),
                ("used", Kind::Int),
                ("paused", Kind::Int),
                ("blocked_reason", Kind::Text),
                ("failures", Kind::Int),
                ("failing_since", Kind::Int),
                ("used_1_before", Kind::Int),
                ("used_2_before", Kind::Int),
            ],
            "INSERT INTO lane (name, ready_at, day, used, paused, blocked_reason, failures, failing_since, used_1_before, used_2_before)
             SELECT name, ready_at, day, used, paused, blocked_reason, failures, failing_since, used_1_before, used_2_before
             FROM {input} AS i
             WHERE true
             ON CONFLICT (name) DO UPDATE SET
                ready_at = excluded.ready_at, day = excluded.day, used = excluded.used, paused = excluded.paused,
                blocked_reason = excluded.blocked_reason, failures = excluded.failures, failing_since = excluded.failing_since,
                used_1_before = excluded.used_1_before, used_2_before = excluded.used_2_before",
        );
        if lanes.is_empty() {
            return Ok(());
        }
        let input = rows(lanes.iter().map(|lane| {
            (
                &lane.name,
                lane.ready_at,
                lane.day,
                lane.used,
                i64::from(lane.paused),
                &lane.blocked_reason,
                lane.failures,
                lane.failing_since,
                lane.before[0],
                lane.before[1],
            )
        }));
        self.run("save lanes", &SAVE, vec![input.into()]).await.map(drop)
    }
}
