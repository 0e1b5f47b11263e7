//! The unit file is read by systemd itself; what it says of signals and times is part of the promise of a clean drain.

use std::io::Write;
use std::path::Path;
use std::process::Command;

fn unit() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/overture.service");
    std::fs::read_to_string(file).expect("the unit is shipped")
}

#[test]
fn systemd_finds_no_fault_in_the_unit() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("overture.service");
    // `verify` looks whether the program is there; on this machine it is the one just built.
    let here = unit().replace("/usr/local/bin/overture", env!("CARGO_BIN_EXE_overture"));
    std::fs::write(&file, here).expect("a file can be written");
    let Ok(told) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output() else {
        let _ = std::io::stderr().write_all(b"skipped: needs systemd (its systemd-analyze)\n");
        return;
    };
    assert!(told.status.success() && told.stderr.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
}

#[test]
fn the_unit_leaves_a_drain_its_minute_and_signals_the_daemon_alone() {
    let unit = unit();
    let says = |line: &str| unit.lines().any(|found| found == line);
    for line in ["Type=notify", "KillMode=mixed", "ExecReload=/bin/kill -HUP $MAINPID", "StateDirectory=overture"] {
        assert!(says(line), "the unit lacks {line}");
    }
    let stop = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="))
        .and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(stop.is_some_and(|seconds| seconds > 60), "a drain takes up to 60 s; TimeoutStopSec must be longer");
}
