//! Lists of leads: of any length, with every kind of bad row.

use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

use crate::support::daemon::{Told, overture};
use crate::support::workspace::Workspace;

/// Rows enough that a list kept in memory would show, and rows enough that all buffers are full.
const MANY: usize = 100_000;
const FEW: usize = 10_000;

const LIST: &str = "\
Email,First Name,Firma,employees,nonsense
zoe@example.com,Zoe,Acme,120,x
no-address,Bad,Acme,12,
tom@example.org,Tom,Acme,many,
ZOE@example.com,Zoe,Acme,120,x
ina@example.net,Ina,Acme,12
kim@example.net,Kim,\"Acme, Inc.\",12,
,Nobody,Acme,1,
";

fn import(workspace: &Workspace, list: &[u8], arguments: &[&str]) -> Told {
    let file = workspace.file("list.csv");
    std::fs::write(&file, list).expect("a file can be written");
    let file = file.to_str().expect("a path in UTF-8");
    overture(workspace, &[&["leads", "import", file], arguments].concat())
}

#[test]
fn every_bad_row_is_told_with_its_line_and_costs_only_itself() {
    let workspace = Workspace::example();
    let kept = workspace.file("refused.csv");
    let kept = kept.to_str().expect("a path in UTF-8");
    let more = ["--map", "Firma=company", "--tag", "fair", "--enroll", "outbound-cadence", "--refused", kept];
    let told = import(&workspace, LIST.as_bytes(), &more);
    assert_eq!(told.code, Some(1));
    insta::assert_snapshot!(format!("{}\n{}", told.stderr, told.stdout));
    let refused = workspace.read("refused.csv");
    let lines: Vec<&str> = refused.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(lines, ["line", "3", "4", "6", "8"]);
    let zoe = overture(&workspace, &["leads", "show", "zoe@example.com", "--json"]).ok().json();
    assert_eq!(zoe["attributes"]["company"], "Acme");
    assert_eq!(zoe["attributes"]["employees"], 120);
    assert_eq!(zoe["attributes"]["tags"], serde_json::json!(["fair"]));
    assert_eq!(zoe["enrollments"][0]["sequence"], "outbound-cadence");
    let tagged =
        |tag: &str| overture(&workspace, &["leads", "list", "--tag", tag, "--json"]).ok().stdout.lines().count();
    assert_eq!((tagged("fair"), tagged("spring")), (2, 0));
}

#[test]
fn the_same_list_again_changes_nothing_and_empty_cells_never_do() {
    let workspace = Workspace::example();
    let more = ["--map", "Firma=company", "--tag", "fair", "--enroll", "outbound-cadence", "--json"];
    import(&workspace, LIST.as_bytes(), &more);
    let before = overture(&workspace, &["why", "zoe@example.com", "--json"]).ok().json();
    let again = import(&workspace, LIST.as_bytes(), &more).json();
    assert_eq!([&again["created"], &again["changed"], &again["unchanged"], &again["enrolled"]], [0, 0, 3, 0]);
    let empty =
        import(&workspace, b"email,first_name,company\nzoe@example.com,,\n", &["--overwrite", "--json"]).ok().json();
    assert_eq!(empty["unchanged"], 1);
    let after = overture(&workspace, &["why", "zoe@example.com", "--json"]).ok().json();
    assert_eq!(before["history"], after["history"]);
}

#[test]
fn values_stay_unless_overwritten_and_a_suppressed_address_comes_in_and_stays_so() {
    let workspace = Workspace::example();
    import(&workspace, b"email,company\nzoe@example.com,Old\n", &[]).ok();
    overture(&workspace, &["suppress", "add", "kim@example.net"]).ok();
    let list = b"email,company\nzoe@example.com,New\nkim@example.net,Acme\n";
    let told = import(&workspace, list, &["--enroll", "outbound-cadence", "--json"]).ok().json();
    assert_eq!([&told["created"], &told["unchanged"], &told["suppressed"], &told["enrolled"]], [1, 1, 1, 1]);
    let company = |who: &str| {
        overture(&workspace, &["leads", "show", who, "--json"]).ok().json()["attributes"]["company"].clone()
    };
    assert_eq!(company("zoe@example.com"), "Old");
    import(&workspace, list, &["--overwrite"]).ok();
    assert_eq!(company("zoe@example.com"), "New");
    assert_eq!(
        overture(&workspace, &["leads", "show", "kim@example.net", "--json"]).ok().json()["suppressed"],
        "manual"
    );
}

#[test]
fn a_list_that_cannot_be_read_says_what_to_do() {
    let workspace = Workspace::example();
    let headless = import(&workspace, b"Work mail,Name\nzoe@example.com,Zoe\n", &[]);
    assert_eq!(headless.code, Some(2));
    assert!(headless.stderr.contains("--map \"Work mail=email\""), "{}", headless.stderr);
    let latin = import(&workspace, b"email,first_name\nzoe@example.com,Zo\xeb\n", &[]);
    assert_eq!(latin.code, Some(2));
    assert!(latin.stderr.contains("--encoding"), "{}", latin.stderr);
    import(&workspace, b"email,first_name\nzoe@example.com,Zo\xeb\n", &["--encoding", "windows-1252"]).ok();
    let zoe = overture(&workspace, &["leads", "show", "zoe@example.com", "--json"]).ok().json();
    assert_eq!(zoe["attributes"]["first_name"], "Zoë");
    let nowhere = import(&workspace, b"email\nzoe@example.com\n", &["--enroll", "trial-nurtur"]);
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("did you mean `trial-nurture`"), "{}", nowhere.stderr);
}

#[test]
fn a_long_list_is_never_in_memory_as_a_whole() {
    let workspace = Workspace::example();
    let mut child = Command::new(env!("CARGO_BIN_EXE_overture"))
        .args(["leads", "import", "-", "--json", "--workspace"])
        .arg(workspace.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("our program starts");
    let mut input = BufWriter::new(child.stdin.take().expect("stdin is a pipe"));
    let mut write = |text: &str| input.write_all(text.as_bytes()).expect("the import reads on");
    let row = |n: usize| format!("p{n}@c{}.example,Person {n},A company of quite a long name {n}\n", n % 997);
    write("email,first_name,company\n");
    (0..FEW).for_each(|n| write(&row(n)));
    // A pipe holds 64 KiB: all before that was read by now.
    let early = peak(child.id());
    (FEW..MANY).for_each(|n| write(&row(n)));
    let late = peak(child.id());
    drop(input);
    let told = child.wait_with_output().expect("a child can be waited for");
    let sums: serde_json::Value = serde_json::from_slice(&told.stdout).expect("sums in JSON");
    assert_eq!(sums["created"].as_u64(), Some(MANY as u64), "{sums}");
    assert!(late < 160 << 10, "the import took {late} KiB");
    assert!(late < early + (32 << 10), "memory grew with the list: {early} KiB, then {late} KiB");
}

/// The most memory a process had so far, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process has a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux counts the peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}
