//! Remembers: the narrow waist to SQLite and PostgreSQL.
//!
//! A lead is one JSON document that a decision loads and saves whole; the other tables are what follows from decisions (projections)
//! and what waits (queues). Every verb takes a batch and costs a constant number of statements, whatever the batch's size. The waist
//! is the statement: one text for both databases (`sql`), run by one small layer (`db`).
//!
//! | file | what it holds |
//! |---|---|
//! | `open` `lock` `migrate` | a store, opened for writing by one process (SQLite) or by many (PostgreSQL) |
//! | `tx` `health` `fault` | a transaction: the only way to write; whether the last one went through; one that fails on purpose |
//! | `leads` `effects` `moves` `people` `seen` | what a decision reads, and what it comes to |
//! | `merges` `named` | leads that were taken in by another, as the same person; how both are found |
//! | `trail` | opens and clicks that wait for their verdict |
//! | `imports` `intakes` `replies` | the leads that a list brings; how many are in a sequence with limits; who of an account replied |
//! | `experiments` | what was counted of mails in variants, and which one has won |
//! | `due` `ticks` `lanes` `touches` `leases` | what time brings, the life of an outgoing act, and whose it is meanwhile |
//! | `keys` `revisions` `applied` `access` `control` | facts told twice, files in force and edits that were applied, API tokens, pauses and heartbeats |
//! | `backup` | a copy of the embedded database, and the way back |
//! | `nudge` | a word from one daemon to the others |
//! | `reports` | what pages and lists read |

pub mod access;
pub mod applied;
pub mod backup;
pub mod control;
mod db;
mod due;
mod effects;
mod error;
pub mod experiments;
mod fault;
mod health;
pub mod history;
pub mod imports;
pub mod intakes;
pub mod keys;
pub mod lanes;
pub mod leads;
mod leases;
mod lock;
mod merges;
mod migrate;
mod moves;
mod named;
mod nudge;
mod open;
mod people;
pub mod replies;
pub mod reports;
pub mod revisions;
mod seen;
mod sql;
mod tasks;
pub mod ticks;
pub mod touch_row;
pub mod touches;
pub mod trail;
mod tx;

pub use error::{StoreError, Trouble};
pub use fault::{Fault, Faults};
pub use lock::holder;
pub use migrate::latest_schema;
pub use nudge::Nudges;
pub use open::{Access, Location, Store};
pub use tx::Tx;
