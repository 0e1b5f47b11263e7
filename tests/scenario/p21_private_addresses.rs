//! P21: no call reaches a private address that is not listed, however it is written and whoever names it.

use crate::scene::{self, ANY_TIME, Scene};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::{Answer, Receiver};
use crate::support::workspace::Workspace;
use serde_json::json;

const HOSTS: [&str; 6] = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"];

/// A workspace with a channel for each way to write the receiver's address, each with a sequence that calls it.
fn channels(receiver: &Receiver, allowed: &str) -> (FaultySmtp, Workspace) {
    let server = FaultySmtp::start();
    let workspace = scene::workspace("sqlite", server.address(), receiver, "steps:\n  - end: done\n");
    for (number, host) in HOSTS.iter().enumerate() {
        let url = receiver.url(&format!("/{number}")).replace("127.0.0.1", host);
        workspace.set(
            &format!("channels.way{number}"),
            &format!(
                "{{url: \"{url}\", allow_http: true, secrets: [whsec_bm9ydGh3aW5kLWRlbW8tY3JtLXNpZ25pbmcta2V5ISE=]}}"
            ),
        );
        let steps = format!(
            "enroll: [{{on: arrived}}]\nsteps:\n  - {{id: way{number}, webhook: way{number}, with: {{a: b}}}}\n  - end: done\n"
        );
        workspace.write(
            &format!("sequences/way{number}.yaml"),
            &format!("title: Way {number}\nkind: nurture\n{ANY_TIME}{steps}"),
        );
    }
    workspace.set("allow_private", allowed);
    (server, workspace)
}

#[test]
fn a_private_address_is_not_called_unless_it_is_listed() {
    let receiver = Receiver::start();
    let (_server, workspace) = channels(&receiver, "[10.0.0.0/8, 127.0.0.2]");
    let scene = Scene::start(workspace);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    for (number, host) in HOSTS.iter().enumerate() {
        let touch = scene.wait_touch("ann@example.com", &format!("way{number}"), "deferred");
        let said = touch["reply"].as_str().unwrap_or_default();
        assert!(said.contains("not a public address") && said.contains("allow_private"), "{host}: {touch}");
    }
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn a_listed_address_is_called_and_its_redirects_lead_nowhere() {
    let (receiver, inside) = (Receiver::start(), Receiver::start());
    let (_server, workspace) = channels(&receiver, "[localhost]");
    let scene = Scene::start(workspace);
    let hide = |status: u16| Answer::With(status, "location", inside.url("/metadata"));
    receiver.answer([301, 302, 303, 307, 308].map(hide));
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    receiver.wait_for(HOSTS.len());
    // The first five were sent elsewhere, and each comes back to where it was told to go.
    receiver.wait_for(HOSTS.len() + 5);
    for number in 0..HOSTS.len() {
        scene.wait_touch("ann@example.com", &format!("way{number}"), "accepted");
    }
    assert_eq!((inside.requests().len(), receiver.requests().len()), (0, HOSTS.len() + 5));
    let ids = |path: &str| {
        let calls = receiver.requests().into_iter().filter(|call| call.path == path);
        let mut ids: Vec<_> = calls.map(|call| call.header("webhook-id").map(str::to_owned)).collect();
        ids.dedup();
        ids.len()
    };
    assert_eq!((0..HOSTS.len()).map(|number| ids(&format!("/{number}"))).collect::<Vec<_>>(), [1; HOSTS.len()]);
}

#[test]
fn an_address_of_metadata_or_a_private_network_is_refused_by_its_number() {
    let receiver = Receiver::start();
    let (_server, workspace) = channels(&receiver, "[]");
    for (number, host) in
        ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[::1]", "[fd00::1]", "0.0.0.0"].iter().enumerate()
    {
        workspace.set(
            &format!("channels.way{number}"),
            &format!("{{url: \"https://{host}/\", secrets: [whsec_bm9ydGh3aW5kLWRlbW8tY3JtLXNpZ25pbmcta2V5ISE=]}}"),
        );
    }
    let scene = Scene::start(workspace);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    for number in 0..HOSTS.len() {
        let touch = scene.wait_touch("ann@example.com", &format!("way{number}"), "deferred");
        assert!(touch["reply"].as_str().is_some_and(|said| said.contains("not a public address")), "{touch}");
    }
    let seen = json!(scene.rows("/v1/touches?state=deferred", "touches").len());
    assert_eq!(seen, json!(HOSTS.len()), "all of them are to be seen");
}
