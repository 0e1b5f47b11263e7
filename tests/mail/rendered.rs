//! Mails as we make them, parsed back by a library that is not the one that built them.

use mail_parser::{MessageParser, MimeHeaders};
use overture::domain::message::Thread;
use overture::domain::template::{Body, LinkTarget};
use overture::render::{Refuse, Track, mime};
use overture::seal::Purpose;
use serde_json::json;

use crate::parts::{SEAL, Stage, TOUCH, of, said, template};

fn fixed(address: &str) -> LinkTarget {
    LinkTarget::Fixed(address.to_owned())
}

pub fn welcome() -> Stage {
    let links = [
        fixed("https://northwind.example/guide?a=1&b=2"),
        LinkTarget::Templated("https://northwind.example/{{lead.plan}}/start".to_owned()),
    ];
    let text =
        "Hello {{lead.first_name}},\n.\nread {{link 0}} or {{link 1}}\nGrüße, {{sender.name}}\n\n{{unsubscribe_url}}\n";
    let html = "<html><body class=\"x\"><p>Hello {{lead.first_name}}, <a href=\"{{link 0}}\">read</a> <a href=\"{{link 1}}\">start</a></p><a href=\"{{unsubscribe_url}}\">stop</a>{{{pixel}}}</body></html>";
    let mut template = template("Zum Start, {{lead.first_name}}", text, html, &links);
    if let Body::Mail { preheader, .. } = &mut template.body {
        *preheader = Some("Two minutes, {{lead.first_name}} & done".to_owned());
    }
    Stage::new(&json!({ "first_name": "Zoë & Söhne <b>", "plan": "pro plus" }), template)
}

#[test]
fn a_mail_parses_back_to_what_it_was_made_of() {
    let rendered = welcome().mail().unwrap();
    let bytes = mime::bytes(&rendered.message).unwrap();
    let mail = MessageParser::new().parse(&bytes).unwrap();
    assert_eq!(mail.subject(), Some("Zum Start, Zoë & Söhne <b>"));
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Maya Lindqvist"), Some("maya@northwind.example")));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("zoe@xn--bcher-kva.example"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-11-20T08:00:00Z");
    assert_eq!(SEAL.open_message_id(mail.message_id().unwrap()).as_deref(), Some(TOUCH));
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), rendered.message.text);
    assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n"), rendered.message.html);
    assert!(rendered.message.html.contains("Zoë &amp; Söhne &lt;b&gt;"), "{}", rendered.message.html);
    assert!(rendered.message.html.contains("Two minutes, Zoë &amp; Söhne &lt;b&gt; &amp; done</div><p>"));
    assert!(rendered.message.text.contains("Zoë & Söhne <b>,\n.\n"));
    for name in [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
        "Feedback-ID",
    ] {
        assert_eq!(
            mail.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count(),
            1,
            "{name}"
        );
    }
    assert_eq!(mail.header_raw("List-Unsubscribe-Post").unwrap().trim(), "List-Unsubscribe=One-Click");
    assert_eq!(mail.header_raw("List-Id").unwrap().trim(), "<trial-nurture.northwind.example>");
    let kinds: Vec<_> = mail
        .parts
        .iter()
        .filter_map(|part| part.content_type().map(|kind| kind.subtype().unwrap().to_owned()))
        .collect();
    assert_eq!(kinds, ["alternative", "plain", "html"]);
}

#[test]
fn the_bytes_are_the_same_every_time_and_fit_for_smtp() {
    let mut stage = welcome();
    stage.lead.attributes.insert("first_name".to_owned(), json!("long ".repeat(50).trim_end()));
    stage.template =
        template("Hi", &format!("{{{{lead.first_name}}}} {}", "x".repeat(5_000)), "<p>{{{pixel}}}\r.\rline</p>", &[]);
    let bytes = mime::bytes(&stage.mail().unwrap().message).unwrap();
    assert_eq!(bytes, mime::bytes(&stage.mail().unwrap().message).unwrap());
    let text = String::from_utf8(bytes).expect("all of it is ASCII");
    assert!(text.is_ascii());
    for line in text.split("\r\n") {
        assert!(line.len() < 998 && !line.contains(['\r', '\n']), "{line}");
    }
}

#[test]
fn links_lead_through_us_and_the_made_ones_are_told() {
    let rendered = welcome().mail().unwrap();
    assert_eq!(rendered.links, [(1, "https://northwind.example/pro%20plus/start".to_owned())]);
    let tokens: Vec<_> = rendered
        .message
        .text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("https://go.northwind.example/c/"))
        .collect();
    let opened: Vec<_> = tokens
        .iter()
        .map(|token| SEAL.open(Purpose::Click, token).unwrap())
        .map(|click| (click.touch, click.link, click.day))
        .collect();
    assert_eq!(opened, [(TOUCH.to_owned(), 0, 20_777), (TOUCH.to_owned(), 1, 20_777)]);
    let pixel = rendered.message.html.split("/o/").nth(1).unwrap().split(".gif").next().unwrap();
    assert!(SEAL.open(Purpose::Open, pixel).is_some());
    let header = &rendered.message.headers[0].1;
    let unsubscribe = header.trim_start_matches("<https://go.northwind.example/u/").trim_end_matches('>');
    assert_eq!(SEAL.open(Purpose::Unsubscribe, unsubscribe).unwrap().touch, TOUCH);
    assert_eq!(SEAL.open_return_path(&rendered.message.envelope_from).as_deref(), Some(TOUCH));
}

#[test]
fn without_tracking_the_addresses_stand_as_they_are() {
    let mut stage = welcome();
    stage.track = Track { opens: false, clicks: false };
    stage.bulk = false;
    let message = stage.mail().unwrap().message;
    assert!(
        message.text.contains("https://northwind.example/guide?a=1&b=2 or https://northwind.example/pro%20plus/start")
    );
    assert!(message.html.contains("guide?a&#x3D;1&amp;b&#x3D;2\""), "{}", message.html);
    assert!(!message.html.contains("<img") && message.headers.is_empty());
}

#[test]
fn a_follow_up_goes_in_the_thread_of_the_first_mail() {
    let mut stage = welcome();
    let ids: Vec<String> = (0..30).map(|n| format!("<t{n}@northwind.example>")).collect();
    stage.thread = Some(Thread { subject: "Re: RE: Zum Start".to_owned(), message_ids: ids });
    let message = stage.mail().unwrap().message;
    assert_eq!(message.subject, "Re: Zum Start");
    assert_eq!(message.in_reply_to.as_deref(), Some("<t29@northwind.example>"));
    assert_eq!((message.references.len(), message.references[0].as_str()), (20, "<t0@northwind.example>"));
    let bytes = mime::bytes(&message).unwrap();
    let mail = MessageParser::new().parse(&bytes).unwrap();
    assert_eq!(mail.references().as_text_list().unwrap().len(), 20);
    assert_eq!(mail.in_reply_to().as_text(), Some("t29@northwind.example"));
}

#[test]
fn a_missing_or_blank_value_holds_the_mail_and_names_itself() {
    let missing = |path: &str| Err(Refuse::Missing(path.to_owned()));
    for attributes in
        [json!({}), json!({ "first_name": null }), json!({ "first_name": "" }), json!({ "first_name": " \u{a0}\t" })]
    {
        assert_eq!(said("Hi {{lead.first_name}}", &attributes), missing("lead.first_name"), "{attributes}");
        assert_eq!(said("Hi {{upper lead.first_name}}", &attributes), missing("lead.first_name"));
        assert_eq!(said("Hi {{or lead.first_name lead.last_name}}", &attributes), missing("lead.first_name"));
        assert_eq!(said("Hi {{or lead.first_name \"there\"}}", &attributes).unwrap(), "Hi there");
        assert_eq!(said("Hi {{title (or lead.first_name 'there')}}", &attributes).unwrap(), "Hi There");
        let address = "{{url 'https://x.example/' utm_source='mail' utm_term=lead.first_name}}";
        assert_eq!(said(address, &attributes), missing("lead.first_name"));
        let fallback = address.replace("lead.first_name", "(or lead.first_name 'any')");
        assert!(said(&fallback, &attributes).unwrap().contains("utm_term=any"), "{attributes}");
        assert_eq!(said("{{#if lead.first_name}}a{{else}}b{{/if}}", &attributes).unwrap(), "b");
        assert_eq!(said("{{#if (eq lead.first_name \"Zoe\")}}a{{else}}b{{/if}}", &attributes).unwrap(), "b");
    }
    let mut stage = welcome();
    stage.lead.attributes.remove("plan");
    assert_eq!(stage.mail().map(|made| made.message.subject), missing("lead.plan"));
}

#[test]
fn a_mail_whose_subject_or_text_says_nothing_is_held_and_its_hint_makes_sense() {
    let mut stage = welcome();
    let sometimes = "{{#if lead.plan}}x{{/if}}\u{a0}\n";
    for (subject, text, blank) in [(sometimes, "t", "the subject"), ("s", sometimes, "the text")] {
        stage.template = template(subject, text, "<p>h</p>", &[]);
        stage.lead.attributes.insert("plan".to_owned(), json!("pro"));
        stage.mail().unwrap();
        stage.lead.attributes.remove("plan");
        let refuse = stage.mail().unwrap_err();
        assert_eq!(refuse, Refuse::Blank(blank));
        assert!(refuse.to_string().starts_with(&format!("{blank} would be blank; ")), "{refuse}");
    }
}

#[test]
fn a_loop_that_would_not_end_holds_the_mail_and_says_why() {
    let tags: Vec<String> = (0..20_000).map(|number| format!("tag{number}")).collect();
    let attributes = json!({ "tags": tags });
    let one = said("{{#each lead.tags}}{{this}} {{/each}}", &attributes).unwrap();
    assert!(one.ends_with("tag19999 "), "a long list is written out");
    for endless in [
        "{{#each lead.tags}}{{#each @root.lead.tags}}{{#each @root.lead.tags}}x{{/each}}{{/each}}{{/each}}",
        "{{#each lead.tags}}{{#each @root.lead.tags}}{{this}}{{/each}}{{/each}}",
    ] {
        let told = said(endless, &attributes);
        assert!(matches!(&told, Err(Refuse::Broken(why)) if why.contains("a loop in a loop")), "{told:?}");
    }
}

#[test]
fn helpers_make_what_they_promise() {
    let lead =
        json!({ "first_name": "zoe", "seats": 3, "one": 1, "trial_ends": "2026-12-01", "tags": ["a", "b"], "len": 0 });
    for (source, expected) in [
        ("{{title lead.first_name}} {{upper lead.first_name}} {{lower 'ABC'}}", "Zoe ZOE abc"),
        ("{{lead.seats}} {{plural lead.seats 'seat' 'seats'}}, {{plural lead.one 'day' 'days'}}", "3 seats, day"),
        ("{{date lead.trial_ends}} / {{date lead.trial_ends '%d.%m.'}}", "1 December 2026 / 01.12."),
        ("{{truncate 'a fairly long sentence' 14}}", "a fairly long…"),
        (
            "{{url 'https://x.example/a' utm_source='mail' utm_medium=lead.first_name}}",
            "https://x.example/a?utm_medium=zoe&utm_source=mail",
        ),
        ("{{#if (gt lead.seats 2)}}many{{/if}}{{#if (lt lead.none 2)}}few{{/if}}", "many"),
        ("{{#each lead.tags}}{{this}};{{/each}}{{or lead.tags}}", "a;b;a, b"),
        (
            "{{lead.email}} {{lead.email_domain}} {{account.domain}}",
            "zoe@xn--bcher-kva.example xn--bcher-kva.example xn--bcher-kva.example",
        ),
    ] {
        assert_eq!(said(source, &lead).unwrap(), expected, "{source}");
    }
    let picks: Vec<_> = (0..20).map(|n| said(&format!("{{{{pick 'a{n}' 'b{n}'}}}}"), &lead).unwrap()).collect();
    assert!(
        picks.iter().any(|pick| pick.starts_with('a')) && picks.iter().any(|pick| pick.starts_with('b')),
        "{picks:?}"
    );
    assert_eq!(said("{{pick 'a' 'b' 'c'}}", &lead), said("{{pick 'a' 'b' 'c'}}", &lead));
}

#[test]
fn what_cannot_be_rendered_says_why() {
    for (source, expected) in [
        ("{{#if lead.a}}", "not closed"),
        ("{{nonsense 1}}", "nonsense"),
        ("{{log lead.first_name}}", "log"),
        ("{{date 'soon'}}", "`soon` is no date"),
        ("{{link 7}}", "there is no link 7"),
    ] {
        let Err(Refuse::Broken(why)) = said(source, &json!({ "first_name": "Zoe" })) else {
            panic!("{source} was rendered")
        };
        assert!(why.contains(expected), "{source}: {why}");
    }
    let body = template("s", "t", "{{{lead.first_name}}}", &[]);
    assert!(matches!(Stage::new(&json!({ "first_name": "<i>" }), body).mail(), Err(Refuse::Broken(_))));
    let json_body = of(Body::Json("{\"a\": {{#if lead.x}}{{else}}{{&lead.first_name}}{{/if}}}".to_owned()));
    assert!(matches!(Stage::new(&json!({ "first_name": "1" }), json_body).json(), Err(Refuse::Broken(_))));
}

#[test]
fn people_can_unsubscribe_only_at_an_https_address_or_on_this_machine() {
    let mut stage = welcome();
    for (public_url, fine) in [
        ("http://go.northwind.example", false),
        ("http://127.0.0.1:8025", true),
        ("http://localhost:8025/", true),
        ("https://x.example", true),
    ] {
        stage.public_url = public_url;
        assert_eq!(stage.mail().is_ok(), fine, "{public_url}");
    }
}
