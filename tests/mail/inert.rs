//! Hostile values are text wherever they land, or stop the mail: never markup, never a header, never structure.

use mail_parser::MessageParser;
use overture::domain::template::{Body, LinkTarget};
use overture::render::{Refuse, mime};
use serde_json::{Value, json};

use crate::corpora::texts;
use crate::parts::{Stage, of, template};

/// Strings made for breaking mail, beside the general ones.
const OURS: [&str; 14] = [
    "x\r\nBcc: victim@example.com",
    "x\nBcc: victim@example.com",
    "x\rBcc: victim@example.com",
    "x\u{0}y",
    "x\u{85}y",
    "x\u{2028}y",
    "=?utf-8?Q?=0D=0ABcc:_v@example.com?=",
    "{{{pixel}}}{{lead.email}}",
    "\"><script>alert(1)</script>",
    "' onmouseover='x",
    "\r\n.\r\nMAIL FROM:<x@example.com>",
    "--=_3z41vb6m8tq0x9rjkw5nhc2def--",
    "\", \"admin\": true, \"x\": \"",
    "\u{202e}gnp.exe",
];

fn naughty() -> Vec<String> {
    let mut all: Vec<String> = OURS.map(str::to_owned).to_vec();
    all.extend(texts("injection-strings/blns.json"));
    all
}

fn stage(value: &str) -> Stage {
    let html = "<p title=\"{{lead.a}}\" class='{{lead.a}}'>{{lead.a}}</p><a href=\"{{link 0}}\">x</a>";
    let links = [LinkTarget::Templated("https://x.example/p?q={{lead.a}}&end=1".to_owned())];
    Stage::new(&json!({ "a": value }), template("About {{lead.a}} now", "Hi {{lead.a}} end", html, &links))
}

#[test]
fn a_hostile_value_is_text_in_a_mail_or_stops_it() {
    let mut sent = 0;
    for value in naughty() {
        let rendered = match stage(&value).mail() {
            Ok(rendered) => rendered,
            Err(Refuse::Missing(path)) => {
                assert!(path == "lead.a" && value.chars().all(|c| c.is_whitespace() || c.is_control()), "{value:?}");
                continue;
            }
            Err(Refuse::Hostile(_)) => {
                assert!(
                    value.contains("=?")
                        || value.contains(['\u{2028}', '\u{2029}'])
                        || value.chars().any(char::is_control)
                        || value.len() > 250,
                    "{value:?}"
                );
                continue;
            }
            Err(refuse @ (Refuse::Broken(_) | Refuse::Blank(_))) => panic!("{value:?}: {refuse}"),
        };
        sent += 1;
        let bytes = mime::bytes(&rendered.message).unwrap();
        let mail = MessageParser::new().parse(&bytes).unwrap();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(mail.subject().unwrap()), words(&format!("About {value} now")), "{value:?}");
        assert_eq!(mail.body_text(0).unwrap(), format!("Hi {value} end"), "{value:?}");
        assert_eq!(mail.headers().len(), 11, "{value:?} made a header");
        assert_eq!(mail.parts.len(), 3, "{value:?} made a part");
        let html = rendered.message.html;
        let inner = &html[html.find("<p").unwrap() + 2..html.find("</p>").unwrap()];
        assert_eq!((inner.matches('<').count(), inner.matches('>').count()), (0, 1), "{value:?}: {html}");
        assert_eq!((inner.matches('"').count(), inner.matches('\'').count()), (2, 2), "{value:?}: {html}");
        let link = url::Url::parse(&rendered.links[0].1).unwrap();
        let pairs: Vec<(String, String)> = link.query_pairs().into_owned().collect();
        assert_eq!(pairs, [("q".to_owned(), value.clone()), ("end".to_owned(), "1".to_owned())], "{value:?}");
    }
    assert!(sent > 5);
}

#[test]
fn a_hostile_value_stays_one_text_in_json() {
    for value in naughty() {
        let body =
            Body::Json("{\"note\": \"Hi {{lead.a}}\", \"list\": [\"{{lead.a}}\"], \"n\": {{lead.n}}}".to_owned());
        match Stage::new(&json!({ "a": value, "n": 5 }), of(body)).json() {
            Ok(made) => assert_eq!(made, json!({ "note": format!("Hi {value}"), "list": [value], "n": 5 })),
            Err(refuse) => assert_eq!(refuse, Refuse::Missing("lead.a".to_owned()), "{value:?}"),
        }
    }
}

#[test]
fn a_value_that_is_a_whole_address_may_only_be_a_web_address() {
    let go = |value: &str| {
        let links = [LinkTarget::Templated("{{lead.a}}".to_owned())];
        Stage::new(&json!({ "a": value }), template("s", "{{link 0}}", "<a href=\"{{link 0}}\">x</a>", &links)).mail()
    };
    assert_eq!(go("https://x.example/?a=1&b=2").unwrap().links, [(0, "https://x.example/?a=1&b=2".to_owned())]);
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example",
        "x",
        "https://",
        "https://a\r\nb.example",
        "ftp://x.example",
        " javascript:x",
        "mailto:a@b.example",
    ] {
        assert!(matches!(go(bad), Err(Refuse::Hostile(_))), "{bad} was taken");
    }
    for value in naughty() {
        if let Ok(rendered) = go(&value) {
            assert!(rendered.links[0].1.starts_with("http"), "{value:?}");
        }
    }
}

#[test]
fn a_hostile_sender_or_thread_stops_the_mail() {
    let mut hostile = stage("fine");
    hostile.sender.display = Some("Maya\r\nBcc: x@example.com".to_owned());
    assert!(matches!(hostile.mail(), Err(Refuse::Hostile(_))));
    let mut quoted = stage("fine");
    quoted.sender.display = Some("Lindqvist, \"M\" <x@example.com>".to_owned());
    let bytes = mime::bytes(&quoted.mail().unwrap().message).unwrap();
    let mail = MessageParser::new().parse(&bytes).unwrap();
    assert_eq!(
        mail.from().unwrap().iter().map(|from| from.address().unwrap()).collect::<Vec<_>>(),
        ["maya@northwind.example"]
    );
    let mut message = stage("fine").mail().unwrap().message;
    message.references = vec!["<a@b>\r\nBcc: x@example.com".to_owned()];
    assert!(matches!(mime::bytes(&message), Err(Refuse::Hostile(_))));
}

#[test]
fn values_are_never_read_as_templates() {
    let mail = stage("{{lead.email}}").mail().unwrap();
    assert_eq!(mail.message.text, "Hi {{lead.email}} end");
    assert_eq!(
        stage("x").json().map(|_: Value| ()),
        Err(Refuse::Broken("`trial/welcome` makes a mail, and a text is wanted".to_owned()))
    );
}
