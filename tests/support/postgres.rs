//! A throw-away PostgreSQL, Debian's own: one a test process, a fresh database a test.

use super::process::Process;
use super::{SOON, free_port, skipped};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Stops the server softly and removes its folder, `$2` in the text; for when the test process has ended.
const AT_END: &str = r#"kill -INT "$1" 2>/dev/null
n=0; while [ -e "FOLDER/data/postmaster.pid" ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done
rm -rf "FOLDER""#;

pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Mutex<Option<Process>>,
    databases: AtomicUsize,
}

/// Whether the server waits for the disk at a commit: only a test about lost power needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    On,
    Off,
}

impl Postgres {
    /// The server that all tests of this process share; nothing, said aloud, where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Self::own(Fsync::Off)).as_ref().or_else(|| {
            skipped("postgresql");
            None
        })
    }

    /// A server for one test alone, which may stop and restart it.
    pub fn own(fsync: Fsync) -> Option<Self> {
        let programs = programs()?;
        // Kept past this value, since the server may outlive it by a moment; the leash removes it.
        let folder = tempfile::Builder::new().prefix("overture-pg-").tempdir().expect("a folder can be made").keep();
        if as_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let mut initdb = as_postgres(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]);
        run(initdb.arg(folder.join("data")).current_dir(&folder));
        let mut postgres = Self { programs, folder, port: 0, server: Mutex::new(None), databases: AtomicUsize::new(0) };
        // Another process may take the port between the choice and the start; then the server ends at once.
        let started = (0..5).find_map(|_| {
            let port = free_port();
            postgres.launch(port, fsync).map(|server| (port, server))
        });
        let (port, server) = started.expect("PostgreSQL starts on one of five free ports");
        postgres.port = port;
        postgres.server = Mutex::new(Some(server));
        Some(postgres)
    }

    fn launch(&self, port: u16, fsync: Fsync) -> Option<Process> {
        let fsync = if fsync == Fsync::On { "on" } else { "off" };
        let mut command = as_postgres(&self.programs.join("postgres"));
        command.current_dir(&self.folder).arg("-D").arg(self.folder.join("data"));
        for setting in [
            format!("port={port}"),
            format!("fsync={fsync}"),
            format!("unix_socket_directories={}", self.folder.display()),
            "listen_addresses=127.0.0.1".to_owned(),
            "max_connections=200".to_owned(),
            "timezone=UTC".to_owned(),
        ] {
            command.args(["-c", &setting]);
        }
        let at_end = AT_END.replace("FOLDER", &self.folder.display().to_string());
        let server = Process::start("postgres", &mut command, &at_end);
        let ready = |line: &str| line.contains("ready to accept connections").then_some(());
        server.log().wait(SOON, ready).map(|()| server)
    }

    /// Makes an empty database and gives its URL.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&self.url("postgres"), &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Makes a database that holds what another one does, to which nobody is connected; gives its URL.
    pub fn copy_of(&self, url: &str) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let original = url.rsplit('/').next().expect("a URL has a path");
        self.sql(&self.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE {original}"));
        self.url(&name)
    }

    /// Removes a database that nobody needs any more, whoever may still be connected to it.
    pub fn discard(&self, url: &str) {
        let name = url.rsplit('/').next().expect("a URL has a path");
        self.sql(&self.url("postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL as `psql` does; gives the rows, a line each, columns parted by `|`.
    pub fn sql(&self, url: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        run(psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]))
    }

    /// Ends the server as a power cut would; connections break.
    pub fn stop(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut server) = server {
            server.signal("QUIT");
            server.wait(SOON);
        }
    }

    /// Starts it again on the same port with the same data.
    pub fn restart(&self, fsync: Fsync) {
        self.stop();
        let server = self.launch(self.port, fsync);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server.expect("PostgreSQL starts again"));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The newest installed server's programs.
fn programs() -> Option<PathBuf> {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok).map(|version| version.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").exists()).max()
}

fn as_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// A command that runs as the user `postgres` where we are root, since the server refuses root; same pid, no shell between.
fn as_postgres(program: &Path) -> Command {
    if !as_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
