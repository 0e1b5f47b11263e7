//! P5: one click unsubscribes before it is answered, whatever program makes it and however it sends the form.

use crate::links::one_click;
use crate::scene::{self, ANY_TIME, Scene};
use crate::senders;
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::{Call, Response};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::json;

/// One way in which a mail program may click.
type Click = fn(&str) -> Response;

/// A mail for whoever arrives.
const ONE: &str = "enroll: [{on: arrived}]\nsteps:\n  - {id: first, email: scene/first}\n  - end: done\n";
/// Another for whoever wants more.
const MORE: &str = "enroll: [{on: more}]\nsteps:\n  - {id: second, email: scene/second}\n  - end: done\n";

const PARTS: &str = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";

const CLICKS: [(&str, Click); 7] = [
    ("form@example.com", |url| Call::new("POST", url).form("List-Unsubscribe=One-Click").send()),
    ("multipart@example.com", |url| Call::new("POST", url).body("multipart/form-data; boundary=b", PARTS).send()),
    ("empty@example.com", |url| Call::new("POST", url).send()),
    ("json@example.com", |url| Call::new("POST", url).json(&json!({"anything": [1, 2]})).send()),
    ("noise@example.com", |url| Call::new("POST", url).body(";;/?", "\0\u{7f}%%%").send()),
    ("long@example.com", |url| Call::new("POST", url).form(&"List-Unsubscribe=One-Click&".repeat(9_000)).send()),
    ("robot@example.com", |url| {
        let call = Call::new("POST", url)
            .header("user-agent", "GoogleImageProxy bot/1.0")
            .header("sec-fetch-site", "cross-site");
        call.header("origin", "https://mail.example").form("List-Unsubscribe=One-Click").send()
    }),
];

#[test]
fn one_click_holds_before_it_is_answered_whoever_clicks_and_twice_is_fine() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, ONE);
    workspace.write("sequences/more.yaml", &format!("title: More\nkind: nurture\n{ANY_TIME}{MORE}"));
    let scene = Scene::start(workspace);
    let stays = "stays@example.com";
    let leads: Vec<&str> = CLICKS.iter().map(|(lead, _)| *lead).chain([stays]).collect();
    scene.arrive(&leads).expect("the daemon answers");
    let mails = server.wait_taken(leads.len());
    // From here on the second mails wait, ready to leave.
    scene.overture(&["pause", "sender", "growth"]).ok();
    for lead in &leads {
        scene.wait_touch(lead, "first", "accepted");
        scene.post("/v1/events", &json!({"lead": {"email": lead}, "name": "more"}));
        let touch = eventually("the second mail waits", SOON, || scene.touch(lead, "second"));
        assert_eq!(touch["state"], "queued", "{lead}");
    }
    for (address, click) in CLICKS {
        let mail = mails.iter().find(|mail| mail.to == [address]).expect("each got the first mail");
        assert_eq!(mail.header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
        let url = scene.daemon.reach(&one_click(mail));
        let answer = click(&url);
        // What the answer promises holds by now: nothing is waited for.
        let touch = scene.touch(address, "second").expect("it was there before");
        assert_eq!((answer.status, touch["state"].as_str()), (200, Some("cancelled")), "{address}: {}", answer.body);
        assert!(answer.header("set-cookie").is_none() && answer.header("location").is_none(), "{address}");
        assert_eq!(click(&url).status, 200, "{address} clicks twice");
        let found = senders::lead(&scene, address);
        assert_eq!((found["suppressed"].as_str(), &found["enrollments"]), (Some("unsubscribed"), &json!([])));
    }
    scene.overture(&["resume", "sender", "growth"]).ok();
    scene.wait_touch(stays, "second", "accepted");
    let second = server.taken().into_iter().filter(|mail| mail.subject() == "Second thoughts");
    assert_eq!(second.map(|mail| mail.to).collect::<Vec<_>>(), [[stays]]);
}
