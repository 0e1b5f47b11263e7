//! What leads went through: events, enrollments, touches.

use super::super::db::Row;
use super::super::error::StoreError;
use super::super::leads::unreadable;
use super::super::sql::Statement;
use super::super::touch_row::touch_columns;
use super::super::touches::touches;
use super::{Page, Reports, TouchRow, cursor, place};
use crate::domain::event::{Actor, Event};
use crate::domain::id::{EnrollmentId, LeadId};
use crate::domain::time::Instant;
use crate::domain::touch::State;

/// The order of a lead's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Oldest,
    Newest,
    /// The last that were recorded, the newest first: those of a lead that was taken in have the numbers after that, and were before.
    Latest,
}

/// Which touches a list shows, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touches {
    All,
    OfLead(LeadId),
    InState(State),
    OfSequence(String),
}

/// One enrollment, ended or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentLine {
    pub id: EnrollmentId,
    pub lead: LeadId,
    pub sequence: String,
    pub version: String,
    pub state: String,
    pub exit: Option<String>,
    pub detail: Option<String>,
    pub step: Option<String>,
    pub entered_at: Instant,
    pub ended_at: Option<Instant>,
}

/// Comes after all ids.
const LAST: &str = "~";

macro_rules! event_list {
    ($rest:literal) => {
        Statement::new(concat!("SELECT lead_id, seq, occurred_at, recorded_at, source, actor, data FROM event ", $rest))
    };
}

macro_rules! enrollment_list {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT id, lead_id, sequence, version, state, exit, detail, step, entered_at, ended_at FROM enrollment ",
            $rest
        ))
    };
}

macro_rules! touch_list {
    ($filter:literal) => {
        Statement::new(concat!(
            "SELECT ",
            touch_columns!(),
            " FROM touch WHERE (created_at, id) < ($1, $2) ",
            $filter,
            " ORDER BY created_at DESC, id DESC LIMIT $3"
        ))
    };
}

impl Reports<'_> {
    /// Events of a lead by their numbers, beginning after number `after`.
    pub async fn events(
        &self,
        lead: &LeadId,
        order: Order,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        static OLDEST: Statement = event_list!("WHERE lead_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
        static NEWEST: Statement = event_list!("WHERE lead_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");
        static LATEST: Statement =
            event_list!("WHERE lead_id = $1 AND seq < $2 ORDER BY recorded_at DESC, seq DESC LIMIT $3");
        let after = after.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let (statement, from) = match order {
            Order::Oldest => (&OLDEST, after.unwrap_or(i64::MIN)),
            Order::Newest => (&NEWEST, after.unwrap_or(i64::MAX)),
            Order::Latest => (&LATEST, after.unwrap_or(i64::MAX)),
        };
        let args = vec![lead.as_str().into(), from.into(), limit.into()];
        self.store.db.fetch("read the events of a lead", statement, args).await?.iter().map(event).collect()
    }

    /// The events of all leads that were recorded last, the newest first.
    pub async fn latest_events(&self, limit: usize) -> Result<Vec<Event>, StoreError> {
        static LATEST: Statement = event_list!("ORDER BY recorded_at DESC LIMIT $1");
        self.store.db.fetch("read the latest events", &LATEST, vec![limit.into()]).await?.iter().map(event).collect()
    }

    /// All enrollments of a lead, the newest first.
    pub async fn enrollments_of_lead(&self, lead: &LeadId) -> Result<Vec<EnrollmentLine>, StoreError> {
        static OF_LEAD: Statement = enrollment_list!("WHERE lead_id = $1 ORDER BY entered_at DESC, id DESC");
        let found = self.store.db.fetch("read enrollments", &OF_LEAD, vec![lead.as_str().into()]).await?;
        found.iter().map(enrollment).collect()
    }

    /// A page of the enrollments in a sequence, running ones only or all, in the order of their ids.
    pub async fn enrollments_of_sequence(
        &self,
        sequence: &str,
        running: bool,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<EnrollmentLine>, StoreError> {
        static ALL: Statement = enrollment_list!("WHERE sequence = $1 AND id > $2 ORDER BY id LIMIT $3");
        static RUNNING: Statement = enrollment_list!(
            "WHERE sequence = $1 AND id > $2 AND state IN ('active', 'paused', 'held') ORDER BY id LIMIT $3"
        );
        let statement = if running { &RUNNING } else { &ALL };
        let args = vec![sequence.into(), after.unwrap_or("").into(), limit.saturating_add(1).into()];
        let found = self.store.db.fetch("read enrollments", statement, args).await?;
        let rows = found.iter().map(enrollment).collect::<Result<_, _>>()?;
        Ok(Page::of(rows, limit, |line: &EnrollmentLine| line.id.as_str().to_owned()))
    }

    /// A page of touches.
    pub async fn touches(
        &self,
        which: &Touches,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<TouchRow>, StoreError> {
        static ALL: Statement = touch_list!("");
        static OF_LEAD: Statement = touch_list!("AND lead_id = $4");
        static OF_SEQUENCE: Statement = touch_list!("AND sequence = $4");
        static IN_STATE: Statement = touch_list!("AND state = $4");
        // A partial index serves these few only where the text of the statement says that it is one of them.
        static TROUBLED: Statement =
            touch_list!("AND state = $4 AND state IN ('held', 'unknown', 'deferred', 'refused', 'expired')");
        let (at, id) = place(after, (i64::MAX, LAST));
        let mut args = vec![at.into(), id.into(), limit.saturating_add(1).into()];
        let statement = match which {
            Touches::All => &ALL,
            Touches::OfLead(lead) => {
                args.push(lead.as_str().into());
                &OF_LEAD
            }
            Touches::OfSequence(sequence) => {
                args.push(sequence.as_str().into());
                &OF_SEQUENCE
            }
            Touches::InState(state) => {
                args.push(state.as_str().into());
                let troubled =
                    matches!(state, State::Held | State::Unknown | State::Deferred | State::Refused | State::Expired);
                if troubled { &TROUBLED } else { &IN_STATE }
            }
        };
        let rows = touches(&self.store.db.fetch("read a list of touches", statement, args).await?)?;
        Ok(Page::of(rows, limit, |row| cursor(row.created_at.0, row.id.as_str())))
    }
}

/// Reads a row of `event_list!`.
pub fn event(row: &Row) -> Result<Event, StoreError> {
    let lead = row.text(0)?;
    let seq = u64::try_from(row.int(1)?).unwrap_or(0);
    let odd = |why: &dyn std::fmt::Display| unreadable("event", &format!("{lead}/{seq}"), why);
    let actor = row.text(5)?;
    Ok(Event {
        seq,
        occurred_at: row.instant(2)?,
        recorded_at: row.instant(3)?,
        source: row.text(4)?,
        actor: Actor::parse(&actor).ok_or_else(|| odd(&actor))?,
        what: serde_json::from_str(&row.text(6)?).map_err(|error| odd(&error))?,
        lead: LeadId(lead),
    })
}

fn enrollment(row: &Row) -> Result<EnrollmentLine, StoreError> {
    Ok(EnrollmentLine {
        id: EnrollmentId(row.text(0)?),
        lead: LeadId(row.text(1)?),
        sequence: row.text(2)?,
        version: row.text(3)?,
        state: row.text(4)?,
        exit: row.maybe_text(5)?,
        detail: row.maybe_text(6)?,
        step: row.maybe_text(7)?,
        entered_at: row.instant(8)?,
        ended_at: row.maybe_instant(9)?,
    })
}
