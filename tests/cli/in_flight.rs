//! What is in flight is played on from the database as it stands, and nothing is written.

use serde_json::Value;

use crate::support::daemon::overture;
use crate::support::workspace::Workspace;

fn enroll(workspace: &Workspace, people: u32) {
    for number in 0..people {
        let who = format!("lead{number}@acme.example");
        overture(workspace, &["leads", "set", &who, "first_name=Zoe", "company=Acme"]).ok();
        overture(workspace, &["enroll", "outbound-cadence", &who]);
    }
}

fn on(workspace: &Workspace, more: &[&str]) -> Value {
    overture(workspace, &[&["simulate", "--from-database", "--json"], more].concat()).ok().json()
}

#[test]
fn what_is_in_flight_is_played_on_from_the_database() {
    let workspace = Workspace::example();
    enroll(&workspace, 3);
    let told = on(&workspace, &[]);
    assert_eq!(told["leads"], 3);
    // Nobody answers, so each gets the whole cadence within a month.
    assert_eq!(told["workspaces"][0]["senders"]["outbound"]["mails"], 9);
    let again = on(&workspace, &[]);
    assert_eq!(again["leads"], 3, "nothing was written");
    let upcoming = told["workspaces"][0]["upcoming"].as_array().expect("a list").clone();
    assert_eq!(
        upcoming
            .iter()
            .filter(|line| line["sender"] == "outbound")
            .filter_map(|line| line["mails"].as_u64())
            .sum::<u64>(),
        9,
        "{upcoming:?}"
    );
    let first = &upcoming[0];
    assert_eq!(
        (&first["sequence"], &first["step"], &first["sender"]),
        (&"outbound-cadence".into(), &"first".into(), &"outbound".into())
    );
    let table = overture(&workspace, &["simulate", "--from-database"]).ok().stdout;
    let day = first["date"].as_str().expect("a date");
    let row = format!(" {day}  outbound-cadence  first");
    assert!(table.starts_with("3 leads in flight, 30 days") && table.contains(&row), "{table}");
    assert!(table.lines().any(|line| line.starts_with("outbound-cadence") && line.contains("second")), "{table}");
}

#[test]
fn mails_that_wait_already_are_in_the_queue_and_a_paused_sender_keeps_them_there() {
    let workspace = Workspace::example();
    workspace.set("senders.outbound.per_day", "1");
    enroll(&workspace, 4);
    let sender = |told: &Value| told["workspaces"][0]["senders"]["outbound"].clone();
    let waits = |of: &Value| of["waiting"].as_array().into_iter().flatten().filter_map(Value::as_u64).max();
    let outbound = sender(&on(&workspace, &[]));
    assert!(waits(&outbound) >= Some(3) && outbound["queue_grows_from"].is_string(), "{outbound}");
    overture(&workspace, &["pause", "sender", "outbound"]).ok();
    let told = on(&workspace, &[]);
    let outbound = sender(&told);
    assert_eq!((&outbound["mails"], waits(&outbound)), (&0.into(), Some(4)), "{outbound}");
    assert_eq!(told["paused"], serde_json::json!(["sender outbound"]));
    let table = overture(&workspace, &["simulate", "--from-database"]).ok().stdout;
    assert!(table.contains("outbound is paused: 4 mails wait from "), "{table}");
}

#[test]
fn who_waits_for_room_and_who_is_with_sales_is_in_flight_too() {
    let workspace = Workspace::example();
    let cadence = workspace.read("sequences/outbound-cadence.yaml");
    workspace.write(
        "sequences/outbound-cadence.yaml",
        &cadence.replace("again: 180d", "again: 180d\nlimits: {new_per_day: 2}"),
    );
    enroll(&workspace, 5);
    let told = on(&workspace, &["--days", "40"]);
    assert_eq!(
        (&told["leads"], &told["workspaces"][0]["senders"]["outbound"]["mails"]),
        (&5.into(), &15.into()),
        "{told}"
    );
    let boss = "boss@acme.example";
    overture(&workspace, &["leads", "set", boss, "title=VP Operations", "employees=300", "industry=software"]).ok();
    overture(&workspace, &["event", boss, "page_viewed", "--data", "path=/pricing"]).ok();
    overture(&workspace, &["event", boss, "demo_requested"]).ok();
    let open = |told: &Value| -> u64 {
        let reps = &told["workspaces"][0]["reps"];
        reps.as_object().into_iter().flatten().filter_map(|(_, of)| of["most_open"].as_u64()).sum()
    };
    let told = on(&workspace, &[]);
    assert_eq!((&told["leads"], open(&told)), (&6.into(), 1), "{told}");
    workspace.write("rates.yaml", "people: {all: {share: 100%}}\nreps: {in_time: 100%}\n");
    let file = workspace.file("rates.yaml");
    let told = on(&workspace, &["--behaviour", file.to_str().expect("a path in UTF-8")]);
    let reps = told["workspaces"][0]["reps"].as_object().expect("reps").values();
    let answered: u64 = reps.map(|of| of["in_time"].as_u64().unwrap_or(0) + of["late"].as_u64().unwrap_or(0)).sum();
    assert_eq!(answered, 1, "a rep answers the handoff that was open: {told}");
}

#[test]
fn tasks_that_are_open_are_done_in_the_days_that_come() {
    let workspace = crate::inbox::with_calls();
    workspace.write(
        "rates.yaml",
        "people: {all: {share: 100%}}\nreps: {in_time: 100%, tasks: {done: 100%, outcomes: {voicemail: 100%}}}\n",
    );
    let file = workspace.file("rates.yaml");
    let told = on(&workspace, &["--behaviour", file.to_str().expect("a path in UTF-8")]);
    let reps = told["workspaces"][0]["reps"].as_object().expect("reps").values();
    let done: u64 = reps.filter_map(|of| of["tasks"]["done"].as_u64()).sum();
    assert_eq!((&told["leads"], done), (&3.into(), 6), "each is called, and read about after: {told}");
    let open = overture(&workspace, &["task", "list", "--json"]).ok().stdout;
    assert_eq!(open.lines().count(), 3, "nothing was written: {open}");
}
