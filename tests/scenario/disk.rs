//! A disk that is full for a while: nothing is lost, the operator is told, and work goes on by itself once there is room.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use crate::support::tmpfs::Tmpfs;
use crate::support::watch::eventually;
use crate::support::{SOON, http};
use serde_json::json;
use std::collections::BTreeMap;

/// Leads of one import: more than a database may still have room for in the pages it has, fewer than their sender's daily cap.
const LEADS: usize = 300;

#[test]
fn a_full_disk_stops_all_writing_and_room_lets_it_go_on() {
    let Some(disk) = Tmpfs::mount(8) else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("data", &disk.path().join("data").display().to_string());
    let scene = Scene::start(workspace);
    scene.arrive(&["before@example.com"]).expect("the daemon answers");
    scene.wait_touch("before@example.com", "call", "accepted");

    disk.fill();
    let list: String = (0..LEADS).map(|n| format!("lead{n}@example.com,{}\n", "n".repeat(200))).collect();
    scene.workspace.write("list.csv", &format!("email,first_name\n{list}"));
    let file = scene.workspace.file("list.csv").display().to_string();
    let import = ["leads", "import", &file, "--enroll", "scene", "--json"];
    let broken = scene.overture(&import);
    println!("{}{}", broken.stdout, broken.stderr);
    assert_eq!(broken.code, Some(2), "it says that it did not come to its end: {}{}", broken.stdout, broken.stderr);
    assert!(broken.stderr.contains("disk is full"), "it says why: {}", broken.stderr);
    assert!(!broken.stdout.contains("example.com"), "no row is blamed for it: {}", broken.stdout);
    let told = json!({"lead": {"email": "full@example.com"}, "name": "arrived", "create": true,
                      "data": {"much": "m".repeat(100_000)}});
    let refused = scene.call("POST", "/v1/events", &told);
    assert_eq!(
        (refused.status, refused.json()["type"].as_str()),
        (503, Some("urn:overture:disk_full")),
        "{}",
        refused.body
    );
    let ready = http::get(&format!("{}/readyz", scene.daemon.private()));
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert!(ready.body.contains("disk is full"), "{}", ready.body);
    assert!(scene.daemon.log().text().contains("database or disk is full"), "the log names the cause");

    disk.make_room();
    eventually("it hears again", SOON, || (scene.call("POST", "/v1/events", &told).status == 200).then_some(()));
    assert_eq!(http::get(&format!("{}/readyz", scene.daemon.private())).status, 200);
    scene.overture(&import).ok();
    server.wait_taken(LEADS + 2);
    scene.wait_touch("full@example.com", "call", "accepted");
    eventually("all is settled", SOON, || {
        let touches = scene.touches();
        (touches.len() == 2 * (LEADS + 2) && touches.iter().all(|touch| touch["state"] == "accepted")).then_some(())
    });
    let mut mails = BTreeMap::new();
    server.taken().iter().for_each(|mail| *mails.entry(mail.to.join(",")).or_insert(0) += 1);
    assert_eq!(mails.len(), LEADS + 2);
    assert!(mails.values().all(|count| *count == 1), "{mails:?}");
}
