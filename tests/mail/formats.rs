//! Mails written in HTML, MJML and plain text, from the file to what a mail program that is not ours reads.

use overture::compile::{Files, Overlay, workspace};
use overture::domain::template::{Attachment, Template};
use overture::render::{Refuse, mime};
use serde_json::{Value, json};

use crate::parts::Stage;
use crate::python;

const FOOT: &str = "<p>{{company.postal_address}} <a href=\"{{unsubscribe_url}}\">Stop</a></p>";

/// The template of this file, as the daemon would have it.
fn template(file: &str, text: &str) -> Template {
    let texts = [
        (
            "config/overture.yaml",
            "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Berlin\npublic_url: http://127.0.0.1:8025\n\
             attributes: {lead: {plan: text}}\nsenders: {maya: {from: Maya <maya@acme.example>}}\n",
        ),
        ("sequences/hello.yaml", "kind: nurture\nsend: {from: maya}\nsteps: [{id: first, email: hello}]\n"),
        ("templates/partials/foot.html", FOOT),
        (file, text),
    ];
    let files: Files = texts.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
    let compiled = workspace(&files, &Overlay::default());
    let playbook = compiled.playbook.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    (*playbook.sequences["hello"].templates["hello"]).clone()
}

fn lead() -> Value {
    json!({ "first_name": "Zoë \"Z\" <b>", "plan": "pro plus" })
}

#[test]
fn a_mail_of_html_or_mjml_is_read_as_it_was_meant_with_values_as_text() {
    let html = "---\nsubject: Hi {{lead.first_name}}\n---\n<html><body><p title=\"{{lead.first_name}}\">Hi {{lead.first_name}}</p>\
        <a href=\"https://a.example/{{lead.plan}}\">Go</a>{{> foot}}</body></html>\n";
    let mjml = "---\nsubject: Hi {{lead.first_name}}\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{lead.first_name}}</mj-text>\
        <mj-button href=\"https://a.example/{{lead.plan}}\">Go</mj-button><mj-text>{{> foot}}</mj-text></mj-column></mj-section></mj-body></mjml>\n";
    for (file, text) in [("templates/hello.html", html), ("templates/hello.mjml", mjml)] {
        let rendered = Stage::new(&lead(), template(file, text)).mail().unwrap();
        assert_eq!(rendered.links, [(0, "https://a.example/pro%20plus".to_owned())]);
        let message = rendered.message;
        assert!(
            message.html.contains("Hi Zoë &quot;Z&quot; &lt;b&gt;") && !message.html.contains("<b>"),
            "{}",
            message.html
        );
        assert_eq!(message.html.matches("/c/").count(), 1, "{}", message.html);
        assert!(message.html.contains("/o/") && message.html.contains("/u/"), "{}", message.html);
        for (part, braces) in [(&message.html, "{{"), (&message.text, "{{"), (&message.html, "\u{e000}")] {
            assert!(!part.contains(braces), "{part}");
        }
        let Some(read) = python::read(&mime::bytes(&message).unwrap()) else { continue };
        assert_eq!(read["defects"], 0);
        assert_eq!(read["kinds"], json!(["multipart/alternative", "text/plain", "text/html"]));
        assert_eq!(read["subject"], message.subject.as_str());
        assert_eq!(read["text"].as_str().unwrap(), message.text);
        assert!(
            message.text.contains("Hi Zoë \"Z\" <b>\n") && message.text.contains("Go ( https://"),
            "{}",
            message.text
        );
    }
}

#[test]
fn a_mail_of_plain_text_has_one_part() {
    let text = "---\nsubject: Hi\npreheader: P\n---\nGrüße, see https://a.example/x.\n{{company.postal_address}} {{unsubscribe_url}}\n";
    let message = Stage::new(&lead(), template("templates/hello.txt", text)).mail().unwrap().message;
    assert!(
        message.html.is_empty() && message.text.starts_with("Grüße, see https://go.northwind.example/c/"),
        "{message:?}"
    );
    let Some(read) = python::read(&mime::bytes(&message).unwrap()) else { return };
    assert_eq!((&read["defects"], &read["kinds"], &read["html"]), (&json!(0), &json!(["text/plain"]), &Value::Null));
    assert_eq!(read["text"].as_str().unwrap(), message.text);
}

#[test]
fn attachments_arrive_with_their_names_and_every_byte() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
    let file = |name: &str, kind| Attachment { name: name.to_owned(), kind, bytes: bytes[..].into() };
    let files = vec![file("Angebot für \"Zoë\".pdf", "application/pdf"), file("plan 1.csv", "text/csv; charset=utf-8")];
    for body in ["<p>Hi</p>", "Hi"] {
        let kind = if body == "Hi" { "txt" } else { "html" };
        let foot = if body == "Hi" { "{{company.postal_address}} {{unsubscribe_url}}" } else { FOOT };
        let text = format!("---\nsubject: S\n---\n{body} {foot}\n");
        let template = Template { attachments: files.clone(), ..template(&format!("templates/hello.{kind}"), &text) };
        let message = Stage::new(&lead(), template).mail().unwrap().message;
        let raw = mime::bytes(&message).unwrap();
        assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 998));
        let Some(read) = python::read(&raw) else { continue };
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read["files"], json!([["Angebot für \"Zoë\".pdf", hex], ["plan 1.csv", hex]]));
        assert_eq!((&read["defects"], read["text"].as_str().unwrap()), (&json!(0), message.text.as_str()));
    }
}

#[test]
fn a_missing_value_holds_a_mail_of_any_format() {
    for (file, body) in [
        ("templates/hello.html", format!("<p>{{{{lead.city}}}}</p>{FOOT}")),
        ("templates/hello.txt", "{{lead.city}} {{company.postal_address}} {{unsubscribe_url}}".to_owned()),
    ] {
        let template = template(file, &format!("---\nsubject: Hi\n---\n{body}\n"));
        assert_eq!(Stage::new(&lead(), template).mail().unwrap_err(), Refuse::Missing("lead.city".to_owned()));
    }
}
