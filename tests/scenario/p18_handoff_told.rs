//! P18: a handoff's webhook arrives, or everybody can see that it did not.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::free_port;
use crate::support::http::Request;
use crate::support::receiver::{Answer, Receiver};
use crate::support::watch::eventually;
use crate::support::workspace::Workspace;
use overture::seal::webhook::{Headers, Secret, verify};
use serde_json::{Value, json};

const ANN: &str = "ann@example.com";
const CRM_SECRET: &str = "whsec_bm9ydGh3aW5kLWRlbW8tY3JtLXNpZ25pbmcta2V5ISE=";

fn hand_off(scene: &Scene, lead: &str) {
    assert_eq!(
        scene.call("PUT", "/v1/leads", &json!({"email": lead, "attributes": {"first_name": "Ann"}})).status,
        200
    );
    scene.post("/v1/handoffs", &json!({"lead": lead, "reason": "asked for a person"}));
}

/// The touch that tells a channel of a lead's handoff, once it is in a state.
fn told(scene: &Scene, lead: &str, channel: &str, state: &str) -> Value {
    let lane = format!("hook:{channel}");
    let mine = |touch: &Value| touch["lane"] == lane.as_str() && touch["state"] == state;
    eventually(&format!("{channel} is told of {lead}: {state}"), SOON, || {
        let found = scene.get(&format!("/v1/touches?lead={}", scene::escaped(lead)));
        found["touches"].as_array()?.iter().find(|touch| mine(touch)).cloned()
    })
}

/// The calls of one channel that tell of a handoff.
fn handoffs(receiver: &Receiver, channel: &str) -> Vec<Request> {
    let path = format!("/{channel}");
    let calls = receiver.requests().into_iter().filter(|call| call.path == path);
    calls.filter(|call| call.json()["data"]["handoff"].is_object()).collect()
}

fn workspace(receiver: &Receiver) -> (FaultySmtp, Workspace) {
    let server = FaultySmtp::start();
    let workspace = scene::workspace("sqlite", server.address(), receiver, MAIL_THEN_CALL);
    (server, workspace)
}

#[test]
fn a_receiver_that_was_down_gets_the_handoff_once_it_is_up() {
    let receiver = Receiver::start();
    let (_server, workspace) = workspace(&receiver);
    let port = free_port();
    workspace.set("channels.crm.url", &format!("http://127.0.0.1:{port}/crm"));
    let scene = Scene::start(workspace);
    hand_off(&scene, ANN);
    let waiting = told(&scene, ANN, "crm", "deferred");
    assert!(waiting["reply"].as_str().is_some_and(|reply| reply.contains("onnect")), "it says why: {waiting}");
    told(&scene, ANN, "sales-chat", "accepted");
    let crm = Receiver::at(port);
    crm.wait_for(1);
    let touch = told(&scene, ANN, "crm", "accepted");
    assert_eq!(handoffs(&crm, "crm").len(), 1);
    assert!(touch["attempts"].as_i64() >= Some(2), "{touch}");
}

#[test]
fn each_try_has_the_same_id_and_body_and_a_signature_of_its_own() {
    let receiver = Receiver::start();
    let crm = Receiver::start();
    let (_server, workspace) = workspace(&receiver);
    workspace.channel("crm", &crm.url("/crm"));
    crm.answer([Answer::Status(500)]);
    let scene = Scene::start(workspace);
    hand_off(&scene, ANN);
    let calls = crm.wait_for(2);
    told(&scene, ANN, "crm", "accepted");
    let header = |call: &Request, name: &str| call.header(name).unwrap_or_else(|| panic!("no {name}")).to_owned();
    assert_eq!(header(&calls[0], "webhook-id"), header(&calls[1], "webhook-id"));
    assert_eq!(calls[0].body, calls[1].body);
    let at = |call: &Request| header(call, "webhook-timestamp").parse::<i64>().expect("seconds");
    let secret = Secret::parse(CRM_SECRET).expect("the shipped secret is one");
    for call in &calls {
        let (id, timestamp, signature) =
            (header(call, "webhook-id"), header(call, "webhook-timestamp"), header(call, "webhook-signature"));
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        assert_eq!(verify(std::slice::from_ref(&secret), headers, &call.body, at(call)), Ok(()));
    }
    assert!(at(&calls[1]) - at(&calls[0]) >= 4, "the second try waits its five seconds");
    let body = calls[0].json();
    assert_eq!(body["data"]["lead"]["email"], ANN, "{body}");
    assert!(body["data"]["handoff"]["reasons"].to_string().contains("asked for a person"), "{body}");
}

#[test]
fn a_receiver_that_wants_no_more_is_left_alone_and_somebody_hears_of_it() {
    let receiver = Receiver::start();
    let crm = Receiver::start();
    let (_server, workspace) = workspace(&receiver);
    workspace.channel("crm", &crm.url("/crm"));
    crm.answer([Answer::Status(410)]);
    let scene = Scene::start(workspace);
    hand_off(&scene, ANN);
    let touch = told(&scene, ANN, "crm", "refused");
    assert!(touch["reply"].as_str().is_some_and(|reply| reply.starts_with("HTTP 410")), "{touch}");
    let stopped = eventually("the channel stops", SOON, || scene.get("/v1/pauses")["stopped"].get(0).cloned());
    assert_eq!(stopped["scope"], "channel:crm", "{stopped}");
    let alert = eventually("the channel for alerts hears of it", SOON, || {
        receiver.requests().into_iter().map(|call| call.json()).find(|body| body["type"] == "lane.stopped")
    });
    assert_eq!(
        (&alert["data"]["lane"], alert["data"]["why"].as_str().is_some_and(|why| why.contains("410"))),
        (&json!("hook:crm"), true)
    );
    // The next handoff waits for whoever mends it.
    let bob = "bob@example.com";
    hand_off(&scene, bob);
    told(&scene, bob, "sales-chat", "accepted");
    told(&scene, bob, "crm", "queued");
    assert_eq!(crm.requests().len(), 1);
    assert!(scene.overture(&["doctor"]).stdout.contains("channel crm: stopped: HTTP 410"));
    scene.overture(&["resume", "channel", "crm"]).ok();
    told(&scene, bob, "crm", "accepted");
    assert_eq!(handoffs(&crm, "crm").len(), 2);
}
