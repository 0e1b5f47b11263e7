//! A year with made-up people: the same to the byte wherever it is played, and what it says of senders is what happens.

use std::process::Command;

use crate::support::daemon::{Told, overture};
use crate::support::workspace::Workspace;

const SMALL: [&str; 7] = ["simulate", "--leads", "300", "--days", "120", "--seed", "7"];

/// A workspace that nobody else changes, so that its figures change with the program alone.
pub const FILES: [(&str, &str); 4] = [
    (
        "config/overture.yaml",
        "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Paris\npublic_url: http://127.0.0.1:8025\n\
         senders: {maya: {from: Maya <maya@acme.example>, per_day: 9, gap: 90s}}\n",
    ),
    (
        "config/team.yaml",
        "calendars: {office: {zone: Europe/Paris, days: mon-fri, hours: [09:00-17:00]}}\n\
         reps: {ines: {name: Ines, email: ines@acme.example, calendar: office}}\n\
         teams: {sales: {calendar: office, members: [ines], fallback: ines}}\nrouting: [{team: sales}]\n",
    ),
    (
        "sequences/hello.yaml",
        "kind: cadence\nenroll: [{on: began}]\nsend: {from: maya, days: mon-fri, hours: 09:00-16:00}\nsteps:\n  - id: first\n    \
         email: hello\n  - wait: 3bd ± 1h\n  - id: second\n    email: hello\n  - wait: 2d\n  - if: clicked(\"second\")\n    then:\n      - id: ours\n        \
         handoff: {reason: read it}\n",
    ),
    (
        "templates/hello.md",
        "---\nsubject: Hello\n---\nHi, [look](https://acme.example/x).\n\n{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})\n",
    ),
];

/// The hash of its figures and its page.
const KEPT: &str = "1xt9rtqprnkqv9btfpba9wzkxn";

/// A mail in two texts.
const TRIED: &str = "kind: nurture\ntopic: tips\nenroll: [{on: asked}]\nsend: {from: maya, days: mon-fri, hours: 09:00-16:00}\nsteps:\n  - id: ask\n    email:\n      \
                     variants: {dry: hello, warm: warm}\n      winner: {by: replied, at_least: 20}\n  - end: done\n";

/// These files, some of them changed, in a folder of a workspace.
pub fn kept(changed: &[(&str, &str)]) -> Workspace {
    let workspace = Workspace::example();
    for (path, text) in FILES.iter().chain(changed) {
        workspace.write(&format!("kept/{path}"), text);
    }
    workspace
}

/// A simulation of the files that are kept.
fn command(workspace: &Workspace, asked: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_overture"));
    command.arg("simulate").args(asked).arg("--workspace").arg(workspace.file("kept"));
    command
}

fn ended(command: &mut Command) -> Told {
    let output = command.output().expect("the program starts");
    Told {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub fn play(workspace: &Workspace, asked: &[&str]) -> Told {
    ended(&mut command(workspace, asked))
}

/// The figures of the one workspace.
pub fn figures(workspace: &Workspace, asked: &[&str]) -> serde_json::Value {
    play(workspace, &[asked, &["--json"]].concat()).ok().json()["workspaces"][0].clone()
}

/// The usual rates with something added, as a file.
pub fn rates(workspace: &Workspace, added: &str) -> String {
    let usual = overture(workspace, &["simulate", "--print-behaviour"]).ok().stdout;
    workspace.write("rates.yaml", &format!("{usual}\n{added}\n"));
    workspace.file("rates.yaml").to_str().expect("a path in UTF-8").to_owned()
}

/// A line of a table with two spaces between its cells, however wide they are.
fn spaced(line: &str) -> String {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let workspace = kept(&[]);
    let report = workspace.file("year.html");
    let played = |seed: &str| {
        let report = report.to_str().expect("a path in UTF-8");
        let told = play(&workspace, &["--leads", "300", "--days", "90", "--seed", seed, "--json", "--report", report]);
        assert_eq!(told.stderr, format!("written to {report}\n"), "nothing moves where nobody looks");
        (told.stdout, workspace.read("year.html"))
    };
    let (figures, page) = played("7");
    assert_eq!(played("7"), (figures.clone(), page.clone()));
    assert_ne!(played("8").0, figures);
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("src="), "it needs nothing else");
    let read: serde_json::Value = serde_json::from_str(&figures).expect("it is JSON");
    let read = &read["workspaces"][0];
    for station in ["leads", "enrolled", "mailed", "opened", "clicked", "replied", "SQL"] {
        assert!(read["funnel"][station].as_u64() > Some(0), "{station} in {figures}");
    }
    let count = |of: &serde_json::Value| of.as_u64().expect("a number").to_string();
    let weeks: u64 = read["lead_weeks_by_mails"][1].as_u64().expect("a number");
    for (heading, picture, number) in [
        ("How far leads come", "class=\"bar\"", count(&read["funnel"]["replied"])),
        (
            "Mails a day against each sender's limit",
            "<svg",
            format!("{} mails, 9 on the busiest day, of 9", count(&read["senders"]["maya"]["mails"])),
        ),
        ("Steps", "<table", count(&read["sequences"]["hello"]["steps"][1]["sent"])),
        ("Handoffs, clocks and tasks", "<svg", format!("{} handoffs", count(&read["reps"]["ines"]["handoffs"]))),
        ("Mails a lead gets in a week", "<svg", format!("of weeks with any: {weeks}")),
        ("Time until sales has a lead", "<svg", format!("median {}", count(&read["days_to_sql"]["median"]))),
    ] {
        let part = page.split("<h2>").find(|part| part.replace("&#39;", "'").starts_with(heading));
        let part = part.unwrap_or_else(|| panic!("no {heading} in {page}"));
        assert!(part.contains(picture) && part.contains(&number), "{heading}: {number} in {part}");
    }
    let hash = overture::domain::id::derived(&[&figures, &page]);
    assert_eq!(hash, KEPT, "the figures or the page changed; if that is meant, keep the new hash\n{figures}");
}

#[test]
fn a_sender_that_cannot_keep_up_is_named_with_the_day_its_queue_begins_to_grow() {
    let workspace = Workspace::example();
    let other = Workspace::example();
    let files = other.read("config/overture.yaml");
    other.write("config/overture.yaml", &files.replace("per_day: 400", "per_day: 2"));
    let folder = other.file("");
    let folder = folder.to_str().expect("a path in UTF-8");
    let told = overture(&workspace, &[&SMALL[..], &["--compare", folder, "--json"]].concat()).ok().json();
    let grows = |place: usize| told["workspaces"][place]["senders"]["growth"]["queue_grows_from"].clone();
    assert!(grows(0).is_null(), "{told}");
    assert!(grows(1).as_str().is_some_and(|day| day.starts_with("2026-0")), "{}", grows(1));
    let busiest = told["workspaces"][1]["senders"]["growth"]["sent"].as_array().into_iter().flatten();
    assert_eq!(busiest.filter_map(serde_json::Value::as_u64).max(), Some(2));
    assert_eq!(told["workspaces"][0]["funnel"]["leads"], told["workspaces"][1]["funnel"]["leads"]);
}

#[test]
fn a_gap_alone_is_enough_for_a_queue_to_grow() {
    let settings = FILES[0].1.replace("per_day: 9, gap: 90s", "gap: 30m");
    let workspace = kept(&[("config/overture.yaml", &settings)]);
    let report = workspace.file("report.html");
    let told = play(&workspace, &["--leads", "600", "--days", "60", "--report", report.to_str().expect("UTF-8")]);
    let said = "the queue of maya is longer than a day carries, ";
    assert!(told.stdout.contains(said) && workspace.read("report.html").contains(said), "{}", told.stdout);
    let maya = &figures(&workspace, &["--leads", "600", "--days", "60"])["senders"]["maya"];
    assert!(maya["limit"].is_null() && maya["queue_gone_on"].is_null(), "{maya}");
    assert!(maya["queue_grows_from"].as_str().is_some_and(|day| day < "2026-02-01"), "{maya}");
}

#[test]
fn a_backlog_that_is_made_up_for_is_told_with_the_day_it_is_gone() {
    let workspace = kept(&[]);
    let rates = rates(&workspace, "arrive: {over: 10d}");
    let asked = ["--leads", "300", "--days", "150", "--behaviour", &rates];
    let maya = &figures(&workspace, &asked)["senders"]["maya"];
    let day = |key: &str| maya[key].as_str().unwrap_or_default().to_owned();
    assert!(day("queue_grows_from").starts_with("2026-01-"), "{maya}");
    assert!(day("queue_gone_on").as_str() > "2026-02-15", "{maya}");
    let said = format!("{} until", day("queue_grows_from"));
    let told = play(&workspace, &asked).stdout;
    assert!(told.contains("the queue of maya") && told.contains(&said), "{told}");
}

#[test]
fn leads_come_as_the_rates_say_and_a_name_that_enrolls_nobody_is_told() {
    let workspace = kept(&[]);
    let ways = "arrive: {over: 10d, by: [{event: began, share: 70%}, {event: begn, share: 30%}]}";
    let rates = rates(&workspace, ways);
    let entered = |days: &str| {
        let asked = ["--leads", "300", "--days", days, "--behaviour", &rates];
        figures(&workspace, &asked)["sequences"]["hello"]["entered"].as_u64().unwrap_or(0)
    };
    assert!((190..=230).contains(&entered("60")), "{}", entered("60"));
    assert_eq!(entered("11"), entered("60"), "all come in the first ten days");
    let told = play(&workspace, &["--leads", "10", "--days", "9", "--behaviour", &rates]).stderr;
    assert!(
        told.contains("no sequence begins with `begn`, by which 30 % of the leads come; did you mean `began`?"),
        "{told}"
    );
}

#[test]
fn a_page_that_cannot_be_written_is_told_before_anything_is_played() {
    let workspace = kept(&[]);
    let nowhere = workspace.file("no/such/folder.html");
    let asked = ["--leads", "1000000", "--days", "3650", "--report", nowhere.to_str().expect("a path in UTF-8")];
    let told = play(&workspace, &asked);
    assert_eq!(told.code, Some(2), "{}", told.stderr);
    assert!(told.stderr.contains("cannot write") && told.stdout.is_empty(), "{}", told.stderr);
}

#[test]
fn two_workspaces_stand_side_by_side_in_every_table_and_on_one_page() {
    let warm = FILES[3].1.replace("Hi,", "Hi there,");
    let workspace = kept(&[("sequences/tried.yaml", TRIED), ("templates/warm.md", &warm)]);
    for (path, text) in FILES.iter().chain(&[("sequences/tried.yaml", TRIED), ("templates/warm.md", warm.as_str())]) {
        workspace.write(&format!("other/{path}"), &text.replace("per_day: 9", "per_day: 2"));
    }
    let (other, report) = (workspace.file("other"), workspace.file("both.html"));
    let [other, report] = [&other, &report].map(|path| path.to_str().expect("a path in UTF-8"));
    let told = play(&workspace, &["--leads", "300", "--days", "60", "--compare", other, "--report", report]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    for (keys, heads) in [
        ("funnel", "how many  of leads"),
        ("sender", "mails  most a day"),
        ("sequence  step  kind", "sent  opened"),
        ("sequence  step  variant", "mails  successes"),
        ("rep", "handoffs  most a day"),
        ("rep", "tasks  most a day"),
        ("of all", "median  p90"),
    ] {
        let over =
            lines.windows(2).find(|pair| spaced(pair[0]).starts_with(heads) && spaced(pair[1]).starts_with(keys));
        let [_, names] = over.unwrap_or_else(|| panic!("{heads}: {}", told.stdout)) else { unreachable!() };
        let pairs = spaced(names).replacen(keys, "", 1);
        assert!(!pairs.is_empty() && pairs.replace("  kept  other", "").is_empty(), "{names}");
    }
    assert_eq!(told.stdout.lines().filter(|line| line.starts_with("maya ")).count(), 1, "{}", told.stdout);
    for name in ["kept", "other"] {
        assert!(told.stdout.contains(&format!("{name}: tried ask: ")), "{}", told.stdout);
        assert!(workspace.read("both.html").contains(&format!("{name}: maya")), "{name} is on the page");
    }
}

#[test]
fn the_rules_of_zones_that_a_machine_has_change_nothing() {
    let workspace = kept(&[]);
    // A zone of fixed offset, nine hours east, under the name of another.
    let mut zone = Vec::new();
    for _ in 0..2 {
        zone.extend(b"TZif2");
        zone.extend([0; 15]);
        zone.extend([0_u32, 0, 0, 0, 1, 4].iter().flat_map(|count| count.to_be_bytes()));
        zone.extend(32_400_i32.to_be_bytes());
        zone.extend(b"\0\0JST\0");
    }
    zone.extend(b"\nJST-9\n");
    let folder = workspace.file("zones");
    std::fs::create_dir_all(folder.join("Europe")).expect("a folder can be made");
    std::fs::write(folder.join("Europe/Paris"), zone).expect("a file can be written");
    let asked = ["--leads", "100", "--days", "60", "--json"];
    let mut elsewhere = command(&workspace, &asked);
    let elsewhere = ended(elsewhere.env("TZDIR", &folder));
    assert_eq!(elsewhere.stdout, play(&workspace, &asked).stdout);
}

#[test]
fn rates_that_cannot_be_are_told_where_they_stand() {
    let workspace = Workspace::example();
    let usual = overture(&workspace, &["simulate", "--print-behaviour"]).ok().stdout;
    for (from, to, said) in [
        ("open: 85%", "open: -3%", "a rate cannot be negative"),
        ("open: 85%", "open: 120%", "a rate cannot be over 100 %"),
        ("open: 85%", "open: 20%", "whoever clicks has opened"),
        ("share: 8%", "share: 9%", "the shares of all people are 101 % together"),
        ("late: 18%", "late: 40%", "together"),
        ("reply: 4%", "reply: 99%", "together"),
        ("late_by: 12m..5h", "late_by: 5h..12m", "ends before it begins"),
        ("share: 8%", "shaer: 8%", "did you mean `share`?"),
    ] {
        assert!(usual.contains(from), "{from}");
        workspace.write("rates.yaml", &usual.replacen(from, to, 1));
        let file = workspace.file("rates.yaml");
        let told = overture(&workspace, &["simulate", "--behaviour", file.to_str().expect("a path in UTF-8")]);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains(said) && told.stderr.contains("rates.yaml:"), "{to}: {}", told.stderr);
    }
}
