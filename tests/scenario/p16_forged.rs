//! P16: a token that is cut, changed, somebody else's or meant for something else does nothing, whatever carries it.

use crate::links::{clicks, one_click, pixel, token};
use crate::returned::{about, delivered_to, feedback, ingest, recorded};
use crate::rows::{difference, rows};
use crate::scene::{self, BROWSER, MAIL_THEN_CALL, Scene, browse, reply_to};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::Call;
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use overture::seal::{Purpose, Seal};
use serde_json::{Value, json};

const ANN: &str = "ann@example.com";

struct Stage {
    scene: Scene,
    mail: Mail,
    /// The token of a button in an alert.
    button: String,
    /// The touch's id without its prefix.
    touch: String,
    /// Held so that the daemon has where to call.
    _parts: (FaultySmtp, Receiver),
}

fn stage() -> Stage {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&[ANN]).expect("the daemon answers");
    scene.wait_touch(ANN, "call", "accepted");
    scene.post("/v1/handoffs", &json!({"lead": ANN, "reason": "asked for a person"}));
    let told = receiver.wait_for(3);
    let button = told.iter().find_map(|call| call.json()["data"]["actions"]["contacted"].as_str().map(token));
    for touch in scene.touches() {
        scene.wait_touch(ANN, touch["step"].as_str().expect("a touch has a step"), "accepted");
    }
    let mail = server.wait_taken(1).remove(0);
    let touch = scene.touch(ANN, "first").expect("it was sent");
    let id = touch["id"].as_str().expect("a touch has an id").rsplit('_').next().unwrap_or_default().to_owned();
    Stage { scene, mail, button: button.expect("an alert has buttons"), touch: id, _parts: (server, receiver) }
}

/// A token with one character changed at each of a few places, cut, lengthened, and in other letters.
fn spoilt(token: &str) -> Vec<String> {
    let changed = |at: usize| -> String {
        let other = |c: char| if c == 'A' { 'B' } else { 'A' };
        token.chars().enumerate().map(|(n, c)| if n == at { other(c) } else { c }).collect()
    };
    // The last character of a token may carry bits that say nothing; the one before never does.
    let places = [0, 1, 7, 22, 25, token.len() / 2, token.len() - 10, token.len() - 2];
    let mut all: Vec<String> = places.into_iter().filter(|at| *at < token.len()).map(changed).collect();
    all.retain(|other| other != token);
    all.extend(
        [&token[..token.len() - 1], &token[..token.len() / 2], &token[1..], "x", "%00", "..%2f..%2fetc"]
            .map(str::to_owned),
    );
    all.extend([format!("{token}A"), format!("{token}="), format!("{token}{token}"), "A".repeat(5_000)]);
    if token.to_uppercase() != token {
        all.push(token.to_uppercase());
    }
    all
}

#[test]
fn a_forged_link_or_button_does_nothing_and_learns_nothing() {
    let Stage { scene, mail, button, touch, .. } = stage();
    let (open, click, leave) = (token(&pixel(&mail)), token(&clicks(&mail)[0]), token(&one_click(&mail)));
    let foreign = Seal::new(&[7; 32]);
    let of = |purpose: Purpose| foreign.sign(purpose, &touch, 0, 20_000);
    let mut forged: Vec<(&str, String)> = Vec::new();
    for (kind, own, other, purpose) in [
        ("o", &open, &click, Some(Purpose::Open)),
        ("c", &click, &leave, Some(Purpose::Click)),
        ("u", &leave, &open, Some(Purpose::Unsubscribe)),
        ("h", &button, &leave, None),
    ] {
        forged.extend(spoilt(own).into_iter().map(|token| (kind, token)));
        forged.push((kind, other.clone()));
        forged.extend(purpose.map(|purpose| (kind, of(purpose))));
    }
    let before = rows(&scene.workspace);
    let picture = browse(&scene.daemon.reach("http://x/o/nothing.gif"));
    for (kind, token) in &forged {
        let url = format!("{}/{kind}/{token}{}", scene.daemon.public(), if *kind == "o" { ".gif" } else { "" });
        for method in ["GET", "POST"] {
            let answer = Call::new(method, &url)
                .header("user-agent", BROWSER)
                .form("List-Unsubscribe=One-Click&scope=all")
                .send();
            match (*kind, method) {
                ("o", "GET") if answer.status == 200 => assert_eq!(answer.body, picture.body, "{url}"),
                ("o" | "c", "POST") => assert!(matches!(answer.status, 404 | 405), "{url}: {}", answer.status),
                _ => assert!(matches!(answer.status, 404 | 400 | 414), "{method} {url}: {}", answer.status),
            }
            assert!(answer.header("location").is_none() && !answer.body.contains(ANN), "{url}: {}", answer.body);
        }
    }
    assert_eq!(difference(&before, &rows(&scene.workspace)), [""; 0], "after {} forged tokens", forged.len());
    let url = format!("{}/h/{button}", scene.daemon.public());
    assert_eq!(Call::new("POST", &url).form("").send().status, 200, "the true one works");
    assert!(!difference(&before, &rows(&scene.workspace)).is_empty());
}

#[test]
fn a_forged_bounce_complaint_or_reply_does_nothing() {
    let Stage { scene, mail, touch, .. } = stage();
    let domain = mail.from.rsplit('@').next().unwrap_or_default().to_owned();
    let foreign = Seal::new(&[7; 32]);
    let report = recorded("dsn-postfix-live/001.eml").map(|report| about(&report, ANN));
    let own = &mail.from;
    let cut = own.replacen('@', "", 1).chars().take(20).collect::<String>();
    let other = |(at, c): (usize, char)| if at == 20 { if c == '7' { '2' } else { '7' } } else { c };
    let changed: String = own.chars().enumerate().map(other).collect();
    let paths = [
        format!("b+{}@{domain}", "a".repeat(44)),
        foreign.return_path(&touch, &domain),
        format!("{cut}@{domain}"),
        changed,
        ANN.to_owned(),
    ];
    let mut forged = Vec::new();
    for path in &paths {
        forged.extend(report.iter().map(|report| delivered_to(path, report)));
        forged.push(delivered_to(
            path,
            &feedback("abuse", &Mail { from: path.clone(), to: vec![], raw: b"From: x\r\n\r\n".to_vec() }),
        ));
    }
    for id in [
        foreign.message_id(&touch, "northwind.example"),
        mail.message_id().replacen("<t.", "<t.0", 1),
        format!("<t.{touch}.{}@northwind.example>", "a".repeat(18)),
        format!("<{touch}@northwind.example>"),
    ] {
        forged.push(reply_to(&id, ANN));
    }
    // A stranger who only knows her address, and what she would say.
    forged.push(format!(
        "From: {ANN}\r\nTo: maya@northwind.example\r\nSubject: unsubscribe\r\nMessage-ID: <x@y>\r\n\r\nunsubscribe\r\n"
    ));
    let before = rows(&scene.workspace);
    for message in &forged {
        let told = ingest(&scene, message);
        assert_eq!(told["matched"], Value::Bool(false), "{told}: {message}");
    }
    assert_eq!(difference(&before, &rows(&scene.workspace)), [""; 0], "after {} forged mails", forged.len());
    assert_eq!(
        ingest(&scene, &reply_to(&mail.message_id(), ANN))["matched"],
        Value::Bool(true),
        "the true one is heard"
    );
}
