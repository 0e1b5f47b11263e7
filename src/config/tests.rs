use std::fs;
use std::path::Path;

use secrecy::ExposeSecret;

use super::{Environment, Loaded, Refused, SendMode, check, load};
use crate::compile::diagnostic::{Code, render};

const SENDER: &str = "senders: {maya: {from: Maya <maya@acme.example>, smtp: {host: 127.0.0.1, port: 2525, security: none, user: m, \
                      password: {env: MAYA_PASSWORD}}}}\nsend: live\nchannels: {crm: {url: {file: crm-url}, secrets: [{env: X, default: abc}]}}\n";

/// A workspace of one file in a folder of its own.
fn workspace(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("config")).unwrap();
    let text = format!("zone: Europe/Berlin\npublic_url: http://127.0.0.1:8025/\n{more}");
    fs::write(folder.path().join("config/overture.yaml"), text).unwrap();
    folder
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn secrets_come_from_the_environment_from_files_and_from_defaults_and_never_print() {
    let folder = workspace(SENDER);
    fs::write(folder.path().join("crm-url"), "https://crm.example/hook-secret\n").unwrap();
    let Loaded { config, .. } = load(folder.path(), &environment(&[("MAYA_PASSWORD", "hunter2")])).unwrap();
    assert_eq!(config.send, SendMode::Live);
    assert_eq!(config.public_url, "http://127.0.0.1:8025");
    assert_eq!(config.accounts["maya"].password.as_ref().unwrap().expose_secret(), "hunter2");
    assert_eq!(config.channels["crm"].url.expose_secret(), "https://crm.example/hook-secret");
    assert_eq!(config.channels["crm"].secrets[0].expose_secret(), "abc");
    assert_eq!(config.data, folder.path().join("data"));
    let printed = format!("{config:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("hook-secret") && !printed.contains("abc"), "{printed}");
}

#[test]
fn every_missing_secret_is_told_when_it_is_to_run_and_none_when_it_is_checked() {
    let folder = workspace(SENDER);
    assert!(check(folder.path(), &Environment::new()).unwrap().is_sound());
    let Err(Refused::Files(told)) = load(folder.path(), &Environment::new()) else { panic!("refused") };
    assert_eq!(told.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::MissingSecret, Code::MissingSecret]);
    let shown = render(&told, false);
    assert!(shown.contains("set MAYA_PASSWORD") && shown.contains("crm-url"), "{shown}");
}

#[test]
fn a_folder_that_is_not_there_is_no_panic() {
    let refused = check(Path::new("/nonexistent/workspace"), &Environment::new());
    assert!(matches!(refused, Err(Refused::Folder { .. })));
}

#[test]
fn a_database_that_is_neither_sqlite_nor_postgres_is_refused() {
    let folder = workspace("database: {url: mysql://x}\n");
    let Err(Refused::Files(told)) = load(folder.path(), &Environment::new()) else { panic!("refused") };
    assert!(render(&told, false).contains("postgres://user@host/database"));
}
