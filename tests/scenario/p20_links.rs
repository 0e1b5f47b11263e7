//! P20: nothing in a tracked link says who somebody is or where it leads, and none can be bent to lead elsewhere.

use crate::links::{clicks, one_click, pixel, token};
use crate::scene::{self, MAIL_THEN_CALL, Scene, browse};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

const ANN: &str = "ann.ashworth@acme-example.com";

/// A mail with a fixed link, one with a value in it, and one that is nothing but a value.
const MAIL: &str = "---\nsubject: For {{lead.first_name}}\n---\nHi {{lead.first_name}},\n\n\
    [guide](https://northwind.example/guide?from=mail) [yours](https://northwind.example/p?company={{lead.company}}&x=1)\n\n\
    {{company.name}} · {{company.postal_address}}\n\n[Unsubscribe]({{unsubscribe_url}})\n";

fn sent(attributes: &serde_json::Value) -> (Scene, FaultySmtp, Mail) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.write("templates/scene/first.md", MAIL);
    let scene = Scene::start(workspace);
    let put = scene.call("PUT", "/v1/leads", &json!({"email": ANN, "attributes": attributes}));
    assert_eq!(put.status, 200, "{}", put.body);
    scene.arrive(&[ANN]).expect("the daemon answers");
    scene.wait_touch(ANN, "first", "accepted");
    let mail = server.wait_taken(1).remove(0);
    (scene, server, mail)
}

/// What may be read in a token by whoever tries the usual ways.
fn readings(token: &str) -> String {
    let decoded = URL_SAFE_NO_PAD.decode(token).or_else(|_| STANDARD_NO_PAD.decode(token)).unwrap_or_default();
    format!("{token} {} {}", percent(token), String::from_utf8_lossy(&decoded)).to_lowercase()
}

fn percent(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().join("=")
}

#[test]
fn links_pictures_and_return_paths_name_nobody_and_no_target() {
    let (scene, _server, mail) =
        sent(&json!({"first_name": "Annabel", "last_name": "Ashworth", "company": "Acme & Söhne"}));
    let mut all = clicks(&mail);
    all.extend([pixel(&mail), one_click(&mail), mail.from.clone(), mail.message_id()]);
    assert_eq!(all.len(), 6, "{all:?}");
    for link in &all {
        let path = link.strip_prefix("http://127.0.0.1:8025").unwrap_or(link);
        let read = format!("{} {}", readings(path), readings(&token(path)));
        for secret in ["ann", "ashworth", "acme", "guide", "/p", "company", "scene", "first"] {
            assert!(!read.contains(secret), "{link} says {secret}: {read}");
        }
        assert!(!link.contains('?') && !link.contains('='), "{link}");
    }
    let html = mail.html();
    assert!(!html.contains("northwind.example/guide"), "each link is tracked: {html}");
    let answer = browse(&scene.daemon.reach(&one_click(&mail)));
    assert!(!answer.body.to_lowercase().contains("ashworth"), "the page names nobody either: {}", answer.body);
}

#[test]
fn a_link_leads_where_the_mail_said_and_nowhere_else() {
    let (scene, _server, mail) =
        sent(&json!({"first_name": "Ann", "company": "Acme & Söhne\u{2028}#?x=//evil.example"}));
    let links = clicks(&mail);
    let target = |link: &str| browse(link).header("location").map(str::to_owned);
    assert_eq!(target(&scene.daemon.reach(&links[0])).as_deref(), Some("https://northwind.example/guide?from=mail"));
    let filled = target(&scene.daemon.reach(&links[1])).expect("the second link leads on");
    let url = url::Url::parse(&filled).expect("it is a web address");
    assert_eq!((url.host_str(), url.path(), url.fragment()), (Some("northwind.example"), "/p", None), "{filled}");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(query.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["company", "x"], "{filled}");
    assert!(query[0].1.starts_with("Acme & Söhne"), "{filled}");
    for tail in [
        "?url=https://evil.example",
        "?to=//evil.example",
        "#https://evil.example",
        "/https://evil.example",
        "//evil.example",
        "%2f..%2f@evil.example",
    ] {
        let answer = browse(&format!("{}{tail}", scene.daemon.reach(&links[0])));
        let location = answer.header("location").unwrap_or_default();
        assert!(location.is_empty() || location == "https://northwind.example/guide?from=mail", "{tail}: {location}");
        assert!(!answer.body.contains("evil"), "{tail}");
    }
}

#[test]
fn a_link_that_is_nothing_but_a_value_leads_to_the_web_or_holds_the_mail() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.write(
        "templates/scene/first.md",
        &MAIL.replace("https://northwind.example/p?company={{lead.company}}&x=1", "{{lead.company}}"),
    );
    let scene = Scene::start(workspace);
    for (number, value) in
        ["javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///etc/passwd", "https://acme.example/a"]
            .iter()
            .enumerate()
    {
        let lead = format!("lead{number}@example.com");
        scene.call("PUT", "/v1/leads", &json!({"email": lead, "attributes": {"first_name": "Ann", "company": value}}));
        scene.arrive(&[&lead]).expect("the daemon answers");
        let good = value.starts_with("https://");
        scene.wait_touch(&lead, "first", if good { "accepted" } else { "held" });
    }
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    let link = &clicks(&taken[0])[1];
    assert_eq!(browse(&scene.daemon.reach(link)).header("location"), Some("https://acme.example/a"));
}
