//! Every verb of the store, on both databases: what one does the other does.
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the product: they wait, spawn and read the environment"
)]

#[expect(dead_code, reason = "these tests play with a database only")]
#[path = "../support/mod.rs"]
mod support;

mod build;
mod experiments;
mod fleet;
mod imports;
mod intakes;
mod keys;
mod leads;
mod open;
mod queues;
mod replies;
mod small;
mod tasks;
mod ticks;
mod touches;
mod trail;

use overture::domain::id::LeadId;
use overture::store::{Access, Location, Store};
use support::postgres::Postgres;

/// A fresh, migrated store of each kind, with its name; each lives as long as its folder.
pub async fn stores() -> Vec<(&'static str, Store, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![
        ("sqlite", opened(&Location::Sqlite { dir: folder.path().to_owned() }).await, Some(folder)),
        ("memory", opened(&Location::Memory).await, None),
    ];
    if let Some(postgres) = Postgres::shared() {
        all.push(("postgres", opened(&Location::Postgres { url: postgres.database(), connections: 4 }).await, None));
    }
    all
}

async fn opened(location: &Location) -> Store {
    let store = Store::open(location, Access::Write).await.unwrap();
    store.migrate(|_| ()).await.unwrap();
    store
}

/// Runs a case on every database, and says on which it failed.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($store:ident) $body:block) => {
        $(#[$meta])*
        #[tokio::test]
        async fn $name() {
            for (name, $store, _folder) in $crate::stores().await {
                eprintln!("on {name}:");
                $body
            }
        }
    };
}

pub fn lead_id(number: u128) -> LeadId {
    LeadId(overture::domain::id::encode(number))
}
