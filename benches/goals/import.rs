//! A list of leads into a fresh workspace, against SQLite's own import into a table with a unique address.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::child;
use super::options::Options;
use super::pair::{Goal, Run, in_turn, line, middle, skipped, void};
use super::stage::{Stage, Ways};

/// Goal 11.
pub fn run(options: &Options) {
    let what = "rows/s, import with fact, / sqlite3 .import unique";
    if !Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skipped("11", what, "sqlite3");
    }
    let rows = options.size_or(100_000);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let list = folder.path().join("leads.csv");
    std::fs::write(&list, table(rows)).expect("a file can be written");
    let pair = in_turn(options.rounds, || ours(&list, rows), || theirs(folder.path(), &list, rows));
    if !pair.exact() {
        return void("11", what, "a row is missing or there twice");
    }
    let rate = |runs: &[Run]| middle(runs, |run| run.per_second);
    let beside = format!("{:.0}/s beside {:.0}/s", rate(&pair.ours), rate(&pair.theirs));
    line("11", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.5), &beside);
    let beside = format!("{:.1} us CPU a row", middle(&pair.ours, |run| run.cpu));
    line("11", "peak memory of the import, MB", middle(&pair.ours, |run| run.memory), Goal::AtMost(96.0), &beside);
}

fn table(rows: usize) -> String {
    let mut text = String::from("email,first_name,last_name,company,title,phone,city,country,plan\n");
    for row in 0..rows {
        let city = ["Oslo", "Lyon", "Graz", "Turin"][row % 4];
        let _ = writeln!(
            text,
            "lead{row}@bench{}.example,Ada{row},Byron,Acme {} Ltd,Head of Operations,+4930{row:07},{city},DE,pro",
            row % 5_000,
            row % 977
        );
    }
    text
}

fn ours(list: &Path, rows: usize) -> Run {
    let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, "sqlite");
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.args(["leads", "import"]).arg(list).arg("--workspace").arg(stage.workspace.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("our program starts");
    let (mut cpu, mut memory) = (0.0, 0.0);
    let status = loop {
        cpu = child::cpu(child.id()).max(cpu);
        memory = child::memory(child.id()).max(memory);
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let seconds = began.elapsed().as_secs_f64();
    let counted = sqlite(&stage.data().join("overture.db"), &["SELECT count(*) FROM lead"]);
    Run {
        per_second: rows as f64 / seconds,
        cpu: cpu / rows as f64 * 1e6,
        memory,
        exact: status.success() && counted.trim() == rows.to_string(),
        ..Run::default()
    }
}

fn theirs(folder: &Path, list: &Path, rows: usize) -> Run {
    let file = folder.join("theirs.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("theirs.db{end}")));
    }
    let table = "CREATE TABLE lead (email TEXT NOT NULL UNIQUE, first TEXT, last TEXT, company TEXT, title TEXT, phone TEXT, city TEXT, \
                 country TEXT, plan TEXT)";
    let import = format!(".import --skip 1 {} lead", list.display());
    let began = Instant::now();
    sqlite(&file, &["PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", table, ".mode csv", &import]);
    let seconds = began.elapsed().as_secs_f64();
    let counted = sqlite(&file, &["SELECT count(*) FROM lead"]);
    Run { per_second: rows as f64 / seconds, exact: counted.trim() == rows.to_string(), ..Run::default() }
}

fn sqlite(file: &Path, orders: &[&str]) -> String {
    let output = Command::new("sqlite3").arg(file).args(orders).output().expect("sqlite3 starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
