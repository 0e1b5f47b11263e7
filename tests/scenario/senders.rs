//! Senders with a server each, so that many kinds of trouble are played at once and none waits for another.

use crate::scene::{ANY_TIME, Scene};
use crate::support::workspace::Workspace;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Adds a sender with an account, and a sequence of one mail for whoever hears the event of the sender's name.
pub fn add(workspace: &Workspace, name: &str, server: SocketAddr) {
    add_with(workspace, name, server, "");
}

/// The same with more of an account, as `user: maya, password: secret`.
pub fn add_with(workspace: &Workspace, name: &str, server: SocketAddr, more: &str) {
    let smtp = format!("{{host: {}, port: {}, security: none, {more}}}", server.ip(), server.port());
    let sender = format!("{{from: Maya <{name}@northwind.example>, zone: UTC, gap: 0s, smtp: {smtp}}}");
    workspace.set(&format!("senders.{name}"), &sender);
    let send = ANY_TIME.replace("growth", name);
    let steps = format!("enroll: [{{on: {name}}}]\nsteps:\n  - {{id: first, email: scene/first}}\n  - end: done\n");
    workspace.write(&format!("sequences/{name}.yaml"), &format!("title: {name}\nkind: nurture\n{send}{steps}"));
}

/// Lets a lead of a sender's own hear its event, so that the sender has a mail to send; gives the lead's address.
pub fn give_work(scene: &Scene, name: &str) -> String {
    let lead = format!("{name}@example.com");
    scene.post("/v1/events", &json!({"lead": {"email": lead}, "name": name, "create": true}));
    lead
}

/// How a sender stands.
pub fn standing(scene: &Scene, name: &str) -> Value {
    let all = scene.get("/v1/senders");
    let found = all["senders"].as_array().into_iter().flatten().find(|sender| sender["name"] == name);
    found.unwrap_or_else(|| panic!("no sender {name} in {all}")).clone()
}

/// Why a sender does not send, as far as it says so.
pub fn why(scene: &Scene, name: &str) -> String {
    standing(scene, name)["why"].as_str().unwrap_or_default().to_owned()
}

/// What is known of a lead.
pub fn lead(scene: &Scene, address: &str) -> Value {
    scene.get(&format!("/v1/leads/{address}"))
}
