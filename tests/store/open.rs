//! A store is opened for writing by one process, brought up to date step by step, and refused when it is ahead.

use overture::store::{Access, Location, Store, latest_schema};

use crate::build::{NOW, lead, saved};
use crate::support::postgres::Postgres;
use crate::{on_both, opened};

fn folder(folder: &tempfile::TempDir) -> Location {
    Location::Sqlite { dir: folder.path().join("data") }
}

#[tokio::test]
async fn a_second_writer_is_refused_and_told_who_writes() {
    let dir = tempfile::tempdir().unwrap();
    let first = opened(&folder(&dir)).await;
    let error = Store::open(&folder(&dir), Access::Write).await.unwrap_err();
    assert!(error.is_taken());
    assert!(error.to_string().contains(&format!("in use by process {}", std::process::id())), "{error}");
    first.close().await;
    drop(first);
    Store::open(&folder(&dir), Access::Write).await.unwrap();
}

#[tokio::test]
async fn a_reader_reads_beside_the_writer_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let error = Store::open(&folder(&dir), Access::ReadOnly).await.unwrap_err();
    assert!(error.to_string().contains("there is no database at"), "{error}");
    let writer = opened(&folder(&dir)).await;
    let reader = Store::open(&folder(&dir), Access::ReadOnly).await.unwrap();
    let mut tx = writer.begin().await.unwrap();
    tx.save(&[saved(&lead(1), None, &[])], NOW).await.unwrap();
    assert!(reader.reports().leads_by_stage().await.unwrap().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(reader.reports().leads_by_stage().await.unwrap()["lead"], 1);
    assert!(reader.begin().await.err().unwrap().to_string().contains("opened for reading"));
    assert!(reader.migrate(|_| ()).await.is_err());
}

on_both! {
    async fn an_up_to_date_store_has_nothing_to_migrate(store) {
        assert_eq!(store.migrate(|_| panic!("no step lacks")).await.unwrap(), 0);
        assert_eq!(store.schema().await.unwrap(), latest_schema());
        store.ping().await.unwrap();
        assert_eq!(store.clock().await.unwrap().is_some(), store.is_shared());
        store.close().await;
        assert!(store.ping().await.is_err());
    }
}

#[tokio::test]
async fn every_step_is_named_before_it_begins() {
    let store = Store::open(&Location::Memory, Access::Write).await.unwrap();
    let mut named = vec![];
    let done = store.migrate(|step| named.push(step)).await.unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let steps: std::collections::BTreeSet<String> =
        files.filter_map(|file| file.split_once('.').map(|(step, _)| step.to_owned())).collect();
    assert_eq!(named, steps.into_iter().collect::<Vec<_>>());
    assert_eq!(done, named.len());
}

#[tokio::test]
async fn daemons_that_start_together_take_turns_to_migrate() {
    let Some(postgres) = Postgres::shared() else { return };
    let location = Location::Postgres { url: postgres.database(), connections: 2 };
    let starts = (0..4).map(|_| async {
        let store = Store::open(&location, Access::Write).await.unwrap();
        store.migrate(|_| ()).await.unwrap()
    });
    let done: usize = futures_util::future::join_all(starts).await.into_iter().sum();
    assert_eq!(i64::try_from(done).unwrap(), latest_schema());
}

#[tokio::test]
async fn a_database_of_a_newer_or_another_program_is_refused() {
    let Some(postgres) = Postgres::shared() else { return };
    let url = postgres.database();
    let location = Location::Postgres { url: url.clone(), connections: 2 };
    let store = opened(&location).await;
    postgres.sql(&url, "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2");
    let error = store.migrate(|_| ()).await.unwrap_err();
    assert!(error.to_string().contains("migration 2 was carried out with another text"), "{error}");
    postgres.sql(&url, "INSERT INTO _sqlx_migrations SELECT 99, 'x', now(), true, 'x', 0");
    let error = Store::open(&location, Access::ReadOnly).await.unwrap_err();
    assert!(error.to_string().contains("newer program (its schema is 99"), "{error}");
    assert!(!format!("{location:?}").contains("postgres@"), "an address with a password is not shown");
}

#[tokio::test]
async fn a_lost_server_is_a_passing_trouble() {
    let Some(postgres) = Postgres::own(crate::support::postgres::Fsync::Off) else { return };
    let store = opened(&Location::Postgres { url: postgres.database(), connections: 2 }).await;
    let mut tx = store.begin().await.unwrap();
    postgres.stop();
    let error = tx.save(&[saved(&lead(1), None, &[])], NOW).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    drop(tx);
    postgres.restart(crate::support::postgres::Fsync::Off);
    crate::build::add(&store, &[lead(1)]).await;
}

/// Ports are given to whoever asks while a server is away.
#[tokio::test]
async fn somebody_else_at_its_port_is_a_passing_trouble_too() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let location = Location::Postgres { url: format!("postgres://overture@127.0.0.1:{port}/overture"), connections: 2 };
    let error = Store::open(&location, Access::Write).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}
