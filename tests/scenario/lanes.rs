//! A sender's cap and gap hold, across a restart too; what a person pauses stands still, and goes on where it stood.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::senders::{self, standing, why};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use crate::support::workspace::Workspace;
use crate::support::{SOON, mail::Mail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use overture::domain::time::Millis;
use serde_json::{Value, json};
use std::time::Duration;

/// A zone in which it is about noon, so that no local date ends while a test runs.
fn where_it_is_noon() -> String {
    let hour = i32::from(Timestamp::now().to_zoned(TimeZone::UTC).hour());
    // In these names the sign is the other way round: west is plus.
    match hour - 12 {
        0 => "UTC".to_owned(),
        west if west > 0 => format!("Etc/GMT+{west}"),
        east => format!("Etc/GMT-{}", -east),
    }
}

fn parts() -> (FaultySmtp, Receiver, Workspace) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("senders.growth.zone", &where_it_is_noon());
    (server, receiver, workspace)
}

fn instant(of: &Value, key: &str) -> Timestamp {
    of[key].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {key} in {of}"))
}

fn states(scene: &Scene, state: &str) -> usize {
    scene.rows(&format!("/v1/touches?state={state}"), "touches").iter().filter(|touch| touch["step"] == "first").count()
}

#[test]
fn a_cap_of_three_lets_three_leave_and_the_rest_wait_for_the_next_day() {
    let (server, _receiver, workspace) = parts();
    workspace.set("senders.growth.per_day", "3");
    let mut scene = Scene::start(workspace);
    let leads: Vec<String> = (0..5).map(|number| format!("lead{number}@example.com")).collect();
    scene.arrive(&leads.iter().map(String::as_str).collect::<Vec<_>>()).expect("the daemon answers");
    eventually("three leave", SOON, || (states(&scene, "accepted") == 3).then_some(()));
    let full = |scene: &Scene| {
        let stands = standing(scene, "growth");
        assert_eq!(
            (&stands["used_today"], &stands["cap"], &stands["waiting"]),
            (&json!(3), &json!(3), &json!(2)),
            "{stands}"
        );
        assert_eq!(stands["why"], "today's cap is used");
        let wait = instant(&stands, "ready_at").duration_since(Timestamp::now()).as_hours();
        assert!((10..14).contains(&wait), "until its midnight: {stands}");
    };
    full(&scene);
    scene.daemon.kill9();
    scene.daemon.restart();
    // Whoever comes now waits as well, whatever was reserved when it was killed.
    scene.arrive(&["late@example.com"]).expect("the daemon answers");
    eventually("the sixth waits too", SOON, || (states(&scene, "queued") == 3).then_some(()));
    assert_eq!((standing(&scene, "growth")["used_today"].clone(), server.taken().len()), (json!(3), 3));
    // Another sender's cap is its own.
    assert_eq!(standing(&scene, "outbound")["used_today"], 0);
}

#[test]
fn a_refused_recipient_gives_its_place_under_the_cap_back() {
    let (server, _receiver, workspace) = parts();
    workspace.set("senders.growth.per_day", "2");
    let scene = Scene::start(workspace);
    server.refuse("gone@example.com", "550 5.1.1 User unknown");
    scene.arrive(&["gone@example.com"]).expect("the daemon answers");
    scene.wait_touch("gone@example.com", "first", "refused");
    scene.arrive(&["ann@example.com", "bob@example.com", "cleo@example.com"]).expect("the daemon answers");
    eventually("two leave", SOON, || (states(&scene, "accepted") == 2).then_some(()));
    assert_eq!((standing(&scene, "growth")["used_today"].clone(), server.taken().len()), (json!(2), 2));
}

#[test]
fn a_gap_lies_between_any_two_mails_of_a_sender() {
    let (server, _receiver, workspace) = parts();
    workspace.set("senders.growth.gap", "1h");
    let scene = Scene::start(workspace);
    scene.arrive(&["ann@example.com", "bob@example.com"]).expect("the daemon answers");
    let first = eventually("one leaves", SOON, || {
        scene.rows("/v1/touches?state=accepted", "touches").into_iter().find(|touch| touch["step"] == "first")
    });
    let stands = standing(&scene, "growth");
    let wait = instant(&stands, "ready_at").duration_since(instant(&first, "created_at")).as_secs();
    assert!(wait >= 3_600, "{wait} s: {stands}");
    assert_eq!(
        (&stands["why"], &stands["waiting"], server.taken().len()),
        (&json!("the gap between two mails"), &json!(1), 1)
    );
}

#[test]
fn a_gap_counts_from_when_a_mail_left_however_long_its_server_took() {
    let (server, _receiver, workspace) = parts();
    workspace.set("senders.growth.gap", "1s");
    server.once(Stage::Data, Fault::Slow(Duration::from_millis(1_500)));
    let scene = Scene::start(workspace);
    let leads = ["ann@example.com", "bob@example.com"];
    scene.arrive(&leads).expect("the daemon answers");
    for lead in leads {
        scene.wait_touch(lead, "first", "accepted");
    }
    let left: Vec<_> = server.journal().iter().map(|copy| copy.asked_at).collect();
    let apart = left[1].since(left[0]);
    assert!(apart >= Millis::SECOND, "{} ms", apart.0);
}

#[test]
fn a_short_gap_ends_by_itself_although_another_sender_stands_still() {
    let (server, _receiver, workspace) = parts();
    workspace.set("senders.growth.gap", "1s");
    let other = FaultySmtp::start();
    senders::add(&workspace, "other", other.address());
    let scene = Scene::start(workspace);
    scene.overture(&["pause", "sender", "other"]).ok();
    let waiting = senders::give_work(&scene, "other");
    eventually("its mail waits", SOON, || scene.touch(&waiting, "first"));
    let leads = ["ann@example.com", "bob@example.com", "cleo@example.com"];
    scene.arrive(&leads).expect("the daemon answers");
    for lead in leads {
        scene.wait_touch(lead, "first", "accepted");
    }
    assert_eq!(
        (server.taken().len(), other.taken().len(), why(&scene, "other")),
        (3, 0, "sender:other was paused by owner".to_owned())
    );
    scene.overture(&["resume", "sender", "other"]).ok();
    scene.wait_touch(&waiting, "first", "accepted");
}

#[test]
fn what_is_paused_stands_still_and_goes_on_when_it_is_resumed() {
    let (server, receiver, workspace) = parts();
    let other = FaultySmtp::start();
    senders::add(&workspace, "other", other.address());
    let scene = Scene::start(workspace);
    for scope in [["sender", "growth"], ["sequence", "scene"]] {
        scene.overture(&["pause", scope[0], scope[1]]).ok();
        let lead = format!("{}@example.com", scope[0]);
        scene.arrive(&[&lead]).expect("the daemon answers");
        eventually("its mail waits", SOON, || {
            scene.get(&format!("/v1/enrollments?lead={lead}"))["enrollments"].get(0).cloned()
        });
        // Those of another sender and sequence come and go meanwhile.
        scene
            .post("/v1/events", &json!({"lead": {"email": format!("beside-{lead}")}, "name": "other", "create": true}));
        scene.wait_touch(&format!("beside-{lead}"), "first", "accepted");
        assert!(!server.taken().iter().any(|mail| mail.to == [lead.clone()]), "{scope:?}");
        let listed = scene.overture(&["pause", "list"]).ok().stdout;
        assert!(listed.contains(scope[1]), "{listed}");
        scene.overture(&["resume", scope[0], scope[1]]).ok();
        scene.wait_touch(&lead, "first", "accepted");
    }
    let calls = receiver.wait_for(2).len();
    let mails = server.taken().len() + other.taken().len();
    scene.overture(&["pause", "everything"]).ok();
    let leads = ["everything@example.com", "other@example.com"];
    scene.arrive(&leads[..1]).expect("the daemon answers");
    senders::give_work(&scene, "other");
    for lead in leads {
        let touch = eventually("it waits", SOON, || scene.touch(lead, "first"));
        assert_eq!(touch["state"], "queued");
    }
    // Time in which anything could have left: the daemon still answers, commits and looks at its lanes.
    for number in 0..20 {
        scene.post(
            "/v1/events",
            &json!({"lead": {"email": leads[0]}, "name": "page_viewed", "data": {"path": format!("/{number}")}}),
        );
    }
    assert_eq!((server.taken().len() + other.taken().len(), receiver.requests().len()), (mails, calls));
    scene.overture(&["resume", "everything"]).ok();
    for lead in leads {
        scene.wait_touch(lead, "first", "accepted");
    }
    let to = |mail: &Mail| mail.to.concat();
    let mut reached: Vec<String> = server.taken().iter().chain(&other.taken()).map(to).collect();
    let all = reached.len();
    reached.sort();
    reached.dedup();
    assert_eq!(reached.len(), all, "nobody got a mail twice");
}

#[test]
fn a_paused_channel_is_not_called_until_it_is_resumed() {
    let (_server, receiver, workspace) = parts();
    let scene = Scene::start(workspace);
    scene.overture(&["pause", "channel", "crm"]).ok();
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    let touch = eventually("the call waits", SOON, || scene.touch("ann@example.com", "call"));
    assert_eq!((touch["state"].as_str(), receiver.requests().len()), (Some("queued"), 0));
    scene.overture(&["resume", "channel", "crm"]).ok();
    scene.wait_touch("ann@example.com", "call", "accepted");
    assert_eq!(receiver.requests().len(), 1);
}
