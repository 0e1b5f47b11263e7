//! What pages and lists read: bounded, paged, and never in the way of a writer.

mod activity;
mod counts;
mod experiments;
mod leads;
mod sales;
mod tasks;

pub(super) use activity::event;
pub use activity::{EnrollmentLine, Order, Touches};
pub use counts::{EnrollmentCount, HandoffCount, SeenCount, Size, TouchCount};
pub use experiments::ExperimentLine;
pub use leads::{LeadLine, Leads};
pub use sales::HandoffLine;
pub use tasks::{TaskFilter, TaskLine};

pub use super::control::{Daemon, Paused};
pub use super::lanes::LaneRow;
pub use super::leads::LeadKey;
pub use super::revisions::{Origin, Revision};
pub use super::touch_row::TouchRow;
pub use super::{Store, StoreError};

/// The reading side of a store.
#[derive(Clone, Copy, Debug)]
pub struct Reports<'s> {
    pub(super) store: &'s Store,
}

impl Store {
    /// What pages and lists read.
    pub const fn reports(&self) -> Reports<'_> {
        Reports { store: self }
    }
}

/// Some rows of a list, and where the next ones begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// To be passed as `after`; absent at the end of the list.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of `limit` rows, out of one more that was read to know whether the list goes on.
    fn of(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { rows, next }
    }
}

/// A place in a list that is ordered by an instant and an id.
fn cursor(at: i64, id: &str) -> String {
    format!("{at}.{id}")
}

/// Reads such a place; one that is none begins at the beginning, which is `start`.
fn place(after: Option<&str>, start: (i64, &str)) -> (i64, String) {
    let parsed =
        after.and_then(|text| text.rsplit_once('.')).and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    parsed.unwrap_or((start.0, start.1.to_owned()))
}
